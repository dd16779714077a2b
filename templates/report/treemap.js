/* The treemap: boxes to zoom into, a path back, a search, and the numbers of the chosen box. */
"use strict";

const MOST_HITS = 100;

class Treemap {
  constructor(place, trees) {
    this.trees = trees;
    this.sizes = new Map();
    this.canvas = place.querySelector(".boxes");
    this.path = place.querySelector(".path");
    this.panel = place.querySelector(".panel");
    this.hits = place.querySelector(".hits");
    this.note = place.querySelector(".tree-note");
    this.keys = place.querySelector(".keys");
    this.table = place.querySelector(".as-table");
    this.search = place.querySelector("input[type=search]");
    this.buildChoice(place.querySelector(".choice"));
    this.search.addEventListener("input", settled(() => this.find(this.search.value)));
    this.canvas.addEventListener("click", (event) => this.clicked(event));
    this.canvas.addEventListener("keydown", (event) => this.moved(event));
    this.canvas.addEventListener("focusin", (event) => this.touched(event.target));
    place.addEventListener("keydown", (event) => {
      /* In a field Escape empties the field. */
      if (event.key === "Escape" && event.target.tagName !== "INPUT" && this.view.length > 1) this.zoomOut();
    });
    this.table.addEventListener("toggle", () => this.drawTable());
    new ResizeObserver(settled(() => this.resized())).observe(this.canvas);
    this.show(0);
  }

  buildChoice(choice) {
    this.trees.forEach((tree, index) => {
      const button = make("button", { type: "button", "aria-pressed": "false", onclick: () => this.show(index) }, shown(tree.label));
      choice.append(button);
    });
    this.choice = [...choice.querySelectorAll("button")];
  }

  /* Shows a tree from its root. */
  show(index) {
    this.choice.forEach((button, each) => button.setAttribute("aria-pressed", String(each === index)));
    this.tree = this.trees[index];
    if (!this.sizes.has(index)) this.sizes.set(index, new Sizes(this.tree));
    this.now = this.sizes.get(index);
    this.lower = null;
    this.found = new Set();
    this.holding = new Set();
    this.note.textContent = shown(this.tree.note, 2000);
    /* A key to marks that are in this tree, and to none where it tells no states. */
    const states = new Set(this.tree.states);
    for (const key of this.keys.children) key.hidden = !states.has(key.dataset.state);
    this.tellsStates = [...TONES.keys()].some((state) => states.has(state));
    this.keys.hidden = !this.tellsStates;
    this.view = [{ node: 0, skip: 0 }];
    this.chosen = { node: 0, own: false, smaller: 0 };
    this.draw();
    if (this.search.value) this.find(this.search.value);
  }

  get here() {
    return this.view[this.view.length - 1];
  }

  /* Zooms to the parts of a node from its part `skip` on. */
  zoomTo(node, skip = 0, choose = { node, own: false, smaller: 0 }) {
    const line = this.now.lineage(node).reverse().map((each) => ({ node: each, skip: 0 }));
    if (skip) line.push({ node, skip });
    this.view = line;
    this.chosen = choose;
    this.draw();
  }

  zoomIn(box) {
    const { node, skip } = box.smaller ? box : { node: box.node, skip: 0 };
    this.zoomTo(node, skip, { node, own: false, smaller: box.smaller, skip, bytes: box.bytes });
    this.focusBox(this.boxes[0], false);
    this.say();
  }

  zoomOut(levels = 1) {
    const left = this.view[this.view.length - levels];
    const to = this.view[this.view.length - 1 - levels];
    this.view = this.view.slice(0, -levels);
    this.chosen = { node: to.node, own: false, smaller: 0 };
    this.draw();
    /* The place that was left keeps the focus, so that it can be entered again. */
    const back = this.boxes.find((box) => (left.skip ? box.smaller && box.node === left.node : !box.smaller && box.node === left.node));
    this.focusBox(back ?? this.boxes[0]);
    this.say();
  }

  say() {
    announce(`Now in ${this.nameOf(this.here)}: ${exactSize(this.bytesHere())}, ${counted(this.boxes.length, "box", "boxes")}`);
  }

  /* Whether a node has nodes inside. */
  inner(node) {
    return this.now.children[node] !== null;
  }

