"use strict";
/* The whole scan with its marks: looked at, zoomed, and outlined by circles and a brush, with undo.

   Places are (row, col) in pixels of the scan; the picture may be smaller. */

const MARKS = ["breech_face", "firing_pin", "ejector"];
const COLOURS = { breech_face: "86, 180, 233", firing_pin: "230, 110, 30", ejector: "240, 228, 66" };
const JUDGE_AFTER_MS = 500;
const SVG = "http://www.w3.org/2000/svg";

class Editor {
  constructor() {
    this.box = byId("scan");
    this.sheet = byId("sheet");
    this.picture = byId("picture");
    this.canvas = byId("drawn");
    this.edges = byId("edges");
    this.facts = JSON.parse(byId("viewer").dataset.facts);
    this.mark = MARKS[0];
    this.tool = "move";
    this.steps = []; // every stroke, of whatever mark, in its order
    this.undone = [];
    this.view = { x: 0, y: 0, scale: 1 };
    this.found = this.facts.marks;
    this.load(byId("outlines").value);
  }

  /** The strokes that a refused form sends back. */
  load(text) {
    if (!text) return;
    for (const outline of JSON.parse(text).outlines) {
      for (const stroke of outline.strokes) this.steps.push({ ...stroke, mark: outline.mark, from_found: outline.from_found });
    }
  }

  get share() {
    return this.canvas.width / this.facts.cols; // pixels of the picture for one of the scan
  }

  start() {
    const { picture, canvas, edges, sheet } = this;
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    edges.setAttribute("viewBox", `0 0 ${this.facts.cols} ${this.facts.rows}`);
    sheet.style.width = `${picture.naturalWidth}px`;
    sheet.style.height = `${picture.naturalHeight}px`;
    byId("brush").max = Math.round(this.facts.cols / 8);
    byId("brush").value = Math.round(this.facts.cols / 40);
    this.fit();
    this.showMarks();
    this.showButtons();
    this.draw();
    if (this.steps.length) this.judge();
    document.body.dataset.ready = "yes";
  }

  // The view.

  fit() {
    const { width, height } = this.box.getBoundingClientRect();
    const scale = Math.min(width / this.canvas.width, height / this.canvas.height);
    this.view = { scale, x: (width - scale * this.canvas.width) / 2, y: (height - scale * this.canvas.height) / 2 };
    this.place();
  }

  place() {
    const { x, y, scale } = this.view;
    this.sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.edges.style.setProperty("--px", `${1 / (scale * this.share)}px`);
  }

  zoom(factor, at = null) {
    const box = this.box.getBoundingClientRect();
    const [x, y] = at ?? [box.width / 2, box.height / 2];
    const scale = Math.min(40, Math.max(0.05, this.view.scale * factor));
    const by = scale / this.view.scale;
    this.view = { scale, x: x - by * (x - this.view.x), y: y - by * (y - this.view.y) };
    this.place();
  }

  pan(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.place();
  }

  /** The place of the scan under a point of the box. */
  under(x, y) {
    const whole = this.view.scale * this.share;
    return [(y - this.view.y) / whole, (x - this.view.x) / whole];
  }

  at(event) {
    const box = this.box.getBoundingClientRect();
    return this.under(event.clientX - box.left, event.clientY - box.top);
  }

  get middle() {
    const { width, height } = this.box.getBoundingClientRect();
    return this.under(width / 2, height / 2);
  }

  // Drawing.

  /** The strokes that make a mark: a circle begins it anew, and an inner one changes that circle. */
  strokesOf(mark) {
    const strokes = [];
    for (const step of this.steps.filter((one) => one.mark === mark)) {
      if (step.tool === "circle") strokes.length = 0;
      if (step.tool === "inner") strokes[0] = { ...strokes[0], inner: step.radius };
      else strokes.push(step);
    }
    return strokes;
  }

  isFound(mark) {
    return this.found.find((one) => one.mark === mark);
  }

