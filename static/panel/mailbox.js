/** Voicemail: what is new in the right column, and the whole mailbox in a dialog. */

import { h, icon, render } from "../design/dom.js";
import { duration, timeOfDay } from "../design/clock.js";

const SHORT = 3;
const PAUSE = 600;

/** What of the mailbox is on the screen; the rest is in the snapshot. */
const view = {
  /** @type {number | null} */
  message: null,
  away: false,
};

/** Notes that the server does not have yet. @type {Map<number, string>} */
const unsaved = new Map();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("mailbox"));

/** The card of the right column; none for who has no box. @param {any} data @param {any} actions */
export function mailboxCard(data, actions) {
  const { mailbox } = data;
  if (!mailbox.boxes.length) return null;
  return h("div.card.voicemail", { key: "voicemail" },
    h("div.card-head", null, h("h2.card-title", null, "Voicemail"),
      h("button.button.small", { id: "open-mailbox", onclick: () => openMailbox(actions), title: "All messages (Alt M)" },
        mailbox.new > 0 && h("span.count", { "data-colour": "blue", id: "new-messages" }, mailbox.new), mailbox.new > 0 ? "new" : "Open", h("kbd", null, "Alt M"))),
    mailbox.messages.length === 0 && h("p.empty", null, "No messages."),
    h("ul", null, mailbox.messages.slice(0, SHORT).map((/** @type {any} */ message) => h("li", { key: message.id },
      h("button.voicemail-line", { "data-message": message.id, onclick: () => openMailbox(actions, message.id) }, ...line(message))))));
}

/** @param {any} message */
function line(message) {
  return [
    h("span.voicemail-mark", { "data-colour": message.state === "new" ? "blue" : "grey" }, icon("voicemail", message.label)),
    h("span.voicemail-who", null,
      h("strong.clip", { "data-new": message.state === "new" }, message.name || message.number || "Unknown"),
      h("span.quiet.clip", null, message.box)),
    h("span.voicemail-when", null, h("time.quiet", { datetime: message.at }, when(message.at)), h("span.number", null, duration(message.seconds))),
  ];
}

/** @param {any} actions @param {number} [message] */
export function openMailbox(actions, message) {
  if (message) view.message = message;
  const first = actions.picture()?.mailbox;
  if (!first?.boxes.length) return;
  view.away = Boolean(message) && first.put_away.some((/** @type {any} */ one) => one.id === message);
  drawMailbox(actions);
  if (!dialog.open) dialog.showModal();
  const selected = /** @type {HTMLElement | null} */ (dialog.querySelector(".mail-list [aria-current]"));
  (selected ?? /** @type {HTMLElement | null} */ (dialog.querySelector("button")))?.focus();
}

/** @param {any} actions */
export function toggleMailbox(actions) {
  if (dialog.open) dialog.close();
  else openMailbox(actions);
}

/** Where a mail led to: /panel/#message-17. @param {any} actions */
export function openFromAddress(actions) {
  const found = /^#message-(\d+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  openMailbox(actions, Number(found[1]));
}

/** Bring the dialog up to date, if it is to be seen; a call that rings comes first. @param {any} actions */
export function refreshMailbox(actions) {
  if (!dialog.open) return;
  if (actions.picture().offers.length) dialog.close();
  else drawMailbox(actions);
}

// A message that nobody sees is not to be heard either.
dialog.addEventListener("close", () => dialog.querySelector("audio")?.pause());

/** @param {any} actions */
function drawMailbox(actions) {
  const { mailbox } = actions.picture();
  const list = view.away ? mailbox.put_away : mailbox.messages;
  const chosen = list.find((/** @type {any} */ one) => one.id === view.message) ?? list[0];
  view.message = chosen?.id ?? null;
  render(dialog, h("div.mailbox", null,
    h("header.mailbox-head", null, h("h2", { id: "mailbox-title" }, "Voicemail"), boxes(mailbox),
      h("button.button.bare", { onclick: () => dialog.close(), title: "Close (Esc)", id: "close-mailbox" }, icon("x"), h("span.unseen", null, "Close"))),
    h("div.mailbox-side", null, tabs(mailbox, actions), messages(list, chosen, actions)),
    chosen ? detail(chosen, list, actions) : h("p.empty.mail-detail", { key: "none" }, view.away ? "Nothing was put away." : "No messages. Callers who leave one appear here at once.")));
}

/** @param {any} mailbox */
function boxes(mailbox) {
  return h("p.quiet.clip", null, mailbox.boxes.map((/** @type {any} */ box) => (box.new ? `${box.name} (${box.new} new)` : box.name)).join(" · "));
}

/** @param {any} mailbox @param {any} actions */
function tabs(mailbox, actions) {
  const tab = (/** @type {boolean} */ away, /** @type {string} */ name, /** @type {number} */ count) => h("button.mail-tab", {
    key: name, "aria-pressed": String(view.away === away), onclick: () => { view.away = away; view.message = null; drawMailbox(actions); },
  }, name, h("span.quiet.number", null, count));
  return h("div.mail-tabs", null, tab(false, "In the box", mailbox.messages.length), tab(true, "Put away", mailbox.put_away.length));
}

