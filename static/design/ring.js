/** The ring: made by the browser, so that there is no file to load when it matters. */

/** @type {AudioContext | undefined} */
let context;
/** @type {number | undefined} */
let timer;

/** Browsers let a page sound only after its user touched it. */
export function allowSound() {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

export function soundAllowed() {
  return context?.state === "running";
}

/** @param {boolean} wanted */
export function ring(wanted) {
  if (wanted && timer === undefined) {
    burst();
    timer = setInterval(burst, 2400);
  } else if (!wanted && timer !== undefined) {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Two soft double notes, a little like a desk phone. */
function burst() {
  if (!context || context.state !== "running") return;
  for (const start of [0, 0.45]) {
    for (const frequency of [587.3, 740]) note(context, context.currentTime + start, frequency);
  }
}

/** @param {AudioContext} audio @param {number} at @param {number} frequency */
function note(audio, at, frequency) {
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.38);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.4);
}
