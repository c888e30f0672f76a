/** Keyboard: Alt and a letter, which works while typing and is never typed by mistake. */

import { h, icon, render } from "../design/dom.js";

export const KEYS = [
  ["A", "KeyA", "Take calls"],
  ["B", "KeyB", "Choose a break"],
  ["O", "KeyO", "Go offline"],
  ["R", "KeyR", "Reject the ringing call"],
  ["H", "KeyH", "Hang up"],
  ["M", "KeyM", "Open or close voicemail"],
  ["N", "KeyN", "Write notes"],
  ["1 … 9", "Digit", "Choose the result"],
  ["X", "KeyX", "More time for wrap-up"],
  ["Enter", "Enter", "Finish wrap-up"],
];

/** @param {Record<string, (digit: number) => void>} actions by KeyboardEvent.code; "Digit" gets the number */
export function listen(actions) {
  addEventListener("keydown", (event) => {
    if (event.key === "?" && !typing(event.target)) return toggleHelp();
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const code = event.code.startsWith("Digit") ? "Digit" : event.code;
    if (!actions[code]) return;
    event.preventDefault();
    actions[code](Number(event.code.slice(-1)));
  });
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}

export function toggleHelp() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
  if (dialog.open) return dialog.close();
  render(dialog, h("div.dialog", null,
    h("h2", { id: "help-title" }, "Keyboard"),
    h("dl.keys", null, KEYS.flatMap(([key, , what]) => [h("dt", null, h("kbd", null, "Alt"), " ", h("kbd", null, key)), h("dd", null, what)]),
      h("dt", null, h("kbd", null, "?")), h("dd", null, "This help")),
    h("div.dialog-end", null, h("button.button", { onclick: () => dialog.close() }, icon("check"), "Close"))));
  dialog.showModal();
}
