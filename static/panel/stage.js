/** The middle: the one thing to do now. */

import { h, icon } from "../design/dom.js";
import { duration, meter, since, timeOfDay, until } from "../design/clock.js";

/** @param {any} data @param {any} actions */
export function stage(data, actions) {
  const hands = [
    ...data.offers.map((/** @type {any} */ offer) => ({ scene: () => ringing(offer, data, actions), bar: () => bar(offer.call, "blue", "Ringing", offer.opened_at) })),
    ...data.calls.map((/** @type {any} */ call) => ({ scene: () => talking(call, actions), bar: () => bar(call, call.state === "dialling" ? "blue" : "green", call.state === "dialling" ? "Calling" : "Talking", call.answered_at ?? call.since, hangUp(call, actions, "small")) })),
    ...data.wrap_ups.map((/** @type {any} */ call) => ({ scene: () => wrapUp(call, actions), bar: () => bar(call, "violet", "Wrap-up", call.since) })),
  ];
  const [first, ...others] = hands;
  return h("section.stage", { key: "stage", "aria-label": "Now" }, first ? first.scene() : idle(data, actions), others.map((other) => other.bar()));
}

/** A further call of an agent who takes several at once. @param {any} call @param {string} colour @param {string} label @param {string} at @param {any} [button] */
function bar(call, colour, label, at, button) {
  return h("div.card.bar", { key: `bar-${call.id}`, "data-colour": colour, "data-call": call.id },
    h("span.chip", { "data-colour": colour }, label), h("strong.clip", null, call.name || call.number || "Unknown caller"),
    h("span.quiet", null, call.queue.name), since(at), button);
}

/** @param {any} call @param {any} actions @param {string} size */
function hangUp(call, actions, size) {
  const big = size === "big";
  return h("button.button.solid", {
    class: size, "data-colour": "red", id: big ? "hang-up" : null, disabled: actions.busy("hang_up"), onclick: () => actions.ask("hang_up", { call: call.id }),
  }, icon("phone-off"), "Hang up", big && h("kbd", null, "Alt H"));
}

/** @param {any} data @param {any} actions */
function idle(data, actions) {
  const { agent } = data;
  if (agent.unreachable_but_available) {
    return quiet("unreachable", "red", "unplug", "You cannot be reached", [
      "You want calls, but no phone of yours is registered, so none will come.",
      h("br", null), `Register your phone as extension ${agent.extension}; it will be noticed at once.`,
    ]);
  }
  if (agent.state === "available") {
    const waiting = data.queues.filter((/** @type {any} */ queue) => queue.logged_in).reduce((/** @type {number} */ sum, /** @type {any} */ queue) => sum + queue.waiting, 0);
    return quiet("ready", "green", "headset", "Ready for the next call", [waiting ? `${waiting} waiting in your queues.` : "Nobody waits. The next caller rings here and on your phone."]);
  }
  const resting = agent.state === "break";
  return quiet("resting", resting ? "amber" : "grey", resting ? "coffee" : "power", resting ? `On a break: ${agent.reason?.name ?? ""}` : "You are offline",
    [resting ? "No calls until you are back." : "Take calls when you are ready to start."],
    h("button.button.solid.big", { "data-colour": "green", disabled: actions.busy("available"), onclick: () => actions.ask("available") },
      icon("play"), resting ? "Back to work" : "Take calls", h("kbd", null, "Alt A")));
}

/** @param {string} key @param {string} colour @param {string} picture @param {string} title @param {any[]} text @param {any} [button] */
function quiet(key, colour, picture, title, text, button) {
  return h("div.card.quiet-scene", { key, "data-colour": colour, id: `scene-${key}` },
    h("span.disc", null, icon(picture)), h("h1", null, title), h("p", null, text), button);
}

/** @param {any} call @param {...any} more */
function caller(call, ...more) {
  return h("div.caller", null,
    h("div.caller-who", null,
      h("h1.caller-name.clip", { id: "caller-name" }, call.name || call.number || "Unknown caller"),
      h("p.caller-number.number", { id: "caller-number" }, call.name ? call.number : call.number ? "No name sent" : "Number withheld")),
    h("div.caller-facts", null, more));
}

