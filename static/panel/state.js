/** The left column: what I am, since when, and what I may become; the queues I serve. */

import { h, icon } from "../design/dom.js";
import { since } from "../design/clock.js";

const ENGAGED = ["ringing", "on_call", "wrap_up"];

/** @param {any} data @param {any} actions */
export function stateCard(data, actions) {
  return h("section.column", { key: "state", "aria-label": "My state" }, mine(data, actions), queues(data, actions), preferences(data, actions));
}

/** @param {any} data @param {any} actions */
function mine(data, actions) {
  const { agent } = data;
  const limit = agent.reason?.max_minutes;
  return h("div.card.mine", { "data-colour": agent.colour, id: "state" },
    h("div.mine-head", null,
      h("p.mine-label", { id: "state-label" }, agent.label),
      agent.reason && h("p.mine-reason", null, agent.reason.name, limit ? ` · ${limit} min` : ""),
      since(agent.since, { class: "mine-time", late: limit ? limit * 60 : null, "aria-label": "in this state since" })),
    wish(agent, actions),
    h("div.mine-actions", null, choices(data, actions)));
}

/** @param {any} agent @param {any} actions */
function wish(agent, actions) {
  if (!agent.wish) return null;
  const what = agent.wish.reason ? `${agent.wish.label}: ${agent.wish.reason.name}` : agent.wish.label;
  return h("p.wish", { id: "wish" }, icon("clock"), h("span", null, "After this call: ", h("strong", null, what)),
    h("button.button.bare.small", { onclick: () => actions.ask("available"), title: "Go on taking calls instead (Alt A)" }, icon("x"), h("span.unseen", null, "Take back")));
}

/** @param {any} data @param {any} actions */
function choices(data, actions) {
  const { state } = data.agent;
  const after = ENGAGED.includes(state) ? " after this call" : "";
  return [
    (state === "break" || state === "offline") &&
      h("button.button.solid.wide.go", { key: "go", "data-colour": "green", id: "go-available", disabled: actions.busy("available"), onclick: () => actions.ask("available") },
        icon("play"), "Take calls", h("kbd", null, "Alt A")),
    state !== "offline" &&
      h("button.button.wide", { key: "break", id: "choose-break", "aria-expanded": String(actions.breaksOpen()), onclick: () => actions.toggleBreaks() },
        icon("coffee"), state === "break" ? "Other break" : `Break${after}`, h("kbd", null, "Alt B")),
    state !== "offline" && actions.breaksOpen() && breaks(data, actions),
    state !== "offline" &&
      h("button.button.wide", { key: "offline", id: "go-offline", disabled: actions.busy("offline"), onclick: () => actions.ask("offline") },
        icon("power"), `Offline${after}`, h("kbd", null, "Alt O")),
  ];
}

/** @param {any} data @param {any} actions */
function breaks(data, actions) {
  return h("ul.break-list", { "aria-label": "Break reasons" }, data.breaks.map((/** @type {any} */ reason) => h("li", { key: reason.id },
    h("button.button.bare.wide", { onclick: () => actions.takeBreak(reason.id) },
      h("span", null, reason.name), h("span.quiet", null, reason.max_minutes ? `${reason.max_minutes} min` : "")))));
}

/** @param {any} data @param {any} actions */
function queues(data, actions) {
  return h("div.card.queues", null,
    h("div.card-head", null, h("h2.card-title", null, "My queues"), h("span.card-side", null, "waiting")),
    data.queues.length === 0 && h("p.empty", null, "You are in no queue."),
    h("ul", null, data.queues.map((/** @type {any} */ queue) => h("li.queue", { key: queue.id, "data-out": !queue.logged_in },
      h("button.switch", {
        role: "switch", "aria-checked": String(queue.logged_in), "aria-label": `Take calls of ${queue.name}`,
        title: queue.logged_in ? "Log out of this queue" : "Log in to this queue",
        onclick: () => actions.ask(queue.logged_in ? "log_out" : "log_in", { queue: queue.id }),
      }, h("i", null)),
      h("span.clip", null, queue.name),
      queue.waiting > 0 && queue.oldest && since(queue.oldest, { class: "quiet" }),
      h("strong.number", { "data-some": queue.waiting > 0 }, queue.waiting)))));
}

/** @param {any} data @param {any} actions */
function preferences(data, actions) {
  const on = data.agent.ready_when_registered;
  return h("label.preference", { title: "Become available when your phone registers, and offline when it signs off" },
    h("button.switch", { role: "switch", "aria-checked": String(on), id: "ready-when-registered", onclick: () => actions.ask("ready_when_registered", { on: !on }) }, h("i", null)),
    h("span", null, "Ready when my phone registers"));
}
