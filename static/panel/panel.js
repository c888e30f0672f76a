/** The agent's panel: what the snapshot says, drawn; what the agent wants, asked for. */

import { h, icon, render } from "../design/dom.js";
import { tick } from "../design/clock.js";
import { Live } from "../design/live.js";
import { allowSound, ring } from "../design/ring.js";
import { banner, say, toast, words } from "../design/status.js";
import { Drafts } from "./drafts.js";
import { listen, toggleHelp } from "./keys.js";
import { openFromAddress, refreshMailbox, toggleMailbox } from "./mailbox.js";
import { refusedNotes } from "./refused.js";
import { side } from "./side.js";
import { stage } from "./stage.js";
import { stateCard } from "./state.js";

const main = /** @type {HTMLElement} */ (document.getElementById("panel"));
const bannerPlace = /** @type {HTMLElement} */ (document.getElementById("banner"));
const refusedPlace = /** @type {HTMLElement} */ (document.getElementById("refused-notes"));
const topState = /** @type {HTMLElement} */ (document.getElementById("top-state"));
const TITLE = document.title;

/** @type {any} */
let picture = null;
/** Ops under way, so that their buttons rest. @type {Set<string>} */
const busy = new Set();
let breaksOpen = false;

const live = new Live(main.dataset.socket ?? "", {
  snapshot(data) {
    const first = picture === null;
    announce(picture, data);
    picture = data;
    if (data.agent.state !== "available" && data.agent.state !== "offline" && data.wrap_ups.length + data.calls.length === 0) breaksOpen = false;
    draw();
    if (first) openFromAddress(actions);
  },
  condition(condition, confirmed) {
    banner(bannerPlace, condition, confirmed);
    main.toggleAttribute("data-stale", condition !== "live" && condition !== "connecting");
    ring(condition === "live" && Boolean(picture?.offers.length));
  },
});

const drafts = new Drafts(main.dataset.agent ?? "", (call, draft) => live.intent("save_wrap_up", { call, ...draft }));
drafts.changed = () => draw();

/** @param {string} op @param {Record<string, any>} [args] */
async function ask(op, args = {}) {
  const name = `${op}:${args.reason ?? args.call ?? args.queue ?? args.message ?? ""}`;
  if (busy.has(name)) return { ok: false };
  busy.add(name);
  draw();
  const answer = await live.intent(op, args);
  busy.delete(name);
  if (!answer.ok) toast(words(answer.error));
  draw();
  return answer;
}

const actions = {
  ask,
  picture: () => picture,
  async send(/** @type {string} */ op, /** @type {Record<string, any>} */ args) {
    const answer = await live.intent(op, args);
    if (!answer.ok) toast(words(answer.error));
    return answer;
  },
  drafts,
  busy: (/** @type {string} */ op) => [...busy].some((name) => name.startsWith(`${op}:`)),
  help: toggleHelp,
  breaksOpen: () => breaksOpen,
  toggleBreaks(open = !breaksOpen) {
    breaksOpen = open;
    draw();
    if (open) document.querySelector(/** @type {any} */ (".break-list button"))?.focus();
  },
  async takeBreak(/** @type {number} */ reason) {
    breaksOpen = false;
    await ask("break", { reason });
  },
  async finish(/** @type {any} */ call) {
    const draft = drafts.of(call);
    const answer = await ask("finish_wrap_up", { call: call.id, ...draft });
    if (answer.ok) drafts.forget(call.id);
  },
};

function draw() {
  if (!picture) return;
  main.removeAttribute("aria-busy");
  render(main, stateCard(picture, actions), stage(picture, actions), side(picture, actions));
  refreshMailbox(actions);
  render(refusedPlace, refusedNotes(drafts));
  render(topState, phone(picture));
  ring(live.condition === "live" && picture.offers.length > 0);
  tick();
}

/** @param {any} data */
function phone(data) {
  const label = data.devices.map((/** @type {any} */ device) => device.label).join(", ");
  return h("div.phone", null,
    data.agent.reachable
      ? h("span.chip", { "data-colour": "green", title: label, id: "phone" }, icon("phone"), "Phone registered")
      : h("span.chip", { "data-colour": data.agent.unreachable_but_available ? "red" : "grey", id: "phone" }, icon("unplug"), "No phone"),
    h("button.button.bare", { onclick: toggleHelp, title: "Keyboard help (?)" }, icon("keyboard"), h("span.unseen", null, "Keyboard help")));
}

/** Tell those who do not look at the screen. @param {any} before @param {any} now */
function announce(before, now) {
  const ringing = now.offers[0];
  if (ringing && !before?.offers.some((/** @type {any} */ offer) => offer.id === ringing.id)) {
    say(`Incoming call from ${ringing.call.name || ringing.call.number || "unknown"}, queue ${ringing.call.queue.name}`);
  } else if (before && before.agent.state !== now.agent.state) {
    say(`You are now ${now.agent.label}`);
  } else if (before && now.missed.length > before.missed.length) {
    say("Missed call");
  } else if (before && now.mailbox.new > before.mailbox.new) {
    say(`New voicemail, ${now.mailbox.new} new in all`);
  }
}

let flash = false;
setInterval(() => {
  flash = !flash;
  const offer = picture?.offers[0];
  const title = offer && flash ? `☎ ${offer.call.name || offer.call.number || "Incoming call"}` : TITLE;
  if (document.title !== title) document.title = title;
}, 700);

for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, allowSound, { passive: true });

listen({
  KeyA: () => void ask("available"),
  KeyB: () => actions.toggleBreaks(),
  KeyO: () => void ask("offline"),
  KeyR: () => { if (picture?.offers[0]) void ask("reject", { offer: picture.offers[0].id }); },
  KeyH: () => { if (picture?.calls[0]) void ask("hang_up", { call: picture.calls[0].id }); },
  KeyM: () => toggleMailbox(actions),
  KeyN: () => document.getElementById("notes")?.focus(),
  KeyX: () => { if (picture?.wrap_ups[0]?.extension_seconds) void ask("extend_wrap_up", { call: picture.wrap_ups[0].id }); },
  Enter: () => { if (picture?.wrap_ups[0]) void actions.finish(picture.wrap_ups[0]); },
  Digit: (digit) => {
    const call = picture?.wrap_ups[0];
    const choice = call?.dispositions[digit - 1];
    if (choice) drafts.write(call.id, { ...drafts.of(call), disposition: choice.id });
  },
});
