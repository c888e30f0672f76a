/** The flow builder: puts the parts together, and knows what is chosen. */

import { h, render } from "../design/dom.js";
import { Canvas } from "./canvas.js";
import { Dialogs } from "./dialogs.js";
import { select, settle } from "./fields.js";
import { Heat, SHOWN } from "./heat.js";
import { icon, kindIcon } from "./icon.js";
import { complaintList, inspector } from "./inspector.js";
import { layout, unplaced } from "./layout.js";
import { Server } from "./server.js";
import { Kinds, WIDTH, connect, freeName, placeOf, remove } from "./shape.js";
import { Store } from "./store.js";
import { Tryout } from "./tryout.js";

const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const TABS = { step: "Step", try: "Try", problems: "Problems" };
const STATES = { saved: ["Saved", "green"], changed: ["Changed", "grey"], saving: ["Saving …", "grey"], refused: ["Not saved", "red"], offline: ["Not saved", "amber"] };
const PERIODS = { 1: "today", 7: "7 days", 30: "30 days", 365: "a year" };

class Desk {
  constructor(page, server, state) {
    this.page = page;
    this.server = server;
    this.rights = new Set(page.dataset.rights.split(" "));
    this.flow = state.flow;
    this.choices = state.choices;
    this.groups = state.catalogue.groups;
    this.versions = state.versions;
    this.now = state.published;
    this.kinds = new Kinds(state.catalogue);
    this.store = new Store(server, state, this.rights.has("edit"));
    /** @type {string | null} */
    this.selected = null;
    this.tab = "step";
    /** @type {Heat | null} */
    this.heat = null;
    this.asked = { shown: "", days: "7", version: "" };
    this.tryout = new Tryout(this);
    this.canvas = new Canvas(byId("canvas"), this.store, this.kinds, this);
    this.dialogs = new Dialogs(/** @type {HTMLDialogElement} */ (byId("dialog")), this);
    this.store.listen(() => this.changed());
  }

  get lit() {
    return this.tryout.lit;
  }

  changed() {
    if (this.selected && !(this.selected in this.store.doc.steps)) this.selected = null;
    if (this.tab === "try" && this.store.edits !== this.triedAt) this.retry();
    this.tell();
  }

  retry() {
    this.triedAt = this.store.edits;
    clearTimeout(this.trying);
    this.trying = setTimeout(() => { this.tryout.run(); this.tryout.runCases(); }, 300);
  }

  /** Draws everything once, however often it is asked to in one go. */
  tell() {
    if (this.drawing) return;
    this.drawing = true;
    queueMicrotask(() => { this.drawing = false; this.draw(); });
  }

  draw() {
    this.canvas.draw();
    render(byId("head"), ...this.head());
    render(byId("banner"), this.banner());
    render(byId("palette"), ...this.palette());
    render(byId("side"), ...this.side());
    settle(this.page);
  }

  // What is done

  select(name) {
    if (this.selected === name) return;
    this.selected = name;
    if (name) this.canvas.chosenLine = null;
    if (this.tab !== "try") this.tab = "step";
    this.tell();
  }

  goTo(name, field = "") {
    if (!(name in this.store.doc.steps)) return;
    this.selected = name;
    if (this.tab === "problems") this.tab = "step";
    this.draw();
    this.canvas.show(name);
    this.canvas.focus(name);
    if (field) this.openForm(field);
  }

  openForm(field = "") {
    this.tab = "step";
    this.draw();
    const first = field.split(".").slice(0, field.startsWith("exits.") ? 2 : 1).join(".");
    const place = (first && byId("side").querySelector(`[data-field="${CSS.escape(first)}"]`)) || byId("side").querySelector("[data-field]") || byId("side");
    place.querySelector("input:not([type=hidden]), textarea, select")?.focus();
  }

  /** @param {string} kind @param {[number, number] | null} at @param {{step: string, exit: string} | null} from */
  add(kind, at = null, from = null) {
    const { store, kinds } = this;
    const name = freeName(store.doc, kind);
    const line = from ?? (at ? null : this.freeExit());
    const place = at ?? this.roomFor(line?.step);
    store.change((doc) => {
      doc.steps[name] = { ...kinds.fresh(kind), at: place };
      if (line) connect(doc.steps[line.step], line.exit, name);
      if (!(doc.start in doc.steps)) doc.start = name;
    });
    this.selected = name;
    this.openForm();
    this.canvas.show(name);
    this.announce(`${kinds.byName.get(kind)?.title} added${line ? `, after ${line.step}` : ""}.`);
  }

