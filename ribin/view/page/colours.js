"use strict";
/* Colour maps that readers with any kind of colour vision can use, and the two colours of cells.

   Viridis and cividis rise evenly in lightness; the map of differences goes from blue over white
   to orange, the pair that Okabe and Ito chose for its being told apart by all. */

const MAPS = {
  grey: null,
  cividis: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369",
    "#e1cc55", "#fee838"],
  viridis: ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
    "#b5de2b", "#fde725"],
};
const DIFFERENCE_MAP = ["#08306b", "#0072b2", "#7fb8dc", "#f7f7f7", "#f0c274", "#d98200", "#7f3b08"];
const BACKGROUND = [18, 20, 24]; // what the panes show where nothing was measured
const PAPER = [255, 255, 255]; // the same, printed

/** 256 colours of a map, [r, g, b, 255] each, between its stops. */
function colourTable(stops) {
  const rgb = stops.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
  const table = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (rgb.length - 1);
    const stop = Math.min(Math.floor(place), rgb.length - 2);
    for (let k = 0; k < 3; k++) {
      table[4 * i + k] = Math.round(rgb[stop][k] + (place - stop) * (rgb[stop + 1][k] - rgb[stop][k]));
    }
    table[4 * i + 3] = 255;
  }
  return table;
}

const GREY_TABLE = colourTable(["#ffffff", "#ffffff"]);
