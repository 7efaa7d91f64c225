"use strict";
/* The surfaces drawn by the graphics card. `shading.js` says what a scene is. */

const VERTEX_SHADER = `#version 300 es
void main() {
  vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT_SHADER = `#version 300 es
precision highp float;
uniform sampler2D surface0, surface1; // value, slope down, slope right, measured; times measured
uniform sampler2D heights, differences; // 256 colours each
uniform vec2 paneMiddle; // in pixels of the canvas, from its lower left corner
uniform float pixelRatio;
uniform vec2 middle[2], down[2], right[2], size[2], slopeTurn[2];
uniform vec3 lamp[2]; // of each side: down, right, up
uniform vec2 slopes; // factor of each side
uniform vec2 valueScale, valueShift; // from the stored value of each side to um
uniform float slopeFlip[2], exposure[2], ambient, penumbra, blend, offset, range, gain[2];
uniform vec3 split; // row, col, 1 where the line lies across
uniform int mode; // 0 reference, 1 comparison, 2 split, 3 blend, 4 difference
uniform bool image[2], coloured;
uniform vec3 background;
out vec4 colour;

vec4 sampleSide(int side, vec2 px) {
  vec2 place = middle[side] + px.x * down[side] + px.y * right[side];
  vec2 at = (place.yx + 0.5) / size[side].yx;
  if (any(lessThan(at, vec2(0.0))) || any(greaterThan(at, vec2(1.0)))) return vec4(0.0);
  vec4 found = side == 0 ? texture(surface0, at) : texture(surface1, at);
  return found.a > 0.02 ? vec4(found.rgb / found.a, found.a) : vec4(0.0);
}

float cover(vec4 found) { return smoothstep(0.35, 0.65, found.a); }

vec3 shade(int side, vec4 found) {
  float height = clamp(0.5 + 0.5 * found.r * gain[side], 0.0, 1.0);
  vec3 tint = texture(heights, vec2((height * 255.0 + 0.5) / 256.0, 0.5)).rgb;
  if (image[side]) return coloured ? tint : vec3(height);
  vec2 slope = found.gb * slopes[side] * vec2(1.0, slopeFlip[side]);
  vec2 t = slopeTurn[side];
  slope = vec2(t.x * slope.x - t.y * slope.y, t.y * slope.x + t.x * slope.y);
  float lit = (lamp[side].z - dot(lamp[side].xy, slope)) / sqrt(1.0 + dot(slope, slope));
  lit = 0.5 * (lit + sqrt(lit * lit + penumbra));
  float grey = clamp(ambient + (1.0 - ambient) * lit * exposure[side], 0.0, 1.0);
  return coloured ? tint * min(1.0, 1.35 * grey) : vec3(grey);
}

vec3 one(int side, vec2 px) {
  vec4 found = sampleSide(side, px);
  return mix(background, shade(side, found), cover(found));
}