  /** The exit of the chosen step that a new step would follow. */
  freeExit() {
    const step = this.selected && this.store.doc.steps[this.selected];
    if (!step) return null;
    const free = this.kinds.outlets(step).find((outlet) => !step.exits?.[outlet.name]);
    if (free) return { step: this.selected, exit: free.name };
    if (this.kinds.of(step)?.grows !== "keys") return null;
    const key = [..."123456789*0#"].find((one) => !(one in (step.exits ?? {})));
    return key ? { step: this.selected, exit: key } : null;
  }

  roomFor(beside) {
    const { doc } = this.store;
    const base = beside ? placeOf(doc.steps[beside]) : this.canvas.middle();
    const at = beside ? [base[0] + WIDTH + 96, base[1]] : [Math.round(base[0] - WIDTH / 2), Math.round(base[1] - 60)];
    const boxes = Object.values(doc.steps).map((step) => [...placeOf(step), this.kinds.height(step)]);
    const taken = () => boxes.find(([x, y, height]) => Math.abs(x - at[0]) < WIDTH + 16 && at[1] < y + height + 16 && at[1] + 130 > y);
    for (let box = taken(), tries = 0; box && tries < 500; box = taken(), tries += 1) at[1] = box[1] + box[2] + 24;
    return at;
  }

  chooseNext(step, exit, at) {
    this.canvas.draw();
    this.dialogs.chooseNext(`What follows ${step}?`, (kind) => this.add(kind, at, { step, exit }));
  }

  removeStep(name) {
    this.store.change((doc) => remove(doc, name, this.kinds.keys));
    this.selected = null;
    byId("canvas").focus();
    this.announce(`${name} deleted. Control Z brings it back.`);
  }

  copyStep(name) {
    const { store } = this;
    const to = freeName(store.doc, name.replace(/_\d+$/, ""));
    const at = this.roomFor(name);
    store.change((doc) => { doc.steps[to] = { ...structuredClone(doc.steps[name]), at }; });
    this.goTo(to);
  }

  tidy() {
    this.store.change((doc) => layout(doc, this.kinds));
    this.canvas.fit();
  }

  /** A document that came without places is laid out, which is kept with the next change; all of it is shown if that can be read. */
  placed() {
    if (unplaced(this.store.doc)) layout(this.store.doc, this.kinds);
    this.canvas.begin();
  }

  published(answer, words) {
    this.versions = answer.versions;
    this.now = answer.published;
    this.say(words);
    this.tell();
  }

  async ask(change) {
    this.asked = { ...this.asked, ...change };
    if (!this.asked.shown) {
      this.heat = null;
      return this.tell();
    }
    try {
      this.heat = new Heat(await this.server.get("figures", { days: this.asked.days, version: this.asked.version }), this.asked.shown);
    } catch (error) {
      this.say(error.message);
    }
    return this.tell();
  }

  show(tab) {
    this.tab = tab;
    if (tab === "try" && !this.tryout.outcome) this.retry();
    if (tab === "try" && this.triedAt !== this.store.edits) this.retry();
    this.tell();
  }

  announce(words) {
    byId("said").textContent = words;
  }

  say(words) {
    this.announce(words);
    const toast = byId("toast");
    render(toast, h("div.toast", { key: words }, words));
    clearTimeout(this.toasting);
    this.toasting = setTimeout(() => render(toast), 6000);
  }

  // What is shown

