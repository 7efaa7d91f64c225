"use strict";
/* The gallery: which list is open, and which of its rows pass the filters. */

const rows = [...document.querySelectorAll(".rows > li")];
const selects = [...document.querySelectorAll("[data-filter]")];

function passes(row) {
  const text = byId("text").value.trim().toLowerCase();
  return selects.every((select) => !select.value || row.dataset[select.dataset.filter] === select.value) &&
    Number(row.dataset.score) >= Number(byId("least").value) &&
    row.textContent.toLowerCase().includes(text);
}

function applyFilters() {
  byId("least-figure").textContent = byId("least").value;
  for (const row of rows) row.hidden = !passes(row);
  const open = rows.filter((row) => !row.closest(".list").hidden);
  const shown = open.filter((row) => !row.hidden).length;
  byId("all").hidden = shown === open.length;
  announce(`${shown} of ${open.length} candidates shown`);
}

function openList(tab) {
  for (const other of document.querySelectorAll("[role=tab]")) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    byId(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  applyFilters();
}

const tabs = [...document.querySelectorAll("[role=tab]")];
for (const [i, tab] of tabs.entries()) {
  tab.addEventListener("click", () => openList(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const next = tabs[(i + step + tabs.length) % tabs.length];
    next.focus();
    openList(next);
  });
}
for (const control of [byId("text"), byId("least"), ...selects]) {
  control.addEventListener("input", applyFilters);
}
byId("all").addEventListener("click", () => {
  byId("text").value = "";
  byId("least").value = 0;
  for (const select of selects) select.value = "";
  applyFilters();
});
applyFilters();
