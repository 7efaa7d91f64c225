"use strict";
/* What lies over the picture: one group of SVG for each view, in um of the reference, that follows
   the camera; and in pixels the scale bars and the names of the sides. */

const BAR_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
const LENGTH_WIDTH = 60; // pixels of "2000 µm"

class Overlay {
  constructor(stage, svg, labels) {
    this.stage = stage;
    this.svg = svg;
    this.labels = labels;
    this.layers = [];
    this.groups = [];
    stage.on("layout", () => this.layOut());
    stage.on("view", () => this.follow());
    stage.on("motion", () => this.redraw());
    stage.on("appearance", () => this.follow());
  }

  /** `draw` gives the elements of a layer for a view, in um of the reference as (x, y) = (col, row). */
  addLayer(name, draw) {
    this.layers.push({ name, draw });
  }

  layOut() {
    const { width, height, views } = this.stage;
    this.buttons = this.placeOfButtons();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.groups = views.map((view, number) => {
      const clip = makeSvg("clipPath", { id: `clip-${number}` }, [
        makeSvg("rect", { x: view.x, y: view.y, width: view.width, height: view.height })]);
      const um = makeSvg("g", { class: "um" });
      const px = makeSvg("g", { class: "px" });
      const group = makeSvg("g", { "clip-path": `url(#clip-${number})` }, [um, px]);
      return { view, clip, um, px, group };
    });
    this.svg.replaceChildren(...this.groups.flatMap((g) => [g.clip, g.group]));
    this.redraw();
  }

  redraw() {
    for (const { view, um } of this.groups) {
      um.replaceChildren(...this.layers.map(({ name, draw }) =>
        makeSvg("g", { class: name }, draw(view))));
    }
    this.follow();
  }

  redrawLayer(name) {
    const { draw } = this.layers.find((layer) => layer.name === name);
    for (const { view, um } of this.groups) {
      um.querySelector(`.${name}`).replaceChildren(...draw(view));
    }
  }

  follow() {
    const { camera } = this.stage;
    this.svg.style.setProperty("--px", `${camera.scale}px`); // a pixel, in um
    this.svg.classList.toggle("far", camera.scale > 7);
    for (const { view, um, px } of this.groups) {
      const [row, col] = view.middle;
      um.setAttribute("transform", `translate(${col} ${row}) ${camera.matrix}`);
      px.replaceChildren(this.name(view), ...this.scaleBar(view));
    }
    if (this.turn !== camera.turn) {
      this.turn = camera.turn;
      this.redraw(); // numbers stay upright
    }
  }

  name(view) {
    const shown = this.stage.mode === "flicker" ? this.stage.flickered : view.side;
    const both = view.both && this.stage.mode !== "flicker";
    const text = both ? `${this.labels[0]} | ${this.labels[1]}` : this.labels[shown];
    const role = both ? "Both sides" : ["Reference", "Comparison"][shown];
    const right = view.side === 1;
    const x = right ? view.x + view.width - 12 : view.x + 12;
    return makeSvg("g", { class: "name" }, [
      makeSvg("title", {}, [text]),
      makeSvg("text", { x, y: view.y + 22, "text-anchor": right ? "end" : "start" }, [
        makeSvg("tspan", { class: "role" }, [`${role}  `]), shortened(text, (view.width - 24) / 7.4 - role.length - 2)]),
    ]);
  }

  scaleBar(view) {
    const fitting = BAR_STEPS.filter((um) => um / this.stage.camera.scale <= Math.min(180, view.width - 40));
    const um = fitting[fitting.length - 1];
    const second = view.side === 1 && this.stage.mode !== "side";
    if (!um || second || view.width < 80 || view.height < 60) return [];
    const length = um / this.stage.camera.scale;
    const x = view.side === 1 ? view.x + view.width - 14 - length : view.x + 14;
    const y = this.above(x, length, view.y + view.height - 14);
    const path = `M${x} ${y - 6}V${y}H${x + length}V${y - 6}`;
    return [
      makeSvg("path", { d: path, class: "bar casing" }),
      makeSvg("path", { d: path, class: "bar" }),
      makeSvg("text", { x: x + length / 2, y: y - 8, "text-anchor": "middle", class: "bar-length" }, [
        `${um} µm`]),
    ];
  }

  /** Where the buttons stand over the picture, in its pixels; null where they do not. */
  placeOfButtons() {
    const { box } = this.stage;
    const place = box.querySelector(".float.bottom")?.getBoundingClientRect();
    if (!place?.width) return null;
    const { left, top } = box.getBoundingClientRect();
    return { left: place.left - left, right: place.right - left, top: place.top - top, bottom: place.bottom - top };
  }

  /** How low a scale bar lies: at `y`, or above the buttons where it would run under them. */
  above(x, length, y) {
    const { buttons } = this;
    const beside = Math.max(8, LENGTH_WIDTH / 2 - length / 2); // the text may be wider than the bar
    const under = buttons && x - beside < buttons.right && x + length + beside > buttons.left;
    return under && y + 4 > buttons.top && y - 24 < buttons.bottom ? buttons.top - 10 : y;
  }
}

/** A text of at most so many letters, with what is left out of its middle marked. */
function shortened(text, letters) {
  const half = Math.max(Math.floor((letters - 1) / 2), 2);
  return text.length <= Math.max(letters, 5) ? text : `${text.slice(0, half)}…${text.slice(-half)}`;
}
