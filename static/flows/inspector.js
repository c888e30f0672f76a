/** The form of the chosen step, or of the flow itself: made from what the server says of its kind. */

import { h } from "../design/dom.js";
import { LANGUAGES, editor, little, select } from "./fields.js";
import { kindIcon } from "./icon.js";
import { connect, disconnect, inOrder, nameTrouble, rename } from "./shape.js";

const ZONES = Intl.supportedValuesOf?.("timeZone") ?? ["UTC"];

/** @param {any} desk */
export function inspector(desk) {
  const step = desk.selected && desk.store.doc.steps[desk.selected];
  return step ? stepForm(desk, desk.selected, step) : flowForm(desk);
}

function stepForm(desk, name, step) {
  const { store, kinds } = desk;
  const kind = kinds.of(step);
  const off = !store.editable;
  const edit = (work, key) => store.change((doc) => work(doc.steps[name]), key && `${name} ${key}`);
  return h("form.b-form", { key: `step ${name}`, onsubmit: (event) => event.preventDefault() },
    h("header.b-form-head", null, h("span", { class: `b-kind group-${kind?.group}` }, kindIcon(step.kind)),
      h("div", null, h("h2", null, kind?.title ?? `Unknown kind “${step.kind}”`), h("p.quiet", null, kind?.hint ?? "Remove the step, or mend the file it came from.")),
      off ? null : h("div.b-form-ways", null,
        store.doc.start === name ? null : h("button.button.small", { type: "button", title: "Let callers begin here", onclick: () => store.change((doc) => { doc.start = name; }) }, "Make it the start"),
        little("copy", "Copy this step", () => desk.copyStep(name)), little("trash-2", "Delete this step (Del)", () => desk.removeStep(name)))),
    complaintList(store.complaintsOf(name).filter((one) => !one.field || one.field === "kind" || one.field === "exits")),
    h("div.b-two", null,
      labelled("Label", "What people call it.", `${name}-label`, h("input.input", {
        id: `${name}-label`, disabled: off, value: step.label ?? "", maxlength: 80, placeholder: kind?.title ?? "",
        oninput: (event) => edit((one) => { if (event.target.value) one.label = event.target.value; else delete one.label; }, "label"),
      }), store.complaintsOf(name, "label")),
      labelled("Name", "In files and figures.", `${name}-name`, h("input.input.b-mono", {
        id: `${name}-name`, disabled: off, value: name, maxlength: 40, spellcheck: "false", onchange: (event) => renamed(desk, name, event.target),
      }), [])),
    (kind?.fields ?? []).map((field) => fieldRow(desk, name, step, field, edit, off)),
    exits(desk, name, step, edit, off));
}

function renamed(desk, name, input) {
  const to = input.value.trim();
  const trouble = to === name ? "" : nameTrouble(desk.store.doc, to);
  input.setCustomValidity(trouble);
  if (trouble) return input.reportValidity();
  if (to !== name) desk.store.change((doc) => rename(doc, name, to));
  return desk.select(to);
}

function fieldRow(desk, name, step, field, edit, off) {
  const id = `${name}-${field.name}`;
  const set = (value, key) => edit((one) => put(one, field, value), key);
  const given = { field, value: step[field.name], set, id, choices: desk.choices, language: desk.store.doc.language || "en", off };
  const wrong = desk.store.complaintsOf(name, field.name);
  if (field.kind === "flag") {
    return h("div.b-field.is-flag", { key: field.name, "data-field": field.name }, h("label", { for: id }, editor(given), h("span", null, field.label)),
      field.help ? h("p.b-help", null, field.help) : null, complaintList(wrong));
  }
  return h("div.b-field", { key: field.name, "data-field": field.name }, label(id, field.label, field.required), editor(given),
    field.help ? h("p.b-help", null, field.help) : null, complaintList(wrong));
}

/** A rule or a way that gets another name keeps its exit. */
function put(step, field, value) {
  const before = names(step[field.name]), after = names(value);
  if (value === undefined) delete step[field.name];
  else step[field.name] = value;
  if (field.kind !== "cases" && field.kind !== "variants") return;
  const gone = before.filter((one) => !after.includes(one)), come = after.filter((one) => !before.includes(one));
  for (const [index, one] of gone.entries()) {
    if (before.length === after.length && come[index] && step.exits?.[one]) step.exits[come[index]] = step.exits[one];
    delete step.exits?.[one];
  }
}

const names = (value) => (Array.isArray(value) ? value.map((one) => one?.name) : Object.keys(value ?? {}));

function exits(desk, name, step, edit, off) {
  const outlets = desk.kinds.outlets(step);
  const keys = desk.kinds.of(step)?.grows === "keys";
  if (!outlets.length && !keys) return h("p.quiet.b-end", { key: "end" }, "Here the flow ends.");
  const unused = [...desk.kinds.keys].filter((key) => !(key in (step.exits ?? {})));
  const addKey = (key) => key && edit((one) => { one.exits = { ...(one.exits ?? {}), [key]: "" }; });
  return h("fieldset.b-exits", { key: "exits", disabled: off }, h("legend", null, "Where it leads"),
    outlets.map((outlet) => exitRow(desk, name, step, outlet, edit, keys)),
    keys ? select({ key: "add", class: "input b-add", "aria-label": "Add a key", onchange: (event) => addKey(event.target.value) }, "", [["", "+ Key"], ...unused.map((key) => [key, `Key ${key}`])]) : null,
    strayExits(step, outlets).map((exit) => h("p.b-wrong-line", { key: `stray ${exit}` }, `“${exit}” is no exit of this step. `,
      h("button.b-link", { type: "button", onclick: () => edit((one) => { delete one.exits[exit]; }) }, "Remove it"))));
}

