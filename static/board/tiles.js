/** The row of large figures. Each leads to what it counts and says how old it is. */

import { h, icon } from "../design/dom.js";
import { age, since } from "../design/clock.js";

/** @param {any} data */
export function tiles(data) {
  const all = data.tiles;
  const worst = Math.max(0, ...data.queues.map((/** @type {any} */ queue) => alarm(queue.waiting, queue.warn_waiting)));
  const wait = Math.min(...data.queues.map((/** @type {any} */ queue) => queue.warn_wait_seconds), Infinity);
  return h("ul.tiles", { key: "tiles" },
    tile("waiting", "Waiting", all.waiting, { tone: tone(worst), hint: "Callers in line now, those whose agent's phone rings included." }),
    tile("longest", "Longest wait", { ...all.longest, value: since(all.longest.since, { late: Number.isFinite(wait) ? wait : null }) }, { hint: "Of those who wait now." }),
    tile("available", "Available", all.available, { tone: all.waiting.value && !all.available.value ? "amber" : "", hint: "Agents who want calls and whose phone can ring, of those at work." }),
    tile("talking", "Talking", all.talking, { hint: "Agents in a call." }),
    tile("unreachable", "Unreachable", all.unreachable, { tone: all.unreachable.value ? "red" : "", hint: "Agents who want calls but have no registered phone." }),
    all.answered && tile("answered", "Answered today", all.answered, { hint: "Entries of today that reached an agent, of those offered." }),
    all.abandoned && tile("abandoned", "Abandoned today", all.abandoned, { hint: "Callers who hung up before anybody answered." }),
    all.level && tile("level", "Service level", { ...all.level, value: all.level.value === null ? "–" : `${all.level.value} %` }, { hint: all.level.meaning }));
}

/** @param {string} id @param {string} label @param {any} figure @param {{tone?: string, hint: string}} more */
function tile(id, label, figure, { tone: colour = "", hint }) {
  const value = h("span.tile-value.number", { id: `tile-${id}` }, figure.value);
  return h("li.tile", { key: id, "data-colour": colour || null, title: hint },
    h("span.tile-label", null, colour && icon("triangle-alert", "attention"), label),
    h("span.tile-figure", null, figure.link ? h("a", { href: figure.link }, value) : value,
      figure.of !== undefined && h("span.quiet", null, "of ", figure.of_link ? h("a", { href: figure.of_link }, figure.of) : figure.of)),
    age());
}

/** 0 in order, 1 warning, 2 alarm at twice the threshold. @param {number} value @param {number} threshold */
export function alarm(value, threshold) {
  if (!threshold || value < threshold) return 0;
  return value >= 2 * threshold ? 2 : 1;
}

/** @param {number} level */
export function tone(level) {
  return ["", "amber", "red"][level];
}
