/** Plays recordings: a button, and a waveform that shows the position and takes one. */

/** Seconds that an arrow key moves. */
const STEP = 1;

/** One sound at a time, as a person has one pair of ears. @type {HTMLAudioElement | undefined} */
let sounding;

/** @param {HTMLElement} place */
export function player(place) {
  const button = /** @type {HTMLButtonElement} */ (place.querySelector(".cc-play"));
  const wave = /** @type {SVGElement} */ (place.querySelector(".cc-wave"));
  const time = /** @type {HTMLElement} */ (place.querySelector(".cc-time"));
  const name = button.getAttribute("aria-label")?.replace("Play: ", "") ?? "";
  const bars = [...wave.querySelectorAll("rect")];
  const audio = new Audio();
  const length = () => (Number.isFinite(audio.duration) ? audio.duration : Number(place.dataset.seconds) || 0);

  function show() {
    button.textContent = audio.paused ? "▶" : "❚❚";
    button.setAttribute("aria-label", `${audio.paused ? "Play" : "Pause"}: ${name}`);
    time.textContent = `${clock(audio.currentTime)} / ${clock(length())}`;
    const played = length() ? (audio.currentTime / length()) * bars.length : 0;
    bars.forEach((bar, n) => bar.classList.toggle("cc-played", n < played));
    wave.setAttribute("aria-valuenow", audio.currentTime.toFixed(1));
    wave.setAttribute("aria-valuetext", time.textContent);
    if (!audio.paused) requestAnimationFrame(show);
  }

  /** The whole file comes into memory at the first use: a position in it can then be chosen. */
  async function load() {
    if (audio.src) return;
    const answer = await fetch(place.dataset.src ?? "");
    if (!answer.ok) throw new Error("Its sound cannot be had: the original is not there any more.");
    audio.src = URL.createObjectURL(await answer.blob());
    await new Promise((ready, fail) => {
      audio.onloadedmetadata = ready;
      audio.onerror = () => fail(new Error("The browser cannot play it."));
    });
  }

  /** @param {number} seconds */
  async function go(seconds) {
    await load();
    audio.currentTime = Math.max(0, Math.min(length(), seconds));
    show();
  }

  async function toggle() {
    await load();
    if (!audio.paused) audio.pause();
    else await play(audio);
  }

  const told = (/** @type {Promise<void>} */ doing) => doing.catch((error) => { time.textContent = error.message; });
  button.addEventListener("click", () => told(toggle()));
  wave.addEventListener("click", (event) => {
    const box = wave.getBoundingClientRect();
    told(go(((event.clientX - box.left) / box.width) * length()));
  });
  wave.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -Infinity, End: Infinity };
    const move = /** @type {Record<string, number>} */ (moves)[event.key];
    if (move === undefined && event.key !== " ") return;
    event.preventDefault();
    told(move === undefined ? toggle() : go(audio.currentTime + move));
  });
  for (const happened of ["play", "pause", "ended", "seeked"]) audio.addEventListener(happened, show);
  show();
}

/** @param {HTMLAudioElement} audio */
export async function play(audio) {
  if (sounding !== audio) sounding?.pause();
  sounding = audio;
  await audio.play();
}

/** @param {number} seconds */
export function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
