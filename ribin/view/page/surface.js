"use strict";
/* A surface as the page carries it, unpacked: values, what was measured, and slopes.

   Grids are row after row. Points are (row, col) in um from the centre of the mark. */

class Surface {
  constructor(packed, steps) {
    this.name = packed.name;
    this.rows = packed.rows;
    this.cols = packed.cols;
    this.pitch = packed.pitch_um;
    this.origin = packed.origin_um;
    const count = this.rows * this.cols;
    this.value = new Float32Array(count);
    this.measured = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      if (steps[i] === 0) continue;
      this.measured[i] = 1;
      this.value[i] = packed.low + (steps[i] - 1) * packed.step;
    }
    this.low = packed.low;
    this.high = packed.low + 65534 * packed.step;
    this.spread = this.percentileSpread();
    this.findSlopes();
  }

  /** The surface as its negative: what was high is deep, as in a cast. */
  invert() {
    for (let i = 0; i < this.value.length; i++) this.value[i] = this.low + this.high - this.value[i];
    this.middle = this.low + this.high - this.middle;
    for (const slopes of [this.down, this.right]) for (let i = 0; i < slopes.length; i++) slopes[i] = -slopes[i];
  }

  /** Half the distance between the 2nd and 98th percentile, and the median, of a sample. */
  percentileSpread() {
    const sample = [];
    const step = Math.max(1, Math.floor(this.value.length / 20000));
    for (let i = 0; i < this.value.length; i += step) if (this.measured[i]) sample.push(this.value[i]);
    sample.sort((a, b) => a - b);
    const at = (share) => sample[Math.floor(share * (sample.length - 1))];
    this.middle = at(0.5);
    return Math.max((at(0.98) - at(0.02)) / 2, 1e-9);
  }

  /** Change of the value per um down and to the right, one-sided beside unmeasured pixels. */
  findSlopes() {
    const { rows, cols, value, measured } = this;
    this.down = new Float32Array(value.length);
    this.right = new Float32Array(value.length);
    const steepness = [];
    for (let r = 0, i = 0; r < rows; r++) {
      for (let c = 0; c < cols; c++, i++) {
        if (!measured[i]) continue;
        const above = r > 0 && measured[i - cols] ? i - cols : i;
        const below = r < rows - 1 && measured[i + cols] ? i + cols : i;
        const before = c > 0 && measured[i - 1] ? i - 1 : i;
        const after = c < cols - 1 && measured[i + 1] ? i + 1 : i;
        if (below > above) {
          this.down[i] = (value[below] - value[above]) / (((below - above) / cols) * this.pitch[0]);
        }
        if (after > before) {
          this.right[i] = (value[after] - value[before]) / ((after - before) * this.pitch[1]);
        }
        if (i % 7 === 0) steepness.push(Math.hypot(this.down[i], this.right[i]));
      }
    }
    steepness.sort((a, b) => a - b);
    this.typicalSlope = steepness[steepness.length >> 1] || 1e-9;
  }

  /** The value at a point, between the four pixels around it; NaN where it was not measured. */
  valueAt(row, col) {
    const y = (row - this.origin[0]) / this.pitch[0];
    const x = (col - this.origin[1]) / this.pitch[1];
    const r = Math.floor(y), c = Math.floor(x);
    let total = 0, weight = 0;
    for (let k = 0; k < 4; k++) {
      const rr = r + (k >> 1), cc = c + (k & 1);
      if (rr < 0 || cc < 0 || rr >= this.rows || cc >= this.cols) continue;
      const i = rr * this.cols + cc;
      if (!this.measured[i]) continue;
      const share = (k >> 1 ? y - r : 1 - y + r) * (k & 1 ? x - c : 1 - x + c);
      total += share * this.value[i];
      weight += share;
    }
    return weight >= 0.5 ? total / weight : NaN;
  }

  /** Points around what was measured: the outermost of some two hundred rows. */
  get rim() {
    if (this.rimPoints) return this.rimPoints;
    this.rimPoints = [];
    const { rows, cols, measured } = this;
    const step = Math.max(1, Math.floor(rows / 200));
    for (let r = 0; r < rows; r += r + step < rows || r === rows - 1 ? step : rows - 1 - r) {
      const row = measured.subarray(r * cols, (r + 1) * cols);
      for (const c of [row.indexOf(1), row.lastIndexOf(1)]) {
        if (c >= 0) this.rimPoints.push([this.origin[0] + r * this.pitch[0], this.origin[1] + c * this.pitch[1]]);
      }
    }
    return this.rimPoints;
  }

  /** How far the measured pixels reach from the centre, in um. */
  get reach() {
    const ends = [0, 1].map((axis) => {
      const size = axis === 0 ? this.rows : this.cols;
      return [this.origin[axis], this.origin[axis] + (size - 1) * this.pitch[axis]];
    });
    return { top: ends[0][0], bottom: ends[0][1], left: ends[1][0], right: ends[1][1] };
  }
}

/** Base64 of zlib of uint16 to a Surface. */
async function unpackSurface(packed) {
  const zipped = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  const steps = new Uint16Array(bytes); // little-endian, as every browser's machine is today
  return new Surface(packed, steps);
}
