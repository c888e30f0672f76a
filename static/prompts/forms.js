/** Sends a form and stays: what is refused is said beside it, and nothing that was typed is lost. */

/**
 * @param {HTMLFormElement} form
 * @param {FormData} data
 * @param {string} [target] another address than the form's own
 * @returns {Promise<Response | null>} the answer, or null if it was a refusal, which is shown
 */
export async function send(form, data, target = form.action) {
  complain(form, "");
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (form.querySelectorAll("button"));
  for (const button of buttons) button.disabled = true;
  try {
    const answer = await fetch(target, { method: "POST", body: data, headers: { Accept: "application/json" } });
    if (answer.ok) return answer;
    complain(form, await reason(answer), (await fieldOf(answer)) ?? "");
  } catch {
    complain(form, "The server does not answer. Nothing is lost: try again in a moment.");
  } finally {
    for (const button of buttons) button.disabled = false;
  }
  return null;
}

/** @type {WeakMap<Response, Promise<any>>} */
const bodies = new WeakMap();

/** @param {Response} answer */
function body(answer) {
  const found = bodies.get(answer) ?? answer.json().catch(() => ({}));
  bodies.set(answer, found);
  return found;
}

/** @param {Response} answer */
async function reason(answer) {
  const said = (await body(answer)).detail;
  if (said) return said;
  if (answer.status === 403) return "You may not do this, or you were logged out. Log in again in another tab, then try again.";
  return answer.status === 413 ? "The file is too large for the server." : `The server could not do it (${answer.status}). Try again.`;
}

/** @param {Response} answer */
async function fieldOf(answer) {
  return /** @type {string | undefined} */ ((await body(answer)).field);
}

/** @param {HTMLFormElement} form @param {string} text @param {string} [field] */
export function complain(form, text, field = "") {
  const place = /** @type {HTMLElement} */ (form.querySelector(".cc-trouble"));
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const named = /** @type {HTMLElement | null} */ (field ? form.querySelector(`[name="${field}"]:not([type=hidden])`) : null);
  named?.setAttribute("aria-invalid", "true");
  named?.focus();
  if (text) place.scrollIntoView({ block: "center" });
}
