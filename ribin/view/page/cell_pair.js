"use strict";
/* One cell on both sides, and what is between them. */

const PAIR_PX = 112;

/** Draw a cell of both sides, and their difference, each over the same square of the reference. */
function drawCellPair(stage, motion, middle, turn, cellUm) {
  const values = [new Float32Array(PAIR_PX ** 2), new Float32Array(PAIR_PX ** 2)];
  for (let r = 0, i = 0; r < PAIR_PX; r++) {
    for (let c = 0; c < PAIR_PX; c++, i++) {
      const away = turned([r, c].map((v) => ((v + 0.5) / PAIR_PX - 0.5) * cellUm), turn);
      const point = [middle[0] + away[0], middle[1] + away[1]];
      values[0][i] = stage.surfaces[0].valueAt(...point);
      values[1][i] = stage.surfaces[1].valueAt(...motion.apply(point));
    }
  }
  const spreads = values.map(centred);
  values.forEach((side, k) => paintGrid(["cell-reference", "cell-comparison"][k], side, spreads[k], null));
  const apart = values[0].map((value, i) => values[1][i] - value);
  if (!stage.alike) apart.fill(NaN);
  paintGrid("cell-difference", apart, (spreads[0] + spreads[1]) / 2, colourTable(DIFFERENCE_MAP));
}

/** Take the mean out of values; gives their deviation. NaN was not measured. */
function centred(values) {
  const measured = values.filter((value) => !Number.isNaN(value));
  const mean = measured.reduce((sum, value) => sum + value, 0) / (measured.length || 1);
  for (let i = 0; i < values.length; i++) values[i] -= mean;
  const squares = measured.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (measured.length || 1)) || 1e-9;
}

/** Values as grey, or by a table of colours: two deviations from its middle to either end. */
function paintGrid(id, values, deviation, table) {
  const context = byId(id).getContext("2d");
  const picture = context.createImageData(PAIR_PX, PAIR_PX);
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue; // transparent
    const level = Math.round(clamp(127.5 + (values[i] / deviation) * 63.75, 0, 255));
    const colour = table ? [0, 1, 2].map((k) => table[4 * level + k]) : [level, level, level];
    picture.data.set([...colour, 255], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}
