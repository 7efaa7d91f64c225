"use strict";
/* The comparison page: unpack, build the parts, bind the controls, draw the first picture. */

const MODE_HINTS = {
  side: "Both marks side by side; they move together",
  split: "The reference on one side of the line, the comparison on the other; drag the line",
  swipe: "The line follows the mouse",
  blend: "Both marks through each other",
  flicker: "The marks take turns",
  difference: "Where the comparison lies higher or lower than the reference",
};

const UNLIKE = "Heights and grey values cannot be subtracted: no map of differences";

class Controls {
  constructor(stage, cells) {
    this.stage = stage;
    this.cells = cells;
    const choose = choice(byId("modes"), (mode) => this.changeMode(mode));
    this.mode = (mode) => (mode === "difference" && !stage.alike ? announce(UNLIKE) : choose(mode));
    this.layer = choice(byId("layers"), (name) => stage.setLayer(name));
    byId("across").addEventListener("click", () => this.across());
    byId("map").addEventListener("change", (event) => stage.setMap(event.target.value));
    byId("relief").addEventListener("input", (event) => stage.setRelief(2 ** Number(event.target.value)));
    byId("blend").addEventListener("input", (event) => this.setBlend(Number(event.target.value)));
    byId("rate").addEventListener("input", (event) => stage.setRate(Number(event.target.value)));
    byId("fit").addEventListener("click", () => stage.fit());
    byId("picture-save").addEventListener("click", () => savePicture(stage, byId("overlay")));
    const view = (id, act) => byId(id).addEventListener("click", () => {
      act(stage.camera);
      stage.tell("view");
    });
    view("in", (camera) => camera.zoom(1.25));
    view("out", (camera) => camera.zoom(0.8));
    view("left", (camera) => camera.rotate(5));
    view("right", (camera) => camera.rotate(-5));
    byId("realign").addEventListener("click", () => stage.realign());
    byId("help-open").addEventListener("click", () => this.help());
    byId("help-close").addEventListener("click", () => byId("help").close());
    byId("figures-hidden").addEventListener("click", () => this.hideFigures());
    bindDivider(stage);
    bindTabs();
    for (const button of byId("layers").querySelectorAll("button")) {
      button.hidden = !stage.layers[button.value];
    }
    stage.on("motion", () => this.showAlignment());
    stage.on("appearance", () => this.showLegend());
    stage.on("motion", () => this.showLegend());
    this.layer(stage.layer);
  }

  changeMode(mode) {
    const { stage } = this;
    for (const group of document.querySelectorAll("[data-modes]")) {
      group.hidden = !group.dataset.modes.split(" ").includes(mode);
    }
    stage.setMode(mode);
    announce(MODE_HINTS[mode]);
    this.showLegend();
  }

  setBlend(share) {
    this.stage.blend = clamp(share, 0, 1);
    byId("blend").value = this.stage.blend;
    this.stage.tell("appearance");
  }

  movePlace(step) {
    if (this.stage.mode === "blend") this.setBlend(this.stage.blend + 2 * step);
    else this.stage.setPlace(this.stage.place + step);
  }

  across() {
    this.stage.setAcross(!this.stage.across);
    byId("across").setAttribute("aria-pressed", String(this.stage.across));
  }

  nextLayer() {
    const names = Object.keys(this.stage.layers);
    this.layer(names[(names.indexOf(this.stage.layer) + 1) % names.length]);
    announce(`Showing the surface as ${this.stage.layer}`);
  }

  nextMap() {
    const names = Object.keys(MAPS);
    const map = names[(names.indexOf(this.stage.map) + 1) % names.length];
    byId("map").value = map;
    this.stage.setMap(map);
    announce(`Colour map ${map}`);
  }

  /** After a look without them, if they are hidden. */
  showFigures() {
    if (document.body.classList.contains("without-figures")) this.hideFigures();
  }

  /** Look without knowing what the program found. */
  hideFigures() {
    if (byId("figures-hidden").hidden) return; // the pair was not compared: there are none
    const hidden = document.body.classList.toggle("without-figures");
    byId("figures-hidden").setAttribute("aria-pressed", String(hidden));
    this.cells.toggle(!hidden);
    announce(hidden ? "Figures and cells hidden" : "Figures and cells shown");
  }

  help() {
    byId("help").showModal();
  }

  showAlignment() {
    const { aligned, motion, foundMotion } = this.stage;
    byId("realign").disabled = motion === foundMotion;
    byId("alignment").textContent =
      aligned === "hand" ? "moved by hand" : aligned ? `by ${aligned}` : "not registered";
    byId("motion").textContent = !aligned ? "each mark lies with its own middle"
      : "reference " + [motion.mirrored && (this.stage.inverted ? "mirrored and inverted" : "mirrored"),
        motion.scale !== 1 && `at ${figure(100 * motion.scale)} % of its size`,
        `turned ${figure(Math.abs(motion.rotation), 1)}° ${motion.rotation < 0 ? "clockwise" : "counter-clockwise"}`,
        `shifted ${shiftWords(motion.shift)}`].filter(Boolean).join(", ");
  }