  /** A new stroke; the first of a brush begins with what was found. */
  add(stroke) {
    const before = this.strokesOf(this.mark);
    const fromFound = stroke.tool !== "circle" && (before.length ? before[0].from_found : Boolean(this.isFound(this.mark)));
    this.steps.push({ ...stroke, mark: this.mark, from_found: fromFound });
    this.undone = [];
    this.changed();
    say(`${words(this.mark)}: ${{ circle: "the circle is set", inner: "the inner circle is set", add: "added", erase: "taken away" }[stroke.tool]}`);
  }

  showButtons() {
    byId("undo").disabled = !this.steps.length;
    byId("redo").disabled = !this.undone.length;
    byId("as-found").disabled = !this.strokesOf(this.mark).length;
    byId("as-found").textContent = `${capitalised(words(this.mark))} as found`;
  }

  changed() {
    this.showButtons();
    const outlines = MARKS.filter((mark) => this.strokesOf(mark).length).map((mark) => {
      const strokes = this.strokesOf(mark);
      return { mark, from_found: strokes[0].from_found,
        strokes: strokes.map(({ tool, points, radius, inner }) => ({ tool, points, radius, inner: inner ?? 0 })) };
    });
    byId("outlines").value = outlines.length ? JSON.stringify({ outlines }) : "";
    this.draw();
    this.judge();
  }

  undo() {
    if (!this.steps.length) return;
    this.undone.push(this.steps.pop());
    this.changed();
    say("Taken back");
  }

  redo() {
    if (!this.undone.length) return;
    this.steps.push(this.undone.pop());
    this.changed();
    say("Done again");
  }

  asFound() {
    this.steps = this.steps.filter((step) => step.mark !== this.mark);
    this.undone = [];
    this.changed();
    say(`${words(this.mark)}: as found`);
  }

  draw(moving = null) {
    const all = this.canvas.getContext("2d");
    all.clearRect(0, 0, this.canvas.width, this.canvas.height);
    for (const mark of MARKS) {
      const strokes = moving?.tool === "circle" && mark === this.mark ? [] : this.strokesOf(mark);
      if (moving && mark === this.mark) strokes.push(moving);
      if (!strokes.length) continue;
      const layer = make("canvas", { width: this.canvas.width, height: this.canvas.height });
      this.paint(layer.getContext("2d"), mark, strokes);
      all.drawImage(layer, 0, 0);
    }
    this.showEdges();
  }

  paint(ink, mark, strokes) {
    ink.scale(this.share, this.share);
    ink.fillStyle = ink.strokeStyle = `rgb(${COLOURS[mark]})`;
    ink.lineCap = ink.lineJoin = "round";
    const begins = strokes[0].from_found ?? (strokes[0].tool !== "circle" && this.isFound(mark));
    if (begins) {
      const path = new Path2D();
      for (const polygon of this.isFound(mark)?.polygons ?? []) {
        polygon.forEach(([row, col], i) => (i ? path.lineTo(col, row) : path.moveTo(col, row)));
        path.closePath();
      }
      ink.fill(path, "evenodd");
    }
    for (const { tool, points, radius, inner } of strokes) {
      const disc = (r, how) => {
        ink.globalCompositeOperation = how;
        ink.beginPath();
        ink.arc(points[0][1], points[0][0], r, 0, 2 * Math.PI);
        ink.fill();
      };
      if (tool === "circle") {
        disc(radius, "source-over");
        if (inner) disc(inner, "destination-out");
        continue;
      }
      ink.globalCompositeOperation = tool === "add" ? "source-over" : "destination-out";
      ink.lineWidth = 2 * radius;
      ink.beginPath();
      points.forEach(([row, col], i) => (i ? ink.lineTo(col, row) : ink.moveTo(col, row)));
      if (points.length < 2) ink.lineTo(points[0][1] + 0.01, points[0][0]);
      ink.stroke();
    }
  }

  showEdges() {
    const shown = this.facts.marks.filter((one) => !this.strokesOf(one.mark).length);
    const flip = (col) => (this.facts.mirrored ? this.facts.cols - 1 - col : col);
    this.edges.replaceChildren(...shown.map(({ mark, polygons }) => {
      const path = document.createElementNS(SVG, "path");
      const line = polygons.map((polygon) => `M${polygon.map(([row, col]) => `${flip(col)} ${row}`).join("L")}Z`);
      path.setAttribute("d", line.join(""));
      path.setAttribute("class", mark);
      return path;
    }));
  }