  bytesHere() {
    const { node, skip } = this.here;
    if (!skip) return this.now.total[node];
    return this.now.partsOf(node).slice(skip).reduce((sum, part) => sum + part.bytes, 0);
  }

  nameOf({ node, skip }) {
    return skip ? `${grouped(this.now.partsOf(node).length - skip)} smaller` : shown(this.tree.names[node]);
  }

  draw() {
    const { node, skip } = this.here;
    const frame = this.canvas.getBoundingClientRect();
    this.frame = { width: Math.max(240, Math.round(frame.width)), height: Math.max(200, Math.round(frame.height)) };
    /* A leaf is its own and only box. */
    this.boxes = this.inner(node)
      ? layOut(this.now, node, skip, this.frame.width, this.frame.height)
      : [{ node, bytes: this.now.total[node], own: false, smaller: 0, depth: 0, tone: 0, x: 0, y: 0, ...this.frame, within: false }];
    this.elements = this.boxes.map((box) => this.boxElement(box));
    this.canvas.replaceChildren(...this.elements);
    if (!this.bytesHere()) this.canvas.append(make("p", { class: "none" }, "Nothing here has bytes."));
    this.canvas.setAttribute("aria-label", `Treemap: ${this.nameOf(this.here)}, ${shortSize(this.bytesHere())}`);
    this.rove(this.elements[0]);
    this.drawPath();
    this.mark();
    this.drawPanel();
    this.drawTable();
  }

  resized() {
    const frame = this.canvas.getBoundingClientRect();
    if (Math.abs(frame.width - this.frame.width) < 8 && Math.abs(frame.height - this.frame.height) < 8) return;
    const held = this.canvas.contains(document.activeElement) ? this.boxes[this.elements.indexOf(document.activeElement)] : null;
    this.draw();
    if (held) this.focusBox(this.boxes.find((box) => same(box, held)) ?? this.boxes[0]);
  }

  boxElement(box) {
    const name = this.label(box);
    const state = box.smaller ? "" : this.tree.states[box.node] ?? "";
    const classes = ["box"];
    if (box.within) classes.push("box-within");
    else if (TONES.has(state)) classes.push(`box-${state}`);
    else if (box.smaller || this.tellsStates) classes.push(box.smaller ? "box-smaller" : "box-plain");
    else classes.push(`tone-${box.tone % 6}`);
    const leads = opens(this.now, box);
    /* What is heard begins with what is seen, for those who speak to the page. */
    const spoken = [`${name} ${shortSize(box.bytes)}`, `${share(box.bytes, this.bytesHere())} of what is shown`, state, leads ? "opens" : ""];
    const element = make("button", {
      type: "button", class: classes.join(" "), tabindex: "-1", title: `${name}\n${exactSize(box.bytes)}`,
      "aria-label": spoken.filter(Boolean).join(", "),
    });
    const { width, height } = this.frame;
    /* In parts of the frame: in print, and while a window is resized, the boxes fit its width. */
    element.style.left = `${(100 * box.x) / width}%`;
    element.style.top = `${(100 * box.y) / height}%`;
    element.style.width = `${(100 * box.width) / width}%`;
    element.style.height = `${(100 * box.height) / height}%`;
    const room = Math.floor((box.width - 10) / 6.6);
    const short = name.includes("/") && !box.smaller ? name.slice(name.lastIndexOf("/") + 1) || name : name;
    if (box.height >= 16 && room >= Math.min(short.length, 4)) {
      element.classList.add("box-named");
      element.append(make("span", { class: "box-name" }, short));
      const fits = box.within ? room >= short.length + 10 : box.height >= 34 && room >= 7;
      if (fits) element.append(" ", make("span", { class: "box-size" }, shortSize(box.bytes)));
    }
    return element;
  }

  label(box) {
    if (box.smaller) return `${grouped(box.smaller)} smaller`;
    const name = shown(this.tree.names[box.node], 120);
    return box.own ? `${name} itself` : name;
  }

  /* One box of all is reached by Tab, the others from it by arrows. */
  rove(element) {
    if (!element) return;
    this.roving?.setAttribute("tabindex", "-1");
    this.roving = element;
    element.setAttribute("tabindex", "0");
  }