/** @param {any[]} list @param {any} chosen @param {any} actions */
function messages(list, chosen, actions) {
  return h("ul.mail-list", { "aria-label": "Messages", onkeydown: walk }, list.map((message) => h("li", { key: message.id },
    h("button.voicemail-line", {
      "data-message": message.id, "aria-current": message.id === chosen?.id ? "true" : null,
      onclick: () => { view.message = message.id; drawMailbox(actions); },
    }, ...line(message)))));
}

/** Arrow keys go from message to message. @param {KeyboardEvent} event */
function walk(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (!step) return;
  event.preventDefault();
  const item = /** @type {any} */ (event.target).closest("li")?.[step];
  const button = /** @type {HTMLElement | null} */ (item?.querySelector("button") ?? null);
  button?.focus();
  button?.click();
}

/** @param {any} message @param {any[]} list @param {any} actions */
function detail(message, list, actions) {
  return h("section.mail-detail", { key: `message-${message.id}`, "aria-label": "Message", "data-message": message.id },
    h("div.mail-who", null,
      h("h3.clip", { id: "message-caller" }, message.name || message.number || "Unknown caller"),
      h("span.chip", { "data-colour": message.colour, title: message.meaning, id: "message-state" }, message.label)),
    h("dl.mail-facts", null,
      fact("Number", message.number || "withheld"), fact("Box", message.box), fact("Left", `${day(message.at)}, ${timeOfDay(message.at)}`),
      fact("Length", duration(message.seconds)), message.heard_by && fact("Heard first by", message.heard_by)),
    message.partial && h("p.hint.small", { "data-colour": "amber" }, icon("triangle-alert"), "The end may be missing: the recording was cut short by a failure."),
    h("audio.player", {
      key: "player", id: "player", src: message.audio, controls: true, preload: "none", "aria-label": "Play the message",
      onplay: () => { if (message.state === "new") void actions.ask("mark_heard", { message: message.id }); },
    }),
    notes(message, actions),
    h("div.mail-actions", null, message.state === "archived" || message.state === "deleted" ? awayActions(message, list, actions) : boxActions(message, list, actions)));
}

/** @param {string} name @param {any} value */
function fact(name, value) {
  return h("div", { key: name }, h("dt", null, name), h("dd.clip", null, value));
}

/** @param {any} message @param {any[]} list @param {any} actions */
function boxActions(message, list, actions) {
  return [
    message.state === "new"
      ? button("mark-heard", "check", "Mark as heard", () => actions.ask("mark_heard", { message: message.id }))
      : button("mark-new", "star", "Mark as new", () => actions.ask("mark_new", { message: message.id })),
    button("archive", "archive", "Archive", () => putAway("archive_message", message, list, actions)),
    button("delete", "trash-2", "Delete", () => putAway("delete_message", message, list, actions), "red"),
  ];
}

/** @param {any} message @param {any[]} list @param {any} actions */
function awayActions(message, list, actions) {
  return [
    button("restore", "history", "Put back into the box", () => putAway("restore_message", message, list, actions)),
    message.state === "archived" && button("delete", "trash-2", "Delete", () => actions.ask("delete_message", { message: message.id }), "red"),
  ];
}

/** @param {string} id @param {string} picture @param {string} label @param {() => void} act @param {string} [colour] */
function button(id, picture, label, act, colour) {
  return h("button.button", { key: id, id: `message-${id}`, "data-colour": colour ?? null, onclick: act }, icon(picture), label);
}

/** The next one is shown then, as one works through a box. @param {string} op @param {any} message @param {any[]} list @param {any} actions */
async function putAway(op, message, list, actions) {
  const at = list.indexOf(message);
  const answer = await actions.ask(op, { message: message.id });
  if (!answer.ok) return;
  view.message = (list[at + 1] ?? list[at - 1])?.id ?? null;
  drawMailbox(actions);
}

/** @param {any} message @param {any} actions */
function notes(message, actions) {
  const text = unsaved.get(message.id) ?? message.notes;
  return h("label.field.mail-notes", { key: "notes" },
    h("span", null, "Notes", h("em.saved", { "aria-live": "off" }, text ? (unsaved.has(message.id) ? "Saving…" : "Saved") : "")),
    h("textarea.input", {
      id: "message-notes", maxlength: 2000, placeholder: "What was agreed? Who takes care of it?", value: text,
      oninput: (/** @type {any} */ event) => write(message.id, event.target.value, actions),
    }));
}

/** @param {number} message @param {string} text @param {any} actions */
function write(message, text, actions) {
  unsaved.set(message, text);
  clearTimeout(timer);
  timer = setTimeout(() => void save(actions), PAUSE);
  drawMailbox(actions);
}

/** @param {any} actions */
async function save(actions) {
  for (const [message, text] of unsaved) {
    const answer = await actions.send("note_message", { message, notes: text });
    // Typed on meanwhile: the newer text has its own timer. What was refused stays in the field.
    if (answer.ok && unsaved.get(message) === text) unsaved.delete(message);
  }
  refreshMailbox(actions);
}

/** @param {string} at */
function when(at) {
  return new Date().toDateString() === new Date(at).toDateString() ? timeOfDay(at) : day(at);
}

/** @param {string} at */
function day(at) {
  return new Date(at).toLocaleDateString([], { day: "numeric", month: "short" });
}
