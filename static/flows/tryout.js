/**
 * The simulator: the draft is walked with typed keys, for a caller, a time and a state of the queues that one chooses. The server walks it
 * by the code that calls run; the way is lit on the canvas. A walk that went as it should is kept as a test case.
 */

import { h } from "../design/dom.js";
import { little, select } from "./fields.js";
import { icon } from "./icon.js";
import { named } from "./shape.js";

const PAD = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const ENDS = {
  queue: "Waits in queue", agent: "Rings agent", external: "Rings", voicemail: "Leaves a message in", callback: "Will be called back by queue",
  flow: "Goes on in flow", hang_up: "Good-bye",
};

export class Tryout {
  /** @param {any} desk */
  constructor(desk) {
    this.desk = desk;
    this.scene = { keys: [], caller: {}, queues: {}, hours: {}, web: {}, share: 0, dialled: "", now: nextMonday() };
    this.typed = "";
    /** @type {any} */
    this.outcome = null;
    this.refused = "";
    this.name = "";
    /** @type {any[]} */
    this.cases = [];
    this.running = false;
    this.asked = 0;
    /** Answers of web services as they are typed, by step. @type {Record<string, string>} */
    this.answers = {};
  }

  get may() {
    return this.desk.rights.has("try");
  }

  /** Walk again from the start: after a key, another scene, or a change of the flow. */
  async run() {
    if (!this.may) return;
    const asked = ++this.asked;
    this.running = true;
    try {
      const outcome = await this.desk.server.post("simulate", { document: this.desk.store.doc, scene: this.scene });
      if (asked !== this.asked) return;
      this.outcome = outcome;
      this.refused = "";
    } catch (error) {
      if (asked !== this.asked) return;
      this.outcome = null;
      this.refused = error.message;
    }
    this.running = false;
    this.desk.tell();
  }

  async runCases() {
    const found = await this.desk.server.post("cases", { document: this.desk.store.doc }).catch(() => null);
    if (found) this.cases = found.cases;
    this.desk.tell();
  }

  /** What the walk lights on the canvas. */
  get lit() {
    if (this.desk.tab !== "try" || !this.outcome) return null;
    const { visits } = this.outcome;
    return { steps: new Set(visits.map((one) => one.step)), ways: new Set(visits.map((one) => `${one.step} ${one.exit}`)) };
  }

  press(keys) {
    this.scene = { ...this.scene, keys: [...this.scene.keys, keys] };
    this.typed = "";
    this.run();
  }

  key(key) {
    const asks = this.outcome?.asks;
    if (!asks) return;
    if (asks.most === 1 || key === asks.terminator) return this.press(this.typed + key);
    this.typed += key;
    if (this.typed.length >= asks.most) return this.press(this.typed);
    return this.desk.tell();
  }

  again() {
    this.scene = { ...this.scene, keys: [] };
    this.typed = "";
    this.run();
  }

  back() {
    this.scene = { ...this.scene, keys: this.scene.keys.slice(0, -1) };
    this.typed = "";
    this.run();
  }

