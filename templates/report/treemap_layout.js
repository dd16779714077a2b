/* What a treemap shows: sums of a tree, and which boxes of it are worth drawing in a rectangle. */
"use strict";

/* Boxes of less are no longer seen, nor hit by a pointer: about 6 × 6 pixels. Their bytes stand in a box together. */
const LEAST_AREA = 36;
/* What a browser draws and hit-tests without a pause. */
const MOST_BOXES = 600;
const HEADER = 19;
/* Where a box is at least this large, its own boxes are drawn inside. */
const ROOM = { width: 64, height: 52 };
const DEPTH = 4;

/* A tree of the document: columns of nodes, parents before children, `own` without what is below. */
class Sizes {
  constructor(tree) {
    this.tree = tree;
    const count = tree.names.length;
    this.total = Float64Array.from(tree.own);
    this.children = Array.from({ length: count }, () => null);
    for (let node = count - 1; node > 0; node--) {
      const parent = tree.parents[node];
      this.total[parent] += this.total[node];
      (this.children[parent] ??= []).push(node);
    }
    this.parts = new Map();
  }

  /* What a node consists of, largest first: its children, and where it has both, the bytes that are only its own. */
  partsOf(node) {
    let parts = this.parts.get(node);
    if (!parts) {
      const children = this.children[node] ?? [];
      parts = children.map((child) => ({ node: child, bytes: this.total[child], own: false }));
      if (children.length && this.tree.own[node] > 0) parts.push({ node, bytes: this.tree.own[node], own: true });
      parts.sort((a, b) => b.bytes - a.bytes || a.node - b.node);
      this.parts.set(node, parts);
    }
    return parts;
  }

  /* The node, its parent, …, the root. */
  lineage(node) {
    const line = [];
    for (let each = node; each >= 0; each = this.tree.parents[each]) line.push(each);
    return line;
  }
}

/* Boxes of what a node consists of from its part number `skip` on, each with its place in pixels.

   A box is a part ({node, own}), or what is too small to be drawn ({smaller, node, skip}: the parts of `node` from
   `skip` on). Together they have the bytes of all. Boxes stand before those inside them. */
function layOut(sizes, node, skip, width, height) {
  const boxes = [];
  place(sizes, node, skip, { x0: 0, y0: 0, x1: width, y1: height }, { depth: 0, tone: null, most: MOST_BOXES }, boxes);
  return boxes;
}

/* `tone` is the number of the colour of all boxes in the area, null where each of them gets its own; `most` is how many
   there may be. */
function place(sizes, node, skip, area, { depth, tone, most }, boxes) {
  const parts = sizes.partsOf(node);
  const width = area.x1 - area.x0;
  const height = area.y1 - area.y0;
  let bytes = 0;
  for (let index = skip; index < parts.length; index++) bytes += parts[index].bytes;
  if (!bytes || width < 1 || height < 1) return;
  const least = (LEAST_AREA * bytes) / (width * height);
  let end = skip;
  /* What is not drawn is never most of it, unless there are too many: a box of all of them would lead nowhere. */
  for (let left = bytes; end < parts.length && end - skip < most; end++) {
    if (parts[end].bytes < least && left <= bytes / 2) break;
    left -= parts[end].bytes;
  }
  /* One that would be alone in the box of the smaller ones is drawn itself. */
  if (parts.length - end === 1) end++;
  const drawn = parts.slice(skip, end).map((part) => ({ ...part, smaller: 0 }));
  if (end < parts.length) {
    const rest = parts.slice(end).reduce((sum, part) => sum + part.bytes, 0);
    drawn.push({ node, bytes: rest, own: false, smaller: parts.length - end, skip: end });
  }
  const root = d3.hierarchy({ children: drawn.filter((part) => part.bytes > 0) }).sum((part) => part.bytes ?? 0);
  d3.treemap().size([width, height]).paddingInner(1).round(true)(root);
  const inner = [];
  /* A level of one or two boxes tells nothing apart: what is inside them gets the colours. */
  const telling = tone === null && drawn.length > 2;
  (root.children ?? []).forEach((leaf, rank) => {
    const box = {
      ...leaf.data, depth, tone: tone ?? rank,
      x: area.x0 + leaf.x0, y: area.y0 + leaf.y0, width: leaf.x1 - leaf.x0, height: leaf.y1 - leaf.y0, within: false,
    };
    boxes.push(box);
    inner.push(box);
  });
  /* Each box that is large enough gets its part of the boxes that are left, for what is in it. */
  const opening = inner.filter((box) => !box.smaller && opens(sizes, box) && depth + 1 < DEPTH && box.width >= ROOM.width && box.height >= ROOM.height);
  const surface = opening.reduce((sum, box) => sum + box.width * box.height, 0);
  for (const box of opening) {
    const share = Math.floor(((most - inner.length) * box.width * box.height) / surface);
    if (share < 1) continue;
    box.within = true;
    const inside = { x0: box.x + 2, y0: box.y + HEADER, x1: box.x + box.width - 2, y1: box.y + box.height - 2 };
    place(sizes, box.node, 0, inside, { depth: depth + 1, tone: telling ? box.tone : tone, most: share }, boxes);
  }
}

/* Whether there is something to see in a box. */
function opens(sizes, box) {
  return box.smaller > 0 || (!box.own && sizes.children[box.node] !== null);
}
