"use strict";
/* What both renderers agree on: where a pixel lies on each surface, and how steep slopes look.

   A scene is { surfaces: [reference, comparison], camera, motion, lamps: [direction of each], relief, map,
   images: [whether each side is a photograph], gains: [contrast of each side], background,
   split: { row, col, across }, blend, offset, range } and panes are { x, y, width, height, mode }
   in CSS pixels; a mode is reference, comparison, split, blend or difference. */

const TYPICAL_SLOPE = 0.5; // how steep a typical slope looks at relief 1
const AMBIENT = 0.06; // light from everywhere
const PENUMBRA = 0.05; // flanks in the shade still show their form: |lit| below its root is softened

/** [y, x] of side's grid at the middle of the pane, and how they change a pixel down and right. */
function gridMap(scene, side) {
  const surface = scene.surfaces[side];
  const at = (px) => {
    const point = scene.camera.toUm(px);
    const um = side === 0 ? point : scene.motion.apply(point);
    return [0, 1].map((axis) => (um[axis] - surface.origin[axis]) / surface.pitch[axis]);
  };
  const middle = at([0, 0]), down = at([1, 0]), right = at([0, 1]);
  return {
    middle,
    down: [down[0] - middle[0], down[1] - middle[1]],
    right: [right[0] - middle[0], right[1] - middle[1]],
  };
}

/** How far slopes of a side are turned from its own frame to the display's, in degrees, after left
    and right were exchanged where `slopeFlip` is -1. */
function slopeTurn(scene, side) {
  return scene.camera.turn - (side === 0 ? 0 : scene.motion.spin * scene.motion.rotation);
}

function slopeFlip(scene, side) {
  return side === 0 ? 1 : scene.motion.spin;
}

/** Factor on a side's slopes; one for both, so that a shallow mark looks shallow beside a deep one.
    A photograph has no slopes: beside one the surface alone says how steep is usual. */
function slopeFactor(scene) {
  const surfaces = scene.surfaces.filter((_, side) => !scene.images[side]);
  const [one, two = one] = (surfaces.length ? surfaces : scene.surfaces).map((s) => s.typicalSlope);
  return (scene.relief * TYPICAL_SLOPE) / Math.sqrt(one * two);
}

/** Brightness for a lamp of this elevation: flat ground stays between dim and bright. */
function exposure(direction) {
  return 0.66 / Math.pow(Math.max(direction[2], 0.3), 0.6);
}

/** Whether a pixel of a split pane, from its middle, shows the reference. */
function onReference(split, row, col) {
  return split.across ? row < split.row : col < split.col;
}

/** Mean of comparison minus reference where both were measured: what a map of differences leaves out. */
function meanDifference(surfaces, motion) {
  const { top, bottom, left, right } = surfaces[0].reach;
  let total = 0, squares = 0, count = 0;
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 100; j++) {
      const point = [top + ((bottom - top) * i) / 99, left + ((right - left) * j) / 99];
      const one = surfaces[0].valueAt(...point);
      const two = surfaces[1].valueAt(...motion.apply(point));
      if (Number.isNaN(one) || Number.isNaN(two)) continue;
      total += two - one;
      squares += (two - one) ** 2;
      count++;
    }
  }
  const mean = count ? total / count : 0;
  return { mean, deviation: count ? Math.sqrt(Math.max(squares / count - mean ** 2, 0)) : NaN, count };
}
