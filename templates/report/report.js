/* Puts the page together from its document. What the first screen says stands already. */
"use strict";

const MORE_COLUMNS = {
  would_go: {
    caption: "What would go",
    columns: [
      { name: "what", label: "What", kind: "text" }, { name: "bytes", label: "Bytes", kind: "bytes" },
      { name: "detail", label: "Ops and kernels", kind: "text" }, { name: "edit", label: "Edit", kind: "edit" },
    ],
  },
  diff: {
    caption: "What became of it",
    columns: [
      { name: "name", label: "Name", kind: "text" }, { name: "state", label: "State", kind: "state" },
      { name: "own", label: "Own bytes, change", kind: "bytes" }, { name: "retained", label: "Would go, change", kind: "bytes" },
      { name: "kernels", label: "Kernels, change", kind: "count" },
    ],
  },
  findings: {
    caption: "Findings",
    columns: [
      { name: "code", label: "Code", kind: "text" }, { name: "severity", label: "Severity", kind: "text" },
      { name: "reason", label: "What is seen", kind: "text" }, { name: "mend", label: "What to do", kind: "text" },
    ],
  },
};

function open() {
  const report = unpacked(JSON.parse(document.getElementById("document").textContent));
  document.documentElement.classList.add("scripted");
  for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
  buttons();
  firstScreen(report);
  if (report.trees.length) new Treemap(document.getElementById("map"), report.trees);
  if (report.matrix) new Matrix(document.getElementById("matrix"), report.matrix);
  if (report.tables.length) showTables(report.tables);
  performance.mark("opened");
}

/* One table at a time, as tabs that arrows walk; in print they stand one below the other. */
function showTables(tables) {
  const list = document.querySelector("#tables .tabs");
  const place = document.querySelector("#tables .tables");
  const tabs = tables.map((table, index) =>
    make("button", { type: "button", role: "tab", id: `tab-${index}`, "aria-controls": `tab-panel-${index}`, onclick: () => select(index) }, shown(table.caption, 60)),
  );
  const panels = tables.map((table, index) => {
    const panel = make("section", { class: "card", role: "tabpanel", id: `tab-panel-${index}`, "aria-labelledby": `tab-${index}` });
    new PagedTable(panel, { ...table, heading: true });
    return panel;
  });
  const select = (chosen) => {
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === chosen));
      tab.setAttribute("tabindex", index === chosen ? "0" : "-1");
      panels[index].classList.toggle("folded", index !== chosen);
    });
  };
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    select(next);
    tabs[next].focus();
  });
  list.append(...tabs);
  place.append(...panels);
  select(0);
}

function buttons() {
  const root = document.documentElement;
  const exact = document.getElementById("exact");
  exact.addEventListener("click", () => exact.setAttribute("aria-pressed", String(root.classList.toggle("exact-sizes"))));
  const theme = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const say = () => theme.setAttribute("aria-pressed", String(dark()));
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; say(); });
  system.addEventListener("change", say);
  say();
}

/* The first screen has the first rows of its lists; the buttons under them bring tables of all rows. */
function firstScreen(report) {
  const rows = { would_go: report.would_go?.rows, diff: report.diff?.rows, findings: report.findings };
  for (const button of document.querySelectorAll("button[data-all]")) {
    const name = button.dataset.all;
    button.addEventListener("click", () => {
      const { caption, columns } = MORE_COLUMNS[name];
      const place = document.getElementById(`rows-${name}`);
      place.replaceChildren();
      button.remove();
      const table = new PagedTable(place, {
        id: name, caption, columns,
        rows: rows[name].map((row) => columns.map((column) => row[column.name])),
      });
      table.filter.focus();
    });
  }
}

open();