void main() {
  vec2 px = (gl_FragCoord.xy - paneMiddle) / pixelRatio;
  px = vec2(-px.y, px.x);
  vec3 seen;
  if (mode == 0 || mode == 1) {
    seen = one(mode, px);
  } else if (mode == 2) {
    bool reference = split.z > 0.5 ? px.x < split.x : px.y < split.y;
    seen = one(reference ? 0 : 1, px);
  } else if (mode == 3) {
    seen = mix(one(0, px), one(1, px), blend);
  } else {
    vec4 r = sampleSide(0, px), c = sampleSide(1, px);
    float away = c.r * valueScale.y + valueShift.y - r.r * valueScale.x - valueShift.x - offset;
    float place = clamp(0.5 + 0.5 * away / range, 0.0, 1.0);
    vec3 tint = texture(differences, vec2((place * 255.0 + 0.5) / 256.0, 0.5)).rgb;
    vec3 alone = mix(background, vec3(0.24), max(cover(r), cover(c)));
    seen = mix(alone, tint, cover(r) * cover(c));
  }
  colour = vec4(seen, 1.0);
}`;

const MODES = ["reference", "comparison", "split", "blend", "difference"];

class WebglRelief {
  /** Throws where the browser has no WebGL 2, or only imitates a graphics card: that takes five
      times as long as `relief_canvas.js`. */
  constructor(canvas, evenImitated) {
    this.name = "WebGL";
    this.canvas = canvas;
    const options = { antialias: false, alpha: false, preserveDrawingBuffer: true };
    const gl = canvas.getContext("webgl2", options);
    if (!gl) throw new Error("no WebGL 2");
    if (!evenImitated && isImitated(gl)) throw new Error("the graphics card is imitated");
    this.gl = gl;
    this.program = linkedProgram(gl);
    gl.useProgram(this.program);
    this.places = new Map();
    this.textures = [0, 1, 2, 3].map((unit) => {
      const texture = gl.createTexture();
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      const filter = unit < 2 ? gl.LINEAR : gl.NEAREST;
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      return texture;
    });
    ["surface0", "surface1", "heights", "differences"].forEach((name, unit) => {
      gl.uniform1i(this.place(name), unit);
    });
    gl.enable(gl.SCISSOR_TEST);
    this.putColours(3, colourTable(DIFFERENCE_MAP));
  }

  place(name) {
    if (!this.places.has(name)) {
      this.places.set(name, this.gl.getUniformLocation(this.program, name));
    }
    return this.places.get(name);
  }

  setSurfaces(surfaces) {
    const gl = this.gl;
    surfaces.forEach((surface, side) => {
      const texels = new Float32Array(surface.value.length * 4);
      for (let i = 0; i < surface.value.length; i++) {
        if (!surface.measured[i]) continue;
        texels[4 * i] = (surface.value[i] - surface.middle) / surface.spread;
        texels[4 * i + 1] = surface.down[i] / surface.typicalSlope;
        texels[4 * i + 2] = surface.right[i] / surface.typicalSlope;
        texels[4 * i + 3] = 1;
      }
      gl.activeTexture(gl.TEXTURE0 + side);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA16F, surface.cols, surface.rows, 0, gl.RGBA, gl.FLOAT, texels);
    });
  }

  setMap(name) {
    this.putColours(2, MAPS[name] ? colourTable(MAPS[name]) : GREY_TABLE);
  }

  putColours(unit, table) {
    const gl = this.gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, table);
  }

  draw(scene, panes, size) {
    const gl = this.gl, ratio = size.ratio;
    this.setUniforms(scene, ratio);
    gl.scissor(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(...scene.background.map((v) => v / 255), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    for (const pane of panes) {
      const bottom = size.height - pane.y - pane.height;
      const box = [pane.x, bottom, pane.width, pane.height].map((v) => Math.round(v * ratio));
      gl.viewport(...box);
      gl.scissor(...box);
      const middle = [pane.x + pane.width / 2, bottom + pane.height / 2];
      gl.uniform2f(this.place("paneMiddle"), middle[0] * ratio, middle[1] * ratio);
      gl.uniform1i(this.place("mode"), MODES.indexOf(pane.mode));
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    }
  }

  setUniforms(scene, ratio) {
    const gl = this.gl, at = (name) => this.place(name);
    const factor = slopeFactor(scene);
    scene.surfaces.forEach((surface, side) => {
      const map = gridMap(scene, side);
      for (const name of ["middle", "down", "right"]) gl.uniform2f(at(`${name}[${side}]`), ...map[name]);
      gl.uniform2f(at(`size[${side}]`), surface.rows, surface.cols);
      const angle = (slopeTurn(scene, side) * Math.PI) / 180;
      gl.uniform2f(at(`slopeTurn[${side}]`), Math.cos(angle), Math.sin(angle));
      gl.uniform1f(at(`slopeFlip[${side}]`), slopeFlip(scene, side));
    });
    const [one, two] = scene.surfaces;
    gl.uniform2f(at("slopes"), factor * one.typicalSlope, factor * two.typicalSlope);
    gl.uniform2f(at("valueScale"), one.spread, two.spread);
    gl.uniform2f(at("valueShift"), one.middle, two.middle);
    gl.uniform3fv(at("lamp"), scene.lamps.flat());
    gl.uniform1fv(at("exposure"), scene.lamps.map(exposure));
    gl.uniform3f(at("split"), scene.split.row, scene.split.col, scene.split.across ? 1 : 0);
    gl.uniform3f(at("background"), ...scene.background.map((v) => v / 255));
    gl.uniform1iv(at("image"), scene.images.map(Number));
    gl.uniform1fv(at("gain"), scene.gains);
    gl.uniform1i(at("coloured"), MAPS[scene.map] ? 1 : 0);
    const numbers = { ambient: AMBIENT, penumbra: PENUMBRA, blend: scene.blend,
      offset: scene.offset, range: scene.range, pixelRatio: ratio };
    for (const [name, value] of Object.entries(numbers)) gl.uniform1f(at(name), value);
  }
}

function isImitated(gl) {
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const name = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

function linkedProgram(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(`shader: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
