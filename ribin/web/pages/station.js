"use strict";
/* The review station: one candidate after the other, the next page loaded before it is asked for. */

const list = byId("list");
const settings = list.dataset;
const rows = [...list.querySelectorAll(".candidates > li")];
const KEPT_FRAMES = 4; // each holds a graphics context
const AGAIN_MS = 1000;
const PASSING_MS = 200; // a candidate that is left again so soon is not compared

/** What is within a frame; nothing where the browser shows a page of its own there. */
function windowOf(frame) {
  try {
    return frame?.contentWindow?.document ? frame.contentWindow : undefined;
  } catch {
    return undefined;
  }
}

/** The comparison pages: the one that is shown, and those that are loaded for later. */
class Frames {
  constructor(box) {
    this.box = box;
    this.known = new Map(); // address -> iframe, the least recently used first
  }

  frame(address) {
    let frame = this.known.get(address);
    this.known.delete(address);
    if (!frame) {
      frame = make("iframe", { src: address, title: "Comparison page", tabindex: "-1" });
      frame.addEventListener("load", () => this.loaded(frame));
      this.box.append(frame);
    }
    this.known.set(address, frame);
    return frame;
  }

  /** Keys of the station work within the comparison too, which leaves them alone. */
  loaded(frame) {
    const inside = windowOf(frame);
    if (!inside) return this.askAgain(frame);
    frame.dataset.loaded = "yes";
    inside.addEventListener("keydown", (event) => onKey(event, inside.document));
    inside.addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), true);
    if (frame === this.shown) this.afterShown();
  }

  /** A page that did not arrive is asked for once more; then it is said. */
  askAgain(frame) {
    if (frame.dataset.asked) {
      if (frame === this.shown) say("The comparison did not arrive: load the page again");
      return;
    }
    frame.dataset.asked = "again";
    setTimeout(() => frame.setAttribute("src", frame.getAttribute("src")), AGAIN_MS);
  }

  show(address) {
    const frame = this.frame(address);
    for (const other of this.known.values()) {
      other.classList.toggle("shown", other === frame);
      other.tabIndex = other === frame ? 0 : -1;
      if (other === frame) other.removeAttribute("aria-hidden");
      else other.setAttribute("aria-hidden", "true");
    }
    this.box.querySelector(".wait").hidden = true;
    this.shown = frame;
    this.forget();
    this.afterShown();
  }

  /** Nothing is shown: the picture of one candidate never stands under the name of another. */
  hide() {
    this.shown?.classList.remove("shown");
    this.shown = undefined;
    this.box.querySelector(".wait").hidden = false;
  }

  afterShown() {
    if (this.shown.dataset.loaded) station.prefetch();
  }

  prefetch(addresses) {
    for (const address of addresses) {
      const frame = this.frame(address);
      if (frame !== this.shown) frame.setAttribute("aria-hidden", "true");
    }
    this.forget(addresses);
  }

  /** Take the pages away that were used longest ago, but for these. */
  forget(addresses = []) {
    for (const [address, frame] of [...this.known]) {
      if (this.known.size <= KEPT_FRAMES) break;
      if (frame === this.shown || addresses.includes(address)) continue;
      if (windowOf(frame)?.ribin?.notes.unsaved) continue;
      frame.remove();
      this.known.delete(address);
    }
  }

  /** The notes of the page that is shown; none while it loads. */
  get notes() {
    return windowOf(this.shown)?.ribin?.notes;
  }
}

class Station {
  constructor() {
    this.frames = new Frames(byId("frames"));
    this.row = null;
    this.mark = "";
  }

  get visible() {
    return rows.filter((row) => !row.hidden);
  }

  /** Of a row: rank by type of mark. */
  places(row) {
    return new Map(row.dataset.places.trim().split(" ").map((place) => place.split(":")));
  }

  address(row, mark = "", path = "/compare") {
    const places = this.places(row);
    const by = mark && places.has(mark) ? mark : [...places.keys()][0];
    const chosen = places.has(settings.by) && !mark ? settings.by : by;
    const fields = { id: settings.id, mark: chosen, rank: places.get(chosen) };
    const shut = settings.scores === "hidden" && row.dataset.seen === "not yet";
    if (path === "/compare" && shut) fields.figures = "hidden";
    return `${settings.base}${path}?${new URLSearchParams(fields)}`;
  }

