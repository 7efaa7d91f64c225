"use strict";
/* What is left out of a mark before it is compared: coloured on both sides, and told in words. */

class LeftOut {
  constructor(stage, overlay, sides) {
    this.stage = stage;
    this.overlay = overlay;
    this.sides = sides;
    this.visible = true;
    if (!sides.some((side) => side.left_out.length)) return;
    overlay.addLayer("left-out", (view) => this.shapes(view));
    stage.on("appearance", () => stage.mode === "flicker" && overlay.redrawLayer("left-out"));
    byId("left-out-shown").addEventListener("change", (event) => this.toggle(event.target.checked));
  }

  /** The shapes of a side in um of the reference; of both sides where they lie on each other. */
  shapes(view) {
    if (!this.visible) return [];
    const flickered = this.stage.mode === "flicker" ? [this.stage.flickered] : [0, 1];
    return (view.both ? flickered : [view.side]).flatMap((side) =>
      this.sides[side].left_out.map(({ kind, edges }) =>
        makeSvg("path", { class: kind, "fill-rule": "evenodd", d: edges.map((edge) => this.path(side, edge)).join("") })));
  }

  path(side, edge) {
    const places = side === 0 ? edge : edge.map((point) => this.stage.motion.undo(point));
    return `M${places.map(([row, col]) => `${col.toFixed(1)} ${row.toFixed(1)}`).join("L")}Z`;
  }

  toggle(visible = !this.visible) {
    if (!byId("left-out-shown")) return announce("Nothing is left out of these marks");
    this.visible = visible;
    byId("left-out-shown").checked = visible;
    announce(visible ? "What is left out is coloured" : "What is left out is not coloured");
    this.overlay.redraw();
  }
}