  /** The colours beside their figures: heights, or the difference. */
  showLegend() {
    const { stage } = this;
    const difference = stage.mode === "difference";
    const stops = difference ? DIFFERENCE_MAP : MAPS[stage.map];
    byId("legend").hidden = !stops;
    if (!stops) return;
    byId("legend-stops").replaceChildren(...stops.map((colour, i) =>
      makeSvg("stop", { offset: i / (stops.length - 1), "stop-color": colour })));
    const { range, gains } = stage.scene;
    byId("legend-name").textContent = difference ? "comparison − reference" : this.valuesShown;
    byId("legend-ends").replaceChildren(...(difference ? [this.legendEnds(0, 0, range)]
      : stage.surfaces.map(({ middle, spread }, side) => this.legendEnds(side, middle, spread / gains[side]))));
    if (difference) {
      const apart = withUnit(stage.difference.deviation, 2, stage.units[0]);
      announce(`Difference over the shared surface: ${apart} (RMS)`);
    }
  }

  get valuesShown() {
    const names = this.stage.images.map((image) => (image ? "grey value" : "height"));
    return this.stage.alike ? names[0] : names.join(" | ");
  }

  /** What the two ends of the colours mean on a side: each has its own middle and spread. */
  legendEnds(side, middle, spread) {
    const swatch = make("span", { class: `key ${["reference", "comparison"][side]}`, "aria-hidden": "true" });
    const ends = [middle - spread, middle + spread].map((end) =>
      make("span", {}, [withUnit(end, 1, this.stage.units[side])]));
    return make("span", { class: "ends" }, this.stage.mode === "difference" ? ends : [ends[0], swatch, ends[1]]);
  }
}

/** The split line: dragged, or moved by arrows when it has the focus. */
function bindDivider(stage) {
  const divider = byId("divider");
  const show = () => {
    const split = stage.mode === "split" || stage.mode === "swipe";
    divider.hidden = !split;
    divider.classList.toggle("across", stage.across);
    divider.style.left = stage.across ? "0" : `${stage.place * stage.width}px`;
    divider.style.top = stage.across ? `${stage.place * stage.height}px` : "0";
    divider.setAttribute("aria-valuenow", String(Math.round(stage.place * 100)));
    divider.setAttribute("aria-orientation", stage.across ? "vertical" : "horizontal");
  };
  const drag = (event) => {
    const box = stage.box.getBoundingClientRect();
    stage.setPlace(stage.across ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width);
  };
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    event.stopPropagation();
  });
  divider.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    event.stopPropagation();
    drag(event);
  });
  divider.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.02, ArrowUp: -0.02, ArrowRight: 0.02, ArrowDown: 0.02 }[event.key];
    if (!step) return;
    event.preventDefault();
    stage.setPlace(stage.place + step);
  });
  stage.on("layout", show);
}

async function start() {
  const data = JSON.parse(byId("data").textContent);
  const names = data.sides[0].layers.map((layer) => layer.name)
    .filter((name) => data.sides[1].layers.some((layer) => layer.name === name));
  const layers = {};
  for (const name of names) {
    layers[name] = await Promise.all(data.sides.map((side) =>
      unpackSurface(side.layers.find((layer) => layer.name === name))));
  }
  const { rotation_deg, shift_um, scale, mirrored, inverted } = data.result.motion || {};
  if (inverted) for (const pair of Object.values(layers)) pair[1].invert();
  const found = data.result.motion && new Motion(rotation_deg, shift_um, scale, mirrored);
  const images = data.sides.map((side) => side.kind === "image");
  const stage = new Stage(byId("stage"), layers, found, images, data.sides.map((side) => side.unit));
  stage.inverted = Boolean(inverted);
  const overlay = new Overlay(stage, byId("overlay"), data.sides.map((side) => side.label));
  const leftOut = new LeftOut(stage, overlay, data.sides);
  const cells = new Cells(stage, overlay, data.result, data.cell_um);
  const profile = new Profile(stage, overlay);
  const notes = new Notes(stage, overlay, data.sides, data.result.mark, data.annotations);
  bindCells(cells);
  const showLamp = bindLamp(stage.lamp);
  stage.lamp.onMove = () => {
    showLamp();
    stage.requestDraw();
  };
  const sweep = new Sweep(stage.lamp, byId("sweep"));
  const controls = new Controls(stage, cells);
  const pointer = new Pointer(stage, { cells, profile, notes });
  const keys = keyTable({ stage, cells, leftOut, pointer, sweep, profile, controls });
  bindKeys(keys);
  fillHelp(keys);
  byId("modes").querySelector("[value=difference]").disabled = !stage.alike;
  controls.changeMode("side");
  stage.fit();
  notes.show();
  stage.drawNow();
  new Paper(stage, profile);
  new ResizeObserver(() => stage.layOut()).observe(stage.box);
  byId("renderer").textContent = stage.renderer.name;
  pointer.take("move");
  if (data.figures_hidden) controls.hideFigures();
  announce(data.result.compared ? "Click a cell to bring both sides to it; ? lists all keys"
    : `Not compared: ${data.result.reason}`);
  document.body.dataset.firstPictureMs = performance.now().toFixed(0);
  window.ribin = { stage, cells, notes, profile, pointer, controls };
}

start().catch((error) => {
  announce(`This page cannot be shown: ${error.message}`);
  console.error(error);
});
