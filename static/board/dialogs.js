/** Interventions: give a call to an agent, change what an agent does. */

import { h, icon, render } from "../design/dom.js";
import { tick } from "../design/clock.js";

/** @returns {HTMLDialogElement} */
function dialog() {
  return /** @type {any} */ (document.getElementById("dialog"));
}

/** @param {string} title @param {any} about @param {any} body */
function open(title, about, body) {
  render(dialog(), h("div.dialog", { key: Math.random() }, h("h2", { id: "dialog-title" }, title), about && h("p.quiet", null, about), body,
    h("div.dialog-end", null, h("button.button", { onclick: () => dialog().close() }, "Cancel"))));
  if (!dialog().open) dialog().showModal();
  tick();
}

/** @param {any} call @param {any} data @param {any} actions */
export function assignDialog(call, data, actions) {
  const who = call.name || call.number || "Unknown caller";
  const free = data.agents.filter((/** @type {any} */ agent) => agent.state === "available" && agent.reachable);
  const member = (/** @type {any} */ agent) => agent.queues.some((/** @type {any} */ queue) => queue.id === call.queue.id);
  free.sort((/** @type {any} */ one, /** @type {any} */ other) => Number(member(other)) - Number(member(one)));
  const choose = async (/** @type {any} */ agent) => {
    dialog().close();
    await actions.ask("assign", { call: call.id, agent: agent.id }, `${who} rings at ${agent.name}`);
  };
  open(`Give ${who} to …`, `Waits in ${call.queue.name}. The phone of the agent rings at once; the place in line is kept if it is not answered.`,
    free.length === 0 ? h("p.empty", null, "No agent is available and reachable now.")
      : h("ul.choices", null, free.map((/** @type {any} */ agent) => h("li", { key: agent.id }, h("button.button.wide", { onclick: () => choose(agent) },
        h("strong", null, agent.name), h("span.quiet", null, member(agent) ? agent.extension : "not in this queue"))))));
}

/** @param {any} agent @param {any} data @param {any} actions */
export function agentDialog(agent, data, actions) {
  const busy = ["ringing", "on_call", "wrap_up"].includes(agent.state);
  const choose = async (/** @type {string} */ op, /** @type {Record<string, any>} */ args, /** @type {string} */ done) => {
    dialog().close();
    await actions.ask(op, { agent: agent.id, ...args }, `${agent.name}: ${done}`);
  };
  open(agent.name, busy ? `${agent.label}. What you choose comes into force after the present call.` : `${agent.label}.`,
    h("ul.choices", null,
      h("li", null, h("button.button.wide", { disabled: agent.state === "available", onclick: () => choose("available", {}, "available") }, icon("play"), busy ? "Go on taking calls" : "Available")),
      agent.state !== "offline" && data.breaks.map((/** @type {any} */ reason) => h("li", { key: reason.id }, h("button.button.wide", { onclick: () => choose("break", { reason: reason.id }, reason.name) }, icon("coffee"), `Break: ${reason.name}`))),
      h("li", { key: "off" }, h("button.button.wide", { disabled: agent.state === "offline", onclick: () => choose("offline", {}, "offline") }, icon("power"), "Offline"))));
}
