/** The supervisor's board: what the snapshot says, drawn; interventions, asked for. */

import { h, icon, render } from "../design/dom.js";
import { age, tick } from "../design/clock.js";
import { Live } from "../design/live.js";
import { banner, say, toast, words } from "../design/status.js";
import { agentsCard } from "./agents.js";
import { agentDialog, assignDialog } from "./dialogs.js";
import { lineCard } from "./line.js";
import { queuesCard } from "./queues.js";
import { skillsCard } from "./skills.js";
import { teamsCard } from "./teams.js";
import { tiles } from "./tiles.js";

const main = /** @type {HTMLElement} */ (document.getElementById("board"));
const bannerPlace = /** @type {HTMLElement} */ (document.getElementById("banner"));
const topState = /** @type {HTMLElement} */ (document.getElementById("top-state"));

/** @type {any} */
let picture = null;
/** The queue that waiting calls and agents are narrowed to. @type {number | null} */
let chosenQueue = null;

const live = new Live(main.dataset.socket ?? "", {
  snapshot(data) {
    picture = data;
    draw();
  },
  condition(condition, confirmed) {
    banner(bannerPlace, condition, confirmed);
    main.toggleAttribute("data-stale", condition !== "live" && condition !== "connecting");
    header(condition);
  },
});

const actions = {
  chosenQueue: () => chosenQueue,
  chooseQueue(/** @type {number} */ id) {
    chosenQueue = chosenQueue === id ? null : id;
    draw();
  },
  async ask(/** @type {string} */ op, /** @type {Record<string, any>} */ args, /** @type {string} */ done) {
    const answer = await live.intent(op, args);
    if (answer.ok) say(done);
    else toast(words(answer.error));
    return answer;
  },
  assign: (/** @type {any} */ call) => assignDialog(call, picture, actions),
  steer: (/** @type {any} */ agent) => agentDialog(agent, picture, actions),
};

function draw() {
  if (!picture) return;
  if (chosenQueue && !picture.queues.some((/** @type {any} */ queue) => queue.id === chosenQueue)) chosenQueue = null;
  main.removeAttribute("aria-busy");
  render(main, tiles(picture),
    h("div.left", { key: "left" }, queuesCard(picture, actions), lineCard(picture, actions)),
    h("div.right", { key: "right" }, agentsCard(picture, actions), teamsCard(picture), skillsCard(picture)));
  tick();
}

/** @param {import("../design/live.js").Condition} condition */
function header(condition) {
  const colours = { live: "green", connecting: "grey", stale: "amber", lost: "red", refused: "red" };
  const labels = { live: "Live", connecting: "Connecting", stale: "No news", lost: "Connection lost", refused: "Refused" };
  render(topState, h("span.chip", { "data-colour": colours[condition], id: "line" }, icon(condition === "live" ? "circle-check" : "wifi-off"), `${labels[condition]} · `, age()));
  tick();
}

header("connecting");
