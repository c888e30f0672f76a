/**
 * How each kind of field is typed in. Every editor gets the value as the document has it and gives back the whole new value;
 * undefined takes it out.
 */

import { h } from "../design/dom.js";
import { icon } from "./icon.js";

/** @typedef {{field: any, value: any, set: (value: any, key?: string) => void, id: string, choices: any, language: string, off: boolean}} Given */

/** @type {Record<string, (given: Given) => any>} */
const EDITORS = {
  text: line, template: line, variable: mono, expression: mono, language: languageLine, agent: choice, queue: choice, schedule: choice,
  mailbox: choice, flow: choice, connection: choice, rule: choice, number: numberLine, whole: numberLine, flag, choice: oneOf, sayings, assignments: pairs,
  responses: pairs, headers: pairs, cases, variants, skills,
};

/** What a line of two parts is called, by kind. */
const PARTS = {
  assignments: ["Variable", "Expression", "Add a variable"], responses: ["Variable", "Where in the answer", "Keep another value"],
  headers: ["Header", "Value", "Add a header"],
};

export const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pl", "pt", "tr"];

/** @param {Given} given */
export function editor(given) {
  return (EDITORS[given.field.kind] ?? line)(given);
}

/** A select with `data-value`: its value is set once its options are there (see `settle`). */
export function select(props, value, options) {
  return h("select.input", { ...props, "data-value": String(value ?? "") },
    options.map(([option, label]) => h("option", { key: option, value: option }, label)));
}

/** Gives every select of this place the value it should have. @param {HTMLElement} place */
export function settle(place) {
  for (const one of place.querySelectorAll("select[data-value]")) if (one.value !== one.dataset.value) one.value = one.dataset.value;
}

/** @param {string} name @param {string} title @param {() => void} work @param {boolean} off */
export function little(name, title, work, off = false) {
  return h("button.button.bare.small.b-little", { type: "button", title, "aria-label": title, disabled: off, onclick: work }, icon(name));
}

function more(words, work, off) {
  return h("button.button.small.b-more", { type: "button", disabled: off, onclick: work }, icon("plus"), words);
}

const empty = (value) => (value === "" ? undefined : value);

function line({ field, value, set, id, off }) {
  if (field.name === "body") return area({ value, set, id, off });
  return h("input.input", { id, disabled: off, value: text(value), maxlength: 2000, oninput: (event) => set(empty(event.target.value), field.name) });
}

function area({ value, set, id, off, rows = 2, label = null, placeholder = null }) {
  return h("textarea.input", { id, rows, disabled: off, maxlength: 2000, value: text(value), "aria-label": label, placeholder, oninput: (event) => set(event.target.value, id) });
}

function mono(given) {
  const picture = line(given);
  return { ...picture, props: { ...picture.props, class: "input b-mono", spellcheck: "false", autocomplete: "off" } };
}

function languageLine(given) {
  const picture = line(given);
  return { ...picture, props: { ...picture.props, list: "languages", maxlength: 12 } };
}

function numberLine({ field, value, set, id, off }) {
  const whole = field.kind === "whole";
  return h("input.input.b-number", {
    id, type: "number", disabled: off, value: text(value), min: field.least ?? null, max: field.most ?? null, step: whole ? 1 : "any",
    placeholder: text(field.default),
    oninput: (event) => set(event.target.value === "" ? undefined : Number(event.target.value), field.name),
  });
}

function flag({ field, value, set, id, off }) {
  return h("input.b-check", { id, type: "checkbox", disabled: off, checked: value ?? field.default, onchange: (event) => set(event.target.checked) });
}

function oneOf({ field, value, set, id, off }) {
  return select({ id, disabled: off, onchange: (event) => set(event.target.value) }, value ?? field.default, field.choices.map((one) => [one, one]));
}

/** From what the installation has; typed, if it has no list. */
function choice(given) {
  const { field, value, set, id, choices, off } = given;
  const list = choices[field.kind];
  if (!list) return line(given);
  const gone = value && !list.some((one) => one.value === value) ? [[value, `${value} (not there)`]] : [];
  const rows = list.map((one) => [one.value, one.label === one.value ? one.label : `${one.label} · ${one.value}`]);
  return select({ id, disabled: off, onchange: (event) => set(empty(event.target.value)) }, value, [["", "–"], ...gone, ...rows]);
}

