/**
 * Notes and result of a call while they are being written.
 *
 * Each key stroke goes to the browser's own store, and after a short pause to the server; so neither a
 * reload, nor a lost line, nor the end of the wrap-up timer costs a word. Each agent has a store of their
 * own, for several may share a browser; and what the server refuses stays until the agent discards it.
 */

const PREFIX = "callcenter.draft.";
const PAUSE = 600;

/**
 * @typedef {{notes: string, disposition: number | null}} Draft
 * @typedef {import("../design/live.js").Answer} Answer
 */

export class Drafts {
  /** @param {string} agent whose drafts these are @param {(call: number, draft: Draft) => Promise<Answer>} send */
  constructor(agent, send) {
    this.prefix = `${PREFIX}${agent}.`;
    this.send = send;
    /** @type {Map<number, Draft>} drafts that the server does not have yet */
    this.unsaved = new Map();
    /** @type {Map<number, ReturnType<typeof setTimeout>>} */
    this.timers = new Map();
    /** @type {Map<number, Answer["error"]>} calls whose draft the server refused, and why */
    this.refused = new Map();
    /** @type {() => void} */
    this.changed = () => {};
    this.recover();
    addEventListener("pagehide", () => this.flush());
  }

  recover() {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(this.prefix))) {
      const call = Number(key.slice(this.prefix.length));
      this.unsaved.set(call, JSON.parse(localStorage.getItem(key) ?? "{}"));
      this.later(call);
    }
  }

  /** What to show: the draft if there is one, else what the server has. @param {{id: number, notes: string, disposition: number | null}} call @returns {Draft} */
  of(call) {
    return this.unsaved.get(call.id) ?? { notes: call.notes, disposition: call.disposition };
  }

  /** @param {number} call */
  isSaved(call) {
    return !this.unsaved.has(call);
  }

  /** @param {number} call @param {Draft} draft */
  write(call, draft) {
    this.unsaved.set(call, draft);
    localStorage.setItem(this.prefix + call, JSON.stringify(draft));
    this.later(call);
    this.changed();
  }

  /** @param {number} call */
  later(call) {
    clearTimeout(this.timers.get(call));
    this.timers.set(call, setTimeout(() => this.save(call), PAUSE));
  }

  flush() {
    for (const call of this.timers.keys()) void this.save(call);
  }

  /** @param {number} call */
  async save(call) {
    clearTimeout(this.timers.get(call));
    this.timers.delete(call);
    const draft = this.unsaved.get(call);
    if (!draft) return;
    const answer = await this.send(call, draft);
    // Typed on meanwhile: the newer text has its own timer.
    if (this.unsaved.get(call) !== draft) return;
    if (answer.ok) return this.forget(call);
    this.refused.set(call, answer.error);
    this.changed();
  }

  /** @param {number} call */
  forget(call) {
    clearTimeout(this.timers.get(call));
    this.timers.delete(call);
    this.unsaved.delete(call);
    this.refused.delete(call);
    localStorage.removeItem(this.prefix + call);
    this.changed();
  }
}