  async choose(row, mark = "") {
    if (!row) return;
    await this.keepNotes();
    this.row?.removeAttribute("aria-current");
    this.row = row;
    this.mark = mark;
    row.setAttribute("aria-current", "true");
    document.body.classList.add("looking");
    clearTimeout(this.passing);
    const address = this.address(row, mark);
    this.showActions(address);
    if (this.frames.known.has(address)) this.look(address);
    else {
      this.frames.hide();
      this.passing = setTimeout(() => this.look(address), PASSING_MS);
    }
    row.scrollIntoView({ block: "nearest" });
    this.writeAddress();
  }

  look(address) {
    const started = performance.now();
    this.frames.show(address);
    document.body.dataset.shownMs = (performance.now() - started).toFixed(1);
  }

  showActions(address) {
    const { row } = this;
    const rank = row.querySelector(".rank").textContent.trim();
    byId("subject").textContent = `${rank ? `${rank}, ` : ""}${row.dataset.ref}`;
    byId("alone").href = this.address(row, this.mark);
    byId("details").href = this.address(row, this.mark, "/candidate");
    byId("alone").hidden = byId("details").hidden = false;
    if (byId("take-up")) byId("take-up").disabled = false;
    const places = [...this.places(row).keys()];
    const current = new URL(address, location.href).searchParams.get("mark");
    byId("by-mark").replaceChildren(...(places.length < 2 ? [] : places.map((mark) => {
      const button = make("button", { type: "button", class: "second", "aria-pressed": String(mark === current) },
        [mark.replaceAll("_", " ")]);
      button.addEventListener("click", () => this.choose(row, mark));
      return button;
    })));
    for (const button of document.querySelectorAll("[data-status]")) {
      button.setAttribute("aria-pressed", String(button.dataset.status === row.dataset.seen));
      button.disabled = false;
    }
  }

  /** So that the page, loaded again or sent to somebody, opens where it was. */
  writeAddress() {
    const fields = new URLSearchParams({ id: settings.id, by: settings.by });
    if (settings.scores) fields.set("scores", settings.scores);
    if (this.row) fields.set("row", this.row.dataset.ref);
    for (const [name, value] of filterValues()) fields.set(`only-${name}`, value);
    history.replaceState(null, "", `${settings.base}/list?${fields}`);
  }

  step(by) {
    const { visible } = this;
    const at = visible.indexOf(this.row);
    const next = at < 0 ? visible[0] : visible[at + by];
    if (next) this.choose(next);
    else say(by > 0 ? "That was the last candidate of the list" : "This is the first candidate of the list");
  }

  prefetch() {
    const { visible } = this;
    const at = visible.indexOf(this.row);
    const next = visible.slice(at + 1, at + 2).map((row) => this.address(row));
    this.frames.prefetch(next);
  }

  async keepNotes() {
    const { notes } = this.frames;
    if (!notes?.unsaved || !settings.kept) return;
    try {
      const saved = await send(`${settings.base}/annotations`, { csrf: settings.csrf, annotations: notes.asJson });
      notes.unsaved = false;
      say(`${saved.annotations} annotations saved as ${saved.number}`);
    } catch (error) {
      say(`Annotations not saved: ${error.message}`);
    }
  }

  async state(status) {
    const { row } = this;
    if (!row || !settings.kept) return;
    try {
      const fields = { csrf: settings.csrf, id: settings.id, candidate: row.dataset.ref, status };
      const kept = await send(`${settings.base}/list/review`, fields);
      this.showStatus(row, kept);
      say(`${row.dataset.ref}: ${kept.status}`);
      if (this.row === row) this.step(1);
    } catch (error) {
      say(`Not kept: ${error.message}`);
    }
  }

  showStatus(row, kept) {
    const open = this.address(row);
    row.dataset.seen = kept.status;
    const tag = row.querySelector(".seen");
    tag.textContent = kept.status;
    tag.hidden = false;
    tag.classList.add("done");
    row.querySelector(".others").textContent = kept.others.join("; ");
    const bars = row.querySelector("[data-scores]");
    if (!bars.children.length) {
      bars.append(...Object.entries(kept.scores).flatMap(([mark, [, score]]) =>
        [make("span", {}, [mark.replaceAll("_", " ")]), make("span"), make("b", {}, [scoreText(score)])]));
    }
    windowOf(this.frames.known.get(open))?.ribin?.controls.showFigures?.();
    byId("reviewed").textContent = rows.filter((one) => one.dataset.seen !== "not yet").length;
    if (this.row === row) this.showActions(this.address(row, this.mark));
  }

