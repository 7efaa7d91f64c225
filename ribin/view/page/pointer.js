"use strict";
/* The mouse on the stage: what a drag does depends on the tool in hand. */

const TOOLS = {
  move: "Drag moves, wheel zooms, Shift and drag turns",
  lamp: "Drag to put the lamp where the pointer is",
  profile: "Drag a line through the marks; with keys: Enter at each end",
  agreement: "Drag around what agrees; with keys: Enter marks the middle",
  disagreement: "Drag around what does not agree; with keys: Enter marks the middle",
};
const STILL_PX = 4; // a drag shorter than this is a click

class Pointer {
  constructor(stage, parts) {
    this.stage = stage;
    this.parts = parts; // cells, profile, notes
    this.tool = "move";
    this.fingers = new Map(); // pointers that are down, by their number: [x, y] in the stage
    const box = stage.box;
    box.addEventListener("pointerdown", (event) => this.down(event));
    box.addEventListener("pointermove", (event) => this.move(event));
    box.addEventListener("pointerup", (event) => this.up(event));
    box.addEventListener("pointercancel", (event) => {
      this.fingers.delete(event.pointerId);
      this.held = null;
    });
    box.addEventListener("pointerleave", () => this.leave());
    box.addEventListener("contextmenu", (event) => event.preventDefault());
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.choose = choice(byId("tools"), (tool) => this.take(tool));
  }

  take(tool) {
    this.tool = tool;
    this.stage.box.dataset.tool = tool;
    this.pending = null;
    byId("hint").textContent = TOOLS[tool];
  }

