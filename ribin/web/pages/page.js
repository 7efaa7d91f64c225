"use strict";
/* What the scripts of all pages use: finding elements, making them, and talking to the server. */

function byId(id) {
  return document.getElementById(id);
}

/** A new element. */
function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Send a form to the server; gives its JSON, or throws what the server said against it. */
async function send(path, fields) {
  const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields) });
  if (answer.ok) return answer.json();
  throw new Error(await reasonOf(answer));
}

/** What a page of an error says. */
async function reasonOf(answer) {
  const text = await answer.text();
  const page = new DOMParser().parseFromString(text, "text/html");
  const why = page.querySelector("[role=alert]");
  return (why ? why.textContent : text.replace(/^ribin: /, "")).trim().slice(0, 400);
}
