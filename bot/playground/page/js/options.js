// One option of a command being filled in: a chip with its name and a field fit for its type.

import { ask } from "./connection.js";
import { addFile, filesOf } from "./files.js";
import { avatar } from "./avatars.js";
import { comboAttributes } from "./picker.js";
import { entityEntries } from "./selects.js";
import { freshId, h, icon } from "./dom.js";
import { t } from "./texts.js";

const STRING = 3;
const INTEGER = 4;
const BOOLEAN = 5;
const NUMBER = 10;
const ATTACHMENT = 11;
const ENTITIES = { 6: 5, 7: 8, 8: 6, 9: 7 }; // option type -> the select menu that lists the same
const TYPING_MS = 160;

export function optionChip(option, form) {
  return option.type === ATTACHMENT ? new FileChip(option, form) : new FieldChip(option, form);
}

class Chip {
  constructor(option, form) {
    this.option = option;
    this.form = form;
    this.id = freshId("option");
    this.name = h("label", { class: "name", for: this.id }, option.label);
    this.node = h("span", { class: "chip", data: { option: option.name } }, this.name);
  }

  /** What is wrong with it, in words, or an empty text. */
  problem() {
    return this.empty() && this.option.required ? t("required", { name: this.option.label }) : "";
  }

  mark(wrong) {
    this.node.classList.toggle("wrong", wrong);
    this.field.setAttribute("aria-invalid", String(wrong));
  }

  focus() {
    this.field.focus();
  }
}

class FieldChip extends Chip {
  constructor(option, form) {
    super(option, form);
    const numeric = [INTEGER, NUMBER].includes(option.type) && !option.choices.length;
    this.field = h("textarea", { ...comboAttributes(option.label), id: this.id, rows: "1", "aria-describedby": "hint", "aria-required": String(option.required), inputmode: numeric ? "decimal" : "text" });
    this.field.removeAttribute("aria-label");
    this.node.append(this.field);
    this.picked = null;
    this.field.addEventListener("focus", () => this.enter());
    this.field.addEventListener("blur", () => form.picker.field === this.field && form.picker.hide());
    this.field.addEventListener("input", () => {
      this.picked = null;
      this.mark(false);
      this.suggest();
    });
    this.field.addEventListener("keydown", (press) => this.key(press));
  }

  get text() {
    return this.field.value.trim();
  }

  set(value) {
    const known = this.known().find((one) => one.value === value);
    if (known) this.take(known);
    else this.field.value = String(value);
  }

  empty() {
    return this.text === "";
  }

  known() {
    const { option } = this;
    if (option.type === BOOLEAN) return [{ label: t("yes"), value: true }, { label: t("no"), value: false }];
    if (ENTITIES[option.type]) return entityEntries(ENTITIES[option.type], []);
    return option.choices.map((one) => ({ label: one.name, value: one.value }));
  }

  value() {
    if (this.picked) return this.picked.value;
    const match = this.known().find((one) => one.label.toLowerCase() === this.text.toLowerCase());
    if (match) return match.value;
    if ([INTEGER, NUMBER].includes(this.option.type)) return Number(this.text.replace(",", "."));
    return this.text;
  }

  problem() {
    const { option } = this;
    const name = option.label;
    if (this.empty()) return super.problem();
    const value = this.value();
    if (this.known().length && !this.known().some((one) => one.value === value || one === this.picked)) {
      if (!this.known().some((one) => JSON.stringify(one.value) === JSON.stringify(value))) return t("notChoice", { name });
    }
    if (this.known().length) return "";
    if (option.type === STRING) {
      const [low, high] = [option.min_length ?? 1, option.max_length ?? 6000];
      return value.length < low || value.length > high ? t("length", { name, low, high }) : "";
    }
    if (!Number.isFinite(value) || (option.type === INTEGER && !Number.isInteger(value))) return t("notNumber", { name });
    const [low, high] = [option.min_value ?? -Infinity, option.max_value ?? Infinity];
    return value < low || value > high ? t("range", { name, low, high }) : "";
  }

