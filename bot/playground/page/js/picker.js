// The list above the message box: commands, options, choices. The field that has the focus owns it.

import { h, freshId } from "./dom.js";

export class Picker {
  constructor() {
    this.title = h("p", { class: "title" });
    this.list = h("ul", { role: "listbox", id: "picks" });
    this.note = h("p", { class: "note" });
    this.node = h("div", { class: "picker", hidden: true }, this.title, this.note, this.list);
    this.node.addEventListener("pointerdown", (press) => press.preventDefault()); // the field keeps the focus
    this.items = [];
    this.active = -1;
    this.field = null;
  }

  get open() {
    return !this.node.hidden;
  }

  /** `items`: {face, label, detail, value}; `first` marks the first at once, so that Enter takes it. */
  show(field, { title, items, note = "", first = true, pick }) {
    this.field = field;
    this.take = pick;
    this.items = items;
    this.title.textContent = title;
    this.list.setAttribute("aria-label", title);
    this.note.textContent = note;
    this.note.hidden = !note;
    this.list.hidden = items.length === 0;
    this.rows = items.map((item, at) =>
      h(
        "li",
        { role: "option", id: freshId("pick"), "aria-selected": "false", onclick: () => this.choose(at), onpointermove: () => this.active !== at && this.mark(at) },
        item.face ?? null,
        h("span", { class: "what" }, h("b", {}, item.label), item.detail ? h("small", {}, item.detail) : null),
        item.aside ? h("span", { class: "aside" }, item.aside) : null,
      ),
    );
    this.list.replaceChildren(...this.rows);
    this.node.hidden = false;
    field.setAttribute("aria-expanded", "true");
    this.mark(first && items.length ? 0 : -1);
  }

  hide() {
    if (!this.open) return;
    this.node.hidden = true;
    this.field?.setAttribute("aria-expanded", "false");
    this.field?.removeAttribute("aria-activedescendant");
    this.items = [];
    this.active = -1;
  }

  mark(at) {
    this.active = at;
    this.rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
    if (at < 0) this.field.removeAttribute("aria-activedescendant");
    else {
      this.field.setAttribute("aria-activedescendant", this.rows[at].id);
      this.rows[at].scrollIntoView({ block: "nearest" });
    }
  }

  choose(at = this.active) {
    const item = this.items[at];
    if (!item) return false;
    const { take } = this;
    this.hide();
    take(item.value);
    return true;
  }

  /** Whether the key was for the list. */
  key(press) {
    if (!this.open) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
    if (step && this.items.length) {
      this.mark((this.active + step + this.items.length) % this.items.length);
      return true;
    }
    if (press.key === "Escape") {
      this.hide();
      return true;
    }
    return ["Enter", "Tab"].includes(press.key) && !press.shiftKey && this.active >= 0 && this.choose();
  }
}

export function comboAttributes(label) {
  return { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "picks", "aria-label": label, spellcheck: "false" };
}
