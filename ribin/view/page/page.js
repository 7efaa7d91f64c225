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
