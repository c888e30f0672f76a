/** Who waits, in the order in which they will be served. */

import { h, icon } from "../design/dom.js";
import { age, since } from "../design/clock.js";

/** @param {any} data @param {any} actions */
export function lineCard(data, actions) {
  const chosen = actions.chosenQueue();
  const rows = data.waiting.rows.filter((/** @type {any} */ call) => !chosen || call.queue.id === chosen);
  const hidden = data.waiting.total - data.waiting.rows.length;
  return h("section.card.line", { key: "line", "aria-labelledby": "line-title" },
    h("div.card-head", null, h("h2.card-title", { id: "line-title" }, "Waiting calls"), h("span.card-side", null, age())),
    rows.length === 0 ? h("p.empty", null, "Nobody waits.") : h("div.scroll", null, h("table", null,
      h("thead", null, h("tr", null, ["#", "Caller", "Queue", "Waiting", "Priority", ""].map((name, index) => h("th", { key: index, scope: "col", class: index === 0 || index === 3 ? "n" : null }, name)))),
      h("tbody", null, rows.map((/** @type {any} */ call) => row(call, data, actions))))),
    hidden > 0 && h("p.empty", null, `and ${hidden} more`));
}

/** @param {any} call @param {any} data @param {any} actions */
function row(call, data, actions) {
  const queue = data.queues.find((/** @type {any} */ each) => each.id === call.queue.id);
  return h("tr", { key: call.id, "data-call": call.id },
    h("td.n.place", null, call.place),
    h("td", null, call.callback && h("a.chip", { "data-colour": "blue", href: call.callback, title: "Hung up and keeps the place: will be called back" }, icon("phone-call"), "Callback"), h("a.caller.clip", { href: call.link || null }, call.name || call.number || "Unknown"), call.name && h("span.quiet.clip", null, call.number)),
    h("td", null, h("span.clip", null, call.queue.name), skills(call), note(call)),
    h("td.n", null, since(call.enqueued_at, { late: queue?.warn_wait_seconds })),
    h("td", null, priority(call, data, actions)),
    h("td.act", null, data.may_steer && h("button.button.small", { onclick: () => actions.assign(call) }, icon("phone-incoming"), "Assign")));
}

/** What the call asks of an agent by now. @param {any} call */
function skills(call) {
  return call.skills.length > 0 && h("span.skills", { title: "Skills that the call asks for, and the least level" },
    call.skills.map((/** @type {string} */ skill) => h("span.skill", { key: skill }, skill)));
}

/** @param {any} call */
function note(call) {
  if (call.rung.length) return h("span.quiet.clip", null, icon("phone-incoming"), ` rings ${call.rung.join(", ")}`);
  if (call.wanted) return h("span.quiet.clip", null, `for ${call.wanted}`);
  if (call.kept_for) return h("span.quiet.clip", { title: "Talked to this caller last; kept for a moment" }, `for ${call.kept_for} first`);
  return call.attempts > 0 && h("span.quiet.clip", null, `${call.attempts} failed ${call.attempts === 1 ? "offer" : "offers"}`);
}

/** @param {any} call @param {any} data @param {any} actions */
function priority(call, data, actions) {
  const set = (/** @type {number} */ value) => actions.ask("priority", { call: call.id, priority: value }, `Priority ${value}`);
  return h("span.stepper", null,
    data.may_steer && h("button.button.bare.small", { disabled: call.priority <= 0, title: "Lower the priority", onclick: () => set(call.priority - 1) }, icon("chevron-down", "lower")),
    h("strong.number", { "data-some": call.priority > 0 }, call.priority),
    data.may_steer && h("button.button.bare.small", { disabled: call.priority >= 10, title: "Raise the priority", onclick: () => set(call.priority + 1) }, icon("chevron-up", "raise")));
}