  head() {
    const { store, page, canvas } = this;
    const edit = store.editable;
    const [words, colour] = STATES[store.state];
    const tool = (name, title, work, off = false) => h("button.button.bare.b-tool", { key: title, type: "button", title, "aria-label": title, disabled: off, onclick: work }, icon(name));
    const errors = store.errors.length;
    return [
      h("a.button.bare", { key: "list", href: page.dataset.list, title: "All flows" }, icon("arrow-left"), h("span.unseen", null, "All flows")),
      h("div.b-name", { key: "name" }, h("strong.clip", null, this.flow.name),
        h("small", null, this.now ? `Callers get version ${this.now}` : "Not published yet", this.flow.active ? "" : " · off")),
      edit ? h("span.chip", { key: "state", "data-colour": colour, title: store.trouble?.message ?? "The draft is saved while you work." }, words) : h("span.chip", { key: "state", "data-colour": "grey" }, "To look at"),
      h("div.b-tools", { key: "tools", role: "toolbar", "aria-label": "Canvas" },
        edit ? [tool("undo-2", "Back (Ctrl Z)", () => store.undo(), !store.past.length), tool("redo-2", "Forth (Ctrl Y)", () => store.redo(), !store.future.length), tool("layout-grid", "Lay it out anew", () => this.tidy())] : null,
        tool("zoom-out", "Smaller (−)", () => canvas.zoomBy(1 / 1.2)), h("span.number.b-zoom", { key: "zoom" }, `${Math.round(canvas.view.zoom * 100)} %`), tool("zoom-in", "Larger (+)", () => canvas.zoomBy(1.2)),
        tool("maximize", "All of it (0)", () => canvas.fit())),
      h("div.b-figures", { key: "figures", role: "group", "aria-label": "Figures on the canvas" }, icon("flame"),
        select({ key: "shown", "aria-label": "Which figure", onchange: (event) => this.ask({ shown: event.target.value }) }, this.asked.shown, Object.entries(SHOWN)),
        this.asked.shown ? [select({ key: "days", "aria-label": "Of which time", onchange: (event) => this.ask({ days: event.target.value }) }, this.asked.days, Object.entries(PERIODS)),
          select({ key: "version", "aria-label": "Of which version", onchange: (event) => this.ask({ version: event.target.value }) }, this.asked.version, [["", "all versions"], ...this.versions.map((one) => [String(one.number), `version ${one.number}`])]),
          this.heat ? h("span.b-total", { key: "total" }, this.heat.figures.callers ? `${this.heat.figures.callers} callers · ${this.heat.figures.completion === null ? "–" : `${Math.round(this.heat.figures.completion)} %`} led to the end` : "no callers") : null] : null,
        h("a.button.bare.b-tool", { key: "page", href: page.dataset.figures, title: "All figures", "aria-label": "All figures" }, icon("chart-column"))),
      h("div.b-head-end", { key: "end" },
        h("button.button.small", { key: "files", type: "button", onclick: () => this.dialogs.files() }, icon("download"), "Files"),
        h("button.button.small", { key: "versions", type: "button", onclick: () => this.dialogs.versions() }, icon("history"), "Versions"),
        edit ? h("button.button.small.accent", { key: "publish", type: "button", onclick: () => this.dialogs.publish() }, icon("rocket"), "Publish", errors ? h("span.b-count", { title: `${errors} to mend first` }, errors) : null) : null),
    ];
  }

  banner() {
    const { store } = this;
    if (!store.trouble) return null;
    const choice = store.state === "refused";
    return h("div.banner", { key: store.state, "data-colour": choice ? "red" : "amber", role: "alert" }, icon("triangle-alert"), h("span", null, store.trouble.message),
      choice ? [h("button.button.small", { key: "mine", type: "button", onclick: () => store.keepMine() }, "Keep mine"), h("button.button.small", { key: "theirs", type: "button", onclick: () => store.loadTheirs() }, "Load theirs")] : null);
  }

  palette() {
    if (!this.store.editable) return [];
    return Object.entries(this.groups).map(([group, title]) => h("section", { key: group }, h("h2", null, title),
      this.kinds.all.filter((kind) => kind.group === group).map((kind) => h("button", {
        key: kind.kind, type: "button", class: `b-palette-kind group-${group}`, title: `${kind.hint} Drag it, or press Enter to add it after the chosen step.`, "data-kind": kind.kind,
        onclick: () => { if (!this.dragged) this.add(kind.kind); this.dragged = false; }, onpointerdown: (event) => this.dragKind(event, kind),
      }, h("span.b-kind", null, kindIcon(kind.kind)), kind.title))));
  }

