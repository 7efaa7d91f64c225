"use strict";
/* The stage: what is shown where. It knows the modes, draws, and tells the overlays to follow.

   A view is one part of the stage with an overlay of its own: { side, x, y, width, height } is
   what may be drawn on, `middle` where the camera's centre lies, all in CSS pixels. */

const STAGE_MODES = ["side", "split", "swipe", "blend", "flicker", "difference"];
const GAP = 6; // between two panes

class Stage {
  /** `layers` are the pairs of surfaces to look at, by name; the first is shown first. Where the
      pair was not compared there is no `foundMotion`: each mark lies with its own middle. `images`
      says of each side whether it is a photograph, `units` what its values are in. */
  constructor(box, layers, foundMotion, images, units) {
    this.box = box;
    this.layers = layers;
    this.layer = Object.keys(layers)[0];
    this.foundMotion = foundMotion || Motion.ofMiddles(this.surfaces);
    this.foundBy = foundMotion ? "whole mark" : "";
    this.motion = this.foundMotion;
    this.aligned = this.foundBy; // "" is not at all
    this.images = images;
    this.units = units; // "" of grey values
    this.alike = images[0] === images[1]; // heights and grey values cannot be subtracted
    this.background = BACKGROUND;
    this.detail = 1; // pixels drawn for each of the screen, where there is no graphics card
    this.mode = "side";
    this.camera = new Camera();
    this.lamp = new Lamp(() => this.requestDraw());
    this.relief = 1;
    this.map = "grey";
    this.place = 0.5; // of the split line, as a share of the stage
    this.across = false;
    this.blend = 0.5;
    this.flickered = 0; // the side that flicker shows
    this.rate = 1;
    this.listeners = { layout: [], view: [], motion: [], appearance: [] };
    this.renderer = chosenRenderer(box.querySelector("canvas"));
    this.putLayer();
  }

  on(event, listener) {
    this.listeners[event].push(listener);
  }

  tell(event) {
    for (const listener of this.listeners[event]) listener();
    this.requestDraw();
  }

  get surfaces() {
    return this.layers[this.layer];
  }

  putLayer() {
    this.renderer.setSurfaces(this.surfaces);
    this.renderer.setMap(this.map);
    this.measureDifference();
  }

  measureDifference() {
    this.difference = meanDifference(this.surfaces, this.motion);
    this.range = (this.surfaces[0].spread + this.surfaces[1].spread) / 2;
  }

  setLayer(name) {
    if (!this.layers[name]) return;
    this.layer = name;
    this.putLayer();
    this.tell("appearance");
  }

  setMap(name) {
    this.map = name;
    this.renderer.setMap(name);
    this.tell("appearance");
  }

  setRelief(value) {
    this.relief = clamp(value, 0.2, 5);
    this.tell("appearance");
  }

  setMode(mode) {
    this.mode = mode;
    this.flickered = 0;
    clearInterval(this.timer);
    if (mode === "flicker") this.setRate(this.rate);
    this.layOut();
  }

  /** Changes of the picture a second, at most three: faster flashes can harm. */
  setRate(rate) {
    this.rate = clamp(rate, 0.5, 3);
    clearInterval(this.timer);
    if (this.mode !== "flicker") return;
    this.timer = setInterval(() => {
      this.flickered = 1 - this.flickered;
      this.tell("appearance");
    }, 1000 / this.rate);
  }

  setPlace(share) {
    this.place = clamp(share, 0, 1);
    this.layOut();
  }

  setAcross(across) {
    this.across = across;
    this.layOut();
  }

  setMotion(motion, aligned) {
    this.motion = motion;
    this.aligned = aligned;
    this.measureDifference();
    this.tell("motion");
    this.tell("view");
  }

  /** Lay the comparison as it was found for the whole mark. */
  realign() {
    this.setMotion(this.foundMotion, this.foundBy);
  }

  /** Show the whole marks as they were registered. */
  fit() {
    this.motion = this.foundMotion;
    this.fitCamera();
    this.realign();
  }

