// The list of traces, and the chosen one as a waterfall. Nothing is loaded from elsewhere.

const PROGRAMS = ["gateway", "intake", "signals", "reporting"];
const at = (id) => document.getElementById(id);
let found = [];
let chosen = null;

function made(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function milliseconds(microseconds) {
  const value = microseconds / 1000;
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : Math.round(value)} ms`;
}

// What was asked: the verbs, or the name of the outermost span.
function what(trace) {
  const verbs = [...new Set(trace.bars.map((bar) => bar.attributes.verb).filter(Boolean))];
  return verbs.join(", ") || trace.bars[0].name;
}

function ended(trace) {
  const status = trace.bars[0].attributes.status ?? "";
  return trace.bars.some((bar) => bar.failed) && status === "ok" ? "ok, with a fault inside" : status;
}

function wanted(trace) {
  const words = at("words").value.trim().toLowerCase();
  const told = JSON.stringify(trace.bars).toLowerCase();
  return (
    told.includes(words) &&
    trace.took >= 1000 * (Number(at("least").value) || 0) &&
    (!at("failed").checked || ended(trace) !== "ok")
  );
}

function list() {
  const shown = found.filter(wanted);
  at("count").textContent = `${shown.length} of the newest ${found.length}`;
  at("traces").replaceChildren(
    ...shown.map((trace) => {
      const row = document.createElement("tr");
      const choose = made("button", what(trace), { type: "button" });
      choose.addEventListener("click", () => show(trace));
      const cell = document.createElement("td");
      cell.append(choose);
      const time = new Date(trace.began).toISOString().slice(11, 23);
      row.append(made("td", time), cell, made("td", ended(trace)), made("td", milliseconds(trace.took)));
      if (trace.id === chosen) row.setAttribute("aria-current", "true");
      return row;
    }),
  );
}

function show(trace) {
  chosen = trace.id;
  at("chosen").textContent = `${what(trace)}, ${milliseconds(trace.took)}`;
  at("legend").replaceChildren(
    ...PROGRAMS.filter((name) => trace.bars.some((bar) => bar.service === name)).map((name) =>
      made("li", name, { class: name }),
    ),
  );
  at("bars").replaceChildren(...trace.bars.map((bar) => drawn(trace, bar)));
  tell(trace.bars[0]);
  list();
}

function drawn(trace, bar) {
  const row = document.createElement("tr");
  const name = document.createElement("td");
  const choose = made("button", `${bar.name}${bar.failed ? " (fault)" : ""}`, { type: "button" });
  choose.addEventListener("click", () => tell(bar));
  choose.style.marginLeft = `${bar.depth * 1.1}rem`;
  name.append(choose);
  const track = made("td", "", { class: "track" });
  const line = made("span", "", { class: `bar ${bar.service}`, "aria-hidden": "true" });
  line.style.left = `${(100 * bar.at) / trace.took}%`;
  line.style.width = `max(2px, ${(100 * bar.took) / trace.took}%)`;
  track.append(line, made("span", `from ${milliseconds(bar.at)}`, { class: "words" }));
  row.append(name, made("td", bar.service), made("td", milliseconds(bar.took)), track);
  return row;
}

function tell(bar) {
  const told = { span: bar.name, program: bar.service, kind: bar.kind, ...bar.attributes };
  at("told").replaceChildren(
    ...Object.entries(told).flatMap(([name, value]) => [made("dt", name), made("dd", String(value))]),
  );
}

async function look() {
  const answer = await fetch("traces.json");
  found = await answer.json();
  list();
  if (chosen === null && found.length) show(found[0]);
}

async function follow() {
  try {
    if (at("follow").checked && !document.hidden) await look();
  } catch {
    at("count").textContent = "make traces has ended";
  }
  setTimeout(follow, 2000);
}

for (const id of ["words", "least", "failed"]) at(id).addEventListener("input", list);
document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
await look();
if (!found.length) at("count").textContent = "No trace yet: ask something of a running installation";
follow();
