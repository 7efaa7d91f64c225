"use strict";
/* The profile: heights of both sides along a line that a person drew, from side to side. */

const MARGIN = { left: 58, right: 40, top: 8, bottom: 22 };

class Profile {
  constructor(stage, overlay) {
    this.stage = stage;
    this.overlay = overlay;
    this.ends = []; // points of the reference
    this.cursor = null; // share of the line
    overlay.addLayer("profile", () => this.line());
    stage.on("motion", () => this.show());
    stage.on("appearance", () => this.show());
    stage.on("layout", () => this.complete && this.sampled && this.drawChart());
    const chart = byId("chart");
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      this.point((event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right));
    });
    chart.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.01, ArrowRight: 0.01 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      this.point((this.cursor ?? 0.5) + step);
    });
    byId("profile-close").addEventListener("click", () => this.clear());
    byId("profile-save").addEventListener("click", () => this.save());
  }

  /** Start, move or end the line. */
  setEnds(ends) {
    this.ends = ends;
    this.cursor = null;
    this.show();
  }

  clear() {
    this.setEnds([]);
    announce("Profile taken away");
  }

  get complete() {
    return this.ends.length === 2 && this.length > 0;
  }

  get length() {
    const [a, b] = this.ends;
    return Math.hypot(b[0] - a[0], b[1] - a[1]);
  }

  /** Of the line, counter-clockwise from the right as displayed with the marks unturned. */
  get angle() {
    const [a, b] = this.ends;
    const angle = (Math.atan2(a[0] - b[0], b[1] - a[1]) * 180) / Math.PI;
    return angle < 0 ? angle + 360 : angle;
  }

  pointAt(share) {
    const [a, b] = this.ends;
    return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
  }

  /** Values of both sides at even steps; each without its mean where both were measured. */
  sample() {
    const pitch = Math.min(...this.stage.surfaces.map((surface) => Math.min(...surface.pitch)));
    const count = clamp(Math.ceil(this.length / pitch), 2, 4000);
    const [one, two] = this.stage.surfaces;
    const rows = [];
    for (let i = 0; i <= count; i++) {
      const point = this.pointAt(i / count);
      rows.push([(this.length * i) / count, one.valueAt(...point),
        two.valueAt(...this.stage.motion.apply(point))]);
    }
    const both = rows.filter((row) => !Number.isNaN(row[1] + row[2]));
    for (const side of [1, 2]) {
      const mean = both.reduce((sum, row) => sum + row[side], 0) / (both.length || 1);
      for (const row of rows) row[side] -= mean;
    }
    let [product, first, second, away] = [0, 0, 0, 0];
    for (const [, a, b] of both) {
      product += a * b;
      first += a * a;
      second += b * b;
      away += (a - b) ** 2;
    }
    const correlation = both.length > 2 ? product / Math.sqrt(first * second) : NaN;
    return { rows, correlation, apart: both.length ? Math.sqrt(away / both.length) : NaN };
  }

  show() {
    byId("profile").hidden = !this.complete;
    if (this.stage.width && this.complete !== this.wasComplete) {
      this.wasComplete = this.complete;
      this.stage.layOut();
    }
    this.overlay.redrawLayer("profile");
    if (!this.complete) return;
    this.sampled = this.sample();
    const { correlation, apart } = this.sampled;
    const common = this.stage.alike
      ? `correlation of the two profiles ${figure(correlation, 2)} · apart ${figure(apart, 2)} ${this.units[0]} (RMS)`
      : "heights beside grey values, each to its own scale: no common figures";
    byId("profile-figures").textContent = `${figure(this.length)} µm long at ${figure(this.angle)}° · ${common}`;
    this.drawChart();
  }

  get units() {
    return this.stage.units.map((unit) => unit || "grey");
  }

  /** The largest value of each side without its sign; the same for both where they are alike. */
  reaches() {
    const [one, two] = [1, 2].map((side) =>
      this.sampled.rows.reduce((most, row) => Math.max(most, Math.abs(row[side]) || 0), 1e-6) * 1.1);
    return this.stage.alike ? [Math.max(one, two), Math.max(one, two)] : [one, two];
  }

  drawChart() {
    const { rows } = this.sampled;
    const reaches = this.reaches();
    const [reach] = reaches;
    const unit = this.stage.units[0] === "µm" ? " µm" : "";
    const { width, height } = byId("chart").getBoundingClientRect();
    const { left, right, top, bottom } = MARGIN;
    const x = (um) => left + (um / this.length) * (width - left - right);
    const y = (value, most = reach) => top + (0.5 - value / (2 * most)) * (height - top - bottom);
    const drawn = [];
    for (const value of [-reach / 1.1, 0, reach / 1.1]) {
      drawn.push(makeSvg("path", { d: `M${left} ${y(value)}H${width - right}`, class: "grid" }));
      const said = this.stage.alike || value === 0 ? `${figure(value, 1)}${this.stage.alike ? unit : ""}` : "";
      drawn.push(makeSvg("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, [said]));
    }
    const step = BAR_STEPS.find((um) => this.length / um <= 10) || 1000;
    for (let um = 0; um <= this.length; um += step) {
      drawn.push(makeSvg("text", { x: x(um), y: height - 6, "text-anchor": "middle" }, [`${um} µm`]));
    }
    for (const side of [1, 2]) {
      const path = rows.map((row, i) => {
        if (Number.isNaN(row[side])) return "";
        const started = i > 0 && !Number.isNaN(rows[i - 1][side]);
        return `${started ? "L" : "M"}${x(row[0]).toFixed(1)} ${y(row[side], reaches[side - 1]).toFixed(1)}`;
      });
      drawn.push(makeSvg("path", { d: path.join(""), class: side === 1 ? "reference" : "comparison" }));
    }
    if (this.cursor !== null) {
      const at = x(this.cursor * this.length);
      drawn.push(makeSvg("path", { d: `M${at} ${top}V${height - bottom}`, class: "cursor" }));
    }
    byId("chart").setAttribute("viewBox", `0 0 ${width} ${height}`);
    byId("chart").replaceChildren(...drawn);
  }

  /** Show a place of the line in the chart and on both marks. */
  point(share) {
    if (!this.complete) return;
    this.cursor = clamp(share, 0, 1);
    this.drawChart();
    this.overlay.redrawLayer("profile");
    const row = this.sampled.rows[Math.round(this.cursor * (this.sampled.rows.length - 1))];
    const [one, two] = [1, 2].map((side) => withUnit(row[side], 2, this.units[side - 1]));
    announce(`${figure(row[0])} µm along: reference ${one}, comparison ${two}`);
  }

  line() {
    if (!this.ends.length) return [];
    const [a, b = a] = this.ends;
    const d = `M${a[1]} ${a[0]}L${b[1]} ${b[0]}`;
    const drawn = [makeSvg("path", { d, class: "casing" }), makeSvg("path", { d })];
    const scale = this.stage.camera.scale;
    const dots = this.cursor === null ? [a, b] : [a, b, this.pointAt(this.cursor)];
    for (const [row, col] of dots) drawn.push(makeSvg("circle", { cx: col, cy: row, r: 4 * scale }));
    return drawn;
  }

  save() {
    const [one, two] = this.stage.images.map((image) => (this.stage.alike ? "" : image ? "_grey" : "_um"));
    const text = [`um,reference${one},comparison${two}`, ...this.sampled.rows.map((row) =>
      row.map((v) => (Number.isNaN(v) ? "" : v.toFixed(4))).join(","))].join("\n");
    offerFile("profile.csv", `${text}\n`, "text/csv");
  }
}
