"use strict";
/* Where things lie: the camera over the reference, and the motion that lays the comparison under it.

   Points are [row, col]; um from the centre of a mark, or pixels from the middle of a pane.
   Angles are counter-clockwise as displayed, in degrees; rows run down. */

function turned(point, angleDeg) {
  const angle = (angleDeg * Math.PI) / 180;
  const cosine = Math.cos(angle), sine = Math.sin(angle);
  return [cosine * point[0] - sine * point[1], sine * point[0] + cosine * point[1]];
}

/** Takes a point of the reference onto the comparison: left and right exchanged where `mirrored`,
    turned, `scale` times as far, then shifted. */
class Motion {
  constructor(rotationDeg, shiftUm, scale = 1, mirrored = false) {
    this.rotation = rotationDeg;
    this.shift = shiftUm;
    this.scale = scale;
    this.mirrored = mirrored;
  }

  /** Which way a turn goes on the other side. */
  get spin() {
    return this.mirrored ? -1 : 1;
  }

  /** A step on the reference as it is on the comparison. */
  carry([row, col]) {
    return turned([this.scale * row, this.scale * this.spin * col], this.rotation);
  }

  apply(point) {
    const [row, col] = this.carry(point);
    return [row + this.shift[0], col + this.shift[1]];
  }

  undo(point) {
    const [row, col] = turned([point[0] - this.shift[0], point[1] - this.shift[1]], -this.rotation);
    return [row / this.scale, (this.spin * col) / this.scale];
  }

  /** The middle of what was measured of one mark on that of the other. */
  static ofMiddles(surfaces) {
    const [one, two] = surfaces.map(({ reach }) =>
      [(reach.top + reach.bottom) / 2, (reach.left + reach.right) / 2]);
    return new Motion(0, [two[0] - one[0], two[1] - one[1]]);
  }

  /** The same turn and shift, but moved by `stepUm` and turned by `stepDeg` about a point `about`. */
  nudged(stepUm, stepDeg, about) {
    const fixed = this.apply(about);
    const moved = new Motion(this.rotation + this.spin * stepDeg, [0, 0], this.scale, this.mirrored);
    const [row, col] = moved.carry(about), step = moved.carry(stepUm);
    moved.shift = [fixed[0] - row - step[0], fixed[1] - col - step[1]];
    return moved;
  }

  /** The motion that lays one cell exactly where it fell, of a pair that was found to lie as `found`. */
  static ofCell(cell, found) {
    const home = cell.cut_from === "reference";
    const own = new Motion(cell.rotation_deg, [0, 0], home ? found.scale : 1 / found.scale, found.mirrored);
    const away = own.carry(cell.center_um);
    own.shift = [cell.fell_um[0] - away[0], cell.fell_um[1] - away[1]];
    return home ? own : own.inverse();
  }

  inverse() {
    const [row, col] = this.undo([0, 0]);
    return new Motion(-this.spin * this.rotation, [row, col], 1 / this.scale, this.mirrored);
  }
}

/** What the panes look at: a point of the reference, um a pixel, and how it is turned. */
class Camera {
  constructor() {
    this.center = [0, 0];
    this.scale = 10;
    this.turn = 0;
  }

  /** The point of the reference under a pixel. */
  toUm(px) {
    const [row, col] = turned([px[0] * this.scale, px[1] * this.scale], -this.turn);
    return [row + this.center[0], col + this.center[1]];
  }

  /** The pixel over a point of the reference. */
  toPx(um) {
    const away = [um[0] - this.center[0], um[1] - this.center[1]];
    const [row, col] = turned(away, this.turn);
    return [row / this.scale, col / this.scale];
  }

  pan(px) {
    const [row, col] = turned([px[0] * this.scale, px[1] * this.scale], -this.turn);
    this.center = [this.center[0] - row, this.center[1] - col];
  }

  /** Nearer by a factor; the point under `px` stays there. */
  zoom(factor, px = [0, 0]) {
    const held = this.toUm(px);
    this.scale = clamp(this.scale / factor, 0.05, 100);
    const now = this.toUm(px);
    this.center = [this.center[0] + held[0] - now[0], this.center[1] + held[1] - now[1]];
  }

  rotate(stepDeg, px = [0, 0]) {
    const held = this.toUm(px);
    this.turn = ((this.turn + stepDeg + 540) % 360) - 180;
    const now = this.toUm(px);
    this.center = [this.center[0] + held[0] - now[0], this.center[1] + held[1] - now[1]];
  }

  /** SVG matrix from (x, y) = (col, row) of the reference in um to pixels. */
  get matrix() {
    const angle = (this.turn * Math.PI) / 180;
    const cosine = Math.cos(angle) / this.scale, sine = Math.sin(angle) / this.scale;
    const [row, col] = this.toPx([0, 0]);
    return `matrix(${cosine} ${-sine} ${sine} ${cosine} ${col} ${row})`;
  }
}
