/** Places the steps of a flow in columns, by how many steps a caller is away from the start. */

import { WIDTH, inletPoint, outletPoint, placeOf } from "./shape.js";

const GAP_X = 96, GAP_Y = 28, LEFT = 40, TOP = 40;

/**
 * Changes `at` of every step.
 * @param {import("./shape.js").Doc} doc @param {import("./shape.js").Kinds} kinds
 */
export function layout(doc, kinds) {
  const { columns, strays, parents } = columnsOf(doc, kinds);
  let deepest = TOP;
  columns.forEach((names, column) => {
    let free = TOP;
    const wished = new Map(names.map((name) => [name, wishedFor(doc, parents.get(name) ?? [])]));
    for (const name of names.sort((one, other) => wished.get(one) - wished.get(other))) {
      const step = doc.steps[name];
      const top = Math.round(Math.max(free, wished.get(name)));
      step.at = [LEFT + column * (WIDTH + GAP_X), top];
      free = top + kinds.height(step) + GAP_Y;
    }
    deepest = Math.max(deepest, free);
  });
  strays.forEach((name, index) => { doc.steps[name].at = [LEFT + index * (WIDTH + GAP_X), deepest + 2 * GAP_Y]; });
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

/** How high a step would lie if its lines were level: the mean of where they begin. */
function wishedFor(doc, parents) {
  const heights = parents.map(({ name, index }) => placeOf(doc.steps[name])[1] + outletPoint(index)[1] - inletPoint[1]);
  return heights.length ? heights.reduce((sum, value) => sum + value, 0) / heights.length : TOP;
}

/** Whether the steps were never placed: they lie on one heap. @param {import("./shape.js").Doc} doc */
export function unplaced(doc) {
  const steps = Object.values(doc.steps);
  return steps.length > 1 && steps.every((step) => placeOf(step).join() === placeOf(steps[0]).join());
}

/** The corners around everything. @param {import("./shape.js").Doc} doc @param {import("./shape.js").Kinds} kinds */
export function bounds(doc, kinds) {
  const places = Object.values(doc.steps).map((step) => [...placeOf(step), kinds.height(step)]);
  if (!places.length) return { left: 0, top: 0, width: WIDTH, height: 100 };
  const left = Math.min(...places.map(([x]) => x)), top = Math.min(...places.map(([, y]) => y));
  const right = Math.max(...places.map(([x]) => x + WIDTH)), bottom = Math.max(...places.map(([, y, height]) => y + height));
  return { left, top, width: right - left, height: bottom - top };
}