function exitRow(desk, name, step, outlet, edit, keys) {
  const target = step.exits?.[outlet.name] ?? "";
  const id = `${name}-exit-${outlet.name}`;
  const go = (event) => edit((one) => (event.target.value ? connect(one, outlet.name, event.target.value) : disconnect(one, outlet.name, desk.kinds.keys)));
  const removable = keys && desk.kinds.keys.includes(outlet.name);
  return h("div.b-exit-row", { key: outlet.name, "data-field": `exits.${outlet.name}` }, h("label", { for: id }, removable ? h("kbd", null, outlet.name) : null, removable ? "" : outlet.label),
    select({ id, onchange: go, "aria-label": `${outlet.label} leads to` }, target, targets(desk, name, target, outlet)),
    target in desk.store.doc.steps ? little("arrow-down", `Go to ${target}`, () => desk.goTo(target)) : h("span"),
    removable ? little("x", `Take out key ${outlet.name}`, () => edit((one) => { delete one.exits[outlet.name]; })) : h("span"),
    complaintList(desk.store.complaintsOf(name, `exits.${outlet.name}`)));
}

function targets(desk, name, target, outlet) {
  const { doc } = desk.store;
  const gone = target && !(target in doc.steps) ? [[target, `${target} (not there)`]] : [];
  const rows = inOrder(doc, desk.kinds).map((one) => [one, `${doc.steps[one].label || desk.kinds.of(doc.steps[one])?.title || ""} · ${one}${one === name ? " (this step)" : ""}`]);
  return [["", outlet.required ? "– nowhere yet –" : "– fallback queue –"], ...gone, ...rows];
}

const strayExits = (step, outlets) => Object.keys(step.exits ?? {}).filter((exit) => step.exits[exit] && !outlets.some((one) => one.name === exit));

function flowForm(desk) {
  const { store } = desk;
  const off = !store.editable;
  const { doc } = store;
  const queues = desk.choices.queue ?? [];
  const set = (field, value, key) => store.change((one) => { if (value === "") delete one[field]; else one[field] = value; }, key);
  const about = (field) => store.complaints.filter((one) => !one.step && one.field === field);
  const steps = inOrder(doc, desk.kinds).map((name) => [name, `${doc.steps[name].label || ""} · ${name}`]);
  const gone = doc.fallback_queue && !queues.some((one) => one.value === doc.fallback_queue) ? [[doc.fallback_queue, `${doc.fallback_queue} (not there)`]] : [];
  return h("form.b-form", { key: "flow", onsubmit: (event) => event.preventDefault() },
    h("header.b-form-head", null, h("div", null, h("h2", null, "The whole flow"), h("p.quiet", null, "Choose a step to fill it in. What is here goes for all of them."))),
    labelled("Fallback queue", "Takes every caller whom the flow cannot lead on: an exit that leads nowhere, a step that fails, nobody who types.", "flow-fallback",
      select({ id: "flow-fallback", disabled: off, onchange: (event) => set("fallback_queue", event.target.value) }, doc.fallback_queue ?? "", [["", "– choose one –"], ...gone, ...queues.map((one) => [one.value, `${one.label} · ${one.value}`])]), about("fallback_queue")),
    labelled("First step", "Where callers begin.", "flow-start",
      select({ id: "flow-start", disabled: off, onchange: (event) => set("start", event.target.value) }, doc.start, [...(doc.start in doc.steps ? [] : [[doc.start, doc.start ? `${doc.start} (not there)` : "– choose one –"]]), ...steps]), about("start")),
    labelled("Language", "Said where a caller's language has no text. A code such as en, de or pt-BR.", "flow-language",
      h("input.input", { id: "flow-language", list: "languages", disabled: off, value: doc.language ?? "en", maxlength: 12, oninput: (event) => set("language", event.target.value, "language") }), about("language")),
    labelled("Timezone", "What time it is for time.hour and the like in rules, such as Europe/Berlin.", "flow-timezone",
      h("input.input", { id: "flow-timezone", list: "timezones", disabled: off, value: doc.timezone ?? "UTC", maxlength: 60, oninput: (event) => set("timezone", event.target.value, "timezone") }), about("timezone")),
    h("datalist", { id: "timezones" }, ZONES.map((zone) => h("option", { key: zone, value: zone }))),
    h("datalist", { id: "languages" }, LANGUAGES.map((code) => h("option", { key: code, value: code }))),
    complaintList(store.complaints.filter((one) => !one.step && !["fallback_queue", "start", "language", "timezone"].includes(one.field))),
    h("section.b-keys", null, h("h3", null, "Keys"), h("dl", null, [
      ["Tab", "next step"], ["← ↑ → ↓", "move the step"], ["Enter", "fill it in"], ["Del", "delete it"], ["Ctrl Z / Y", "back / forth"], ["+ / −", "zoom"], ["Esc", "the whole flow"],
    ].map(([key, does]) => [h("dt", { key }, h("kbd", null, key)), h("dd", { key: `${key} does` }, does)]))));
}

function label(id, words, required) {
  return h("label.b-label", { for: id }, words, required ? h("span.b-required", { title: "Needed" }, "needed") : null);
}

function labelled(words, help, id, control, wrong) {
  return h("div.b-field", null, label(id, words, false), control, h("p.b-help", null, help), complaintList(wrong));
}

export function complaintList(complaints) {
  return complaints.length ? h("ul.b-complaints", null, complaints.map((one, index) => h("li", { key: index, "data-colour": one.warning ? "amber" : "red" }, one.message))) : null;
}
