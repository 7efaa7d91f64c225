"use strict";
/* Everything by keys. The list of the help dialogue is made of this table. */

function keyTable({ stage, cells, leftOut, pointer, sweep, profile, controls }) {
  const view = (act) => () => {
    act(stage.camera);
    stage.tell("view");
  };
  const nudge = (row, col, deg) => () => {
    const um = turned([row * stage.camera.scale * 2, col * stage.camera.scale * 2], -stage.camera.turn);
    stage.setMotion(stage.motion.nudged(um, deg, stage.camera.center), "hand");
  };
  const lamp = (azimuth, elevation) => () => {
    stage.lamp.move(stage.lamp.azimuth + azimuth, stage.lamp.elevation + elevation);
    announce(`Lamp from ${stage.lamp.azimuth}°, ${stage.lamp.elevation}° high`);
  };
  const place = (step) => () => controls.movePlace(step);
  return [
    ["Look", [
      ["1 … 6", "side by side, split, swipe, blend, flicker, difference", Object.fromEntries(
        STAGE_MODES.map((mode, i) => [String(i + 1), () => controls.mode(mode)]))],
      ["Arrows", "move both marks", {
        ArrowUp: view((c) => c.pan([40, 0])), ArrowDown: view((c) => c.pan([-40, 0])),
        ArrowLeft: view((c) => c.pan([0, 40])), ArrowRight: view((c) => c.pan([0, -40])) }],
      ["+ −", "nearer, further", { "+": view((c) => c.zoom(1.25)), "=": view((c) => c.zoom(1.25)),
        "-": view((c) => c.zoom(0.8)) }],
      ["Q E", "turn both marks", { q: view((c) => c.rotate(5)), e: view((c) => c.rotate(-5)) }],
      ["0", "whole marks, as registered", { 0: () => stage.fit() }],
      [", .", "split line, or share of the blend", { ",": place(-0.02), ".": place(0.02) }],
      ["/", "split line upright or across", { "/": () => controls.across() }],
      ["L", "as measured, or the band compared", { l: () => controls.nextLayer() }],
      ["M", "next colour map", { m: () => controls.nextMap() }],
      ["Z", "colour what is left out, or do not", { z: () => leftOut.toggle() }],
    ]],
    ["Lamp", [
      ["A D", "around the mark", { a: lamp(5, 0), d: lamp(-5, 0) }],
      ["W S", "higher, lower", { w: lamp(0, 5), s: lamp(0, -5) }],
      ["X", "let it walk around", { x: () => sweep.toggle() }],
    ]],
    ["Cells", [
      ["C", "show or hide", { c: () => cells.toggle() }],
      ["N B", "go to the next, the one before", { n: () => cells.step(1), b: () => cells.step(-1) }],
      ["V", "cells of the other side", {
        v: () => cells.chooseSide(cells.cutFrom === "reference" ? "comparison" : "reference") }],
    ]],
    ["Registration", [
      ["Shift + arrows", "move the comparison alone", {
        "Shift+ArrowUp": nudge(-1, 0, 0), "Shift+ArrowDown": nudge(1, 0, 0),
        "Shift+ArrowLeft": nudge(0, -1, 0), "Shift+ArrowRight": nudge(0, 1, 0) }],
      ["[ ]", "turn the comparison alone", { "[": nudge(0, 0, -0.5), "]": nudge(0, 0, 0.5) }],
      ["R", "as found for the whole mark", {
        r: () => stage.realign() }],
    ]],
    ["Tools", [
      ["H", "move", { h: () => pointer.choose("move") }],
      ["T", "lamp by dragging", { t: () => pointer.choose("lamp") }],
      ["P", "profile: Enter at each end", { p: () => pointer.choose("profile") }],
      ["G F", "agreement, disagreement: Enter", {
        g: () => pointer.choose("agreement"), f: () => pointer.choose("disagreement") }],
      ["Enter", "set a point at the middle of the view", { Enter: () => pointer.enter() }],
      ["Esc", "lay the tool down, take the profile away", { Escape: () => {
        if (pointer.tool === "move" && profile.ends.length) profile.clear();
        pointer.choose("move");
      } }],
      ["I", "hide figures and cells, or show them", { i: () => controls.hideFigures() }],
      ["?", "this list", { "?": () => controls.help() }],
    ]],
  ];
}

/** Keys act anywhere but where a person writes; Enter and arrows leave other controls alone. */
function bindKeys(table) {
  const acts = {};
  for (const [, rows] of table) for (const [, , keys] of rows) Object.assign(acts, keys);
  document.addEventListener("keydown", (event) => {
    const target = event.target;
    const writing = target.matches("textarea, select, input:not([type=checkbox]):not([type=range])");
    if (writing || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
    const onControl = target.matches("button, a, summary, input, [role=tab], [role=slider]");
    if (onControl && /^(Enter|Arrow)/.test(event.key)) return;
    const shifted = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const act = acts[shifted] || acts[shifted.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function fillHelp(table) {
  byId("help-keys").replaceChildren(...table.map(([heading, rows]) =>
    make("section", {}, [make("h3", {}, [heading]), make("dl", {}, rows.flatMap(([keys, meaning]) =>
      [make("dt", {}, [make("kbd", {}, [keys])]), make("dd", {}, [meaning])]))])));
}
