"use strict";
/* Entry: files are sent in parts, one after the other, and what was found in each is listed. */

const box = byId("drop");
const PAUSE_MS = 1500; // where the server asks for less
const PATIENCE = 20; // times that it may

function say(text) {
  byId("said").textContent = text;
}

/** With the letters that a form leaves as they are: a run of 0xff would grow threefold. */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_");
}

/** Send one part; waits where the server has too many requests. */
async function sendPart(fields) {
  for (let turn = 0; ; turn++) {
    const answer = await fetch(`${box.dataset.base}/entry/part`, { method: "POST", body: new URLSearchParams(fields) });
    if (answer.ok) return answer.json();
    if (answer.status !== 429 || turn >= PATIENCE) throw new Error(await reasonOf(answer));
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}

async function sendFile(file) {
  const bar = make("progress", { max: file.size, value: 0, "aria-label": `Sending ${file.name}` });
  const found = make("span", { class: "found" }, [bar]);
  const name = make("a", {}, [file.name]);
  const row = make("li", {}, [name, found]);
  byId("uploads").append(row);
  byId("empty").hidden = true;
  try {
    if (file.size > Number(box.dataset.largest) * 2 ** 20) throw new Error(`at most ${box.dataset.largest} MiB needed`);
    let id = "";
    const part = Number(box.dataset.part);
    for (let at = 0; at < file.size; at += part) {
      const data = base64(new Uint8Array(await file.slice(at, at + part).arrayBuffer()));
      const sent = await sendPart({ csrf: box.dataset.csrf, id, name: file.name, size: file.size, at, data });
      id = sent.id;
      bar.value = sent.received;
      if (sent.there_as) { // whole, and sent before
        found.replaceChildren(`sent before, as ${sent.there_as}`);
        name.href = byId("uploads").querySelector(`[data-id="${CSS.escape(id)}"] a`)?.href ?? `${box.dataset.base}/entry`;
        return true;
      }
    }
    if (!id) throw new Error("it is empty");
    row.dataset.id = id;
    name.href = `${box.dataset.base}/draft?id=${encodeURIComponent(id)}`;
    row.append(forgetForm(id, file.name));
    await look(row);
    return true;
  } catch (error) {
    found.replaceChildren(make("span", { class: "warn" }, [`not sent: ${error.message}`]));
    return false;
  }
}

/** The form that forgets a file, as the page of the server has it. */
function forgetForm(id, name) {
  const hidden = Object.entries({ csrf: box.dataset.csrf, id }).map(([field, value]) =>
    make("input", { type: "hidden", name: field, value }));
  const button = make("button", { type: "submit", class: "second small", "aria-label": `Forget ${name}` }, ["Forget"]);
  return make("form", { method: "post", action: `${box.dataset.base}/entry/drop` }, [...hidden, button]);
}

/** What was found in a file that is here. */
async function look(row) {
  const found = row.querySelector(".found");
  found.textContent = "looking for marks";
  const answer = await fetch(`${box.dataset.base}/entry/found?id=${encodeURIComponent(row.dataset.id)}`);
  if (!answer.ok) throw new Error(await reasonOf(answer));
  const { problem, marks } = await answer.json();
  const tags = marks.map(({ mark, verdict }) =>
    make("span", { class: `tag${verdict === "usable" ? "" : " due"}` }, [`${mark.replaceAll("_", " ")} ${verdict}`]));
  found.replaceChildren(...tags.flatMap((tag) => [tag, " "]), ...(problem ? [make("span", { class: "warn" }, [problem])] : []));
}

async function sendAll(files) {
  let sent = 0;
  for (const [number, file] of [...files].entries()) {
    say(`Sending ${number + 1} of ${files.length}: ${file.name}`);
    if (await sendFile(file)) sent++;
  }
  say(`${sent} of ${files.length} file${files.length === 1 ? "" : "s"} here: open each to look at its marks and enrol it`);
  document.body.dataset.sent = sent;
}

if (box) {
  byId("files").addEventListener("change", (event) => {
    sendAll([...event.target.files]);
    event.target.value = "";
  });
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    sendAll([...event.dataTransfer.files]);
  });
  for (const row of document.querySelectorAll("[data-look]")) look(row).catch((error) => say(error.message));
}
