"use strict";
const { turn, steps } = JSON.parse(document.getElementById("trace").textContent);
const part = (id) => document.getElementById(id);
const make = (tag, text = "") => { const made = document.createElement(tag); made.textContent = text; return made; };
const begin = steps.reduce((least, step) => Math.min(least, step.start), Infinity);
const end = steps.reduce((most, step) => Math.max(most, step.end), -Infinity);
const whole = Math.max(end - begin, 1e-6);
// As the app says it.
const said = (seconds) => {
  if (seconds < 0.0005) return "under 1 ms";
  if (seconds < 0.1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
};
const rows = [];
let chosen = 0, timer = 0;

function summary(step) {
  const parts = [said(step.end - step.start)];
  if (step.tokens) parts.push(`${step.tokens.toLocaleString("en")} tokens`);
  if (step.cost === null) parts.push("price unknown");
  else if (Number(step.cost)) parts.push(`$${step.cost}`);
  if (step.status !== "ok") parts.push(step.status === "error" ? "failed" : "stopped");
  return parts.join(" · ");
}

function addRow(step, number) {
  const row = make("li"), button = make("button", step.name + " "), track = make("span"), bar = make("i");
  button.type = "button";
  button.style.paddingLeft = `${0.5 + Math.min(step.depth, 8)}rem`;
  const small = make("small", summary(step));
  if (step.status === "error") small.className = "bad";
  track.className = "track";
  bar.style.left = `${Math.min(99, 100 * (step.start - begin) / whole)}%`;
  bar.style.width = `${100 * (step.end - step.start) / whole}%`;
  bar.style.background = `var(--${step.kind})`;
  track.append(bar);
  button.append(small, track);
  button.addEventListener("click", () => choose(number));
  row.append(button);
  rows.push(row);
  part("steps").append(row);
}

function addRows() {
  steps.slice(rows.length, rows.length + 500).forEach((step) => addRow(step, rows.length));
  const left = steps.length - rows.length;
  part("more").hidden = !left;
  part("more").textContent = `Show ${Math.min(left, 500)} more of ${left.toLocaleString("en")}`;
  show();
}

function choose(number) {
  chosen = number;
  const step = steps[number], detail = part("detail");
  detail.replaceChildren(make("h2", step.name), make("p", summary(step)));
  for (const [name, value] of Object.entries(step.attributes)) {
    detail.append(make("h3", name), make("pre", typeof value === "string" ? value : JSON.stringify(value, null, 1)));
  }
  for (const event of step.events) {
    detail.append(make("h3", `after ${said(event.at - step.start)}: ${event.name}`), make("pre", JSON.stringify(event.attributes)));
  }
  show();
}

function show() {
  const now = begin + whole * Number(part("at").value) / 1000;
  part("moment").textContent = said(now - begin);
  rows.forEach((row, number) => {
    row.className = steps[number].start > now ? "later" : "";
    row.firstChild.setAttribute("aria-current", String(number === chosen));
  });
  return now;
}

function follow() {
  const now = show();
  let last = 0;
  steps.forEach((step, number) => { if (step.start <= now && step.start >= steps[last].start) last = number; });
  if (last !== chosen) choose(last);
}

function play() {
  const at = part("at");
  if (timer) { clearInterval(timer); timer = 0; part("play").textContent = "Play"; return; }
  if (at.value === at.max) at.value = 0;
  part("play").textContent = "Pause";
  timer = setInterval(() => {
    at.value = Number(at.value) + 5;
    follow();
    if (at.value === at.max) play();
  }, 40);
}

part("question").textContent = turn.question;
part("facts").textContent = turn.facts.join(" · ");
part("at").addEventListener("input", follow);
part("play").addEventListener("click", play);
part("more").addEventListener("click", addRows);
document.title = turn.question || "A trace";
addRows();
if (steps.length) choose(0);