  /** How far both marks reach, in um of the reference. */
  get reach() {
    const [own, other] = this.surfaces.map((surface) => surface.rim);
    const rim = [...own, ...other.map((point) => this.motion.undo(point))];
    const [rows, cols] = [0, 1].map((axis) => rim.map((point) => point[axis]));
    return { top: Math.min(...rows), bottom: Math.max(...rows), left: Math.min(...cols), right: Math.max(...cols) };
  }

  fitCamera() {
    const { reach } = this;
    const pane = this.panes[0];
    this.camera.turn = 0;
    this.camera.center = [(reach.top + reach.bottom) / 2, (reach.left + reach.right) / 2];
    const tall = (reach.bottom - reach.top) / Math.max(pane.height - 100, 50);
    const wide = (reach.right - reach.left) / (pane.width - 40);
    this.camera.scale = Math.max(tall, wide);
    this.fitted = this.camera.matrix;
  }

  /** Look at a place of both marks, `acrossUm` of them from edge to edge. */
  lookAt(point, acrossUm) {
    const pane = this.panes[0];
    this.camera.center = point;
    this.camera.scale = acrossUm / Math.min(pane.width, pane.height);
    this.tell("view");
  }

  get panes() {
    const { width, height } = this;
    if (this.mode === "side") {
      const half = (width - GAP) / 2;
      return [
        { x: 0, y: 0, width: half, height, mode: "reference" },
        { x: half + GAP, y: 0, width: half, height, mode: "comparison" },
      ];
    }
    const mode = { split: "split", swipe: "split", blend: "blend", difference: "difference",
      flicker: this.flickered ? "comparison" : "reference" }[this.mode];
    return [{ x: 0, y: 0, width, height, mode }];
  }

  get views() {
    const { width, height } = this;
    const middle = [height / 2, width / 2];
    if (this.mode === "side") {
      return this.panes.map((p, side) => ({ ...p, side, middle: [height / 2, p.x + p.width / 2] }));
    }
    if (this.mode !== "split" && this.mode !== "swipe") {
      return [{ side: 0, both: true, x: 0, y: 0, width, height, middle }];
    }
    const at = this.place * (this.across ? height : width);
    return this.across
      ? [{ side: 0, x: 0, y: 0, width, height: at, middle },
        { side: 1, x: 0, y: at, width, height: height - at, middle }]
      : [{ side: 0, x: 0, y: 0, width: at, height, middle },
        { side: 1, x: at, y: 0, width: width - at, height, middle }];
  }

  /** The view under a point of the stage, and that point as seen from the middle of its view. */
  viewAt(x, y) {
    const views = this.views;
    const view = views.find((v) => x >= v.x && x < v.x + v.width && y >= v.y && y < v.y + v.height) || views[0];
    return { view, px: [y - view.middle[0], x - view.middle[1]] };
  }

  layOut() {
    const box = this.box.getBoundingClientRect();
    this.width = Math.max(box.width, 50);
    this.height = Math.max(box.height, 50);
    this.ratio = Math.max(Math.min(window.devicePixelRatio || 1, 2), this.detail);
    const canvas = this.renderer.canvas;
    const size = [this.width, this.height].map((v) => Math.round(v * this.ratio));
    if (this.fitted === this.camera.matrix) this.fitCamera(); // whole marks stay whole
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    this.tell("layout");
    this.tell("view");
  }

  get scene() {
    const { surfaces, camera, motion, relief, map, images, background, blend } = this;
    const lamps = [0, 1].map((side) => this.lamp.directionOf(side));
    return { surfaces, camera, motion, lamps, relief, map, images, background, blend,
      gains: images.map((image) => (image ? relief : 1)), offset: this.difference.mean, range: this.range,
      split: { row: (this.place - 0.5) * this.height, col: (this.place - 0.5) * this.width, across: this.across } };
  }

  requestDraw() {
    if (this.asked || !this.width) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.renderer.draw(this.scene, this.panes, this, false);
    });
  }

  /** Draw at once, and every pixel. */
  drawNow() {
    this.renderer.draw(this.scene, this.panes, this, true);
  }
}