/** @param {any} call @param {string} waited */
function facts(call, waited) {
  return h("dl.facts", null,
    h("div", null, h("dt", null, "Queue"), h("dd", null, call.queue.name)),
    h("div", null, h("dt", null, "Waited"), h("dd.number", null, waited === "live" ? since(call.enqueued_at) : waited)),
    h("div", null, h("dt", null, "Dialled"), h("dd.clip", null, call.dialled || "–")),
    h("div", null, h("dt", null, "Priority"), h("dd", null, call.priority ? h("span.chip", { "data-colour": "amber" }, icon("star"), call.priority) : "Normal")),
    call.collected.map((/** @type {any} */ one) => h("div", { key: one.name, title: "Found out before the call came to you" }, h("dt", null, one.name), h("dd.clip", null, one.value))));
}

/** @param {string} [from] @param {string} [to] */
function span(from, to) {
  return from && to ? duration((Date.parse(to) - Date.parse(from)) / 1000) : "–";
}

/** @param {any} offer @param {any} data @param {any} actions */
function ringing(offer, data, actions) {
  const { call } = offer;
  return h("div.card.scene", { key: `offer-${offer.id}`, "data-colour": "blue", id: "scene-ringing", "data-call": call.id },
    h("p.scene-state", null, h("span.pulse", null, icon("phone-incoming")), call.callback ? "Callback" : "Incoming call", data.calls.length ? " (second)" : ""),
    caller(call, h("p.scene-time.number", null, until(offer.expires_at))),
    meter(offer.opened_at, offer.expires_at),
    about(call),
    facts(call, "live"),
    earlier(call),
    h("div.scene-actions", null,
      h("p.hint", null, icon("phone"), call.callback ? "Answer: the customer is called then" : "Answer on your phone"),
      h("button.button.solid.big", { "data-colour": "red", id: "reject", disabled: actions.busy("reject"), onclick: () => actions.ask("reject", { offer: offer.id }) },
        icon("phone-off"), "Reject", h("kbd", null, "Alt R"))));
}

/** Why somebody is called back. @param {any} call */
function about(call) {
  const owed = call.callback;
  return owed && h("p.about", { id: "callback-about" }, owed.note || "Asked to be called back.",
    owed.failed > 0 && h("span.quiet", null, ` Not reached ${owed.failed === 1 ? "once" : `${owed.failed} times`} so far.`));
}

/** An agent waits on the line while the customer's phone rings. @param {any} call @param {any} actions */
function dialling(call, actions) {
  return h("div.card.scene", { key: `call-${call.id}`, "data-colour": "blue", id: "scene-dialling", "data-call": call.id },
    h("p.scene-state", null, h("span.pulse", null, icon("phone-call")), "Calling the customer"),
    caller(call, h("p.scene-time.number", null, since(call.since))),
    about(call),
    facts(call, "live"),
    notes(call, actions),
    earlier(call),
    h("div.scene-actions", null, h("p.hint", null, icon("phone"), "You hear it ring"), hangUp(call, actions, "big")));
}

/** @param {any} call @param {any} actions */
function talking(call, actions) {
  if (call.state === "dialling") return dialling(call, actions);
  return h("div.card.scene", { key: `call-${call.id}`, "data-colour": call.held_since ? "amber" : "green", id: "scene-call", "data-call": call.id },
    h("p.scene-state", null, icon(call.held_since ? "pause" : "phone-call"), call.held_since ? ["On hold ", since(call.held_since)] : "Talking"),
    caller(call, h("p.scene-time.number", { id: "talk-time" }, since(call.answered_at))),
    facts(call, span(call.enqueued_at, call.answered_at)),
    about(call),
    notes(call, actions),
    callBack(call, actions),
    earlier(call),
    h("div.scene-actions", null,
      hangUp(call, actions, "big")));
}

/** A callback at a chosen time, for who may promise one. @param {any} call @param {any} actions */
function callBack(call, actions) {
  const { later } = call;
  if (!later) return null;
  const { owed, free } = later;
  const busy = ["promise_callback", "reschedule_callback", "cancel_callback"].some((op) => actions.busy(op));
  const send = async (/** @type {any} */ event) => {
    event.preventDefault();
    const at = new FormData(event.target).get("at");
    const answer = owed ? await actions.ask("reschedule_callback", { callback: owed.id, at }) : await actions.ask("promise_callback", { call: call.id, at });
    if (answer.ok) event.target.closest("details").open = false;
  };
  return h("details.call-back", { key: "call-back", id: "call-back" },
    h("summary", null, icon("phone-call"), "Call back later",
      owed && h("span.chip", { "data-colour": owed.colour, title: owed.meaning, id: "call-back-owed" }, owed.state === "scheduled" ? owed.at : owed.label)),
    owed && !owed.movable && h("p.quiet", null, "The customer is being called back at this moment."),
    !(owed && !owed.movable) && h("form.call-back-form", { onsubmit: send },
      free.length === 0
        ? h("p.quiet", null, "No time is free. More may be promised in the administration.")
        : h("label.field", null, h("span", null, `Time (${later.timezone})`),
          h("select.input", { name: "at", id: "call-back-at" }, free.map((/** @type {any} */ one) => h("option", { key: one.at, value: one.at }, one.label)))),
      h("div.call-back-actions", null,
        free.length > 0 && h("button.button", { id: "call-back-promise", disabled: busy }, icon("check"), owed ? "Choose this time instead" : "Promise"),
        owed && h("button.button", { type: "button", id: "call-back-cancel", disabled: busy, onclick: () => actions.ask("cancel_callback", { callback: owed.id }) }, icon("x"), "Cancel the callback"))));
}

