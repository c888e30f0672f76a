/** Keeps the admin's first page up to date: whenever the board's picture changes, the page fetches itself again. */

import { Live } from "../design/live.js";

/** Milliseconds between two fetches at least: a busy hour changes the picture many times a second. */
const SPACING = 2000;

const place = /** @type {HTMLElement} */ (document.getElementById("cc-overview"));
let fetched = Date.now();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let planned;

async function refresh() {
  planned = undefined;
  fetched = Date.now();
  const answer = await fetch(location.pathname).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("cc-overview");
  if (fresh) place.replaceChildren(...fresh.childNodes);
}

function changed() {
  if (planned || document.hidden) return;
  planned = setTimeout(refresh, Math.max(0, fetched + SPACING - Date.now()));
}

new Live(place.dataset.socket ?? "", {
  snapshot: changed,
  condition(condition) {
    place.toggleAttribute("data-stale", condition === "stale" || condition === "lost");
  },
});
document.addEventListener("visibilitychange", changed);