  showMarks() {
    byId("marks").replaceChildren(...MARKS.map((mark) => {
      const button = make("button", { type: "button", class: "second", value: mark, "aria-pressed": String(mark === this.mark) },
        [make("span", { class: `swatch ${mark}`, "aria-hidden": "true" }), words(mark)]);
      button.addEventListener("click", () => {
        this.mark = mark;
        this.showMarks();
        this.showButtons();
        byId("marks").querySelector(`[value=${mark}]`).focus();
      });
      return button;
    }));
  }

  take(tool) {
    this.tool = tool;
    this.box.dataset.tool = tool;
    for (const button of byId("draw-tools").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.value === tool));
    }
    say({ move: "Drag moves, the wheel zooms", circle: "Drag from the centre of the mark to its edge",
      inner: "Drag from the centre to the inner edge", add: "Drag over what belongs to the mark",
      erase: "Drag over what does not belong to the mark" }[tool]);
  }

  setInner(radius) {
    const [first] = this.strokesOf(this.mark);
    if (first?.tool !== "circle" || radius >= first.radius) {
      say(first?.tool === "circle" ? "The inner circle must be smaller than the outer one" : "Draw the outer circle first");
      return;
    }
    this.add({ tool: "inner", points: first.points, radius: round(radius) });
  }

  // What the program says of the outlines.

  judge() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), JUDGE_AFTER_MS);
  }

  async ask() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    byId("verdicts").setAttribute("aria-busy", "true");
    try {
      const facts = await send(byId("viewer").dataset.judge, new FormData(byId("form")));
      if (turn !== this.turn) return;
      this.facts = facts;
      this.showVerdicts();
      this.draw();
    } catch (error) {
      if (turn === this.turn) byId("problem").textContent = error.message;
    }
    byId("verdicts").removeAttribute("aria-busy");
    document.body.dataset.judged = turn;
  }

  showVerdicts() {
    const lost = this.found.filter((one) => !this.facts.marks.some((now) => now.mark === one.mark));
    byId("problem").textContent = this.facts.problem ||
      lost.map((one) => `With these outlines no ${words(one.mark)} is left, which was found without them.`).join(" ");
    byId("verdicts").replaceChildren(...this.facts.marks.map((one) => make("tr", {}, [
      make("th", { scope: "row", "data-label": "mark" }, [make("span", {}, [make("span", { class: `swatch ${one.mark}`, "aria-hidden": "true" }), words(one.mark)])]),
      make("td", { "data-label": "outline" }, [words(one.origin)]),
      make("td", { "data-label": "quality" }, [make("div", {}, [make("b", {}, [one.verdict]), ...told(one).flatMap((why) => [make("br"), make("span", { class: "soft" }, [why])])])]),
      make("td", { class: "number", "data-label": "mm²" }, [one.area_mm2.toFixed(2)])])));
  }
}

/** Why a mark has its verdict, and what is left out of it. */
function told(one) {
  return one.left_out ? [...one.reasons, `left out: ${one.left_out}`] : one.reasons;
}

function words(name) {
  return name.replaceAll("_", " ");
}

function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function say(text) {
  byId("drawing").textContent = text;
}

