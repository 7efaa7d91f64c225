"use strict";
/* The cells: squares on both marks, why each counts or does not, and the way to look at one. */

const SHAPES = { reference: "cut from the reference", comparison: "cut from the comparison" };

class Cells {
  constructor(stage, overlay, result, cellUm) {
    this.stage = stage;
    this.overlay = overlay;
    this.result = result;
    this.cellUm = cellUm;
    this.cutFrom = "reference";
    this.shown = { congruent: true, other: true };
    this.visible = true;
    this.current = -1;
    overlay.addLayer("cells", (view) => this.squares(view));
    this.fillList();
    stage.on("appearance", () => this.showPair());
  }

  get listed() {
    return this.result.cell_rows.filter((cell) => cell.cut_from === this.cutFrom && this.passes(cell));
  }

  passes(cell) {
    return this.shown[cell.outcome === "congruent" ? "congruent" : "other"];
  }

  /** Where a cell lies on a side, in the frame of the reference: { center, turn }, or null. */
  placeOn(side, cell) {
    const home = cell.cut_from === (side === 0 ? "reference" : "comparison");
    const motion = this.stage.motion;
    if (!home && !cell.fell_um) return null;
    const center = home ? cell.center_um : cell.fell_um;
    const turn = home ? 0 : cell.rotation_deg;
    if (side === 0) return { center, turn };
    return { center: motion.undo(center), turn: motion.spin * (turn - motion.rotation) };
  }

  squares(view) {
    if (!this.visible) return [];
    const drawn = [];
    for (const cell of this.listed) {
      const place = this.placeOn(view.side, cell);
      if (!place) continue;
      const half = this.cellUm / 2;
      const kind = cell.outcome === "congruent" ? "congruent" : "other";
      const current = this.result.cell_rows.indexOf(cell) === this.current ? " current" : "";
      const square = makeSvg("g", {
        class: `cell ${kind}${current}`,
        "data-cell": this.result.cell_rows.indexOf(cell),
        transform: `translate(${place.center[1]} ${place.center[0]}) rotate(${-place.turn})`,
      });
      const outline = { x: -half, y: -half, width: this.cellUm, height: this.cellUm };
      square.append(makeSvg("rect", { ...outline, class: "casing" }), makeSvg("rect", outline));
      const upright = place.turn + this.stage.camera.turn;
      square.append(makeSvg("text", { x: "0.35em", y: "1.15em",
        transform: `translate(${-half} ${-half}) rotate(${upright})` }, [String(cell.number)]));
      drawn.push(square);
    }
    return drawn;
  }

  describe(cell) {
    const name = `Cell ${cell.number}, ${SHAPES[cell.cut_from]}`;
    const meaning = this.result.meanings[cell.outcome];
    const outcome = cell.outcome === "congruent" ? "congruent" : `not congruent: ${cell.outcome}`;
    const figures = cell.fell_um
      ? `correlation ${figure(cell.ccf, 2)}, ${figure(cell.away_um)} µm and ${figure(cell.turn_deg, 1)}° ` +
        "from where the others fell"
      : "no place found";
    const measured = cell.shared === null ? "" : `${figure(100 * cell.shared)} % of it measured on both sides`;
    return { name, outcome, meaning: meaning.replaceAll(" um", " µm"), figures, measured };
  }

  /** Both sides come to a cell, and the comparison lies as this cell says. */
  zoomTo(index) {
    const cell = this.result.cell_rows[index];
    this.current = index;
    if (cell.cut_from !== this.cutFrom) this.chooseSide(cell.cut_from);
    const motion = cell.fell_um ? Motion.ofCell(cell, this.stage.foundMotion) : this.stage.foundMotion;
    this.stage.setMotion(motion, cell.fell_um ? `cell ${cell.number}` : this.stage.foundBy);
    const place = this.placeOn(0, cell) || { center: motion.undo(cell.center_um) };
    this.stage.lookAt(place.center, this.cellUm * 3);
    const said = this.describe(cell);
    announce([`${said.name}: ${said.outcome} (${said.meaning})`, said.figures, said.measured].filter(Boolean).join("; "));
    this.fillList();
    this.showPair();
    this.overlay.redraw();
  }

  /** The current cell on both sides at one scale, and what is between them. */
  showPair() {
    const cell = this.result.cell_rows[this.current];
    byId("cell-pair").hidden = !cell?.fell_um;
    if (!cell?.fell_um) return;
    const motion = Motion.ofCell(cell, this.stage.foundMotion);
    const home = cell.cut_from === "reference";
    const middle = home ? cell.center_um : motion.undo(cell.center_um);
    const turn = home ? 0 : -motion.spin * motion.rotation; // the cell stands upright on the side it was cut from
    drawCellPair(this.stage, motion, middle, turn, this.cellUm);
  }

