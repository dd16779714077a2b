/* Ops × data types: a letter a cell, a page of ops at a time. */
"use strict";

const CELLS = {
  n: ["N", "needed and present", "needed"],
  m: ["M", "needed and missing", "missing"],
  "?": ["?", "needed and not known", "doubtful"],
  u: ["U", "present and unused", "unused"],
  p: ["P", "present", "present"],
  ".": ["", "not there", "none"],
};

class Matrix {
  constructor(place, matrix) {
    this.matrix = matrix;
    this.pageSize = 30;
    this.page = 0;
    this.wanted = "";
    this.counts = Object.fromEntries(Object.keys(CELLS).map((letter) => [letter, 0]));
    for (const [, letters] of matrix.rows) for (const letter of letters) this.counts[letter] += 1;
    this.rows = matrix.rows;
    this.build(place);
    this.draw();
  }

  build(place) {
    place.querySelector(".matrix-note").textContent = shown(this.matrix.note, 2000);
    const used = Object.keys(CELLS).filter((letter) => letter !== "." && this.counts[letter]);
    const legend = used.map((letter) => {
      const [mark, words, name] = CELLS[letter];
      const key = make("span", { class: `cell cell-${name}`, "aria-hidden": "true" }, mark);
      return make("li", { "data-letter": letter }, key, ` ${words}: `, make("strong", {}, grouped(this.counts[letter])));
    });
    this.filter = make("input", { type: "search", id: "filter-matrix", autocomplete: "off", spellcheck: "false", oninput: settled(() => this.sieve()) });
    this.choice = make("select", { id: "state-matrix", onchange: () => this.sieve() }, make("option", { value: "" }, "any cell"));
    for (const letter of used) this.choice.append(make("option", { value: letter }, CELLS[letter][1]));
    this.count = make("p", { class: "count", role: "status" });
    const tools = make("div", { class: "tools" }, field("Filter ops", this.filter), field("With", this.choice), this.count);
    const heads = this.matrix.dtypes.map((name) => make("th", { scope: "col", role: "columnheader" }, make("span", {}, plainType(name))));
    this.body = make("tbody");
    this.grid = make(
      "table", { class: "matrix", role: "grid", "aria-label": "Ops and data types" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col", role: "columnheader", class: "corner" }, "Op"), ...heads)), this.body,
    );
    this.grid.addEventListener("keydown", (event) => this.moved(event));
    this.grid.addEventListener("focusin", (event) => this.rove(event.target.closest("td")));
    this.grid.addEventListener("click", (event) => event.target.closest("td")?.focus());
    const step = (label, by) => make("button", { type: "button", onclick: () => { this.page += by; this.draw(); } }, label);
    this.back = step("Previous", -1);
    this.next = step("Next", 1);
    this.where = make("span", { class: "where" });
    this.pager = make("nav", { class: "pager", "aria-label": "Pages of the matrix" }, this.back, this.where, this.next);
    place.append(make("ul", { class: "legend" }, ...legend), tools, make("div", { class: "scroller" }, this.grid), this.pager);
  }

  sieve() {
    const needle = this.filter.value.trim().toLowerCase();
    const letter = this.choice.value;
    this.rows = this.matrix.rows.filter(([op, letters]) => (!needle || op.toLowerCase().includes(needle)) && (!letter || letters.includes(letter)));
    this.page = 0;
    this.draw();
  }

  draw() {
    const pages = Math.max(1, Math.ceil(this.rows.length / this.pageSize));
    this.page = Math.min(Math.max(0, this.page), pages - 1);
    const first = this.page * this.pageSize;
    const rows = this.rows.slice(first, first + this.pageSize);
    this.body.replaceChildren(...rows.map((row) => this.rowElement(row)));
    if (!rows.length) this.body.append(make("tr", {}, make("td", { colspan: this.matrix.dtypes.length + 1, class: "none" }, "Nothing matches.")));
    const all = this.matrix.rows.length;
    this.count.textContent = this.rows.length === all ? counted(all, "op") : `${grouped(this.rows.length)} of ${counted(all, "op")}`;
    this.where.textContent = rows.length ? `${grouped(first + 1)}–${grouped(first + rows.length)} of ${grouped(this.rows.length)}` : "0 of 0";
    this.back.setAttribute("aria-disabled", String(this.page === 0));
    this.next.setAttribute("aria-disabled", String(this.page === pages - 1));
    this.pager.hidden = all <= this.pageSize;
    this.rove(this.body.querySelector("td"));
  }

  rowElement([op, letters]) {
    const name = shown(op, 80);
    const cells = [...letters].map((letter, at) => {
      const [mark, words, kind] = CELLS[letter] ?? CELLS["."];
      const label = `${name}, ${plainType(this.matrix.dtypes[at])}: ${words}`;
      return make("td", { class: `cell cell-${kind}`, role: "gridcell", tabindex: "-1", "aria-label": label, title: label }, mark);
    });
    return make("tr", {}, make("th", { scope: "row", role: "rowheader" }, name), ...cells);
  }

  rove(cell) {
    if (!cell) return;
    this.roving?.setAttribute("tabindex", "-1");
    this.roving = cell;
    cell.setAttribute("tabindex", "0");
  }

  moved(event) {
    const cell = event.target.closest("td");
    if (!cell) return;
    const row = cell.parentElement;
    const column = cell.cellIndex;
    let next = null;
    if (event.key === "ArrowLeft") next = column > 1 ? row.cells[column - 1] : null;
    else if (event.key === "ArrowRight") next = row.cells[column + 1];
    else if (event.key === "ArrowUp") next = row.previousElementSibling?.cells[column];
    else if (event.key === "ArrowDown") next = row.nextElementSibling?.cells[column];
    else if (event.key === "Home") next = row.cells[1];
    else if (event.key === "End") next = row.cells[row.cells.length - 1];
    else if (event.key === "PageDown" || event.key === "PageUp") {
      this.page += event.key === "PageDown" ? 1 : -1;
      this.draw();
      next = this.body.rows[0]?.cells[column];
    } else return;
    event.preventDefault();
    next?.focus();
  }
}

/* DT_FLOAT is "float"; other names stay. */
function plainType(name) {
  return shown(name.startsWith("DT_") ? name.slice(3).toLowerCase() : name, 40);
}
