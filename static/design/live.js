/**
 * The line to the server: whole pictures in, intents out; it mends itself.
 *
 * An intent carries an id of its own and is sent again under the same id after every new connection until
 * its answer came, so nothing is done twice and nothing is forgotten.
 */

import { confirm, learn } from "./clock.js";

/** Milliseconds of silence after which a line is taken for dead; the server beats every two seconds. */
const SILENCE = 6000;
const STALE = 5000;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;

/**
 * @typedef {"connecting" | "live" | "stale" | "lost" | "refused"} Condition
 * @typedef {{code: string, message: string, detail: string, field?: string}} Refusal
 * @typedef {{ok: boolean, error?: Refusal}} Answer
 */

export class Live {
  /**
   * @param {string} path
   * @param {{snapshot: (data: any) => void, condition: (condition: Condition, since: number) => void}} hears
   */
  constructor(path, hears) {
    this.url = new URL(path, location.href.replace(/^http/, "ws"));
    this.hears = hears;
    /** @type {Condition} */
    this.condition = "connecting";
    /** When the picture was last known to be right, in milliseconds by the browser's clock. */
    this.confirmed = Date.now();
    this.lastHeard = Date.now();
    this.version = -1;
    this.failures = 0;
    /** @type {Map<string, {text: string, settle: (answer: Answer) => void}>} */
    this.pending = new Map();
    this.open();
    setInterval(() => this.watch(), 500);
    addEventListener("online", () => this.openSoon(0));
    addEventListener("pagehide", () => this.socket?.close());
  }

  open() {
    clearTimeout(this.timer);
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.lastHeard = Date.now();
    socket.onmessage = (event) => { if (socket === this.socket) this.hear(JSON.parse(event.data)); };
    socket.onclose = (event) => { if (socket === this.socket) this.closed(event.code); };
    socket.onopen = () => { for (const { text } of this.pending.values()) socket.send(text); };
    this.version = -1;
  }

  /** @param {number} milliseconds */
  openSoon(milliseconds) {
    if (this.condition === "refused" || this.socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), milliseconds);
  }

  /** @param {number} code */
  closed(code) {
    this.socket = undefined;
    if (code === 4401) {
      location.assign(`/login/?next=${encodeURIComponent(location.pathname)}`);
    } else if (code === 4403) {
      this.become("refused");
    } else {
      this.become(this.version === -1 && this.condition === "connecting" ? "connecting" : "lost");
      // Twice as long each time, and not all browsers at the same moment after a restart of the server.
      const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.failures++);
      this.openSoon(wait * (0.5 + Math.random() / 2));
    }
  }

  /** @param {any} message */
  hear(message) {
    this.lastHeard = Date.now();
    if (message.at) learn(message.at);
    if (message.type === "answer") this.settle(message);
    else if (message.type === "stale") this.become("stale");
    else if (message.type === "beat") this.confirm();
    else if (message.type === "snapshot" && message.version >= this.version) {
      this.version = message.version;
      this.confirm();
      this.hears.snapshot(message.data);
    }
  }

  confirm() {
    this.failures = 0;
    this.confirmed = Date.now();
    confirm(this.confirmed);
    this.become("live");
  }

  watch() {
    const silent = Date.now() - this.lastHeard;
    if (this.socket && silent > SILENCE) {
      // The browser may wait minutes for the close of a dead line; we do not.
      const dead = this.socket;
      this.closed(1006);
      dead.close();
    } else if (this.condition === "live" && Date.now() - this.confirmed > STALE) {
      this.become("stale");
    }
  }

  /** @param {Condition} condition */
  become(condition) {
    if (condition === this.condition && condition !== "stale") return;
    this.condition = condition;
    this.hears.condition(condition, this.confirmed);
  }

  /**
   * Ask for something. The answer comes, even if the line must be made anew for it.
   * @param {string} op
   * @param {Record<string, any>} [args]
   * @returns {Promise<Answer>}
   */
  intent(op, args = {}) {
    const id = newId();
    const text = JSON.stringify({ type: "intent", id, op, args });
    return new Promise((settle) => {
      this.pending.set(id, { text, settle });
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(text);
    });
  }

  /** @param {{id: string} & Answer} answer */
  settle(answer) {
    const asked = this.pending.get(answer.id);
    if (!asked) return;
    if (answer.error?.code === "try_again") {
      setTimeout(() => { if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(asked.text); }, 700);
      return;
    }
    this.pending.delete(answer.id);
    asked.settle(answer);
  }
}

/** A random UUID; crypto.randomUUID exists on https and localhost only. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
