"use strict";
/* The surfaces drawn without a graphics card, by the same rules as `relief_webgl.js`.

   Slopes are looked up once for each place of the camera; moving the lamp only shades them anew. */

const SLOW_MS = 60;

class CanvasRelief {
  constructor(canvas) {
    this.name = "canvas";
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.found = new Map(); // "pane side" -> what was looked up, and for which view
    this.differences = colourTable(DIFFERENCE_MAP);
    this.heights = GREY_TABLE;
    this.cost = 0; // of the last whole picture, in ms
  }

  setSurfaces(surfaces) {
    this.surfaces = surfaces;
    this.found.clear();
  }

  setMap(name) {
    this.heights = MAPS[name] ? colourTable(MAPS[name]) : GREY_TABLE;
  }

  /** Where a picture takes long and need not be `whole`, a quarter of its pixels come first. */
  draw(scene, panes, size, whole) {
    clearTimeout(this.later);
    if (!whole && this.cost > SLOW_MS) {
      this.drawSteps(scene, panes, size, 2);
      this.later = setTimeout(() => this.drawSteps(scene, panes, size, 1), 120);
      return;
    }
    const started = performance.now();
    this.drawSteps(scene, panes, size, 1 / size.detail);
    this.cost = performance.now() - started;
  }

  drawSteps(scene, panes, size, step) {
    const context = this.context;
    context.fillStyle = `rgb(${scene.background.join(" ")})`;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    panes.forEach((pane, number) => {
      const width = Math.ceil(pane.width / step), height = Math.ceil(pane.height / step);
      const picture = new ImageData(width, height);
      const out = new Uint32Array(picture.data.buffer);
      this.paint(scene, pane, number, { width, height, step }, out);
      const aside = new OffscreenCanvas(width, height);
      aside.getContext("2d").putImageData(picture, 0, 0);
      const box = [pane.x, pane.y, pane.width, pane.height].map((v) => v * size.ratio);
      context.drawImage(aside, 0, 0, pane.width / step, pane.height / step, ...box);
    });
  }

  paint(scene, pane, number, grid, out) {
    const sides = { reference: [0], comparison: [1] }[pane.mode] || [0, 1];
    const looks = sides.map((side) => this.lookUp(scene, pane, number, side, grid));
    if (pane.mode === "difference") {
      this.paintDifference(scene, looks, out);
      return;
    }
    const shaded = looks.map((look, k) => this.shade(scene, sides[k], look));
    if (shaded.length === 1) {
      out.set(shaded[0]);
    } else if (pane.mode === "blend") {
      for (let i = 0; i < out.length; i++) out[i] = mixed(shaded[0][i], shaded[1][i], scene.blend);
    } else {
      for (let r = 0, i = 0; r < grid.height; r++) {
        const row = (r + 0.5) * grid.step - pane.height / 2;
        for (let c = 0; c < grid.width; c++, i++) {
          const col = (c + 0.5) * grid.step - pane.width / 2;
          out[i] = shaded[onReference(scene.split, row, col) ? 0 : 1][i];
        }
      }
    }
  }

  /** Value, slopes and share measured at each pixel of a pane; kept until the view changes. */
  lookUp(scene, pane, number, side, grid) {
    const map = gridMap(scene, side);
    const view = [map.middle, map.down, map.right, grid.width, grid.height, grid.step].join();
    const key = `${number} ${side}`;
    const kept = this.found.get(key);
    if (kept && kept.view === view && kept.surface === scene.surfaces[side]) return kept;
    const look = lookedUp(scene.surfaces[side], map, pane, grid);
    look.view = view;
    look.surface = scene.surfaces[side];
    this.found.set(key, look);
    return look;
  }

