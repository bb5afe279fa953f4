// The inputs of a form: each knows its element, its value as the server takes it, and what is wrong with it.

import { addFile, filesOf } from "./files.js";
import { freshId, h, icon } from "./dom.js";
import { selectMenu } from "./selects.js";
import { t } from "./texts.js";

const PARAGRAPH = 2;

export function modalField(component, labelId) {
  switch (component.type) {
    case 4:
      return textInput(component, labelId);
    case 19:
      return fileUpload(component, labelId);
    case 21:
      return radios(component, labelId);
    case 22:
      return checkboxes(component, labelId);
    case 23:
      return checkbox(component, labelId);
    default:
      return menu(component, labelId);
  }
}

const needed = (component) => component.required !== false;

function textInput(component, labelId) {
  const many = component.style === PARAGRAPH;
  const input = h(many ? "textarea" : "input", { ...(many ? { rows: "4" } : { type: "text" }), "aria-labelledby": labelId, "aria-required": String(needed(component)), placeholder: component.placeholder ?? "", maxlength: String(component.max_length ?? 4000) });
  input.value = component.value ?? "";
  const most = component.max_length ?? 4000;
  const count = h("span", { class: "count" });
  const draw = () => (count.textContent = most - input.value.length < 200 ? String(most - input.value.length) : "");
  input.addEventListener("input", draw);
  draw();
  return {
    node: h("div", { class: "input" }, input, count),
    focus: () => input.focus(),
    read: () => input.value,
    problem: () => {
      const length = input.value.trim().length;
      if (!length) return needed(component) ? t("fieldNeeded") : "";
      const low = component.min_length ?? 0;
      return length < low ? t("length", { name: "", low, high: most }).replace(/[«“] ?[”»] ?/, "") : "";
    },
  };
}

function menu(component, labelId) {
  const made = selectMenu({
    kind: component.type,
    options: component.options ?? [],
    placeholder: component.placeholder,
    min: component.min_values ?? 1,
    max: component.max_values ?? 1,
    defaults: component.default_values,
    labelledBy: labelId,
  });
  return { node: made.node, focus: made.focus, read: made.read, problem: () => count(component, made.read().length, component.max_values ?? 1) };
}

function count(component, chosen, most) {
  const low = component.min_values ?? 1;
  if (chosen === 0) return needed(component) && low > 0 ? t("fieldNeeded") : "";
  return chosen < low || chosen > most ? t("chooseSome", { low, high: most }) : "";
}

function choice(type, name, option) {
  const input = h("input", { type, name, value: option.value, checked: Boolean(option.default) });
  return h("label", { class: "choice" }, input, h("span", { class: "what" }, option.label, option.description ? h("small", {}, option.description) : null));
}

function radios(component, labelId) {
  const name = freshId("radio");
  const node = h("div", { class: "choices-list", role: "radiogroup", "aria-labelledby": labelId }, component.options.map((one) => choice("radio", name, one)));
  const read = () => node.querySelector("input:checked")?.value ?? null;
  return { node, focus: () => (node.querySelector("input:checked") ?? node.querySelector("input")).focus(), read, problem: () => (read() === null && needed(component) ? t("fieldNeeded") : "") };
}

function checkboxes(component, labelId) {
  const node = h("div", { class: "choices-list", role: "group", "aria-labelledby": labelId }, component.options.map((one) => choice("checkbox", "", one)));
  const read = () => [...node.querySelectorAll("input:checked")].map((one) => one.value);
  return { node, focus: () => node.querySelector("input").focus(), read, problem: () => count(component, read().length, component.max_values ?? component.options.length) };
}

function checkbox(component, labelId) {
  const input = h("input", { type: "checkbox", class: "switch", role: "switch", checked: Boolean(component.default), "aria-labelledby": labelId });
  return { node: input, focus: () => input.focus(), read: () => input.checked, problem: () => "" };
}

function fileUpload(component, labelId) {
  const most = component.max_values ?? 1;
  let added = [];
  const input = h("input", { type: "file", class: "unseen", multiple: most > 1, "aria-labelledby": labelId, id: freshId("file") });
  const told = h("span", {}, t("chooseFile"), most > 1 ? ` (${t("upTo", { n: most })})` : "");
  const zone = h("label", { class: "zone", for: input.id }, icon("plus"), told);
  const shown = h("div", { class: "files" });
  const wrong = h("p", { class: "problem", role: "alert" });
  const node = h("div", { class: "upload" }, input, zone, shown, wrong);
  const add = async (file) => {
    wrong.textContent = "";
    try {
      const one = await addFile(file, () => {
        added = added.filter((other) => other !== one);
        zone.hidden = false;
      });
      added.push(one);
      shown.append(one.node);
      zone.hidden = added.length >= most;
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  const addAll = (files) => files.slice(0, most - added.length).forEach(add);
  input.addEventListener("change", () => {
    addAll([...input.files]);
    input.value = "";
  });
  node.addEventListener("dragover", (drag) => drag.preventDefault());
  node.addEventListener("drop", (drop) => {
    drop.preventDefault();
    addAll(filesOf(drop.dataTransfer));
  });
  return { node, focus: () => input.focus(), paste: addAll, read: () => added.map((one) => ({ upload: one.number })), problem: () => count(component, added.length, most) };
}
