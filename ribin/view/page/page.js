"use strict";
/* The page itself: finding its elements, making new ones, telling a screen reader. */

const SVG = "http://www.w3.org/2000/svg";

function byId(id) {
  return document.getElementById(id);
}

/** A new element of HTML, or of SVG where `space` says so. */
function make(tag, attributes = {}, children = [], space = null) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function makeSvg(tag, attributes = {}, children = []) {
  return make(tag, attributes, children, SVG);
}

/** Say something in the line under the picture; screen readers read it out. */
function announce(text) {
  byId("status").textContent = text;
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/** A figure as text; a dash where there is none. */
function figure(value, digits = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** A score as lists and records have it: 100 only where it is all of 100. */
function scoreText(score) {
  return (score < 100 ? Math.min(score, 99.999) : score).toFixed(3);
}

/** A shift (row, col) in words, such as: 50 µm up, 12 µm right. */
function shiftWords([down, right]) {
  const across = Math.round(right) < 0 ? "left" : "right";
  return `${figure(Math.abs(down))} µm ${Math.round(down) < 0 ? "up" : "down"}, ${figure(Math.abs(right))} µm ${across}`;
}

/** A figure with its unit; grey values have none. */
function withUnit(value, digits, unit) {
  return unit ? `${figure(value, digits)} ${unit}` : figure(value, digits);
}

/** Let the person keep a file that this page made. */
function offerFile(name, text, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A group of buttons of which one is pressed: calls back with its value. */
function choice(group, onChoose) {
  const buttons = [...group.querySelectorAll("button")];
  const choose = (value) => {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.value === value));
    }
    onChoose(value);
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button.value));
  return choose;
}

/** Tabs as the WAI-ARIA pattern says: one in the tab order, arrows go round. */
function bindTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const open = (tab) => {
    for (const other of tabs) {
      other.setAttribute("aria-selected", String(other === tab));
      other.tabIndex = other === tab ? 0 : -1;
      byId(other.getAttribute("aria-controls")).hidden = other !== tab;
    }
  };
  for (const [i, tab] of tabs.entries()) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const next = tabs[(i + step + tabs.length) % tabs.length];
      next.focus();
      open(next);
    });
  }
}