/** Pointer: one stroke from its beginning to its end. */
function bindPointer(editor) {
  const { box } = editor;
  let stroke = null, from = null;
  const grow = (event) => {
    const place = editor.at(event).map(round);
    if (stroke.tool === "circle" || stroke.tool === "inner") {
      stroke.radius = round(Math.hypot(place[0] - stroke.points[0][0], place[1] - stroke.points[0][1]));
    } else {
      const [row, col] = stroke.points[stroke.points.length - 1];
      if (Math.hypot(place[0] - row, place[1] - col) >= Math.max(1, stroke.radius / 4)) stroke.points.push(place);
    }
    if (stroke.tool !== "inner") editor.draw(stroke);
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button || event.target.closest("button")) return;
    box.setPointerCapture(event.pointerId);
    if (editor.tool === "move") from = [event.clientX, event.clientY];
    else stroke = { tool: editor.tool, points: [editor.at(event).map(round)], radius: editor.tool === "add" || editor.tool === "erase" ? Number(byId("brush").value) / 2 : 0 };
    if (stroke && stroke.radius) editor.draw(stroke);
  });
  box.addEventListener("pointermove", (event) => {
    if (stroke) grow(event);
    else if (from) {
      editor.pan(event.clientX - from[0], event.clientY - from[1]);
      from = [event.clientX, event.clientY];
    }
  });
  const end = (event) => {
    const done = stroke;
    if (done) grow(event);
    stroke = from = null;
    if (!done) return;
    if (done.tool === "inner") editor.setInner(done.radius);
    else if (done.radius >= 1) editor.add(done);
    else editor.draw();
  };
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", () => {
    stroke = from = null;
    editor.draw();
  });
  box.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = box.getBoundingClientRect();
    editor.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, [event.clientX - at.left, event.clientY - at.top]);
  }, { passive: false });
}

/** Keys while the scan has the focus; the tool acts at the cross in its middle. */
function bindKeys(editor) {
  const acts = {
    ArrowUp: () => editor.pan(0, 30), ArrowDown: () => editor.pan(0, -30),
    ArrowLeft: () => editor.pan(30, 0), ArrowRight: () => editor.pan(-30, 0),
    "+": () => editor.zoom(1.25), "=": () => editor.zoom(1.25), "-": () => editor.zoom(0.8), 0: () => editor.fit(),
    z: () => editor.undo(), y: () => editor.redo(),
    Enter: () => {
      const place = editor.middle.map(round), radius = Number(byId("brush").value) / 2;
      if (editor.tool === "add" || editor.tool === "erase") editor.add({ tool: editor.tool, points: [place], radius });
      else if (editor.tool === "circle") {
        [byId("c-row").value, byId("c-col").value] = place;
        byId("c-row").closest("details").open = true;
        byId("c-radius").focus();
      }
    },
  };
  editor.box.addEventListener("keydown", (event) => {
    if (event.target !== editor.box || event.metaKey || event.altKey || (event.ctrlKey && event.key !== "z")) return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function setByNumbers(editor) {
  const texts = ["c-row", "c-col", "c-radius", "c-inner"].map((id) => byId(id).value.trim().replace(",", "."));
  const [row, col, radius, inner] = texts.map(Number);
  const longest = Math.hypot(editor.facts.rows, editor.facts.cols);
  if (!texts.slice(0, 3).every(Boolean) || !texts.every((one) => Number.isFinite(Number(one))) || radius <= 0 || inner < 0 || inner >= radius) {
    say("Numbers needed: row, column and radius; the inner radius is below it, or empty");
    return;
  }
  if (radius > longest) {
    say(`A radius of at most ${Math.floor(longest)} pixels needed, the diagonal of the scan`);
    return;
  }
  editor.add({ tool: "circle", points: [[row, col]], radius, inner });
}

const editor = new Editor();
bindPointer(editor);
bindKeys(editor);
for (const button of byId("draw-tools").querySelectorAll("button")) button.addEventListener("click", () => editor.take(button.value));
byId("undo").addEventListener("click", () => editor.undo());
byId("redo").addEventListener("click", () => editor.redo());
byId("as-found").addEventListener("click", () => editor.asFound());
byId("in").addEventListener("click", () => editor.zoom(1.25));
byId("out").addEventListener("click", () => editor.zoom(0.8));
byId("fit").addEventListener("click", () => editor.fit());
byId("c-set").addEventListener("click", () => setByNumbers(editor));
for (const field of document.querySelectorAll("[data-judged]")) field.addEventListener("change", () => editor.judge());
if (editor.picture.complete && editor.picture.naturalWidth) editor.start();
else editor.picture.addEventListener("load", () => editor.start());
new ResizeObserver(() => document.body.dataset.ready && editor.fit()).observe(editor.box);
window.ribinOutline = editor;
