/** The teams: who is at work, and what they did today. */

import { h } from "../design/dom.js";
import { age } from "../design/clock.js";
import { amount, link, percent, seconds } from "./queues.js";

const COLUMNS = [
  ["Team", "", ""],
  ["At work", "n", "Agents who are logged in, of all"],
  ["Answered", "n", "Calls that its agents answered today"],
  ["Missed", "n", "Offers that its agents rejected, did not answer, or whose phone was busy or out of reach"],
  ["AHT", "n", "Average handling time: talk, hold and wrap-up"],
  ["Occ.", "n", "Occupancy: on contact, of the time on contact or idle"],
  ["Util.", "n", "Utilization: on contact, of the time logged in"],
];

/** Nothing is drawn where no agent has a team. @param {any} data */
export function teamsCard(data) {
  return data.teams.length > 0 && h("section.card.teams", { key: "teams", "aria-labelledby": "teams-title" },
    h("div.card-head", null, h("h2.card-title", { id: "teams-title" }, "Teams"), h("span.card-side", null, "since midnight · ", age())),
    h("div.scroll", null, h("table", null,
      h("thead", null, h("tr", null, COLUMNS.map(([name, kind, hint]) => h("th", { key: name, scope: "col", class: kind, title: hint || null }, name)))),
      h("tbody", null, data.teams.map(row)))));
}

/** @param {any} team */
function row(team) {
  const { today, links } = team;
  return h("tr", { key: team.id, "data-team": team.id },
    h("th.clip", { scope: "row" }, team.name),
    h("td.n", null, link(links.at_work, team.at_work), h("span.quiet", null, " / ", link(links.agents, team.agents))),
    amount(links.answered, today.answered),
    amount(links.missed, today.missed),
    h("td.n", null, link(links.handled, seconds(today.aht))),
    h("td.n", null, link(links.spent, percent(today.occupancy))),
    h("td.n", null, link(links.spent, percent(today.utilization))));
}
