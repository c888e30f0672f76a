/** The dialogs of the builder: publishing, versions, import, export, the next step of a line. */

import { h, render } from "../design/dom.js";
import { icon, kindIcon } from "./icon.js";


const WHAT = { added: ["New", "green"], removed: ["Gone", "red"], changed: ["Changed", "blue"] };

export class Dialogs {
  /** @param {HTMLDialogElement} place @param {any} desk */
  constructor(place, desk) {
    this.place = place;
    this.desk = desk;
    place.addEventListener("close", () => render(place)); // what was typed in one dialog is not in the next
  }

  /** @param {string} title @param {any} content @param {string} [size] */
  open(title, content, size = "") {
    render(this.place, h("div", { class: `dialog b-dialog ${size}`, key: title }, h("h2", { id: "dialog-title" }, title), content));
    if (!this.place.open) this.place.showModal();
  }

  close() {
    this.place.close();
  }

  closer(words = "Close") {
    return h("button.button", { type: "button", onclick: () => this.close() }, words);
  }

  // Publishing

  async publish() {
    const { desk } = this;
    const { store, server } = desk;
    if (!(await store.save())) return desk.say("The draft is not saved yet; it can be published once it is.");
    const body = { document: store.doc };
    try {
      const [diff, checked, tried] = await Promise.all([server.post("diff", body), server.post("check", body), server.post("cases", body)]);
      desk.tryout.cases = tried.cases;
      return this.showPublish(diff.changes, checked.complaints, tried.cases, "");
    } catch (error) {
      return desk.say(error.message);
    }
  }

  showPublish(changes, complaints, cases, refused) {
    const errors = complaints.filter((one) => !one.warning), failed = cases.filter((one) => !one.passed);
    const ready = !errors.length && !failed.length && changes.length > 0;
    const number = (this.desk.versions[0]?.number ?? 0) + 1;
    const send = async (event) => {
      event.preventDefault();
      const note = new FormData(event.target).get("note");
      try {
        this.desk.published(await this.desk.server.post("publish", { note, revision: this.desk.store.revision }), `Version ${number} is what new callers get from now on.`);
        this.close();
      } catch (error) {
        this.showPublish(changes, error.body.complaints ?? complaints, cases, error.message);
      }
    };
    this.open("Publish the draft", h("form.b-publish", { onsubmit: send },
      errors.length ? h("section", { key: "errors" }, heading("To mend first", errors.length, "red"), this.complaintRows(errors)) : null,
      failed.length ? h("section", { key: "failed" }, heading("Test cases that fail", failed.length, "red"), h("ul.b-complaints", null, failed.map((one) => h("li", { key: one.id, "data-colour": "red" }, h("strong", null, one.name), ` ${one.failures.join(" ")}`)))) : null,
      ready && cases.length ? h("p.b-good", { key: "pass", "data-colour": "green" }, icon("circle-check"), `${cases.length === 1 ? "The test case passes" : `All ${cases.length} test cases pass`}.`) : null,
      h("section", { key: "changes" }, heading("What changes for callers", changes.length, "blue"), changeList(changes)),
      complaints.length > errors.length ? h("details", { key: "warnings" }, h("summary", null, `${complaints.length - errors.length} hints`), this.complaintRows(complaints.filter((one) => one.warning))) : null,
      refused ? h("p.b-wrong-line", { key: "refused", role: "alert" }, refused) : null,
      h("label.field", { key: "note" }, h("span", null, "What was changed, in a few words"), h("input.input", { name: "note", maxlength: 200, disabled: !ready, autofocus: true })),
      h("div.dialog-end", { key: "end" }, this.closer("Not now"), h("button.button.accent", { disabled: !ready }, icon("rocket"), `Publish version ${number}`))), "is-broad");
  }

  complaintRows(complaints) {
    return h("ul.b-complaints", null, complaints.map((one, index) => h("li", { key: index, "data-colour": one.warning ? "amber" : "red" },
      one.line ? h("span.number", null, `Line ${one.line} · `) : null,
      one.step ? h("button.b-link", { type: "button", onclick: () => { this.close(); this.desk.goTo(one.step, one.field); } }, one.step) : null, " ", one.message)));
  }

  // Versions