  takeUp() {
    if (!this.row || !byId("lead-box")) return;
    const shown = new URL(this.address(this.row, this.mark), location.href).searchParams;
    byId("lead-mark").value = shown.get("mark");
    byId("lead-rank").value = shown.get("rank");
    byId("lead-subject").textContent = this.row.dataset.ref;
    byId("lead-box").showModal();
    byId("note").focus();
  }
}

function say(text) {
  byId("said").textContent = text;
}

// Filters: which rows are shown, and in words why none is.

const selects = [...list.querySelectorAll("[data-filter]")];

function filterValues() {
  const found = selects.filter((one) => one.value).map((one) => [one.dataset.filter, one.value]);
  if (byId("text").value.trim()) found.push(["text", byId("text").value.trim()]);
  if (Number(byId("least")?.value)) found.push(["least", byId("least").value]);
  return found;
}

function passes(row, values) {
  return values.every(([name, value]) => {
    if (name === "text") return row.textContent.toLowerCase().includes(value.toLowerCase());
    if (name === "least") return Number(row.dataset.score ?? 100) >= Number(value);
    return row.getAttribute(`data-${name}`) === value;
  });
}

function applyFilters() {
  const values = filterValues();
  if (byId("least")) byId("least-figure").textContent = byId("least").value;
  for (const row of rows) row.hidden = !passes(row, values);
  const shown = rows.filter((row) => !row.hidden).length;
  byId("count").textContent = shown === rows.length ? `${rows.length} candidate${rows.length === 1 ? "" : "s"}`
    : `${shown} of ${rows.length} candidates`;
  byId("all").hidden = !values.length;
  if (byId("none")) {
    byId("none").hidden = shown > 0;
    const said = values.map(([name, value]) => `${name.replaceAll("-", " ")} ${value}`).join(", ");
    byId("none").textContent = `None of the ${rows.length} candidates passes: ${said}.`;
  }
  station.writeAddress();
}

// Keys, wherever the focus is; a person who writes is left alone.

const KEYS = {
  j: () => station.step(1), k: () => station.step(-1), o: () => station.state("looked at"),
  u: () => station.state("nothing seen"), y: () => station.takeUp(),
};

function onKey(event, page) {
  const writing = event.target.matches?.("textarea, select, input:not([type=checkbox]):not([type=range]):not([type=radio])");
  if (writing || event.ctrlKey || event.metaKey || event.altKey || page.querySelector("dialog[open]")) return;
  const act = KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}

const station = new Station();
document.addEventListener("keydown", (event) => onKey(event, document));
for (const row of rows) {
  row.querySelector("a").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    station.choose(row);
  });
}
byId("before").addEventListener("click", () => station.step(-1));
byId("next").addEventListener("click", () => station.step(1));
byId("to-list").addEventListener("click", () => document.body.classList.remove("looking"));
for (const button of document.querySelectorAll("[data-status]")) {
  button.addEventListener("click", () => station.state(button.dataset.status));
}
byId("take-up")?.addEventListener("click", () => station.takeUp());
byId("lead-close")?.addEventListener("click", () => byId("lead-box").close());
for (const control of [byId("text"), byId("least"), ...selects]) {
  control?.addEventListener("input", applyFilters);
}
byId("all").addEventListener("click", () => {
  byId("text").value = "";
  if (byId("least")) byId("least").value = 0;
  for (const select of selects) select.value = "";
  applyFilters();
});
setInterval(() => {
  if (byId("keep-notes")) byId("keep-notes").hidden = !station.frames.notes?.unsaved;
}, 500);
byId("keep-notes")?.addEventListener("click", () => station.keepNotes());

const asked = new URLSearchParams(location.search);
for (const [name, value] of asked) {
  if (!name.startsWith("only-")) continue;
  const which = name.slice(5);
  const control = selects.find((one) => one.dataset.filter === which) ?? byId(which);
  if (control) control.value = value;
  byId("filter-box").open = true;
}
applyFilters();
const opened = rows.find((row) => row.dataset.ref === asked.get("row"));
if (opened) station.choose(opened);
else if (matchMedia("(min-width: 60rem)").matches) station.choose(station.visible[0]);
