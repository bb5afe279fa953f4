// A command being filled in: its chips, which comes next, and what is sent.

import { act } from "./acts.js";
import { addPending } from "./messages.js";
import { comboAttributes } from "./picker.js";
import { h, icon } from "./dom.js";
import { me } from "./stage.js";
import { optionChip } from "./options.js";
import { pendingElement } from "./message.js";
import { t } from "./texts.js";

export class CommandForm {
  /** `host` has `picker`, `explain(text)`, `tell(problem)` and `done(text)`. */
  constructor(command, host) {
    this.command = command;
    this.host = host;
    this.picker = host.picker;
    this.chips = [];
    const leave = h("button", { type: "button", class: "icon", "aria-label": t("cancelCommand"), onclick: () => this.cancel() }, icon("close"));
    this.title = h("span", { class: "command" }, `/${command.label}`);
    this.more = h("input", { ...comboAttributes(t("moreOptions")), class: "more", type: "text" });
    this.node = h("div", { class: "command-form" }, this.title, this.more, leave);
    this.more.addEventListener("focus", () => this.offerMore());
    this.more.addEventListener("input", () => this.offerMore());
    this.more.addEventListener("blur", () => this.picker.field === this.more && this.picker.hide());
    this.more.addEventListener("keydown", (press) => this.moreKey(press));
    for (const option of command.options.filter((one) => one.required)) this.add(option);
    this.drawMore();
  }

  add(option) {
    const chip = optionChip(option, this);
    this.chips.push(chip);
    this.more.before(chip.node);
    this.drawMore();
    return chip;
  }

  chip(name) {
    const known = this.chips.find((one) => one.option.name === name);
    const option = this.command.options.find((one) => one.name === name);
    return known ?? (option ? this.add(option) : null);
  }

  focus() {
    (this.chips.find((one) => one.empty()) ?? this.chips[0] ?? { focus: () => this.more.focus() }).focus();
  }

  next(chip) {
    const empty = this.chips.find((one) => one !== chip && one.option.required && one.empty());
    if (empty) empty.focus();
    else if (this.left().length) {
      this.more.focus();
      this.picker.hide();
    } else chip.focus();
  }

  left() {
    return this.command.options.filter((option) => !this.chips.some((one) => one.option === option));
  }

  drawMore() {
    this.more.placeholder = t("optional", { n: this.left().length });
    this.more.hidden = this.left().length === 0 && this.command.options.length > 0;
    if (this.command.options.length === 0) this.more.placeholder = t("sendHint");
  }

  offerMore() {
    this.explain({ description: this.command.description });
    const typed = this.more.value.trim().toLowerCase();
    const items = this.left()
      .filter((one) => one.label.toLowerCase().includes(typed))
      .map((one) => ({ label: one.label, detail: one.description, value: one }));
    if (!items.length) {
      this.picker.hide();
      return;
    }
    const pick = (option) => {
      this.more.value = "";
      this.add(option).focus();
    };
    this.picker.show(this.more, { title: t("options"), items, first: typed !== "", pick });
  }

  moreKey(press) {
    if (this.picker.field === this.more && this.picker.key(press)) press.preventDefault();
    else if (press.key === "Enter") {
      press.preventDefault();
      this.send();
    } else if (press.key === "Backspace" && this.more.value === "") {
      press.preventDefault();
      (this.chips.at(-1) ?? { focus: () => this.cancel() }).focus();
    } else if (press.key === "Escape") this.cancel();
  }

  leave(chip) {
    if (chip.option.required) {
      const before = this.chips[this.chips.indexOf(chip) - 1];
      if (before) before.focus();
      else this.cancel();
      return;
    }
    this.chips = this.chips.filter((one) => one !== chip);
    chip.node.remove();
    this.drawMore();
    this.more.focus();
  }

  /** What is filled in; without the one that is being typed, for its autocomplete. */
  values(except = null) {
    return Object.fromEntries(this.chips.filter((one) => one !== except && !one.empty() && !one.problem()).map((one) => [one.option.name, one.value()]));
  }

  explain(option) {
    this.host.explain(option.description);
  }

  tell(problem) {
    this.host.tell(problem);
  }

  cancel() {
    this.picker.hide();
    this.host.done("");
  }

  async send() {
    const wrong = this.chips.filter((one) => one.problem());
    for (const chip of this.chips) chip.mark(wrong.includes(chip));
    if (wrong.length) {
      this.tell(wrong[0].problem());
      wrong[0].focus();
      return;
    }
    const values = this.values();
    const { command } = this;
    this.picker.hide();
    this.host.done("");
    const pending = pendingElement(me(), command.name);
    addPending(pending);
    try {
      if ((await act("slash", { command: command.name, values })) === null) pending.fail(t("noAnswer"));
      else pending.remove();
    } catch (error) {
      pending.fail(error.message === "closed" ? t("lost") : error.message);
    }
  }

  /** A file that was dropped or pasted: into the first option that waits for one. Whether there was one. */
  takeFile(file) {
    const waits = (chip) => chip.add && chip.empty();
    const chip = this.chips.find(waits) ?? (this.left().some((one) => one.type === 11) ? this.add(this.left().find((one) => one.type === 11)) : null);
    if (!chip) return false;
    chip.add(file);
    return true;
  }
}
