/** The table of queues: now, and since midnight. */

import { h, icon } from "../design/dom.js";
import { age, duration, since, when } from "../design/clock.js";
import { alarm, tone } from "./tiles.js";

const COLUMNS = [
  ["Queue", "", ""],
  ["Waiting", "n", "In line now"],
  ["Longest", "n", "Longest wait of those in line"],
  ["New caller", "n", "How long somebody who called now would probably wait, from recent waits and staffing"],
  ["Agents", "n", "Available and reachable / at work, logged in to the queue"],
  ["Offered", "n", "Entries since midnight"],
  ["Answered", "n", "Reached an agent"],
  ["Abandoned", "n", "Hung up before an answer"],
  ["In time", "n", "Service level, by the formula of the queue"],
  ["ASA", "n", "Average speed of answer"],
  ["AHT", "n", "Average handling time: talk, hold and wrap-up"],
];

/** Name, word for one, word for several, and what it means. */
const REST = [
  ["missed", "offer missed", "offers missed", "Offers of these entries that an agent rejected, did not answer, or whose phone was busy or out of reach"],
  ["callback", "callback", "callbacks", "Left the line for a call back"],
  ["voicemail", "voicemail", "voicemails", "Left a message"],
  ["overflow", "overflowed", "overflowed", "Taken out of the queue by its way out"],
  ["refused", "refused", "refused", "Not let in: full, closed or nobody there; not among the offered"],
  ["short", "short", "short", "Abandoned within a few seconds; among the abandoned"],
];

/** @param {any} data @param {any} actions */
export function queuesCard(data, actions) {
  return h("section.card.queues", { key: "queues", "aria-labelledby": "queues-title" },
    h("div.card-head", null, h("h2.card-title", { id: "queues-title" }, "Queues"), h("span.card-side", null, "since midnight · ", age())),
    data.queues.length === 0 ? h("p.empty", null, "No queue that you supervise.") : h("div.scroll", null, h("table", null,
      h("thead", null, h("tr", null, COLUMNS.map(([name, kind, hint]) => h("th", { key: name, scope: "col", class: kind, title: hint || null }, name)))),
      h("tbody", null, data.queues.map((/** @type {any} */ queue) => row(queue, actions))))));
}

/** @param {any} queue @param {any} actions */
function row(queue, actions) {
  const chosen = actions.chosenQueue() === queue.id;
  const waiting = alarm(queue.waiting, queue.warn_waiting);
  const unstaffed = queue.waiting > 0 && queue.agents.at_work === 0;
  const rest = more(queue);
  const first = h("tr", { key: queue.id, "data-queue": queue.id, "data-chosen": chosen, class: rest.length ? "joined" : null },
    h("th", { scope: "row" }, h("button.row-name.clip", { "aria-pressed": String(chosen), title: "Show only this queue's calls and agents", onclick: () => actions.chooseQueue(queue.id) }, queue.name),
      !queue.active ? h("span.chip", { "data-colour": "grey" }, "Off")
        : queue.closed && h("span.chip", { "data-colour": "amber", title: closedWords(queue.closed) }, "Closed"),
      queue.overflowing && h("span.chip", { "data-colour": "amber", title: `New callers: ${queue.overflowing}` }, "Overflow")),
    amount(queue.links.waiting, queue.waiting, tone(waiting)),
    cell(link(queue.oldest && queue.links.waiting, since(queue.oldest, { late: queue.warn_wait_seconds }))),
    cell(queue.expected || "–", "", queue.expected ? null : "Too little is known to say"),
    cell([h("strong", { class: queue.agents.available ? null : "nought" }, link(queue.links.available, queue.agents.available)),
      h("span.quiet", null, " / ", link(queue.links.at_work, queue.agents.at_work))], unstaffed ? "red" : ""),
    amount(queue.links.offered, queue.today.offered),
    amount(queue.links.answered, queue.today.answered),
    amount(queue.links.abandoned, queue.today.abandoned),
    cell(link(queue.links.level, percent(queue.today.level)), level(queue), `Target ${queue.target} % within ${queue.target_seconds} s. ${queue.level_meaning}`),
    cell(link(queue.links.answered, seconds(queue.today.asa))),
    cell(link(queue.links.handled, seconds(queue.today.aht))));
  return rest.length ? [first, h("tr.more", { key: `${queue.id} more`, "data-more": queue.id, "data-chosen": chosen },
    h("td.n", { colspan: 8 }, rest), h("td", { colspan: COLUMNS.length - 8 }))] : [first];
}

/** What else became of the entries of today, in words, without the noughts. @param {any} queue */
function more(queue) {
  const known = REST.filter(([name]) => queue.today[name]);
  const hours = queue.active && queue.closed ? [h("span", { key: "closed", title: "Callers are turned away by the queue's opening hours" },
    closedWords(queue.closed), known.length > 0 && " · ")] : [];
  return hours.concat(known.map(([name, one, many, hint], index) => h("span", { key: name, title: hint }, index > 0 && " · ",
    link(queue.links[name], [h("strong", null, queue.today[name]), ` ${queue.today[name] === 1 ? one : many}`]))));
}

/** Why it is closed, and until when. @param {{name: string, opens_at: string | null}} closed */
function closedWords(closed) {
  return `Closed${closed.name ? ` (${closed.name})` : ""}, ${closed.opens_at ? `opens ${when(closed.opens_at)}` : "does not open within a year"}`;
}

/** @param {any} content @param {string} [colour] @param {string} [title] */
function cell(content, colour = "", title) {
  return h("td.n", { "data-colour": colour || null, title: title ?? null }, colour && icon("triangle-alert", "attention"), content);
}

/** A nought is quiet, so that the eye finds what is not. @param {string | undefined} address @param {number} value @param {string} [colour] */
export function amount(address, value, colour = "") {
  return h("td.n", { class: value ? null : "nought", "data-colour": colour || null }, colour && icon("triangle-alert", "attention"), link(address, value));
}

/** @param {string | null | undefined} address @param {any} content */
export function link(address, content) {
  return address && content !== "–" ? h("a", { href: address }, content) : content;
}

/** @param {number | null} value */
export function percent(value) {
  return value === null ? "–" : `${value} %`;
}

/** @param {number | null} value */
export function seconds(value) {
  return value === null ? "–" : duration(value);
}

/** Below the target is a warning, 20 points below it an alarm. @param {any} queue */
function level(queue) {
  const { level: reached } = queue.today;
  if (reached === null || reached >= queue.target) return "";
  return reached < queue.target - 20 ? "red" : "amber";
}