/** @param {any} call @param {any} actions */
function wrapUp(call, actions) {
  const draft = actions.drafts.of(call);
  return h("div.card.scene", { key: `wrap-${call.id}`, "data-colour": "violet", id: "scene-wrap-up", "data-call": call.id },
    h("p.scene-state", null, icon("list"), "Wrap-up",
      h("span.quiet", null, ` talked ${span(call.answered_at, call.hung_up_at)}`, call.hung_up_by ? `, ${call.hung_up_by} hung up` : "")),
    caller(call, call.until && h("p.scene-time.number", { id: "wrap-up-left" }, until(call.until))),
    call.until && meter(call.since, call.until),
    results(call, draft, actions),
    notes(call, actions),
    callBack(call, actions),
    h("div.scene-actions", null,
      call.extension_seconds > 0 && call.until &&
        h("button.button.big", { id: "extend", disabled: actions.busy("extend_wrap_up"), onclick: () => actions.ask("extend_wrap_up", { call: call.id }) },
          icon("timer"), `+ ${duration(call.extension_seconds)}`, h("kbd", null, "Alt X")),
      h("button.button.solid.big", { "data-colour": "violet", id: "finish", disabled: actions.busy("finish_wrap_up"), onclick: () => actions.finish(call) },
        icon("check"), "Finish", h("kbd", null, "Alt ↵"))));
}

/** @param {any} call @param {any} draft @param {any} actions */
function results(call, draft, actions) {
  if (!call.dispositions.length) return null;
  return h("fieldset.results", null, h("legend", null, "Result", call.disposition_required ? " (needed)" : ""),
    call.dispositions.map((/** @type {any} */ choice, /** @type {number} */ index) => h("label.result", { key: choice.id },
      h("input", {
        type: "radio", name: "disposition", value: choice.id, checked: draft.disposition === choice.id,
        onchange: () => actions.drafts.write(call.id, { ...actions.drafts.of(call), disposition: choice.id }),
      }), index < 9 && h("kbd", null, index + 1), choice.label)));
}

/** @param {number} call @param {import("./drafts.js").Drafts} drafts */
function condition(call, drafts) {
  if (drafts.refused.has(call)) return "Not saved";
  return drafts.isSaved(call) ? "Saved" : "Saving…";
}

/** @param {any} call @param {any} actions */
function notes(call, actions) {
  const draft = actions.drafts.of(call);
  return h("label.field.notes", { key: "notes" },
    h("span", null, "Notes", h("em.saved", { "aria-live": "off" }, draft.notes ? condition(call.id, actions.drafts) : "")),
    h("textarea.input", {
      id: "notes", maxlength: 10000, placeholder: "What was it about? What was agreed?", value: draft.notes,
      oninput: (/** @type {any} */ event) => actions.drafts.write(call.id, { ...actions.drafts.of(call), notes: event.target.value }),
    }));
}

/** @param {any} call */
function earlier(call) {
  return h("div.earlier", { key: "earlier" },
    h("h2.card-title", null, icon("history"), "Earlier calls of this number"),
    call.earlier.length === 0 && h("p.quiet", null, "None: the first call from this number."),
    h("ul", null, call.earlier.map((/** @type {any} */ past) => h("li", { key: past.id },
      h("time", { datetime: past.at }, when(past.at)), h("span.clip", null, past.queue, past.agent ? ` · ${past.agent}` : "", ` · ${past.result || past.outcome}`),
      past.notes && h("p.clip.quiet", null, past.notes)))));
}

/** @param {string} at */
function when(at) {
  const day = new Date(at);
  const today = new Date().toDateString() === day.toDateString();
  return today ? timeOfDay(at) : day.toLocaleDateString([], { day: "numeric", month: "short" });
}