  versions(refused = "") {
    const { versions, rights, now } = this.desk;
    const edit = rights.has("edit");
    this.open("Versions", h("div.b-versions", null,
      refused ? h("p.b-wrong-line", { role: "alert" }, refused) : null,
      versions.length ? h("table.b-table", null,
        h("thead", null, h("tr", null, ["Version", "Published", "By", "What was changed", ""].map((words, index) => h("th", { key: index }, words)))),
        h("tbody", null, versions.map((one) => h("tr", { key: one.number },
          h("td", null, h("strong", null, one.number), one.number === now ? h("span.chip", { "data-colour": "green" }, "Callers get it") : null),
          h("td.number", null, new Date(one.at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" })), h("td", null, one.by), h("td", null, one.note || "–"),
          h("td", null, h("div.b-row-end", null, h("a.button.small", { href: this.address({ format: "yaml", version: one.number }) }, "File"),
            edit ? h("button.button.small", { type: "button", onclick: () => this.toDraft(one) }, "Into the draft") : null,
            edit && one.number !== now ? h("button.button.small", { type: "button", onclick: () => this.askRollback(one) }, "Go back to it") : null))))))
        : h("p.empty", null, "Nothing is published yet. Callers go to the queue of the number that they dial."),
      h("div.dialog-end", null, this.closer())), "is-broad");
  }

  askRollback(one) {
    this.open(`Go back to version ${one.number}?`, h("div", null,
      h("p", null, `New callers get version ${one.number} again, as a new version; those in the flow stay where they are. The draft stays as it is.`),
      h("div.dialog-end", null, this.closer("No"), h("button.button.accent", { type: "button", onclick: () => this.rollback(one) }, "Yes, go back"))));
  }

  async rollback(one) {
    try {
      this.desk.published(await this.desk.server.post("rollback", { version: one.number, note: "" }), `Callers get what version ${one.number} was.`);
      this.versions();
    } catch (error) {
      this.versions(error.message);
    }
  }

  async toDraft(one) {
    try {
      const { document } = await this.desk.server.get("version", { version: one.number });
      this.desk.store.change((doc) => { for (const key of Object.keys(doc)) delete doc[key]; Object.assign(doc, document); });
      this.close();
      this.desk.canvas.fit();
      this.desk.say(`The draft is what version ${one.number} was. Ctrl Z brings the old one back.`);
    } catch (error) {
      this.versions(error.message);
    }
  }

  // Files

  address(query) {
    return `${this.desk.server.address}export/?${new URLSearchParams(query)}`;
  }

  files(complaints = [], refused = "") {
    const edit = this.desk.rights.has("edit");
    const send = async (event) => {
      event.preventDefault();
      const given = new FormData(event.target);
      const file = /** @type {File} */ (given.get("file"));
      await this.import(file.size ? file : String(given.get("text")));
    };
    this.open("Files", h("div.b-files", null,
      h("section", { key: "out" }, h("h3", null, "Save the draft as a file"), h("p.quiet", null, "YAML is made to be read and compared; JSON to be sent by programs."),
        h("div.b-row", null, h("a.button", { href: this.address({ format: "yaml" }) }, icon("download"), "YAML"), h("a.button", { href: this.address({ format: "json" }) }, icon("download"), "JSON"))),
      edit ? h("form.b-import", { key: "in", onsubmit: send }, h("h3", null, "Make a file the draft"), h("p.quiet", null, "Callers notice nothing before it is published. Ctrl Z brings the present draft back."),
        h("input", { type: "file", name: "file", accept: ".yaml,.yml,.json,application/json,application/yaml", "aria-label": "File" }),
        h("label.field", null, h("span", null, "or its text"), h("textarea.input.b-mono", { name: "text", rows: 6, spellcheck: "false", placeholder: "start: welcome\nsteps:\n  welcome: {kind: menu, …" })),
        refused ? h("p.b-wrong-line", { role: "alert" }, refused) : null, complaints.length ? this.complaintRows(complaints) : null,
        h("div.dialog-end", null, this.closer(), h("button.button.accent", null, icon("upload"), "Import"))) : h("div.dialog-end", null, this.closer())), "is-broad");
  }

  async import(content) {
    const { store, server } = this.desk;
    if (!(await store.save())) return this.desk.say("The draft is not saved yet; import the file once it is.");
    try {
      const found = await server.send("import", { revision: store.revision }, content);
      store.adopt(found.document, found.revision);
      this.desk.placed();
      this.close();
      const wrong = found.complaints.length;
      return this.desk.say(wrong ? `Imported. ${wrong === 1 ? "One thing is" : `${wrong} things are`} to be looked at before it is published.` : "Imported. Nothing is wrong with it.");
    } catch (error) {
      const complaints = error.body?.complaints ?? [];
      return this.files(complaints, complaints.length ? "This file was not imported:" : error.message);
    }
  }

  // The next step of a line that was dropped on the paper

  chooseNext(title, choose) {
    this.open(title, h("div.b-next", null, this.desk.kinds.all.map((kind) => h("button", { key: kind.kind, type: "button", class: `b-next-kind group-${kind.group}`, title: kind.hint, onclick: () => { this.close(); choose(kind.kind); } },
      h("span.b-kind", null, kindIcon(kind.kind)), kind.title)), h("div.dialog-end", null, this.closer("None"))));
  }
}

function heading(words, count, colour) {
  return h("h3", null, words, h("span.chip", { "data-colour": colour }, count));
}

function changeList(changes) {
  if (!changes.length) return h("p.quiet", null, "Nothing: callers already get exactly this.");
  return h("ul.b-changes", null, changes.map((one) => {
    const [words, colour] = WHAT[one.what];
    return h("li", { key: one.step || "the flow" }, h("span.chip", { "data-colour": colour }, words), h("strong", null, one.title), one.step && one.step !== one.title ? h("small.quiet", null, ` ${one.step}`) : null,
      one.what === "changed" ? h("dl", null, one.fields.map((field) => [h("dt", { key: field.name }, field.label), h("dd", { key: `${field.name} is` }, field.before ? h("del", null, field.before) : h("i", null, "nothing"), " → ", field.after ? h("ins", null, field.after) : h("i", null, "nothing"))])) : null);
  }));
}