  set(part, value) {
    this.scene = { ...this.scene, [part]: value };
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.run(), 300);
    this.desk.tell();
  }

  load(one) {
    this.scene = { keys: [], caller: {}, queues: {}, hours: {}, web: {}, share: 0, dialled: "", now: nextMonday(), ...one.scene };
    this.answers = Object.fromEntries(Object.entries(this.scene.web).map(([step, answer]) => [step, JSON.stringify(answer)]));
    this.name = one.name;
    this.run();
  }

  async keep() {
    try {
      const found = await this.desk.server.post("save-case", { name: this.name, scene: this.scene, document: this.desk.store.doc });
      this.cases = found.cases;
      this.desk.say(`The case “${this.name.trim()}” is kept. It must pass before the flow is published.`);
      this.name = "";
    } catch (error) {
      this.desk.say(error.message);
    }
    this.desk.tell();
  }

  async remove(one) {
    const found = await this.desk.server.post("delete-case", { id: one.id, document: this.desk.store.doc }).catch((error) => this.desk.say(error.message));
    if (found) this.cases = found.cases;
    this.desk.tell();
  }

  // What is shown

  picture() {
    if (!this.may) return h("p.empty", { key: "try" }, "Supervisors and managers can try flows out.");
    return h("div.b-try", { key: "try" }, this.transcript(), this.pad(), this.sceneForm(), this.caseList());
  }

  transcript() {
    const { outcome } = this;
    if (this.refused) return h("p.b-wrong-line", null, this.refused);
    if (!outcome) return h("p.empty", null, "…");
    return h("ol.b-talk", { "aria-label": "What the caller hears and does", "aria-live": "polite" },
      outcome.visits.map((visit, index) => h("li", { key: index },
        h("button.b-link.b-where", { type: "button", onclick: () => this.desk.goTo(visit.step) }, visit.step),
        visit.heard.map((said, at) => h("p.b-heard", { key: `heard ${at}` }, said)),
        visit.typed ? h("p.b-typed", { key: "typed" }, visit.typed) : null,
        visit.note ? h("p.b-note", { key: "note", "data-colour": "red" }, icon("triangle-alert"), visit.note) : null,
        visit.exit && !visit.typed && !visit.heard.length ? h("p.b-went", { key: "went" }, "→ ", visit.exit) : null)),
      outcome.end ? h("li.b-over", { key: "end", "data-colour": outcome.end.data.fallback ? "amber" : "green" }, icon(outcome.end.data.fallback ? "triangle-alert" : "circle-check"),
        h("span", null, h("strong", null, `${ENDS[outcome.end.to] ?? outcome.end.to} ${outcome.end.target}`), details(outcome))) : null);
  }

  pad() {
    const asks = this.outcome?.asks;
    const keys = this.scene.keys.length > 0;
    return h("div.b-pad-place", { key: "pad" },
      asks ? h("div.b-pad", { role: "group", "aria-label": "Keys of the caller's phone" }, PAD.map((key) => h("button.button", { key, type: "button", onclick: () => this.key(key) }, key))) : null,
      h("div.b-pad-ways", null,
        asks && asks.most > 1 ? h("p.b-typing.b-mono", null, this.typed || "…", h("button.button.small", { type: "button", disabled: !this.typed, onclick: () => this.press(this.typed) }, "That is all")) : null,
        asks ? h("button.button.small", { type: "button", onclick: () => this.press("") }, "Type nothing") : null,
        h("button.button.small", { type: "button", disabled: !keys, onclick: () => this.back() }, icon("undo-2"), "Last key back"),
        h("button.button.small", { type: "button", disabled: !keys, onclick: () => this.again() }, icon("repeat"), "From the start")));
  }

  sceneForm() {
    const { scene, desk } = this;
    const { doc } = desk.store;
    const caller = (field, value) => { const { [field]: _, ...rest } = scene.caller; this.set("caller", value === "" ? rest : { ...rest, [field]: value }); };
    const schedules = named(doc, desk.kinds, "schedule"), webs = stepsOf(doc, "web"), splits = stepsOf(doc, "split");
    return h("details.b-scene", { key: "scene" }, h("summary", null, "Who calls, and when"),
      h("div.b-two", null,
        field("Caller's number", h("input.input", { value: scene.caller.number ?? "", placeholder: "+4930123456", oninput: (event) => caller("number", event.target.value) })),
        field("Number dialled", h("input.input", { value: scene.dialled, oninput: (event) => this.set("dialled", event.target.value) })),
        field("Priority of the caller", h("input.input", { type: "number", min: 0, max: 10, value: scene.caller.priority ?? "", placeholder: "0", oninput: (event) => caller("priority", event.target.value === "" ? "" : Number(event.target.value)) })),
        field("Calls in the last 30 days", h("input.input", { type: "number", min: 0, value: scene.caller.calls ?? "", placeholder: "0", oninput: (event) => caller("calls", event.target.value === "" ? "" : Number(event.target.value)) })),
        field("Day and time", h("input.input", { type: "datetime-local", value: scene.now, oninput: (event) => event.target.value && this.set("now", event.target.value) })),
        splits.length ? field(`A/B draw: ${Math.round(scene.share * 100)} %`, h("input.b-range", { type: "range", min: 0, max: 0.99, step: 0.01, value: scene.share, oninput: (event) => this.set("share", Number(event.target.value)) })) : null),
      schedules.map((slug) => field(`Schedule “${slug}”`, select({ onchange: (event) => this.set("hours", { ...scene.hours, [slug]: event.target.value }) }, scene.hours[slug] ?? "open", [["open", "open"], ["closed", "closed"], ["holiday", "a holiday"]]))),
      webs.map((step) => field(`The web service in “${step}” answers`, h("textarea.input.b-mono", { rows: 2, placeholder: "Nothing. Or JSON, such as {\"tier\": \"gold\"}", value: this.answers[step] ?? "", oninput: (event) => this.answer(step, event.target.value) }))),
      h("p.b-label", null, "Queues"), this.queueRows());
  }

  answer(step, text) {
    this.answers = { ...this.answers, [step]: text };
    const { [step]: _, ...rest } = this.scene.web;
    try {
      this.set("web", text.trim() ? { ...rest, [step]: JSON.parse(text) } : rest);
    } catch {
      this.desk.tell(); // not JSON yet: the service keeps its last answer while somebody types
    }
  }

  queueRows() {
    const { scene } = this;
    const put = (slug, part, value) => this.set("queues", { ...scene.queues, [slug]: { ...scene.queues[slug], [part]: Number(value) || 0 } });
    const free = (this.desk.choices.queue ?? []).filter((one) => !(one.value in scene.queues));
    const input = (slug, part, words) => h("label.b-mini", { key: part }, words, h("input.input", { type: "number", min: 0, value: scene.queues[slug][part] ?? 0, oninput: (event) => put(slug, part, event.target.value) }));
    return [Object.keys(scene.queues).map((slug) => h("div.b-queue", { key: slug }, h("strong.clip", null, slug), input(slug, "waiting", "waiting"), input(slug, "longest_wait", "longest, s"), input(slug, "available", "free agents"),
      little("trash-2", `Take out ${slug}`, () => { const { [slug]: _, ...rest } = scene.queues; this.set("queues", rest); }))),
    select({ key: "add queue", "aria-label": "Choose the state of a queue", onchange: (event) => event.target.value && this.set("queues", { ...scene.queues, [event.target.value]: { waiting: 0 } }) }, "", [["", "Nobody waits anywhere; + Queue"], ...free.map((one) => [one.value, one.label])])];
  }

  caseList() {
    const edit = this.desk.rights.has("edit");
    const failed = this.cases.filter((one) => !one.passed).length;
    const over = Boolean(this.outcome?.end);
    return h("section.b-cases", { key: "cases" }, h("h3", null, "Test cases", this.cases.length ? h("span", { class: "chip", "data-colour": failed ? "red" : "green" }, failed ? `${failed} fail` : "all pass") : null),
      edit ? h("form.b-row", { onsubmit: (event) => { event.preventDefault(); this.keep(); } },
        h("input.input", { "aria-label": "Name of the test case", maxlength: 80, placeholder: over ? "Name this walk, such as “VIP at night”" : "Walk to the end, then keep it", disabled: !over, value: this.name, oninput: (event) => { this.name = event.target.value; this.desk.tell(); } }),
        h("button.button.small", { disabled: !over || !this.name.trim() }, "Keep")) : null,
      this.cases.length ? h("ul", null, this.cases.map((one) => h("li.b-case-row", { key: one.id, "data-colour": one.passed ? "green" : "red" }, icon(one.passed ? "circle-check" : "circle-x"),
        h("span", null, h("button.b-link", { type: "button", title: "Walk it here", onclick: () => this.load(one) }, one.name), one.failures.map((why, index) => h("small", { key: index }, why))),
        edit ? little("trash-2", `Delete the case ${one.name}`, () => this.remove(one)) : null)))
        : h("p.quiet", null, "None yet. A walk that went as it should can be kept; the flow is published only while all cases pass."));
  }
}

function details(outcome) {
  const data = outcome.end.data;
  const found = [data.fallback ? "the fallback queue" : "", data.priority ? `priority ${data.priority}` : "", ...Object.entries(data.skills ?? {}).map(([name, level]) => `${name} ${level}`),
    ...Object.entries(outcome.variables).map(([name, value]) => `${name} = ${JSON.stringify(value)}`)].filter(Boolean);
  return found.length ? h("small", null, found.join(" · ")) : null;
}

const stepsOf = (doc, kind) => Object.keys(doc.steps).filter((name) => doc.steps[name].kind === kind);

function field(words, control) {
  return h("label.b-field", { key: words.replace(/\d+ %/, "") }, h("span.b-label", null, words), control);
}

/** A Monday at ten: when most flows are open. */
function nextMonday() {
  const day = new Date();
  day.setDate(day.getDate() + ((8 - day.getDay()) % 7 || 7));
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}T10:00`;
}
