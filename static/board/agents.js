/** The agents: what they want, what they do, whether they can be reached. */

import { h, icon } from "../design/dom.js";
import { age, since } from "../design/clock.js";

/** @param {any} data @param {any} actions */
export function agentsCard(data, actions) {
  const chosen = actions.chosenQueue();
  const rows = data.agents.filter((/** @type {any} */ agent) => !chosen || agent.queues.some((/** @type {any} */ queue) => queue.id === chosen));
  const work = rows.filter((/** @type {any} */ agent) => agent.state !== "offline").length;
  return h("section.card.agents", { key: "agents", "aria-labelledby": "agents-title" },
    h("div.card-head", null, h("h2.card-title", { id: "agents-title" }, "Agents"), h("span.quiet", null, ...count(data, chosen, work, rows.length)), h("span.card-side", null, age())),
    rows.length === 0 ? h("p.empty", null, "No agents here.") : h("ul.scroll", null, rows.map((/** @type {any} */ agent) => row(agent, data, actions))));
}

/** @param {any} agent @param {any} data @param {any} actions */
function row(agent, data, actions) {
  const lost = agent.state === "available" && !agent.reachable;
  return h("li.agent", { key: agent.id, "data-agent": agent.id, "data-state": agent.state, "data-colour": lost ? "red" : agent.colour },
    h("span.agent-who", null, h("strong.clip", null, agent.name), h("span.quiet.clip", null, [agent.extension, agent.team].filter(Boolean).join(" · "))),
    h("span.agent-state", null,
      h("span.chip", { "data-colour": agent.colour, title: agent.meaning }, agent.label),
      since(agent.since, { class: "agent-since", late: agent.max_minutes ? agent.max_minutes * 60 : null })),
    h("span.agent-what", null, what(agent, lost)),
    shares(agent.today),
    data.may_steer && h("button.button.bare.small", { title: `Change the state of ${agent.name}`, onclick: () => actions.steer(agent) }, icon("settings", "Change state")));
}

/** The lists behind are of all agents, so there are none while one queue is chosen. @param {any} data @param {number | null} chosen @param {number} work @param {number} all */
function count(data, chosen, work, all) {
  const link = (/** @type {string} */ address, /** @type {number} */ number) => (address && !chosen ? h("a", { href: address }, number) : number);
  return [link(data.tiles.available.of_link, work), " of ", link(data.agents_link, all), " at work"];
}

/** How the agent's day was spent. @param {any} today */
function shares(today) {
  const line = (/** @type {string} */ name, /** @type {number | null} */ value, /** @type {string} */ hint) =>
    h("span.quiet", { title: hint }, `${name} `, value === null ? "–" : h("a.number", { href: today.link || null }, `${value} %`));
  return h("span.agent-shares", null,
    line("occ.", today.occupancy, "Occupancy today: on contact, of the time on contact or idle"),
    line("util.", today.utilization, "Utilization today: on contact, of the time logged in"));
}

/** @param {any} agent @param {boolean} lost */
function what(agent, lost) {
  const wish = agent.wish && h("span.quiet.clip", null, icon("clock"), ` then ${agent.wish_reason || agent.wish}`);
  if (lost) return h("span.unreachable.clip", null, icon("unplug"), " No phone");
  if (agent.caller) {
    return [h("a.clip", { href: agent.caller.link || null }, agent.caller.name || agent.caller.number || "Unknown"),
      agent.caller.held_since ? h("span.quiet.clip", null, icon("pause"), " on hold ", since(agent.caller.held_since)) : wish || h("span.quiet.clip", null, agent.caller.queue)];
  }
  if (agent.reason) return [h("span.clip", null, agent.reason), wish];
  return agent.reachable ? wish : h("span.quiet.clip", null, "no phone");
}
