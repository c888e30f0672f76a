/** Records with the browser's microphone: see the level, hear it, keep it or do it again. */

import { complain, send } from "./forms.js";
import { wav } from "./wav.js";

/** Decibels below full scale that the meter shows as nothing. */
const FLOOR = 60;

const form = /** @type {HTMLFormElement} */ (document.getElementById("cc-recorder"));
const level = /** @type {HTMLMeterElement} */ (document.getElementById("cc-level"));
const state = /** @type {HTMLElement} */ (document.getElementById("cc-state"));
const heard = /** @type {HTMLAudioElement} */ (document.getElementById("cc-heard"));
const [start, stop, keep, again] = ["cc-start", "cc-stop", "cc-keep", "cc-again"].map(
  (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id)));
const longest = Number(form.dataset.longest);

/** @type {{recorder: MediaRecorder, stream: MediaStream, context: AudioContext, began: number} | undefined} */
let running;
/** @type {Blob | undefined} */
let made;

/** @param {"ready" | "recording" | "made"} now */
function show(now) {
  start.hidden = now !== "ready";
  stop.hidden = now !== "recording";
  keep.hidden = again.hidden = heard.hidden = now !== "made";
}

async function record() {
  complain(form, "");
  if (!navigator.mediaDevices) throw new Error("Browsers give the microphone to https pages only. Open this site by its https address, or on the machine itself.");
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false } });
  const context = new AudioContext();
  const recorder = new MediaRecorder(stream);
  /** @type {Blob[]} */
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => told(finish(parts, context, stream));
  running = { recorder, stream, context, began: performance.now() };
  recorder.start();
  show("recording");
  stop.focus();
  measure(stream, context);
}

/** @param {MediaStream} stream @param {AudioContext} context */
function measure(stream, context) {
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const look = () => {
    if (!running) return;
    analyser.getFloatTimeDomainData(samples);
    const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-9);
    level.value = Math.max(0, Math.min(100, (100 * (20 * Math.log10(peak) + FLOOR)) / FLOOR));
    const seconds = (performance.now() - running.began) / 1000;
    state.textContent = `Recording … ${seconds.toFixed(0)} s`;
    if (seconds >= longest) running.recorder.stop();
    requestAnimationFrame(look);
  };
  look();
}

/** @param {Blob[]} parts @param {AudioContext} context @param {MediaStream} stream */
async function finish(parts, context, stream) {
  running = undefined;
  for (const track of stream.getTracks()) track.stop();
  const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
  await context.close();
  made = wav(sound);
  URL.revokeObjectURL(heard.src);
  heard.src = URL.createObjectURL(made);
  level.value = 0;
  state.textContent = `${sound.duration.toFixed(1)} s recorded. Hear it, then keep it or record it again.`;
  show("made");
  keep.focus();
}

/** @param {Promise<void>} doing */
function told(doing) {
  doing.catch((error) => {
    const denied = error.name === "NotAllowedError" ? "The browser was not allowed to use the microphone. Allow it beside the address, then press Record." : "";
    const none = error.name === "NotFoundError" ? "This computer has no microphone. Connect one, or record by phone." : "";
    complain(form, denied || none || error.message);
    show("ready");
  });
}

start.addEventListener("click", () => told(record()));
again.addEventListener("click", () => told(record()));
stop.addEventListener("click", () => running?.recorder.stop());
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!made) return;
  const data = new FormData(form);
  data.set("do", "browser");
  data.set("file", made, "microphone.wav");
  const answer = await send(form, data);
  if (answer) location.assign((await answer.json()).url);
});
show("ready");
