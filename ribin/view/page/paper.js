"use strict";
/* On paper: the stage takes the size that it has on the sheet and is drawn for it, on white. */

const PAPER_DETAIL = 2; // pixels drawn for each CSS pixel, whatever the screen has

class Paper {
  constructor(stage, profile) {
    this.stage = stage;
    this.profile = profile;
    this.on = false;
    window.addEventListener("beforeprint", () => this.put(true));
    window.addEventListener("afterprint", () => this.put(false));
    matchMedia("print").addEventListener("change", (event) => this.put(event.matches));
  }

  put(on) {
    if (on === this.on) return;
    this.on = on;
    const { stage } = this;
    const before = [stage.panes[0].height, stage.panes[0].width];
    byId("as-shown").textContent = this.shown;
    document.body.classList.toggle("on-paper", on);
    for (const text of byId("note-list").querySelectorAll("textarea")) {
      text.style.height = on ? `${text.scrollHeight}px` : ""; // all of it
    }
    stage.background = on ? PAPER : BACKGROUND;
    stage.detail = on ? PAPER_DETAIL : 1;
    const whole = stage.fitted === stage.camera.matrix;
    stage.layOut();
    if (on) this.scale = stage.camera.scale;
    if (!whole) {
      const after = [stage.panes[0].height, stage.panes[0].width];
      const less = Math.max(...before.map((size, axis) => size / after[axis]));
      stage.camera.scale = on ? this.scale * less : this.scale; // what was seen stays in sight
      stage.tell("view");
    }
    stage.drawNow();
  }

  get lampWords() {
    const words = this.stage.lamp.places.map(({ azimuth, elevation }) => `lamp from ${azimuth}°, ${elevation}° high`);
    return words[0] === words[1] ? words[0] : `reference: ${words[0]}; comparison: ${words[1]}`;
  }

  /** How the marks are shown, in words: on paper no control says so. */
  get shown() {
    const { stage } = this;
    const mode = document.querySelector("#modes [aria-pressed=true]").textContent;
    const lit = stage.images.every(Boolean) ? "as photographed"
      : this.lampWords;
    const layer = { measured: "as measured", compared: "band compared", whole: "whole scan" }[stage.layer];
    return [mode, layer, lit].join(", ");
  }
}
