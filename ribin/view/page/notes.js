"use strict";
/* Annotations: where an examiner sees agreement and where disagreement, kept as JSON. */

const NOTES_FORMAT = "ribin annotations 1";
const NOTE_KINDS = { agreement: "Agreement", disagreement: "Disagreement" };

class Notes {
  constructor(stage, overlay, sides, mark, saved) {
    this.stage = stage;
    this.overlay = overlay;
    this.sides = sides;
    this.mark = mark;
    this.items = [];
    this.unsaved = false;
    overlay.addLayer("notes", () => this.items.flatMap((item, i) => this.shape(item, i)));
    window.addEventListener("beforeunload", (event) => this.unsaved && event.preventDefault());
    byId("notes-save").addEventListener("click", () => this.save());
    byId("notes-load").addEventListener("click", () => byId("notes-file").click());
    byId("notes-file").addEventListener("change", async (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) this.load(await file.text(), file.name);
    });
    this.items = saved.filter(isNote);
  }

  /** A new annotation around a place of the reference; its text is asked for at once. */
  add(kind, centerUm, sizeUm) {
    this.items.push({
      kind, center_um: centerUm.map(rounded), size_um: sizeUm.map(rounded), text: "",
      examiner: byId("examiner").value, made_on: new Date().toISOString(),
    });
    this.changed(`${NOTE_KINDS[kind]} ${this.items.length} marked`);
    byId("tab-notes").click();
    byId(`note-${this.items.length - 1}`).focus();
  }

  remove(index) {
    this.items.splice(index, 1);
    this.changed("Annotation taken away");
  }

  changed(said) {
    this.unsaved = true;
    this.show();
    announce(said);
  }

  show() {
    this.overlay.redrawLayer("notes");
    byId("note-list").replaceChildren(...this.items.map((item, i) => this.row(item, i)));
    byId("notes-none").hidden = this.items.length > 0;
    byId("notes-save").disabled = !this.items.length;
  }

  row(item, index) {
    const name = `${NOTE_KINDS[item.kind]} ${index + 1}`;
    const look = make("button", { type: "button", class: "link" }, [
      make("span", { class: `swatch ${item.kind}`, "aria-hidden": "true" }), name]);
    const drop = make("button", { type: "button", class: "quiet", "aria-label": `Take away ${name}` }, ["✕"]);
    const text = make("textarea", { id: `note-${index}`, rows: 2, "aria-label": `Text of ${name}`,
      placeholder: "What agrees or does not, in your words" });
    text.value = item.text;
    look.addEventListener("click", () => this.stage.lookAt(item.center_um, Math.max(...item.size_um) * 3));
    drop.addEventListener("click", () => this.remove(index));
    text.addEventListener("input", () => {
      item.text = text.value;
      this.unsaved = true;
    });
    const who = [item.examiner, item.made_on.slice(0, 10)].filter(Boolean).join(", ");
    return make("li", {}, [make("div", { class: "line" }, [look, make("small", {}, [who]), drop]), text]);
  }

  shape(item, index) {
    const [row, col] = item.center_um, [tall, wide] = item.size_um;
    const turn = this.stage.camera.turn;
    const outline = { cx: 0, cy: 0, rx: wide / 2, ry: tall / 2 };
    const sign = `${item.kind === "agreement" ? "=" : "≠"} ${index + 1}`;
    return [makeSvg("g", { class: item.kind, transform: `translate(${col} ${row})` }, [
      makeSvg("ellipse", { ...outline, class: "casing" }), makeSvg("ellipse", outline),
      makeSvg("text", { "text-anchor": "middle", y: "-0.4em",
        transform: `rotate(${turn}) translate(0 ${-tall / 2})` }, [sign]),
    ])];
  }

  get asJson() {
    const [reference, comparison] = this.sides.map(({ label, provenance }) =>
      ({ label, sha256: provenance.sha256 }));
    const head = { format: NOTES_FORMAT, mark: this.mark, reference, comparison };
    return `${JSON.stringify({ ...head, annotations: this.items }, null, 1)}\n`;
  }

  save() {
    const stem = this.sides.map((side) => side.label.replace(/\.[^.]*$/, "").replace(/[^\w-]+/g, "_"));
    offerFile(`${stem.join("--")}.annotations.json`, this.asJson, "application/json");
    this.unsaved = false;
    announce(`${counted(this.items.length)} saved`);
  }

  /** Add the annotations of a file to those that are here; says why where it cannot be used. */
  load(text, name) {
    let found;
    try {
      found = JSON.parse(text);
    } catch {
      announce(`${name}: a JSON file of annotations needed`);
      return;
    }
    if (found?.format !== NOTES_FORMAT || !Array.isArray(found.annotations)) {
      announce(`${name}: "${NOTES_FORMAT}" needed, found ${found?.format ?? "another file"}`);
      return;
    }
    const bad = found.annotations.findIndex((item) => !isNote(item));
    if (bad >= 0) {
      announce(`${name}: annotation ${bad + 1} of ${found.annotations.length} lacks kind, place, size or text: none loaded`);
      return;
    }
    const needed = this.sides.map((side) => side.provenance.sha256);
    const given = [found.reference?.sha256, found.comparison?.sha256];
    if (needed.some((sha256, i) => sha256 !== given[i]) || (found.mark ?? this.mark) !== this.mark) {
      announce(`${name}: annotations of this pair needed, found those of ` +
        `${found.reference?.label} and ${found.comparison?.label}`);
      return;
    }
    const known = new Set(this.items.map((item) => JSON.stringify(item)));
    const fresh = found.annotations.filter((item) => !known.has(JSON.stringify(item)));
    this.items.push(...fresh);
    this.show();
    const there = found.annotations.length - fresh.length;
    announce(`${name}: ${[fresh.length && `${counted(fresh.length)} loaded`,
      there && `${counted(there)} here already`].filter(Boolean).join(", ") || "no annotation in it"}`);
  }
}

function counted(number) {
  return `${number} annotation${number === 1 ? "" : "s"}`;
}

function isNote(item) {
  const pair = (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
  return Boolean(item) && Object.hasOwn(NOTE_KINDS, item.kind) && pair(item.center_um) &&
    pair(item.size_um) && ["text", "examiner", "made_on"].every((key) => typeof item[key] === "string");
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}
