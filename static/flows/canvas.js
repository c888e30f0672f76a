/**
 * The picture of the flow: steps as boxes, exits as lines. The mouse drags steps, draws lines and moves the paper; the keyboard walks
 * from step to step, moves them by the arrows and deletes them.
 */

import { h, render } from "../design/dom.js";
import { icon, kindIcon } from "./icon.js";
import { bounds } from "./layout.js";
import { WIDTH, connect, disconnect, inOrder, inletPoint, outletPoint, placeOf } from "./shape.js";

const GRID = 8, ARROW_STEP = 24;
const LEAST_ZOOM = 0.2, MOST_ZOOM = 1.6, LEAST_TO_READ = 0.6;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas {
  /**
   * @param {HTMLElement} place
   * @param {import("./store.js").Store} store
   * @param {import("./shape.js").Kinds} kinds
   * @param {any} desk selection and what else the page knows: see builder.js
   */
  constructor(place, store, kinds, desk) {
    Object.assign(this, { place, store, kinds, desk });
    this.view = { x: 0, y: 0, zoom: 1 };
    /** @type {any} a line that is being drawn: {step, exit, x, y} */
    this.line = null;
    /** @type {{step: string, exit: string} | null} */
    this.chosenLine = null;
    place.onpointerdown = (event) => this.grabPaper(event);
    place.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  draw() {
    const order = inOrder(this.store.doc, this.kinds);
    const { x, y, zoom } = this.view;
    render(this.place,
      h("div.b-world", { key: "world", style: `transform: translate(${x}px, ${y}px) scale(${zoom})` },
        h("svg.b-lines", { key: "lines", "aria-hidden": "true" }, this.lines()),
        order.map((name) => this.box(name, this.store.doc.steps[name]))),
      order.length ? null : h("div.b-nothing", { key: "nothing" }, h("strong", null, "No steps yet"),
        h("p", null, "Choose a kind of step on the left, or import a file.")));
  }

  // What is drawn

  box(name, step) {
    const { store, desk } = this;
    const [x, y] = placeOf(step);
    const complaints = store.complaintsOf(name);
    const wrong = complaints.filter((one) => !one.warning).length;
    const kind = this.kinds.of(step);
    const title = step.label || kind?.title || step.kind;
    const heat = desk.heat?.of(name);
    const classes = ["b-step", `group-${kind?.group ?? "unknown"}`, desk.selected === name && "is-chosen", desk.lit?.steps.has(name) && "is-lit",
      desk.lit && !desk.lit.steps.has(name) && "is-dim", heat && `heat-${heat.level}`].filter(Boolean).join(" ");
    const start = store.doc.start === name;
    const said = `${title}, ${kind?.title ?? step.kind}${start ? ", callers begin here" : ""}${wrong ? `, ${wrong} to mend` : ""}`;
    return h("div", {
      key: name, class: classes, "data-step": name, tabindex: 0, role: "group", "aria-label": said, "aria-current": desk.selected === name ? "true" : null,
      style: `transform: translate(${x}px, ${y}px); width: ${WIDTH}px`, onpointerdown: (event) => this.grabStep(event, name),
      onfocus: () => desk.select(name), onkeydown: (event) => this.key(event, name), ondblclick: () => desk.openForm(),
    },
      h("header.b-step-head", null, h("span.b-kind", null, kindIcon(step.kind)),
        h("span.b-title", null, h("strong.clip", null, title), h("small.clip", null, name)),
        start ? h("span.b-start", { title: "Callers begin here" }, "Start") : null,
        complaints.length ? h("span.b-wrong", { "data-colour": wrong ? "red" : "amber", title: complaints.map((one) => one.message).join("\n") },
          icon(wrong ? "circle-alert" : "triangle-alert")) : null),
      h("p.b-line.clip", null, store.summaries[name] || kind?.title || ""),
      this.kinds.outlets(step).map((outlet) => this.outlet(name, step, outlet)),
      heat ? h("footer.b-heat", { title: heat.hint }, heat.text) : null);
  }

  outlet(name, step, outlet) {
    const target = step.exits?.[outlet.name];
    const loose = !target || !(target in this.store.doc.steps);
    const count = this.desk.heat?.exit(name, outlet.name);
    return h("div", { key: `exit-${outlet.name}`, class: `b-exit${loose ? " is-loose" : ""}${loose && outlet.required ? " is-needed" : ""}` },
      h("span.clip", null, outlet.label), count ? h("small.number", null, count) : null,
      h("span.b-port", {
        "data-exit": outlet.name, title: loose ? "Drag to the next step" : `Leads to ${target}. Drag to lead elsewhere.`,
        onpointerdown: (event) => this.grabExit(event, name, outlet.name),
      }));
  }

  lines() {
    const found = [];
    const { steps } = this.store.doc;
    for (const [name, step] of Object.entries(steps)) {
      this.kinds.outlets(step).forEach((outlet, index) => {
        const target = step.exits?.[outlet.name];
        if (!target || !(target in steps)) return;
        const from = sum(placeOf(step), outletPoint(index)), to = sum(placeOf(steps[target]), inletPoint);
        found.push(this.drawn(name, outlet.name, curve(from, to), `${name} ${outlet.name}`));
      });
    }
    if (this.line) found.push(h("path.b-drawing", { key: "drawing", d: curve(this.line.from, [this.line.x, this.line.y]) }));
    return found;
  }

  drawn(name, exit, path, key) {
    const chosen = this.chosenLine?.step === name && this.chosenLine?.exit === exit;
    const lit = this.desk.lit?.ways.has(`${name} ${exit}`);
    const classes = ["b-way", chosen && "is-chosen", lit && "is-lit", this.desk.lit && !lit && "is-dim"].filter(Boolean).join(" ");
    return h("g", { key, class: classes, onpointerdown: (event) => this.chooseLine(event, name, exit) },
      h("path.b-way-hit", { d: path }), h("path.b-way-line", { d: path, "stroke-width": this.desk.heat?.width(name, exit) ?? null }));
  }

  // The mouse

  grabPaper(event) {
    if (event.target.closest(".b-step, .b-way") || event.button > 1) return;
    this.desk.select(null);
    this.chosenLine = null;
    const { x, y } = this.view;
    this.drag(event, (dx, dy) => { this.view = { ...this.view, x: x + dx, y: y + dy }; this.draw(); });
    this.draw();
  }

  grabStep(event, name) {
    if (event.button !== 0 || event.target.closest(".b-port")) return;
    this.chosenLine = null;
    this.desk.select(name);
    if (!this.store.editable) return;
    const [x, y] = placeOf(this.store.doc.steps[name]);
    const key = `move ${name} ${event.timeStamp}`;
    this.drag(event, (dx, dy) => {
      const at = [snap(x + dx / this.view.zoom), snap(y + dy / this.view.zoom)];
      this.store.change((doc) => { doc.steps[name].at = at; }, key);
    });
  }

  grabExit(event, step, exit) {
    if (event.button !== 0 || !this.store.editable) return;
    event.stopPropagation();
    event.preventDefault();
    const index = this.kinds.outlets(this.store.doc.steps[step]).findIndex((outlet) => outlet.name === exit);
    const from = sum(placeOf(this.store.doc.steps[step]), outletPoint(index));
    const move = (dx, dy, now) => { const [x, y] = this.inWorld(now); this.line = { from, x, y }; this.draw(); };
    this.drag(event, move, (now) => this.dropLine(now, step, exit));
  }

  dropLine(event, step, exit) {
    const drawn = this.line;
    this.line = null;
    const target = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-step]");
    if (!drawn) this.draw();
    else if (target) this.store.change((doc) => connect(doc.steps[step], exit, target.dataset.step));
    else if (this.over(event)) this.desk.chooseNext(step, exit, [snap(drawn.x), snap(drawn.y - 23)], event);
    else this.draw();
  }

  chooseLine(event, step, exit) {
    event.stopPropagation();
    this.chosenLine = { step, exit };
    this.desk.select(null);
    this.place.focus();
    this.draw();
  }

  /** Deletes the line that was clicked. @returns {boolean} */
  deleteLine() {
    const line = this.chosenLine;
    if (!line || !this.store.editable) return false;
    this.chosenLine = null;
    this.store.change((doc) => { if (doc.steps[line.step]) disconnect(doc.steps[line.step], line.exit, this.kinds.keys); });
    return true;
  }

  /** @param {PointerEvent} event @param {(dx: number, dy: number, now: PointerEvent) => void} move @param {(now: PointerEvent) => void} [end] */
  drag(event, move, end) {
    const stop = new AbortController();
    const moved = (now) => move(now.clientX - event.clientX, now.clientY - event.clientY, now);
    const over = (now) => { stop.abort(); end?.(now); };
    window.addEventListener("pointermove", moved, { signal: stop.signal });
    window.addEventListener("pointerup", over, { signal: stop.signal });
    window.addEventListener("pointercancel", over, { signal: stop.signal });
  }

  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) return this.zoomBy(Math.exp(-event.deltaY / 300), event);
    this.view = { ...this.view, x: this.view.x - event.deltaX, y: this.view.y - event.deltaY };
    return this.draw();
  }

  // The keyboard, on a step

  key(event, name) {
    if (event.target.dataset.step !== name) return;
    const arrow = ARROWS[event.key];
    if (arrow && this.store.editable && !event.altKey) this.moveStep(name, arrow);
    else if (event.key === "Enter") this.desk.openForm();
    else if ((event.key === "Delete" || event.key === "Backspace") && this.store.editable) this.desk.removeStep(name);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  moveStep(name, [x, y]) {
    this.store.change((doc) => {
      const [left, top] = placeOf(doc.steps[name]);
      doc.steps[name].at = [left + x * ARROW_STEP, top + y * ARROW_STEP];
    }, `arrows ${name}`);
    this.show(name);
  }

  // The view

  zoomBy(factor, at = null) {
    const box = this.place.getBoundingClientRect();
    const [cx, cy] = at ? [at.clientX - box.left, at.clientY - box.top] : [box.width / 2, box.height / 2];
    const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, this.view.zoom * factor));
    const by = zoom / this.view.zoom;
    this.view = { zoom, x: cx - (cx - this.view.x) * by, y: cy - (cy - this.view.y) * by };
    this.desk.tell();
  }

  /** Everything on one screen, but never larger than life. */
  fit() {
    const { left, top, width, height } = bounds(this.store.doc, this.kinds);
    const box = this.place.getBoundingClientRect();
    const zoom = Math.min(1, Math.max(LEAST_ZOOM, Math.min((box.width - 64) / width, (box.height - 64) / height)));
    const x = width * zoom > box.width - 64 ? 32 - left * zoom : (box.width - width * zoom) / 2 - left * zoom;
    this.view = { zoom, x, y: Math.max(32, (box.height - height * zoom) / 2) - top * zoom };
    this.desk.tell();
  }

  /** To begin with: all of it if it can be read then, else the start, on the left. */
  begin() {
    this.fit();
    const start = this.store.doc.steps[this.store.doc.start];
    if (this.view.zoom >= LEAST_TO_READ || !start) return;
    const box = this.place.getBoundingClientRect();
    const [x, y] = placeOf(start);
    this.view = { zoom: LEAST_TO_READ, x: 40 - x * LEAST_TO_READ, y: box.height / 2 - (y + 60) * LEAST_TO_READ };
    this.desk.tell();
  }

  /** Moves the paper if the step is not on the screen. */
  show(name) {
    const step = this.store.doc.steps[name];
    if (!step) return;
    const box = this.place.getBoundingClientRect();
    const [x, y] = placeOf(step).map((value, index) => value * this.view.zoom + (index ? this.view.y : this.view.x));
    const right = x + WIDTH * this.view.zoom, bottom = y + this.kinds.height(step) * this.view.zoom;
    if (x >= 0 && y >= 0 && right <= box.width && bottom <= box.height) return;
    this.view = { ...this.view, x: this.view.x + box.width / 2 - (x + right) / 2, y: this.view.y + box.height / 2 - (y + bottom) / 2 };
    this.draw();
  }

  focus(name) {
    this.place.querySelector(`[data-step="${CSS.escape(name)}"]`)?.focus({ preventScroll: true });
    this.place.scrollTo(0, 0);
  }

  over(event) {
    const box = this.place.getBoundingClientRect();
    return event.clientX > box.left && event.clientX < box.right && event.clientY > box.top && event.clientY < box.bottom;
  }

  inWorld(event) {
    const box = this.place.getBoundingClientRect();
    return [(event.clientX - box.left - this.view.x) / this.view.zoom, (event.clientY - box.top - this.view.y) / this.view.zoom];
  }

  /** The middle of what is seen. */
  middle() {
    const box = this.place.getBoundingClientRect();
    return this.inWorld({ clientX: box.left + box.width / 2, clientY: box.top + box.height / 2 });
  }
}

const snap = (value) => Math.round(value / GRID) * GRID;
const sum = (one, other) => [one[0] + other[0], one[1] + other[1]];

/** From the right side of a box to the left side of another; round the outside if that one lies behind. */
function curve([x, y], [tx, ty]) {
  if (tx > x + 24) {
    const reach = Math.max(32, (tx - x) / 2);
    return `M${x} ${y}C${x + reach} ${y} ${tx - reach} ${ty} ${tx} ${ty}`;
  }
  const lane = Math.abs(ty - y) > 150 ? (y + ty) / 2 : Math.max(y, ty) + 84;
  return `M${x} ${y}C${x + 72} ${y} ${x + 72} ${lane} ${(x + tx) / 2} ${lane}S${tx - 72} ${ty} ${tx} ${ty}`;
}
