/**
 * The document that is worked on, its undo and redo, and its way to the server. The document is the one truth: everything on the
 * screen is drawn from it, and nothing changes it but `change`.
 */

import { Refused } from "./server.js";

/** Milliseconds: typing on in one field is one step back. */
const ONE_EDIT = 1500;
const SAVE_AFTER = 700, CHECK_AFTER = 220, RETRY_AFTER = 4000;
const MOST_BACK = 200;

export class Store {
  /** @param {import("./server.js").Server} server @param {any} state @param {boolean} editable */
  constructor(server, state, editable) {
    this.server = server;
    this.editable = editable;
    /** @type {import("./shape.js").Doc} */
    this.doc = withSteps(state.document);
    this.revision = state.revision;
    /** @type {{step: string, field: string, message: string, warning: boolean}[]} */
    this.complaints = [];
    /** @type {Record<string, string>} */
    this.summaries = {};
    /** saved, changed, saving, refused (somebody else was first), offline */
    this.state = "saved";
    /** @type {Refused | null} */
    this.trouble = null;
    this.past = [];
    this.future = [];
    this.lastKey = "";
    this.lastAt = 0;
    /** @type {(() => void)[]} */
    this.listeners = [];
    this.edits = 0;
    this.check();
  }

  /** @param {() => void} listener */
  listen(listener) {
    this.listeners.push(listener);
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  /**
   * @param {(doc: import("./shape.js").Doc) => void} work changes the copy that it is given
   * @param {string} [key] edits under one key in quick succession are one step back
   */
  change(work, key = "") {
    if (!this.editable) return;
    const doc = structuredClone(this.doc);
    work(doc);
    const now = Date.now();
    if (!key || key !== this.lastKey || now - this.lastAt > ONE_EDIT) this.past = [...this.past.slice(1 - MOST_BACK), this.doc];
    this.lastKey = key;
    this.lastAt = now;
    this.future = [];
    this.replace(doc);
  }

  undo() {
    const before = this.past.pop();
    if (before === undefined) return;
    this.future.push(this.doc);
    this.lastKey = "";
    this.replace(before);
  }

  redo() {
    const after = this.future.pop();
    if (after === undefined) return;
    this.past.push(this.doc);
    this.lastKey = "";
    this.replace(after);
  }

  replace(doc) {
    this.doc = doc;
    this.edits += 1;
    if (this.state !== "refused") this.state = this.state === "saving" ? "saving" : "changed";
    this.tell();
    this.later("checking", CHECK_AFTER, () => this.check());
    this.later("saves", SAVE_AFTER, () => this.save());
  }

  /** @param {string} name @param {number} wait @param {() => void} work */
  later(name, wait, work) {
    clearTimeout(this[name]);
    this[name] = setTimeout(work, wait);
  }

  async check() {
    const asked = this.edits;
    const found = await this.server.post("check", { document: this.doc }).catch(() => null);
    if (!found || asked !== this.edits) return;
    this.complaints = found.complaints;
    this.summaries = found.summaries;
    this.tell();
  }

  /** Resolves when the server has what is on the screen, or has refused it. @returns {Promise<boolean>} */
  async save() {
    clearTimeout(this.saves);
    if (!this.editable || this.state === "refused") return this.state === "saved";
    if (this.state === "saved") return true;
    if (this.state === "saving") return this.running;
    this.state = "saving";
    this.tell();
    this.running = this.saveNow();
    return this.running;
  }

  async saveNow() {
    const sent = this.edits;
    try {
      this.revision = (await this.server.post("save", { document: this.doc, revision: this.revision })).revision;
    } catch (error) {
      return this.notSaved(/** @type {Refused} */ (error));
    }
    this.trouble = null;
    this.state = sent === this.edits ? "saved" : "changed";
    this.tell();
    return this.state === "saved" ? true : this.save();
  }

  notSaved(error) {
    if (!(error instanceof Refused)) throw error;
    this.trouble = error;
    this.state = error.code === "draft_changed" ? "refused" : "offline";
    this.tell();
    if (this.state === "offline") this.later("saves", RETRY_AFTER, () => this.save());
    return false;
  }

  /** Over what somebody else did meanwhile. */
  keepMine() {
    if (this.trouble) this.revision = this.trouble.body.revision;
    this.trouble = null;
    this.state = "changed";
    return this.save();
  }

  /** Instead of mine, which stays one step back. */
  async loadTheirs() {
    const state = await this.server.get("state");
    this.adopt(state.document, state.revision);
  }

  /** A document that the server has already. */
  adopt(document, revision) {
    this.past = [...this.past, this.doc];
    this.future = [];
    this.lastKey = "";
    this.doc = withSteps(document);
    this.revision = revision;
    this.edits += 1;
    this.trouble = null;
    this.state = "saved";
    clearTimeout(this.saves);
    this.tell();
    this.check();
  }

  get errors() {
    return this.complaints.filter((one) => !one.warning);
  }

  /** @param {string} step @param {string} [field] with the parts inside it */
  complaintsOf(step, field) {
    return this.complaints.filter((one) => one.step === step && (field === undefined || one.field === field || one.field.startsWith(`${field}.`)));
  }
}

/** A draft may be anything that could be kept; the canvas needs steps that are objects. */
function withSteps(document) {
  const doc = typeof document === "object" && document !== null && !Array.isArray(document) ? structuredClone(document) : {};
  const steps = typeof doc.steps === "object" && doc.steps !== null && !Array.isArray(doc.steps) ? doc.steps : {};
  doc.steps = Object.fromEntries(Object.entries(steps).filter(([, step]) => typeof step === "object" && step !== null && !Array.isArray(step)));
  for (const step of Object.values(doc.steps)) {
    if (typeof step.exits !== "object" || step.exits === null || Array.isArray(step.exits)) step.exits = {};
  }
  if (typeof doc.start !== "string") doc.start = "";
  return doc;
}