  /* Moves the focus to a box, which chooses it, unless the place around it stays chosen. */
  focusBox(box, choosing = true) {
    const element = this.elements[this.boxes.indexOf(box)];
    if (!element) return;
    const chosen = this.chosen;
    element.focus({ preventScroll: true });
    if (!choosing) this.choose(chosen);
  }

  touched(target) {
    const box = this.boxes[this.elements.indexOf(target)];
    if (!box) return;
    this.rove(target);
    this.choose(box);
  }

  choose(box) {
    this.chosen = box;
    this.markChosen();
    this.drawPanel();
  }

  clicked(event) {
    const box = this.boxes[this.elements.indexOf(event.target.closest(".box"))];
    if (!box) return;
    const leads = opens(this.now, box);
    if (leads && !(box.node === this.here.node && !box.smaller)) this.zoomIn(box);
    else this.choose(box);
  }

  moved(event) {
    const at = this.boxes[this.elements.indexOf(document.activeElement)];
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!at) return;
    let next = null;
    if (step) next = nearest(this.boxes, at, ...step);
    else if (event.key === "Home") next = this.boxes[0];
    else if (event.key === "End") next = this.boxes[this.boxes.length - 1];
    else return;
    event.preventDefault();
    if (next) this.focusBox(next);
  }

  drawPath() {
    const items = this.view.map((each, index) => {
      const levels = this.view.length - 1 - index;
      const name = this.nameOf(each);
      if (!levels) return make("li", {}, make("span", { "aria-current": "true" }, name));
      return make("li", {}, make("button", { type: "button", class: "link", onclick: () => this.zoomOut(levels) }, name));
    });
    this.path.replaceChildren(...items);
  }

  drawPanel() {
    const { node, own, smaller } = this.chosen;
    const { names, own: owns, retained, kernels, details, states } = this.tree;
    const bytes = smaller ? this.chosen.bytes : own ? owns[node] : this.now.total[node];
    const rows = [];
    const say = (label, ...value) => rows.push(make("div", {}, make("dt", {}, label), make("dd", {}, ...value)));
    const both = (label, number) => say(label, make("strong", {}, shortSize(number)), Math.abs(number) < 1000 ? "" : make("small", {}, exactSize(number)));
    both("Bytes", bytes);
    if (!smaller && !own && this.inner(node)) both("Its own, without what is inside", owns[node]);
    say(`Of all ${shortSize(this.now.total[0])}`, share(bytes, this.now.total[0]) || "0.0 %");
    if (smaller) say("Boxes", grouped(smaller));
    else if (!own) {
      if (retained[node] !== null) both("Would go without it", retained[node]);
      if (this.inner(node)) say("Boxes inside", grouped(this.now.partsOf(node).length));
      if (kernels[node] !== null) say("Kernels", grouped(kernels[node]));
      if (states[node]) say("State", stateElement(states[node]));
    }
    const line = this.now.lineage(node).slice(1).reverse().map((each) => shown(names[each], 80));
    const title = smaller ? `${grouped(smaller)} smaller of ${shown(names[node])}` : this.label({ node, own, smaller });
    const about = details[node] && !smaller ? [make("p", { class: "details" }, shown(details[node], 4000))] : [];
    this.panel.replaceChildren(
      make("p", { class: "where" }, line.join(" › ")),
      make("h3", {}, own || smaller ? title : shown(names[node], 2000)),
      make("dl", {}, ...rows),
      ...about,
    );
  }

  /* The same as rows, for who does not see boxes: everything that is here, also what is too small to be drawn. */
  drawTable() {
    const body = this.table.querySelector("div");
    body.replaceChildren();
    if (!this.table.open) return;
    const { node, skip } = this.here;
    const parts = this.inner(node) ? this.now.partsOf(node).slice(skip) : [{ node, bytes: this.now.total[node], own: false }];
    const { retained, kernels, states } = this.tree;
    new PagedTable(body, {
      id: "map",
      caption: `What is in ${this.nameOf(this.here)}`,
      columns: [
        { name: "name", label: "Name", kind: "text" }, { name: "bytes", label: "Bytes", kind: "bytes" },
        { name: "retained", label: "Would go", kind: "bytes" }, { name: "kernels", label: "Kernels", kind: "count" },
        { name: "state", label: "State", kind: "state" },
      ],
      rows: parts.map((part) => {
        const whole = !part.own;
        const row = [this.label({ ...part, smaller: 0 }), part.bytes, whole ? retained[part.node] : null, whole ? kernels[part.node] : null, states[part.node] ?? ""];
        return Object.assign(row, { part });
      }),
      onRow: ({ part }) => {
        if (!part.own && this.inner(part.node) && part.node !== node) this.zoomIn({ ...part, smaller: 0 });
        else this.choose({ ...part, smaller: 0 });
      },
    });
  }

  find(text) {
    const needle = text.trim().toLowerCase();
    this.found.clear();
    this.holding.clear();
    if (needle) {
      this.lower ??= this.tree.names.map((name) => name.toLowerCase());
      this.lower.forEach((name, node) => node && name.includes(needle) && this.found.add(node));
      for (const node of this.found) {
        for (let each = this.tree.parents[node]; each > 0 && !this.holding.has(each); each = this.tree.parents[each]) this.holding.add(each);
      }
    }
    this.mark();
    this.drawHits(needle);
  }

  drawHits(needle) {
    this.hits.replaceChildren();
    this.hits.hidden = !needle;
    if (!needle) return announce("");
    const nodes = [...this.found].sort((a, b) => this.now.total[b] - this.now.total[a] || a - b);
    /* A hit inside another one is in its bytes already. */
    const outer = nodes.filter((node) => !this.now.lineage(node).slice(1).some((each) => this.found.has(each)));
    const bytes = outer.reduce((sum, node) => sum + this.now.total[node], 0);
    const summary = nodes.length ? `${counted(nodes.length, "hit")}, together ${shortSize(bytes)}` : "No hits";
    announce(summary);
    const items = nodes.slice(0, MOST_HITS).map((node) =>
      make("li", {}, make("button", { type: "button", class: "link", onclick: () => this.reveal(node) }, shown(this.tree.names[node], 120)), " ", sizeElement(this.now.total[node])),
    );
    if (nodes.length > MOST_HITS) items.push(make("li", { class: "note" }, `and ${grouped(nodes.length - MOST_HITS)} more`));
    this.hits.append(make("p", { class: "count" }, summary), make("ul", {}, ...items));
  }

  /* Zooms to where a node has a box of its own. */
  reveal(node) {
    const parent = this.tree.parents[node];
    this.zoomTo(parent, 0);
    let box = null;
    while (!(box = this.boxes.find((each) => each.node === node && !each.own && !each.smaller))) {
      const rest = this.boxes.find((each) => each.smaller && each.node === parent && each.skip > this.here.skip);
      if (!rest) break;
      this.zoomTo(parent, rest.skip);
    }
    if (box) this.focusBox(box);
    else this.choose({ node, own: false, smaller: 0 });
    this.say();
  }

  mark() {
    const searching = this.found.size > 0;
    this.canvas.classList.toggle("searching", searching);
    this.boxes.forEach((box, index) => {
      const hit = !box.smaller && this.found.has(box.node);
      const inside = !hit && (box.smaller ? this.now.partsOf(box.node).slice(box.skip).some((part) => this.found.has(part.node) || this.holding.has(part.node)) : this.holding.has(box.node));
      this.elements[index].classList.toggle("hit", hit);
      this.elements[index].classList.toggle("holds-hit", inside);
    });
    this.markChosen();
  }

  markChosen() {
    this.boxes.forEach((box, index) => {
      if (same(box, this.chosen)) this.elements[index].setAttribute("aria-current", "true");
      else this.elements[index].removeAttribute("aria-current");
    });
  }
}

function same(box, other) {
  return box.node === other.node && box.own === other.own && Boolean(box.smaller) === Boolean(other.smaller);
}

/* The nearest box whose centre lies in a direction, what is aside counting more than what is far. */
function nearest(boxes, from, right, down) {
  const centre = (box) => [box.x + box.width / 2, box.y + (box.within ? HEADER / 2 : box.height / 2)];
  const [x, y] = centre(from);
  let best = null;
  let least = Infinity;
  for (const box of boxes) {
    if (box === from) continue;
    const [dx, dy] = [centre(box)[0] - x, centre(box)[1] - y];
    const along = dx * right + dy * down;
    if (along <= 0) continue;
    const cost = along + 2 * Math.abs(dx * down + dy * right);
    if (cost < least) [best, least] = [box, cost];
  }
  return best;
}
