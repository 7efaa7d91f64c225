"use strict";
/* A search that waits or runs: its progress, until its list is there. */

const PAUSE_MS = 700;

async function look() {
  const answer = await fetch(byId("search").dataset.progress, { headers: { "X-Ribin-Repeats": "yes" } });
  if (!answer.ok) return location.reload();
  const { state, stage, done, total, before } = await answer.json();
  if (state !== "waiting" && state !== "running") return location.reload();
  byId("state").textContent = state === "waiting" ? `${before} search${before === 1 ? "" : "es"} before it` : "Being made";
  byId("stage").textContent = total ? `${stage}: ${done} of ${total}` : stage;
  if (total) {
    byId("bar").max = total;
    byId("bar").value = done;
  }
  setTimeout(look, PAUSE_MS);
}

setTimeout(look, PAUSE_MS);
