/** Notes that the server would not take: shown until the agent has copied or discarded them. */

import { h, icon } from "../design/dom.js";
import { words } from "../design/status.js";

/** @param {import("./drafts.js").Drafts} drafts */
export function refusedNotes(drafts) {
  return [...drafts.refused].map(([call, error]) => h("section.banner.refused", { key: call, "data-colour": "red", "data-call": call, role: "alert" },
    icon("triangle-alert"),
    h("p", null, h("strong", null, "These notes were not saved."), ` ${words(error)} Copy what you need.`),
    h("textarea.input", { readonly: true, "aria-label": "Notes that were not saved", value: drafts.unsaved.get(call)?.notes ?? "" }),
    h("button.button.small", { onclick: () => drafts.forget(call) }, icon("x"), "Discard")));
}
