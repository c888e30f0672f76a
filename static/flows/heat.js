/** Figures on the canvas: how many callers came to each step, where they hang up, how long it takes. */

export const SHOWN = { "": "No figures", visits: "Visits", dropped: "Hung up", seconds: "Time" };
const LEVELS = 5;

export class Heat {
  /** @param {any} figures as the server gives them @param {string} shown which of them colours the steps */
  constructor(figures, shown) {
    this.figures = figures;
    this.shown = shown;
    const steps = Object.values(figures.steps);
    this.most = Math.max(0, ...steps.map((one) => valueOf(one, shown)));
    this.mostTaken = Math.max(1, ...steps.flatMap((one) => Object.values(one.exits)));
  }

  of(name) {
    const one = this.figures.steps[name];
    if (!one) return { level: 0, text: "nobody came here", hint: "No caller of this time came to this step." };
    const value = valueOf(one, this.shown);
    const level = this.most ? Math.ceil(LEVELS * value / this.most) : 0;
    const dropped = one.dropped ? ` · ${one.dropped} hung up (${Math.round(one.drop_off)} %)` : "";
    const time = one.seconds === null ? "" : ` · ${one.seconds.toFixed(one.seconds < 10 ? 1 : 0)} s`;
    return { level, text: `${one.visits}×${dropped}${time}`, hint: `${one.callers} callers, ${one.visits} visits${one.failed ? `, failed ${one.failed} times` : ""}` };
  }

  exit(name, exit) {
    return this.figures.steps[name]?.exits[exit] ?? 0;
  }

  width(name, exit) {
    return 1.5 + 6 * this.exit(name, exit) / this.mostTaken;
  }
}

function valueOf(one, shown) {
  return (shown === "dropped" ? one.drop_off : shown === "seconds" ? one.seconds : one.visits) ?? 0;
}