  dragKind(event, kind) {
    if (event.button !== 0) return;
    this.dragged = false;
    let ghost = null;
    const move = (dx, dy, now) => {
      if (!ghost && Math.hypot(dx, dy) < 6) return;
      this.dragged = true;
      ghost ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "b-ghost", textContent: kind.title }));
      ghost.style.transform = `translate(${now.clientX + 8}px, ${now.clientY + 8}px)`;
    };
    this.canvas.drag(event, move, (now) => {
      ghost?.remove();
      if (!ghost || !this.canvas.over(now)) return;
      const [x, y] = this.canvas.inWorld(now);
      this.add(kind.kind, [Math.round(x - WIDTH / 2), Math.round(y - 23)]);
    });
  }

  side() {
    const errors = this.store.errors.length;
    const counted = { problems: this.store.complaints.length };
    const tabs = h("div.b-tabs", { key: "tabs", role: "tablist" }, Object.entries(TABS).map(([tab, words]) => h("button", {
      key: tab, type: "button", role: "tab", id: `tab-${tab}`, "aria-selected": String(this.tab === tab), "aria-controls": "side-page", onclick: () => this.show(tab),
    }, words, counted[tab] ? h("span.b-count", { "data-colour": errors ? "red" : "amber" }, counted[tab]) : null)));
    const pages = { step: () => inspector(this), try: () => this.tryout.picture(), problems: () => this.problems() };
    return [tabs, h("div.b-side-page", { key: "page", id: "side-page", role: "tabpanel", "aria-labelledby": `tab-${this.tab}` }, pages[this.tab]())];
  }

  problems() {
    const { complaints } = this.store;
    if (!complaints.length) return h("div.b-fine", { key: "problems" }, icon("circle-check"), h("strong", null, "Nothing is wrong"), h("p.quiet", null, "The flow can be published as it is, if its test cases pass."));
    const steps = [...new Set(complaints.map((one) => one.step))];
    return h("div.b-problems", { key: "problems" }, steps.map((step) => h("section", { key: step || "flow" },
      step ? h("button.b-link", { type: "button", onclick: () => this.goTo(step, complaints.find((one) => one.step === step)?.field) }, step) : h("button.b-link", { type: "button", onclick: () => { this.selected = null; this.tab = "step"; this.tell(); } }, "The whole flow"),
      complaintList(complaints.filter((one) => one.step === step)))));
  }

  // Keys that work everywhere but in fields

  key(event) {
    const field = event.target.closest("input, textarea, select, dialog");
    const control = event.ctrlKey || event.metaKey;
    if (control && !event.target.closest("dialog") && event.key.toLowerCase() === "z") event.shiftKey ? this.store.redo() : this.store.undo();
    else if (control && !event.target.closest("dialog") && event.key.toLowerCase() === "y") this.store.redo();
    else if (control && event.key.toLowerCase() === "s") this.store.save();
    else if (event.key === "Escape" && !event.target.closest("dialog")) this.leaveStep();
    else if (field || control) return;
    else if (event.key === "+" || event.key === "=") this.canvas.zoomBy(1.2);
    else if (event.key === "-") this.canvas.zoomBy(1 / 1.2);
    else if (event.key === "0") this.canvas.fit();
    else if (!((event.key === "Delete" || event.key === "Backspace") && this.canvas.deleteLine())) return;
    event.preventDefault();
  }

  /** From a field back to its step, from the step to the whole flow. */
  leaveStep() {
    const inSide = byId("side").contains(document.activeElement);
    if (inSide && this.selected) return this.canvas.focus(this.selected);
    byId("canvas").focus();
    return this.select(null);
  }
}

async function begin() {
  const page = byId("builder");
  const token = /** @type {HTMLInputElement} */ (document.querySelector("#token input")).value;
  const server = new Server(page.dataset.do ?? "", token);
  let state;
  try {
    state = await server.get("state");
  } catch (error) {
    render(byId("canvas"), h("div.b-nothing", null, h("strong", null, "The flow could not be loaded"), h("p", null, error.message)));
    return;
  }
  const desk = new Desk(page, server, state);
  byId("canvas").tabIndex = -1;
  page.removeAttribute("aria-busy");
  desk.draw();
  desk.placed();
  window.addEventListener("keydown", (event) => desk.key(event));
  window.addEventListener("resize", () => desk.tell());
  window.addEventListener("beforeunload", (event) => { if (desk.store.state !== "saved" && desk.store.editable) event.preventDefault(); });
}

begin();