  shade(scene, side, look) {
    const { value, down, right, share } = look;
    const surface = scene.surfaces[side];
    const out = new Uint32Array(value.length);
    const factor = slopeFactor(scene), angle = (slopeTurn(scene, side) * Math.PI) / 180;
    const lamp = scene.lamps[side], bright = (1 - AMBIENT) * exposure(lamp);
    // Turning the lamp back is cheaper than turning every slope.
    const lampDown = factor * (Math.cos(angle) * lamp[0] + Math.sin(angle) * lamp[1]);
    const lampRight = slopeFlip(scene, side) * factor * (Math.cos(angle) * lamp[1] - Math.sin(angle) * lamp[0]);
    const square = factor * factor, up = lamp[2];
    const coloured = Boolean(MAPS[scene.map]), heights = this.heights;
    const toTable = (255 * 0.5 * scene.gains[side]) / surface.spread;
    const [backRed, backGreen, backBlue] = scene.background, bare = packed(...scene.background) >>> 0;
    for (let i = 0; i < out.length; i++) {
      const cover = share[i];
      if (cover <= 0) {
        out[i] = bare;
        continue;
      }
      const level = clamp(127.5 + toTable * (value[i] - surface.middle), 0, 255);
      let red, green, blue;
      if (scene.images[side]) {
        red = green = blue = level;
        if (coloured) {
          const at = 4 * Math.round(level);
          red = heights[at], green = heights[at + 1], blue = heights[at + 2];
        }
      } else {
        const d = down[i], r = right[i];
        const lit = (up - lampDown * d - lampRight * r) / Math.sqrt(1 + square * (d * d + r * r));
        const grey = Math.min(1, AMBIENT + bright * 0.5 * (lit + Math.sqrt(lit * lit + PENUMBRA)));
        if (coloured) {
          const at = 4 * Math.round(level), tone = Math.min(1, 1.35 * grey);
          red = tone * heights[at], green = tone * heights[at + 1], blue = tone * heights[at + 2];
        } else {
          red = green = blue = 255 * grey;
        }
      }
      const rest = 1 - cover;
      out[i] = packed(
        cover * red + rest * backRed, cover * green + rest * backGreen, cover * blue + rest * backBlue);
    }
    return out;
  }

  paintDifference(scene, [one, two], out) {
    const scale = 127.5 / scene.range, table = this.differences;
    const [red0, green0, blue0] = scene.background, bare = packed(...scene.background) >>> 0;
    for (let i = 0; i < out.length; i++) {
      const any = Math.max(one.share[i], two.share[i]);
      if (any <= 0) {
        out[i] = bare;
        continue;
      }
      const both = one.share[i] * two.share[i];
      const away = two.value[i] - one.value[i] - scene.offset;
      const at = 4 * Math.round(clamp(127.5 + scale * away, 0, 255));
      const red = red0 + any * (61 - red0), green = green0 + any * (61 - green0);
      const blue = blue0 + any * (61 - blue0);
      out[i] = packed(red + both * (table[at] - red), green + both * (table[at + 1] - green),
        blue + both * (table[at + 2] - blue));
    }
  }
}

function packed(red, green, blue) {
  return (255 << 24) | (blue << 16) | (green << 8) | red;
}

function mixed(one, two, share) {
  const tone = (shift) => {
    const from = (one >>> shift) & 255;
    return from + share * (((two >>> shift) & 255) - from);
  };
  return packed(tone(0), tone(8), tone(16));
}

function lookedUp(surface, map, pane, grid) {
  const count = grid.width * grid.height;
  const look = { value: new Float32Array(count), down: new Float32Array(count),
    right: new Float32Array(count), share: new Float32Array(count) };
  const { rows, cols, measured } = surface;
  for (let r = 0, i = 0; r < grid.height; r++) {
    const row = (r + 0.5) * grid.step - pane.height / 2;
    for (let c = 0; c < grid.width; c++, i++) {
      const col = (c + 0.5) * grid.step - pane.width / 2;
      const y = map.middle[0] + row * map.down[0] + col * map.right[0];
      const x = map.middle[1] + row * map.down[1] + col * map.right[1];
      const top = Math.floor(y), left = Math.floor(x);
      if (top < 0 || left < 0 || top >= rows - 1 || left >= cols - 1) continue;
      const a = top * cols + left, b = a + cols, fy = y - top, fx = x - left;
      const wa = measured[a] * (1 - fy) * (1 - fx), wb = measured[a + 1] * (1 - fy) * fx;
      const wc = measured[b] * fy * (1 - fx), wd = measured[b + 1] * fy * fx;
      const weight = wa + wb + wc + wd;
      if (weight <= 0.35) continue;
      const between = (grid4) =>
        (wa * grid4[a] + wb * grid4[a + 1] + wc * grid4[b] + wd * grid4[b + 1]) / weight;
      look.value[i] = between(surface.value);
      look.down[i] = between(surface.down);
      look.right[i] = between(surface.right);
      const edge = Math.min(1, (weight - 0.35) / 0.3);
      look.share[i] = edge * edge * (3 - 2 * edge);
    }
  }
  return look;
}

/** The graphics card where there is one; `#canvas` or `#webgl` after the address asks for that. */
function chosenRenderer(canvas) {
  if (location.hash !== "#canvas") {
    try {
      return new WebglRelief(canvas, location.hash === "#webgl");
    } catch (error) {
      console.info(`drawn without a graphics card: ${error.message}`);
      const fresh = canvas.cloneNode();
      canvas.replaceWith(fresh);
      return new CanvasRelief(fresh);
    }
  }
  return new CanvasRelief(canvas);
}
