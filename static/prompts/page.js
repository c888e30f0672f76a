/** The page of a prompt: players, forms that stay when they are refused, speech to listen to before it is kept. */

import { complain, send } from "./forms.js";
import { play, player } from "./player.js";

const page = /** @type {HTMLElement | null} */ (document.querySelector(".cc-prompt"));
const preview = new Audio();

for (const place of document.querySelectorAll(".cc-player")) player(/** @type {HTMLElement} */ (place));

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-recording]"))) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const chosen = /** @type {HTMLButtonElement | null} */ (event.submitter);
    const data = new FormData(form, chosen);
    if (chosen?.value === "upload" && !(/** @type {File} */ (data.get("file"))?.name)) {
      complain(form, "Choose a file first.", "file");
      return;
    }
    // Only an upload needs it; the other buttons should not send a chosen file along.
    if (chosen?.value !== "upload") data.delete("file");
    const answer = await send(form, data);
    if (answer) location.reload();
  });

  // The theme's own script expects its own widget around a file field.
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.type === "file") event.stopPropagation();
  }, true);

  form.querySelector("[data-preview-text]")?.addEventListener("click", async () => {
    const data = new FormData(form);
    data.delete("file");
    const answer = await send(form, data, page?.dataset.preview);
    if (!answer) return;
    URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(await answer.blob());
    form.dataset.previewed = String((Number(form.dataset.previewed) || 0) + 1);
    await play(preview);
  });

  form.querySelector("[data-record]")?.addEventListener("click", (event) => {
    const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
    const language = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=language]"));
    if (language) link.href = `${link.pathname}?language=${encodeURIComponent(language.value)}`;
  });
}
