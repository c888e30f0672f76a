/** The right column: my day in figures, my voicemail, and the calls I missed. */

import { h, icon } from "../design/dom.js";
import { duration, since, timeOfDay } from "../design/clock.js";
import { mailboxCard } from "./mailbox.js";

/** @param {any} data @param {any} actions */
export function side(data, actions) {
  return h("section.column", { key: "side", "aria-label": "My day" }, figures(data), mailboxCard(data, actions), missed(data));
}

/** @param {any} data */
function figures(data) {
  const day = data.figures;
  return h("div.card.figures", null,
    h("div.card-head", null, h("h2.card-title", null, "My day"),
      data.agent.logged_in_at && h("span.card-side", null, "on shift ", since(data.agent.logged_in_at))),
    h("dl", null,
      figure("Answered", day.answered, "figure-answered"),
      figure("Missed", day.missed, "figure-missed", day.missed > 0 ? "amber" : undefined),
      figure("Talk time", duration(day.talk_seconds), "figure-talk"),
      figure("Per call", day.handling_seconds === null ? "–" : duration(day.handling_seconds), "figure-handling"),
      figure("Occupancy", day.occupancy === null ? "–" : `${day.occupancy} %`, "figure-occupancy")));
}

/** @param {string} name @param {any} value @param {string} id @param {string} [colour] */
function figure(name, value, id, colour) {
  return h("div.figure", { key: name, "data-colour": colour ?? null }, h("dt", null, name), h("dd.number", { id }, value));
}

/** @param {any} data */
function missed(data) {
  return h("div.card.missed", null,
    h("div.card-head", null, h("h2.card-title", null, "Missed today")),
    data.missed.length === 0 && h("p.empty", null, "None so far."),
    h("ul", null, data.missed.map((/** @type {any} */ offer) => h("li", { key: offer.id },
      h("span.missed-mark", { "data-colour": "red" }, icon("phone-missed")),
      h("span.missed-who", null, h("strong.clip", null, offer.name || offer.number || "Unknown"), h("span.quiet.clip", null, `${offer.queue} · ${offer.outcome}`)),
      h("time.quiet", { datetime: offer.at }, timeOfDay(offer.at))))));
}
