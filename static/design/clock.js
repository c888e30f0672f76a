/** The server's time in the browser, and elements that count by themselves. */

import { h } from "./dom.js";

let ahead = 0;
let known = false;

/** Learn from a message of the server how far its clock is ahead. @param {string} at */
export function learn(at) {
  const now = Date.parse(at) - Date.now();
  // A message that waited somewhere makes the server look late; the largest value is the least delayed.
  ahead = known ? Math.max(now, ahead - 5) : now;
  known = true;
}

/** Milliseconds since the epoch by the server's clock. */
export function serverNow() {
  return Date.now() + ahead;
}

/**
 * Time passed since a moment, counting.
 * @param {string | null | undefined} at ISO moment
 * @param {Record<string, any>} [props] `late`: seconds from which the element is marked data-late="1", and "2" from twice as many
 */
export function since(at, props = {}) {
  const { late, ...rest } = props;
  return at ? h("time", { ...rest, "data-clock": "since", "data-at": Date.parse(at), "data-limit": late ?? null, datetime: at }) : h("span", rest, "–");
}

/** Time left until a moment, counting down to zero. @param {string | null | undefined} at @param {Record<string, any>} [props] */
export function until(at, props = {}) {
  return at ? h("time", { ...props, "data-clock": "until", "data-at": Date.parse(at), datetime: at }) : h("span", props, "–");
}

let confirmed = Date.now();

/** What is on the page was right at this moment by the browser's clock. @param {number} at */
export function confirm(at) {
  confirmed = at;
}

/** How old what is shown is. @param {Record<string, any>} [props] */
export function age(props = {}) {
  return h("span.age", { ...props, "data-clock": "age" });
}

/** A bar that empties from one moment to another. @param {string} from @param {string} to @param {Record<string, any>} [props] */
export function meter(from, to, props = {}) {
  return h("div.meter", { ...props, role: "presentation" }, h("i", { "data-clock": "meter", "data-from": Date.parse(from), "data-at": Date.parse(to) }));
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** @param {string} at */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

const NEAR_MS = 6 * 24 * 3600 * 1000;

/** A moment on the clock of who looks: today its time, in the next days with the weekday, else with the date. @param {string} at */
export function when(at) {
  const moment = new Date(at);
  const today = new Date(serverNow());
  if (moment.toDateString() === today.toDateString()) return timeOfDay(at);
  const near = Math.abs(moment.getTime() - today.getTime()) < NEAR_MS;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const day = near ? moment.toLocaleDateString("en", { weekday: "short" }) : `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day} ${timeOfDay(at)}`;
}

/** Bring every counting element up to date. */
export function tick() {
  const now = serverNow();
  for (const node of document.querySelectorAll("[data-clock]")) {
    const at = Number(node.getAttribute("data-at"));
    const kind = node.getAttribute("data-clock");
    if (kind === "age") tell(node);
    else if (kind === "meter") empty(/** @type {HTMLElement} */ (node), at, now);
    else count(node, kind === "since" ? now - at : Math.ceil((at - now) / 1000) * 1000);
  }
}

/** @param {Element} node @param {number} milliseconds */
function count(node, milliseconds) {
  const text = duration(milliseconds / 1000);
  if (node.textContent !== text) node.textContent = text;
  const limit = Number(node.getAttribute("data-limit")) * 1000;
  if (!limit) return;
  const late = milliseconds >= 2 * limit ? "2" : milliseconds >= limit ? "1" : null;
  if (late === null) node.removeAttribute("data-late");
  else if (node.getAttribute("data-late") !== late) node.setAttribute("data-late", late);
}

/** @param {Element} node */
function tell(node) {
  const seconds = Math.floor((Date.now() - confirmed) / 1000);
  // Every two seconds the server confirms or corrects; younger than that is now.
  const text = seconds < 3 ? "now" : `${seconds} s ago`;
  if (node.textContent !== text) node.textContent = text;
}

/** @param {HTMLElement} node @param {number} at @param {number} now */
function empty(node, at, now) {
  const from = Number(node.dataset.from);
  const left = Math.min(1, Math.max(0, (at - now) / Math.max(1, at - from)));
  node.style.transform = `scaleX(${left})`;
}

setInterval(tick, 250);
