/** The banner about the line to the server, the short notices, and what screen readers hear. */

import { h, icon, render } from "./dom.js";
import { timeOfDay } from "./clock.js";

const WORDS = {
  lost: ["red", "wifi-off", "Connection lost.", "What you see is of", "Trying again by itself; nothing you entered is lost."],
  stale: ["amber", "clock", "No news from the server.", "What you see is of", "It will go on by itself."],
  refused: ["red", "triangle-alert", "You may no longer open this screen.", "Last seen", "Ask a manager."],
};

/** @param {HTMLElement} place @param {import("./live.js").Condition} condition @param {number} confirmed */
export function banner(place, condition, confirmed) {
  const words = /** @type {any} */ (WORDS)[condition];
  if (!words) return render(place);
  const [colour, name, what, of, then] = words;
  const at = new Date(confirmed).toLocaleTimeString([], { hour12: false });
  render(place, h("p.banner", { "data-colour": colour, role: "alert" }, icon(name), h("strong", null, what), ` ${of} ${at}. ${then}`));
}

/** @type {number | undefined} */
let toastTimer;

/** @param {string} text @param {string} [name] */
export function toast(text, name = "triangle-alert") {
  const place = /** @type {HTMLElement} */ (document.getElementById("toast"));
  render(place, h("div.toast", { role: "alert" }, icon(name), text));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => render(place), 6000);
}

/** @param {string} text */
export function say(text) {
  const place = document.getElementById("said");
  if (place && place.textContent !== text) place.textContent = text;
}

/** What a refusal says to a person. @param {import("./live.js").Refusal | undefined} error */
export function words(error) {
  if (!error) return "That did not work.";
  return error.detail && error.detail !== error.message ? `${error.message} ${error.detail}` : error.message;
}

export { timeOfDay };
