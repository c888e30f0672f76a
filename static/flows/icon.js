import { h } from "../design/dom.js";

const ICONS = new URL("icons.svg", import.meta.url).pathname;

/** Each kind of step, and the icon it has in the palette and on the canvas. */
const OF_KIND = {
  play: "volume-2", menu: "list-ordered", collect: "hash", set: "sliders-horizontal", branch: "git-branch", rule: "git-branch", hours: "calendar-clock",
  split: "shuffle", web: "globe", queue: "users", transfer: "phone-forwarded", voicemail: "voicemail", studio: "voicemail", callback: "phone-call",
  flow: "workflow", back: "corner-up-left", repeat: "repeat", hang_up: "phone-off",
};

/** @param {string} name */
export function icon(name) {
  return h("svg.icon", { "aria-hidden": "true" }, h("use", { href: `${ICONS}#${name}` }));
}

/** @param {string} kind */
export function kindIcon(kind) {
  return icon(OF_KIND[kind] ?? "circle-alert");
}
