/* How the page makes elements and spells values. Names come from binaries and models that others wrote: they only ever
   become text (textContent), never markup. */
"use strict";

/* An element with attributes and children; a child that is a string becomes text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/* A name as an element that breaks behind slashes rather than anywhere. */
function nameElement(text, classes = "words name") {
  const parts = text.split("/");
  const element = make("span", { class: classes });
  parts.forEach((part, index) => (index < parts.length - 1 ? element.append(part + "/", make("wbr")) : element.append(part)));
  return element;
}

/* A control with its label, which stay together where lines break. */
function field(label, control) {
  return make("span", { class: "field" }, make("label", { for: control.id }, label), control);
}

/* A name of no more than `most` characters. What would act on who reads it stands escaped in the document already. */
function shown(text, most = 300) {
  text = String(text);
  if (text.length <= most) return text;
  const tail = Math.floor(most / 4);
  return `${text.slice(0, most - tail)}… (${counted(text.length, "character")}) …${text.slice(-tail)}`;
}

const grouping = new Intl.NumberFormat("en-US");

function grouped(number) {
  return grouping.format(number);
}

function counted(number, noun, plural = noun + "s") {
  return `${grouped(number)} ${Math.abs(number) === 1 ? noun : plural}`;
}

/* 999 bytes, 1.2 kB, 553.4 MB: as the command line says it, steps of a thousand. */
function shortSize(bytes) {
  let size = Math.abs(bytes);
  if (size < 1000) return counted(bytes, "byte");
  let unit = "";
  for (unit of ["kB", "MB", "GB", "TB"]) {
    size /= 1000;
    if (size < 999.95) break;
  }
  return `${bytes < 0 ? "-" : ""}${size.toFixed(1)} ${unit}`;
}

function exactSize(bytes) {
  return counted(bytes, "byte");
}

function share(part, whole) {
  if (!whole) return "";
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent.toFixed(1)} %`;
}

/* A size that the button "Exact bytes" turns from 1.2 MB to 1,234,567 bytes; the pointer finds both at any time. */
function sizeElement(bytes) {
  if (bytes === null || bytes === undefined) return make("span", { class: "unknown" }, "not told");
  return make(
    "span",
    { class: "size", title: exactSize(bytes) },
    make("span", { class: "short" }, shortSize(bytes)),
    make("span", { class: "exact" }, exactSize(bytes)),
  );
}

/* How a state is judged. A map: a state may be called what every object has, such as "constructor". */
const TONES = new Map([
  ["needed", "good"],
  ["unused", "warn"],
  ["missing", "bad"],
  ["added", "warn"],
  ["grown", "warn"],
  ["smaller", "good"],
  ["gone", "good"],
]);

/* A state is a word with a mark of its own shape; colour only repeats what both say. */
function stateElement(state) {
  return make("span", { class: `state state-${TONES.get(state) ?? "plain"}` }, shown(state, 60));
}

/* The document with its texts in their places: they stand once each, in `words`, and are named by their numbers. */
function unpacked(report) {
  const words = report.words;
  if (!words) return report;
  const texts = (numbers) => numbers.map((number) => (number === null ? null : words[number]));
  for (const tree of report.trees) {
    Object.assign(tree, { names: texts(tree.names), details: texts(tree.details), states: texts(tree.states) });
  }
  for (const table of report.tables) {
    const columns = table.columns.flatMap(({ kind }, index) => (kind === "text" || kind === "state" ? [index] : []));
    for (const row of table.rows) for (const index of columns) row[index] = row[index] === null ? null : words[row[index]];
  }
  return report;
}

/* Says to those who hear the page what has changed on it. A word that is said twice is heard twice. */
function announce(text) {
  const region = document.getElementById("spoken");
  region.textContent = region.textContent === text ? text + "\u00a0" : text;
}

/* Calls `action` once the caller has been quiet for a moment, so that typing is never held up. */
function settled(action, delay = 120) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), delay);
  };
}
