/* Tables that sort, filter and turn pages: only the rows of one page are elements, however many there are. */
"use strict";

const PAGE_SIZES = [15, 50, 200];

class PagedTable {
  /* `columns`: name, label, kind (text, bytes, count, state, edit or node); `rows`: cells in their order.
     `onRow(row)` makes the first cell a button. */
  constructor(place, { id, caption, columns, rows, more = 0, pageSize = PAGE_SIZES[0], onRow = null, heading = false }) {
    Object.assign(this, { place, id, caption: shown(caption), columns, rows, more, pageSize, onRow, heading });
    this.page = 0;
    this.sorted = { column: -1, down: false };
    this.order = rows.map((_, index) => index);
    this.needle = "";
    this.state = "";
    this.build();
    this.draw();
  }

  build() {
    const filterId = `filter-${this.id}`;
    this.filter = make("input", {
      type: "search", id: filterId, autocomplete: "off", spellcheck: "false",
      oninput: settled(() => this.find(this.filter.value)),
    });
    const tools = make("div", { class: "tools" }, field("Filter", this.filter));
    const states = this.statesOf();
    if (states.length > 1) {
      const choice = make("select", { id: `state-${this.id}`, onchange: () => { this.state = choice.value; this.sieve(); } });
      choice.append(make("option", { value: "" }, "any"), ...states.map((each) => make("option", { value: each }, shown(each, 60))));
      tools.append(field(shown(this.columns[this.stateColumn].label), choice));
    }
    this.count = make("p", { class: "count", role: "status" });
    tools.append(this.count);
    this.heads = this.columns.map((column, index) => {
      const button = make("button", { type: "button", class: "sort", onclick: () => this.sortBy(index) }, shown(column.label));
      return make("th", { scope: "col", class: `kind-${column.kind}` }, column.kind === "edit" ? shown(column.label) : button);
    });
    this.body = make("tbody");
    const table = make(
      "table", { id: `table-${this.id}`, class: "data" },
      make("caption", { class: "unseen" }, this.caption),
      make("thead", {}, make("tr", {}, ...this.heads)),
      this.body,
    );
    const scroller = make("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": this.caption }, table);
    if (this.heading) this.place.append(make("h3", {}, this.caption));
    this.place.append(tools, scroller, this.buildPager());
    if (this.more) {
      this.place.append(make("p", { class: "note" }, `${counted(this.more, "more row")} left out for the size of this page.`));
    }
  }

  buildPager() {
    const step = (label, by) => make("button", { type: "button", onclick: () => this.turn(this.page + by) }, label);
    this.back = step("Previous", -1);
    this.next = step("Next", 1);
    this.where = make("span", { class: "where" });
    const size = make("select", {
      id: `size-${this.id}`,
      onchange: () => { this.pageSize = Number(size.value); this.turn(0); },
    });
    for (const each of PAGE_SIZES) size.append(make("option", { value: each, selected: each === this.pageSize }, String(each)));
    this.pager = make(
      "nav", { class: "pager", "aria-label": `Pages of ${this.caption}` },
      this.back, this.where, this.next,
      field("Rows a page", size),
    );
    return this.pager;
  }

  statesOf() {
    const at = this.columns.findIndex((column) => column.kind === "state");
    if (at < 0) return [];
    this.stateColumn = at;
    return [...new Set(this.rows.map((row) => row[at]).filter(Boolean))].sort();
  }

  find(needle) {
    this.needle = needle.trim().toLowerCase();
    this.sieve();
  }

  sieve() {
    this.page = 0;
    this.arrange();
    this.draw();
  }

  sortBy(index) {
    const numbers = ["bytes", "count"].includes(this.columns[index].kind);
    /* Numbers begin with the largest, names with A. */
    const down = this.sorted.column === index ? !this.sorted.down : numbers;
    this.sorted = { column: index, down };
    this.sieve();
    announce(`${this.caption} sorted by ${this.columns[index].label}, ${down ? "descending" : "ascending"}`);
  }

  arrange() {
    /* Written once for each row: a filter over ten thousand rows must not join their cells at each key. */
    this.haystack ??= this.rows.map((row) => row.filter((cell) => typeof cell === "string").join("\u0001").toLowerCase());
    this.order = [];
    for (let index = 0; index < this.rows.length; index++) {
      if (this.needle && !this.haystack[index].includes(this.needle)) continue;
      if (this.state && this.rows[index][this.stateColumn] !== this.state) continue;
      this.order.push(index);
    }
    const { column, down } = this.sorted;
    if (column < 0) return;
    const sign = down ? -1 : 1;
    this.order.sort((a, b) => {
      const [left, right] = [this.rows[a][column], this.rows[b][column]];
      /* What is not told stands last, either way. */
      if (left === null || right === null) return (left === null) - (right === null) || a - b;
      if (left === right) return a - b;
      return left < right ? -sign : sign;
    });
  }

  turn(page) {
    this.page = page;
    this.draw();
  }

  draw() {
    const pages = Math.max(1, Math.ceil(this.order.length / this.pageSize));
    this.page = Math.min(Math.max(0, this.page), pages - 1);
    const first = this.page * this.pageSize;
    const rows = this.order.slice(first, first + this.pageSize);
    this.body.replaceChildren(...rows.map((index) => this.rowElement(this.rows[index])));
    if (!rows.length) {
      this.body.append(make("tr", {}, make("td", { colspan: this.columns.length, class: "none" }, "Nothing matches.")));
    }
    const all = this.rows.length;
    this.count.textContent =
      this.order.length === all ? counted(all, "row") : `${grouped(this.order.length)} of ${counted(all, "row")}`;
    this.where.textContent = rows.length ? `${grouped(first + 1)}–${grouped(first + rows.length)} of ${grouped(this.order.length)}` : "0 of 0";
    /* Buttons that cannot be used stay in the order of Tab, so that who turned to the last page does not lose the place. */
    this.back.setAttribute("aria-disabled", String(this.page === 0));
    this.next.setAttribute("aria-disabled", String(this.page === pages - 1));
    this.pager.hidden = all <= PAGE_SIZES[0];
    this.heads.forEach((head, index) => {
      if (index !== this.sorted.column) head.removeAttribute("aria-sort");
      else head.setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
    });
  }

  rowElement(row) {
    const cells = this.columns.map((column, index) => {
      const cell = make(index ? "td" : "th", { class: `kind-${column.kind}`, scope: index ? null : "row" });
      if (!index && this.onRow) cell.append(make("button", { type: "button", class: "link", onclick: () => this.onRow(row) }, shown(row[0])));
      else cell.append(cellContent(column.kind, row[index]));
      return cell;
    });
    return make("tr", {}, ...cells);
  }
}

function cellContent(kind, value) {
  if (kind === "bytes") return sizeElement(value);
  if (value === null || value === undefined || value === "") return "";
  if (kind === "count") return grouped(value);
  if (kind === "state") return stateElement(value);
  if (kind === "edit") {
    return make("details", {}, make("summary", {}, "Show"), make("pre", {}, shown(value, 20000)));
  }
  /* Names stand in letters of one width; sentences do not, and need room beside so many other columns. */
  const style = value.includes(" ") ? "sentence" : "name";
  const room = value.length > 60 ? " long" : value.length > 20 ? " wide" : "";
  return nameElement(shown(value, 600), `words ${style}${room}`);
}
