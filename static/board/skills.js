/** The skills that callers asked for: who waits for them, who is there that has them, and how today went. */

import { h } from "../design/dom.js";
import { age } from "../design/clock.js";
import { amount, link } from "./queues.js";

const COLUMNS = [
  ["Skill", "", ""],
  ["At work", "n", "Agents with the skill who are logged in, of all who have it"],
  ["Waiting", "n", "Callers in line who asked for it"],
  ["Answered", "n", "Calls of today that asked for it and were answered"],
  ["Abandoned", "n", "Calls of today that asked for it and were given up"],
];

/** Nothing is drawn where no call asks for a skill. @param {any} data */
export function skillsCard(data) {
  return data.skills.length > 0 && h("section.card.teams", { key: "skills", "aria-labelledby": "skills-title" },
    h("div.card-head", null, h("h2.card-title", { id: "skills-title" }, "Skills"), h("span.card-side", null, "since midnight · ", age())),
    h("div.scroll", null, h("table", null,
      h("thead", null, h("tr", null, COLUMNS.map(([name, kind, hint]) => h("th", { key: name, scope: "col", class: kind, title: hint || null }, name)))),
      h("tbody", null, data.skills.map(row)))));
}

/** @param {any} skill */
function row(skill) {
  const { today, links } = skill;
  return h("tr", { key: skill.id, "data-skill": skill.id },
    h("th.clip", { scope: "row" }, skill.name),
    h("td.n", null, link(links.at_work, skill.at_work), h("span.quiet", null, " / ", link(links.agents, skill.agents))),
    amount(links.waiting, skill.waiting),
    amount(links.answered, today.answered),
    amount(links.abandoned, today.abandoned));
}
