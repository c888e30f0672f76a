/** Places the steps of a flow in columns, by how many steps a caller is away from the start. */

import { WIDTH, outletPoint, placeOf } from "./shape.js";

const GAP_X = 96, GAP_Y = 28, LEFT = 40, TOP = 40;

/**
 * Changes `at` of every step.
 * @param {import("./shape.js").Doc} doc @param {import("./shape.js").Kinds} kinds
 */
export function layout(doc, kinds) {
  const { columns, strays, parents } = columnsOf(doc, kinds);
  columns.forEach((names, column) => place(doc, kinds, names, LEFT + column * (WIDTH + GAP_X), parents));
  const placed = columns.flat().map((name) => doc.steps[name]);
  const highest = Math.min(TOP, ...placed.map((step) => placeOf(step)[1]));
  for (const step of placed) step.at = [placeOf(step)[0], Math.round(placeOf(step)[1] - highest + TOP)];
  const lowest = Math.max(TOP, ...placed.map((step) => placeOf(step)[1] + kinds.height(step)));
  strays.forEach((name, index) => { doc.steps[name].at = [LEFT + index * (WIDTH + GAP_X), lowest + 2 * GAP_Y]; });
}

/** One column: each step as near as there is room to where its lines come from, the column as a whole neither too high nor too low. */
function place(doc, kinds, names, left, parents) {
  const wished = new Map(names.map((name) => [name, wishedFor(doc, kinds.height(doc.steps[name]), parents.get(name) ?? [])]));
  let free = -Infinity, pushed = 0;
  for (const name of names.sort((one, other) => wished.get(one) - wished.get(other))) {
    const top = Math.max(free, wished.get(name));
    doc.steps[name].at = [left, top];
    pushed += top - wished.get(name);
    free = top + kinds.height(doc.steps[name]) + GAP_Y;
  }
  for (const name of names) doc.steps[name].at[1] -= pushed / names.length;
}

/**
 * Columns by the longest way from the start, so that every line but those of loops leads to the right. Iterative: a flow may be one long
 * chain.
 */
function columnsOf(doc, kinds) {
  const { order, loops } = walked(doc, kinds);
  const depth = new Map(order.length ? [[doc.start, 0]] : []);
  const parents = new Map();
  for (const name of order) {
    kinds.outlets(doc.steps[name]).forEach((outlet, index) => {
      const target = doc.steps[name].exits?.[outlet.name];
      if (!target || !(target in doc.steps) || loops.has(`${name} ${target}`)) return;
      depth.set(target, Math.max(depth.get(target) ?? 0, depth.get(name) + 1));
      parents.set(target, [...(parents.get(target) ?? []), { name, index }]);
    });
  }
  const columns = [];
  for (const name of order) (columns[depth.get(name)] ??= []).push(name);
  return { columns, parents, strays: Object.keys(doc.steps).filter((name) => !depth.has(name)) };
}

/** The steps that callers come to, each before all that follow it, and the ways that lead back. */
function walked(doc, kinds) {
  const after = [], loops = new Set(), open = new Set(), done = new Set();
  const stack = doc.start in doc.steps ? [[doc.start, targets(doc, kinds, doc.start).reverse()]] : [];
  if (stack.length) open.add(doc.start);
  while (stack.length) {
    const [name, onward] = stack[stack.length - 1];
    const target = onward.shift();
    if (target === undefined) {
      stack.pop();
      open.delete(name);
      done.add(name);
      after.push(name);
    } else if (open.has(target)) loops.add(`${name} ${target}`);
    else if (!done.has(target)) {
      open.add(target);
      stack.push([target, targets(doc, kinds, target).reverse()]);
    }
  }
  return { order: after.reverse(), loops };
}

function targets(doc, kinds, name) {
  const step = doc.steps[name];
  return kinds.outlets(step).map((outlet) => step.exits?.[outlet.name]).filter((target) => target && target in doc.steps);
}

/** How high a step lies if its middle is where its lines come from. */
function wishedFor(doc, height, parents) {
  const heights = parents.map(({ name, index }) => placeOf(doc.steps[name])[1] + outletPoint(index)[1]);
  return heights.length ? heights.reduce((sum, value) => sum + value, 0) / heights.length - height / 2 : TOP;
}

/** Whether steps have no place of their own, as in files that were written by hand: they would lie on one heap. @param {import("./shape.js").Doc} doc */
export function unplaced(doc) {
  return Object.values(doc.steps).filter((step) => !Array.isArray(step.at)).length > 1;
}

/** The corners around everything. @param {import("./shape.js").Doc} doc @param {import("./shape.js").Kinds} kinds */
export function bounds(doc, kinds) {
  const places = Object.values(doc.steps).map((step) => [...placeOf(step), kinds.height(step)]);
  if (!places.length) return { left: 0, top: 0, width: WIDTH, height: 100 };
  const left = Math.min(...places.map(([x]) => x)), top = Math.min(...places.map(([, y]) => y));
  const right = Math.max(...places.map(([x]) => x + WIDTH)), bottom = Math.max(...places.map(([, y, height]) => y + height));
  return { left, top, width: right - left, height: bottom - top };
}