  /** How far each cell fell from where the whole mark says, in um, down and right. */
  motionsAgainstWhole() {
    const whole = this.stage.foundMotion;
    return this.listed.filter((cell) => cell.fell_um).map((cell) => {
      const expected = cell.cut_from === "reference" ? whole.apply(cell.center_um) : whole.undo(cell.center_um);
      return { cell, away: [cell.fell_um[0] - expected[0], cell.fell_um[1] - expected[1]] };
    });
  }

  /** Each motion as a point: those of congruent cells lie together. */
  showScatter() {
    const motions = this.result.motion ? this.motionsAgainstWhole() : [];
    byId("motions").hidden = !motions.length;
    if (!motions.length) return;
    const far = motions.map(({ away }) => Math.max(...away.map(Math.abs))).sort((a, b) => a - b);
    const reach = BAR_STEPS.find((um) => um >= far[Math.floor(0.9 * (far.length - 1))]) ?? 5000;
    const place = (um) => clamp((60 * um) / reach, -66, 66);
    const points = motions.map(({ cell, away: [down, right] }) => {
      const index = this.result.cell_rows.indexOf(cell);
      const congruent = cell.outcome === "congruent";
      const shape = congruent ? makeSvg("circle", { cx: place(right), cy: place(down), r: 3, class: "congruent" })
        : makeSvg("path", { d: `M${place(right) - 2.5} ${place(down) - 2.5}l5 5m0-5l-5 5`, class: "other" });
      shape.append(makeSvg("title", {}, [`cell ${cell.number}: ${shiftWords([down, right])}`]));
      shape.addEventListener("click", () => this.zoomTo(index));
      return shape;
    });
    const axes = makeSvg("path", { class: "grid", d: "M-60 0H60M0-60V60M-60-60H60V60H-60Z" });
    byId("scatter").replaceChildren(axes, ...points);
    byId("scatter-told").textContent = `From edge to edge ${2 * reach} µm; ● congruent, × not. Those beyond lie at the edge.`;
  }

  step(by) {
    const order = this.listed.map((cell) => this.result.cell_rows.indexOf(cell));
    if (!order.length) return;
    const at = order.indexOf(this.current);
    this.zoomTo(order[(at + by + order.length) % order.length] ?? order[0]);
  }

  chooseSide(side) {
    this.cutFrom = side;
    for (const button of byId("cut-from").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === side));
    }
    this.fillList();
    this.overlay.redraw();
  }

  toggle(visible = !this.visible) {
    this.visible = visible;
    byId("cells-shown").checked = visible;
    announce(visible ? "Cells shown" : "Cells hidden");
    this.overlay.redraw();
  }

  fillList() {
    const rows = this.listed.map((cell) => {
      const index = this.result.cell_rows.indexOf(cell);
      const kind = cell.outcome === "congruent" ? "congruent" : "other";
      const button = make("button", { type: "button", class: "link", "data-cell": index }, [
        make("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), `${cell.number}`]);
      const figures = [figure(cell.ccf, 2), figure(cell.away_um), figure(cell.turn_deg, 1), cell.outcome];
      const row = make("tr", index === this.current ? { class: "current" } : {}, [
        make("td", {}, [button]), ...figures.map((text) => make("td", {}, [text]))]);
      row.addEventListener("click", () => this.zoomTo(index)); // of its button too
      return row;
    });
    byId("cell-list").replaceChildren(...rows);
    this.showScatter();
    const congruent = this.listed.filter((cell) => cell.outcome === "congruent").length;
    byId("cell-count").textContent = !this.result.compared ? "none: the pair was not compared" : `${congruent} congruent, ${this.listed.length - congruent} not, ` +
      SHAPES[this.cutFrom];
  }
}

/** Bind the controls of the panel. */
function bindCells(cells) {
  byId("cells-shown").addEventListener("change", (event) => cells.toggle(event.target.checked));
  for (const kind of ["congruent", "other"]) {
    byId(`show-${kind}`).addEventListener("change", (event) => {
      cells.shown[kind] = event.target.checked;
      cells.fillList();
      cells.overlay.redraw();
    });
  }
  choice(byId("cut-from"), (side) => cells.chooseSide(side));
}
