/**
 * What can be said and done about a flow's document, without a screen: its exits, its places, its changes.
 * Functions that change a document are given a copy by the store.
 *
 * @typedef {{kind: string, label?: string, at?: [number, number], exits?: Record<string, string>, [field: string]: any}} Step
 * @typedef {{start: string, language?: string, fallback_queue?: string, steps: Record<string, Step>}} Doc
 * @typedef {{name: string, label: string, required: boolean}} Outlet
 * @typedef {{name: string, kind: string, label: string, help: string, default: any, required: boolean, [extra: string]: any}} Field
 * @typedef {{kind: string, title: string, hint: string, group: string, fields: Field[], outlets: Outlet[],
 *   outlets_when: Record<string, Outlet[]>, grows: string}} Kind
 */

export const WIDTH = 224;
const HEAD = 46, LINE = 26, ROW = 24, FOOT = 8;
const NAME = /^[a-z][a-z0-9_-]{0,39}$/;

export class Kinds {
  /** @param {{kinds: Kind[], keys: string}} catalogue */
  constructor(catalogue) {
    this.all = catalogue.kinds;
    this.keys = catalogue.keys;
    this.byName = new Map(catalogue.kinds.map((kind) => [kind.kind, kind]));
  }

  /** @param {Step} step @returns {Kind | undefined} */
  of(step) {
    return this.byName.get(step.kind);
  }

  /** The exits of a step as it is filled in. @param {Step} step @returns {Outlet[]} */
  outlets(step) {
    const kind = this.of(step);
    if (!kind) return [];
    const filled = Object.entries(kind.outlets_when).filter(([field]) => step[field]).flatMap(([, outlets]) => outlets);
    return [...this.grown(step, kind), ...kind.outlets, ...filled];
  }

  /** @param {Step} step @param {Kind} kind @returns {Outlet[]} */
  grown(step, kind) {
    const outlet = (name, label) => ({ name, label, required: true });
    if (kind.grows === "keys") return [...this.keys].filter((key) => key in (step.exits ?? {})).map((key) => outlet(key, `Key ${key}`));
    if (kind.grows === "cases") return list(step.cases).filter((one) => one?.name).map((one) => outlet(one.name, one.name));
    if (kind.grows === "variants") return Object.entries(step.variants ?? {}).map(([name, weight]) => outlet(name, `${name} (${weight})`));
    return [];
  }

  /** @param {Step} step */
  height(step) {
    return HEAD + LINE + this.outlets(step).length * ROW + FOOT;
  }

  /** A new step of a kind, with what it cannot do without. @param {string} kind @returns {Step} */
  fresh(kind) {
    const begin = { branch: { cases: [{ name: "yes", when: "true" }] }, split: { variants: { a: 50, b: 50 } }, play: { say: "" } };
    return { kind, ...(begin[kind] ?? {}), exits: {} };
  }
}

const list = (value) => (Array.isArray(value) ? value : []);

/** @param {Step} step @returns {[number, number]} */
export function placeOf(step) {
  return Array.isArray(step.at) && step.at.length === 2 ? [Number(step.at[0]) || 0, Number(step.at[1]) || 0] : [0, 0];
}

/** Where the line of an exit begins, from the corner of its step. @param {number} index */
export function outletPoint(index) {
  return [WIDTH, HEAD + LINE + index * ROW + ROW / 2];
}

export const inletPoint = [0, HEAD / 2];

/** @param {Doc} doc @param {string} base */
export function freeName(doc, base) {
  if (!(base in doc.steps)) return base;
  let number = 2;
  while (`${base}_${number}` in doc.steps) number += 1;
  return `${base}_${number}`;
}

/** Why a step cannot have this name; empty if it can. @param {Doc} doc @param {string} name */
export function nameTrouble(doc, name) {
  if (!NAME.test(name)) return "A small letter, then small letters, digits, - and _, such as main_menu.";
  return name in doc.steps ? "Another step has this name." : "";
}

/** @param {Doc} doc @param {string} name @param {string} to */
export function rename(doc, name, to) {
  doc.steps = Object.fromEntries(Object.entries(doc.steps).map(([key, step]) => [key === name ? to : key, step]));
  for (const step of Object.values(doc.steps)) {
    for (const [exit, target] of Object.entries(step.exits ?? {})) if (target === name) step.exits[exit] = to;
  }
  if (doc.start === name) doc.start = to;
}

/** @param {Doc} doc @param {string} name @param {string} keys */
export function remove(doc, name, keys) {
  delete doc.steps[name];
  for (const step of Object.values(doc.steps)) {
    for (const [exit, target] of Object.entries(step.exits ?? {})) if (target === name) disconnect(step, exit, keys);
  }
}

/** A key stays a key when it leads nowhere. @param {Step} step @param {string} exit @param {string} keys */
export function disconnect(step, exit, keys) {
  if (step.kind === "menu" && keys.includes(exit)) step.exits[exit] = "";
  else delete step.exits[exit];
}

/** @param {Step} step @param {string} exit @param {string} target */
export function connect(step, exit, target) {
  step.exits = { ...(step.exits ?? {}), [exit]: target };
}

/** Steps in the order in which callers come to them, then the others. @param {Doc} doc @param {Kinds} kinds @returns {string[]} */
export function inOrder(doc, kinds) {
  const seen = new Set();
  const visit = [doc.start];
  while (visit.length) {
    const name = visit.shift();
    const step = name && doc.steps[name];
    if (!step || seen.has(name)) continue;
    seen.add(name);
    visit.push(...kinds.outlets(step).map((outlet) => step.exits?.[outlet.name] ?? ""));
  }
  return [...seen, ...Object.keys(doc.steps).filter((name) => !seen.has(name))];
}

/** Schedules, queues … that the document names in fields of this kind. @param {Doc} doc @param {Kinds} kinds @param {string} fieldKind */
export function named(doc, kinds, fieldKind) {
  const found = new Set();
  for (const step of Object.values(doc.steps)) {
    for (const field of kinds.of(step)?.fields ?? []) if (field.kind === fieldKind && step[field.name]) found.add(step[field.name]);
  }
  return [...found].sort();
}
