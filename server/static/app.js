// Keeps the page live: new events go on top of the log, and the part that shows machines is fetched again.
"use strict";
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const fragment = document.getElementById("fragment");
const log = document.getElementById("events");
const live = document.getElementById("live");

function ages() {
  for (const time of document.querySelectorAll("time")) {
    const then = new Date(time.dateTime);
    time.title = then.toLocaleString();
    if (time.closest(".event")) { time.textContent = then.toLocaleTimeString(); continue; }
    const seconds = Math.max(0, Math.round((Date.now() - then) / 1000));
    time.textContent = seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min` : seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
  }
}

let pending = null;
function refresh() {
  if (!fragment || pending) return;
  pending = setTimeout(async () => {
    const answer = await fetch(fragment.dataset.source).catch(() => null);
    if (answer && answer.ok) {
      const open = [...fragment.querySelectorAll("details")].map((element) => element.open);
      fragment.innerHTML = await answer.text();
      fragment.querySelectorAll("details").forEach((element, index) => { element.open = open[index] || false; });
      ages();
    }
    pending = null;
  }, 200);
}

function toast(text) {
  const note = document.createElement("div");
  note.className = "toast";
  note.setAttribute("role", "alert");
  note.textContent = text;
  document.body.append(note);
  setTimeout(() => note.remove(), 8000);
}

document.addEventListener("click", async (click) => {
  const button = click.target.closest("button[data-action]");
  if (!button) return;
  button.disabled = true;
  const url = `/api/v1/machines/${button.dataset.machine}/${button.dataset.action}`;
  const answer = await fetch(url, { method: "POST", headers: { "x-csrf-token": csrf } }).catch(() => null);
  if (!answer) toast("The server does not answer.");
  else if (!answer.ok) {
    const { error } = await answer.json();
    toast(`${error.message}. ${error.remedy}`);
  }
  button.disabled = false;
  refresh();
});

function append(event) {
  if (!log) return;
  const only = fragment && fragment.dataset.source.match(/^\/fragments\/machines\/(.+)$/);
  if (only && event.machine !== only[1]) return;
  const item = document.createElement("li");
  item.className = `event ${event.kind.split(".")[0]}`;
  const time = document.createElement("time");
  time.dateTime = event.time;
  const kind = document.createElement("span");
  kind.className = "kind";
  kind.textContent = event.kind;
  const message = document.createElement("span");
  message.className = "message";
  message.textContent = event.message;
  item.append(time, kind, message);
  log.prepend(item);
  while (log.children.length > 300) log.lastChild.remove();
}

if (log) {
  const first = log.querySelector("li");
  const source = new EventSource(`/api/v1/events?after=${first ? first.dataset.id : 0}`);
  source.onopen = () => { live.textContent = "live"; live.classList.add("up"); refresh(); };
  source.onerror = () => { live.textContent = "reconnecting"; live.classList.remove("up"); };
  source.onmessage = (message) => { append(JSON.parse(message.data)); refresh(); ages(); };
} else {
  live.textContent = "";
  live.hidden = true;
}
ages();
setInterval(ages, 1000);
