"use strict";
/* A picture of what is shown, for a file. */

/** What the stage shows, with cells, notes and scale bars, as a PNG. */
async function savePicture(stage, overlay) {
  stage.drawNow();
  const { canvas } = stage.renderer;
  const drawn = overlay.cloneNode(true);
  drawn.setAttribute("xmlns", SVG);
  drawn.setAttribute("width", canvas.width);
  drawn.setAttribute("height", canvas.height);
  const copies = drawn.querySelectorAll("*");
  overlay.querySelectorAll("*").forEach((element, i) => { // style sheets do not reach into a picture
    const style = getComputedStyle(element);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "vector-effect",
      "paint-order", "font-size", "font-family", "font-weight", "display"]) {
      copies[i].style.setProperty(name, style.getPropertyValue(name));
    }
  });
  const lines = new Image();
  lines.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(drawn))}`;
  await lines.decode();
  const page = make("canvas", { width: canvas.width, height: canvas.height });
  page.getContext("2d").drawImage(canvas, 0, 0);
  page.getContext("2d").drawImage(lines, 0, 0);
  page.toBlob((picture) => {
    offerFile("comparison.png", picture, "image/png");
    announce("Picture saved as comparison.png");
  });
}