// What is said: a text, texts by language, or a prompt; several in a row

function sayings({ value, set, id, choices, language, off }) {
  const parts = Array.isArray(value) ? value : value === undefined || value === null || value === "" ? [] : [value];
  const put = (next, key) => set(next.length === 0 ? undefined : next.length === 1 ? next[0] : next, key);
  const change = (index, part, key) => put(parts.map((one, at) => (at === index ? part : one)), key && `${id} ${index} ${key}`);
  const shown = parts.length ? parts : [""];
  return h("div.b-sayings", { id, tabindex: -1 },
    shown.map((part, index) => h("div.b-saying", { key: index },
      saying(part, (next, key) => (parts.length ? change(index, next, key) : put([next], key)), `${id}-${index}`, choices, language, off),
      h("div.b-saying-ways", null,
        asPrompt(part) ? way("Say a text instead", () => change(index, "")) : [addLanguage(part, language, (next) => (parts.length ? change(index, next) : put([next]))),
          choices.prompt ? way("Play a prompt instead", () => (parts.length ? change(index, { prompt: "" }) : put([{ prompt: "" }]))) : null],
        shown.length > 1 ? little("trash-2", "Remove this part", () => put(parts.filter((_, at) => at !== index)), off) : null))),
    more("Then say more", () => put([...(parts.length ? parts : [""]), ""]), off));

  function way(words, work) {
    return h("button.b-link", { type: "button", disabled: off, onclick: work }, words);
  }

  function addLanguage(part, own, give) {
    const texts = textsOf(part, own);
    return h("select.b-link", { "aria-label": "Add a language", disabled: off, "data-value": "", onchange: (event) => give({ say: { ...texts, [event.target.value]: "" } }) },
      h("option", { key: "", value: "" }, "+ Language"),
      LANGUAGES.filter((code) => !(code in texts)).map((code) => h("option", { key: code, value: code }, nameOf(code))));
  }
}

function saying(part, give, id, choices, language, off) {
  if (asPrompt(part)) {
    const given = { field: { kind: "prompt", name: "prompt" }, value: part.prompt, set: (slug) => give({ prompt: slug ?? "" }), id, choices, off, language };
    return choice(given);
  }
  const texts = textsOf(part, language);
  const codes = Object.keys(texts);
  const put = (code, said) => give(codes.length === 1 && code === language ? said : { say: { ...texts, [code]: said } }, code);
  return codes.map((code) => h("div.b-text", { key: code },
    codes.length > 1 || code !== language ? h("span.b-code", { title: nameOf(code) }, code,
      little("x", `Remove ${nameOf(code)}`, () => give(without(texts, code, language)), off)) : null,
    area({ value: texts[code], set: (said) => put(code, said), id: `${id}-${code}`, off, label: `Text in ${nameOf(code)}`, placeholder: `What is said in ${nameOf(code)}` })));
}

const asPrompt = (part) => typeof part === "object" && part !== null && "prompt" in part;

function textsOf(part, language) {
  if (typeof part !== "object" || part === null) return { [language]: text(part) };
  const texts = typeof part.say === "object" && part.say !== null ? part.say : part;
  if (!Object.keys(texts).length) return { [language]: "" };
  return language in texts ? { [language]: texts[language], ...texts } : texts; // the flow's own language first
}

function without(texts, code, language) {
  const { [code]: _, ...rest } = texts;
  const codes = Object.keys(rest);
  return codes.length === 1 && codes[0] === language ? rest[language] : { say: rest };
}

const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "code" });