  enter() {
    this.form.explain(this.option);
    this.suggest();
  }

  suggest() {
    clearTimeout(this.timer);
    if (this.option.autocomplete) this.timer = setTimeout(() => this.look(), TYPING_MS);
    else if (this.known().length) {
      const typed = this.picked ? "" : this.text.toLowerCase();
      const items = this.known().filter((one) => one.label.toLowerCase().includes(typed));
      this.offer(items.map((one) => ({ label: one.label, value: one, face: one.face ? avatar(one.face, 20) : null })), this.picked === null);
    } else this.form.picker.hide();
  }

  async look() {
    const typed = this.picked ? "" : this.text;
    const round = (this.round = (this.round ?? 0) + 1);
    try {
      const values = this.form.values(this);
      const choices = await ask("autocomplete", { command: this.form.command.name, values, focused: [this.option.name, typed] });
      if (round !== this.round || document.activeElement !== this.field) return;
      const items = choices.map((one) => ({ label: one.name, detail: one.value === one.name ? "" : String(one.value), value: { label: one.name, value: one.value } }));
      this.offer(items, typed !== "" && this.picked === null && items.length > 0 && items[0].label.toLowerCase() === typed.toLowerCase(), items.length ? "" : t("nothingFound"));
    } catch {
      this.form.picker.hide();
    }
  }

  offer(items, first, note = "") {
    this.form.picker.show(this.field, { title: this.option.label, items, note, first, pick: (one) => this.pick(one) });
  }

  take(one) {
    this.picked = one;
    this.field.value = one.label;
  }

  pick(one) {
    this.take(one);
    this.mark(false);
    this.form.next(this);
  }

  key(press) {
    if (this.form.picker.field === this.field && this.form.picker.key(press)) press.preventDefault();
    else if (press.key === "Enter" && !press.shiftKey) {
      press.preventDefault();
      this.form.send();
    } else if (press.key === "Backspace" && this.field.value === "") {
      press.preventDefault();
      this.form.leave(this);
    } else if (press.key === "Escape") this.form.cancel();
  }
}

class FileChip extends Chip {
  constructor(option, form) {
    super(option, form);
    this.field = h("input", { type: "file", id: this.id, class: "unseen", "aria-describedby": "hint" });
    this.prompt = h("span", { class: "prompt" }, icon("plus"), t("chooseFile"));
    this.slot = h("label", { class: "slot", for: this.id }, this.prompt);
    this.node.classList.add("takes-file");
    this.node.append(this.field, this.slot);
    this.file = null;
    this.field.addEventListener("focus", () => {
      form.picker.hide();
      form.explain(option);
    });
    this.field.addEventListener("change", () => this.field.files[0] && this.add(this.field.files[0]));
    this.field.addEventListener("keydown", (press) => {
      if (press.key === "Enter") {
        press.preventDefault();
        if (this.empty()) this.field.click();
        else form.send();
      } else if (press.key === "Backspace") form.leave(this);
      else if (press.key === "Escape") form.cancel();
    });
    this.node.addEventListener("dragover", (drag) => drag.preventDefault());
    this.node.addEventListener("drop", (drop) => {
      const [file] = filesOf(drop.dataTransfer);
      if (!file) return;
      drop.preventDefault();
      drop.stopPropagation();
      this.add(file);
    });
  }

  empty() {
    return this.file === null;
  }

  value() {
    return { upload: this.file.number };
  }

  async add(file) {
    this.prompt.textContent = t("uploading");
    try {
      this.file = await addFile(file, () => this.clear());
      this.slot.replaceChildren(this.file.node);
      this.mark(false);
      this.form.next(this);
    } catch (error) {
      this.clear();
      this.form.tell(error.message);
    }
  }

  clear() {
    this.file = null;
    this.field.value = "";
    this.prompt.replaceChildren(icon("plus"), t("chooseFile"));
    this.slot.replaceChildren(this.prompt);
  }
}