  place(event) {
    const box = this.stage.box.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, ...this.stage.viewAt(x, y) };
  }

  down(event) {
    if (event.target.closest("#divider, .float")) return;
    const at = this.place(event);
    this.stage.box.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, [at.x, at.y]);
    if (this.fingers.size > 1) { // two fingers move, zoom and turn, whatever the tool
      this.held = null;
      byId("rubber").hidden = true;
      return;
    }
    this.held = { start: at, last: [event.clientX, event.clientY], moved: false,
      cell: this.cellAt(event), middle: at.view.middle,
      tool: event.button === 2 ? "turn" : event.shiftKey ? "turn" : event.ctrlKey ? "nudge" : this.tool };
    if (this.held.tool === "lamp") this.putLamp(at);
  }

  move(event) {
    if (this.fingers.size > 1) {
      this.pinch(event);
      return;
    }
    if (!this.held) {
      this.hover(event);
      return;
    }
    const { held, stage } = this;
    const step = [event.clientY - held.last[1], event.clientX - held.last[0]];
    held.last = [event.clientX, event.clientY];
    const x = event.clientX - stage.box.getBoundingClientRect().left;
    const y = event.clientY - stage.box.getBoundingClientRect().top;
    const px = [y - held.middle[0], x - held.middle[1]];
    held.moved ||= Math.hypot(x - held.start.x, y - held.start.y) > STILL_PX;
    if (!held.moved) return;
    const camera = stage.camera;
    if (held.tool === "move") {
      camera.pan(step);
      stage.tell("view");
    } else if (held.tool === "turn") {
      camera.rotate(-step[1] * 0.4);
      stage.tell("view");
    } else if (held.tool === "nudge") {
      const um = turned([step[0] * camera.scale, step[1] * camera.scale], -camera.turn);
      stage.setMotion(stage.motion.nudged(um, 0, camera.center), "hand");
    } else if (held.tool === "lamp") {
      this.putLamp({ view: held.start.view, px });
    } else if (held.tool === "profile") {
      this.parts.profile.setEnds([camera.toUm(held.start.px), camera.toUm(px)]);
    } else {
      this.outline(held.start.px, px);
    }
    held.end = px;
  }

  /** Two fingers: the marks stay under them. */
  pinch(event) {
    if (!this.fingers.has(event.pointerId)) return;
    const at = this.place(event);
    const spread = () => {
      const [[x0, y0], [x1, y1]] = [...this.fingers.values()];
      return { far: Math.hypot(x1 - x0, y1 - y0), angle: Math.atan2(y1 - y0, x1 - x0), middle: [(y0 + y1) / 2, (x0 + x1) / 2] };
    };
    const before = spread();
    this.fingers.set(event.pointerId, [at.x, at.y]);
    const now = spread();
    const { camera } = this.stage;
    const { view } = this.stage.viewAt(now.middle[1], now.middle[0]);
    const px = [0, 1].map((axis) => now.middle[axis] - view.middle[axis]);
    camera.pan([0, 1].map((axis) => now.middle[axis] - before.middle[axis]));
    if (before.far > 1 && now.far > 1) camera.zoom(now.far / before.far, px);
    camera.rotate(-(((now.angle - before.angle) * 180) / Math.PI), px);
    this.stage.tell("view");
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    const { held } = this;
    this.held = null;
    if (!held) return;
    if (!held.moved) {
      if (held.cell && held.tool === "move") this.parts.cells.zoomTo(Number(held.cell.dataset.cell));
      return;
    }
    if (held.tool in NOTE_KINDS) {
      this.stage.box.querySelector("#rubber").hidden = true;
      const [from, to] = [held.start.px, held.end];
      const middle = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
      const size = [Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
      this.mark(held.tool, middle, size);
    }
  }

  /** An annotation of so many pixels around a pixel of a view. */
  mark(kind, middlePx, sizePx) {
    const camera = this.stage.camera;
    const size = sizePx.map((v) => Math.max(v, 8) * camera.scale);
    this.parts.notes.add(kind, camera.toUm(middlePx), size);
    this.choose("move");
  }

  outline(from, to) {
    const rubber = byId("rubber");
    const [row, col] = this.held.middle;
    rubber.hidden = false;
    rubber.style.top = `${row + Math.min(from[0], to[0])}px`;
    rubber.style.left = `${col + Math.min(from[1], to[1])}px`;
    rubber.style.height = `${Math.abs(to[0] - from[0])}px`;
    rubber.style.width = `${Math.abs(to[1] - from[1])}px`;
  }

  /** The lamp stands over the pointer: above the middle of a view at its middle, low at its edge. */
  putLamp({ view, px }) {
    const radius = Math.min(view.height, this.stage.panes[0].width) / 2;
    this.stage.lamp.moveOver(px.map((v) => v / radius));
  }

  wheel(event) {
    event.preventDefault();
    const { px } = this.place(event);
    const { camera } = this.stage;
    if (event.shiftKey) camera.rotate((event.deltaY || event.deltaX) * 0.05, px);
    else camera.zoom(Math.exp(-event.deltaY * 0.0015), px);
    this.stage.tell("view");
  }

  hover(event) {
    const at = this.place(event);
    if (this.stage.mode === "swipe") {
      const { width, height, across } = this.stage;
      this.stage.setPlace(across ? at.y / height : at.x / width);
    }
    const shape = this.cellAt(event);
    this.hovered?.classList.remove("hovered");
    this.hovered = shape;
    if (!shape) return this.hideTip();
    shape.classList.add("hovered");
    this.showTip(Number(shape.dataset.cell), at);
  }

  /** Of the cells under the pointer, which may overlap, the one whose middle is nearest; or null. */
  cellAt(event) {
    const away = (shape) => {
      const box = shape.querySelector("rect").getBoundingClientRect();
      return Math.hypot(event.clientX - box.x - box.width / 2, event.clientY - box.y - box.height / 2);
    };
    const under = document.elementsFromPoint(event.clientX, event.clientY)
      .map((element) => element.closest("[data-cell]")).filter((shape) => this.stage.box.contains(shape));
    return under.reduce((nearest, shape) => (nearest && away(nearest) <= away(shape) ? nearest : shape), null);
  }

  showTip(index, at) {
    const cells = this.parts.cells;
    const said = cells.describe(cells.result.cell_rows[index]);
    const tip = byId("tip");
    tip.replaceChildren(make("strong", {}, [said.name]), make("span", {}, [`${said.outcome} – ${said.meaning}`]),
      make("span", {}, [said.figures]), make("span", {}, [said.measured]));
    tip.hidden = false;
    const left = Math.min(at.x + 14, this.stage.width - tip.offsetWidth - 6);
    const top = at.y + 18 + tip.offsetHeight > this.stage.height ? at.y - tip.offsetHeight - 10 : at.y + 18;
    tip.style.left = `${left}px`;
    tip.style.top = `${top}px`;
  }

  leave() {
    this.hovered?.classList.remove("hovered");
    this.hovered = null;
    this.hideTip();
  }

  hideTip() {
    byId("tip").hidden = true;
  }

  /** Enter on the stage: the middle of the view is the point. */
  enter() {
    const { stage, parts } = this;
    if (this.tool === "profile") {
      const point = stage.camera.center;
      if (this.pending) {
        parts.profile.setEnds([this.pending, point]);
        this.pending = null;
        announce("Profile drawn");
      } else {
        this.pending = point;
        parts.profile.setEnds([point]);
        announce("Start of the profile set; move, then Enter at its end");
      }
    } else if (this.tool in NOTE_KINDS) {
      const side = Math.min(stage.panes[0].width, stage.height) / 4;
      this.mark(this.tool, [0, 0], [side, side]);
    }
  }
}