function nameOf(code) {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

// Lines of two parts

function pairs({ field, value, set, id, off }) {
  const [left, right, add] = PARTS[field.kind];
  const rows = Object.entries(object(value));
  const put = (next, key) => set(next.length ? Object.fromEntries(next) : undefined, key);
  return h("div.b-rows", { id, tabindex: -1 }, rows.map(([name, source], index) => h("div.b-row", { key: index },
    h("input.input.b-mono", { "aria-label": left, placeholder: left, disabled: off, value: name, onchange: (event) => put(with_(rows, index, [event.target.value.trim(), source])) }),
    h("input.input.b-mono", { "aria-label": right, placeholder: right, disabled: off, value: text(source), oninput: (event) => put(with_(rows, index, [name, event.target.value]), `${id} ${index}`) }),
    little("trash-2", "Remove", () => put(rows.filter((_, at) => at !== index)), off))),
  more(add, () => put([...rows, [unused(rows, field.kind === "headers" ? "X-Name" : "name"), ""]]), off));
}

function cases({ value, set, id, off }) {
  const rows = Array.isArray(value) ? value : [];
  const change = (index, part, key) => set(rows.map((one, at) => (at === index ? { ...one, ...part } : one)), key);
  const swap = (index, other) => set(rows.map((one, at) => (at === index ? rows[other] : at === other ? rows[index] : one)));
  return h("div.b-rows", { id, tabindex: -1 }, rows.map((one, index) => h("div.b-case", { key: index },
    h("div.b-row", null,
      h("input.input", { "aria-label": "Name of the rule", disabled: off, value: text(one?.name), onchange: (event) => change(index, { name: slug(event.target.value) }) }),
      little("arrow-up", "Ask earlier", () => swap(index, index - 1), off || index === 0),
      little("arrow-down", "Ask later", () => swap(index, index + 1), off || index === rows.length - 1),
      little("trash-2", "Remove this rule", () => set(rows.filter((_, at) => at !== index)), off)),
    h("input.input.b-mono", { "aria-label": "Condition", placeholder: "caller.priority > 5", spellcheck: "false", disabled: off, value: text(one?.when), oninput: (event) => change(index, { when: event.target.value }, `${id} ${index}`) }))),
  more("Add a rule", () => set([...rows, { name: unused(rows.map((one) => [one?.name]), "rule"), when: "" }]), off));
}

function variants({ value, set, id, off }) {
  const rows = Object.entries(object(value));
  const total = rows.reduce((sum, [, weight]) => sum + (Number(weight) || 0), 0);
  const put = (next, key) => set(Object.fromEntries(next), key);
  return h("div.b-rows", { id, tabindex: -1 }, rows.map(([name, weight], index) => h("div.b-row", { key: index },
    h("input.input", { "aria-label": "Name of the way", disabled: off, value: name, onchange: (event) => put(with_(rows, index, [slug(event.target.value) || name, weight])) }),
    h("input.input.b-number", { "aria-label": `Share of ${name}`, type: "number", min: 0, max: 1000, disabled: off, value: text(weight), oninput: (event) => put(with_(rows, index, [name, Number(event.target.value)]), `${id} ${index}`) }),
    h("span.quiet.number.b-share", null, total ? `${Math.round(100 * weight / total)} %` : "–"),
    little("trash-2", "Remove this way", () => put(rows.filter((_, at) => at !== index)), off || rows.length < 3))),
  more("Add a way", () => put([...rows, [unused(rows, "c"), 50]]), off));
}

function skills({ value, set, id, choices, off }) {
  const rows = Object.entries(object(value));
  const put = (next) => set(next.length ? Object.fromEntries(next) : undefined);
  const known = choices.skill ?? [];
  const free = known.filter((one) => !rows.some(([name]) => name === one.value));
  return h("div.b-rows", { id, tabindex: -1 }, rows.map(([name, level], index) => h("div.b-row", { key: name },
    h("span.b-name.clip", null, name),
    select({ "aria-label": `Least level of ${name}`, disabled: off, onchange: (event) => put(with_(rows, index, [name, Number(event.target.value)])) }, level, [1, 2, 3, 4, 5].map((one) => [String(one), `level ${one}`])),
    little("trash-2", "Remove this skill", () => put(rows.filter((_, at) => at !== index)), off))),
  free.length ? select({ "aria-label": "Add a skill", disabled: off, onchange: (event) => put([...rows, [event.target.value, 3]]) }, "", [["", "+ Skill"], ...free.map((one) => [one.value, one.label])])
    : rows.length ? null : h("p.quiet", null, "There are no skills yet."));
}

const text = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
const object = (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {});
const with_ = (rows, index, row) => (rows.some(([name], at) => at !== index && name === row[0]) ? rows : rows.map((one, at) => (at === index ? row : one)));
const slug = (value) => value.trim().replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, 50);

function unused(rows, base) {
  const taken = new Set(rows.map(([name]) => name));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}${base.includes("-") ? "-" : "_"}${number}`;
    if (!taken.has(name)) return name;
  }
}
