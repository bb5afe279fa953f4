// The box below the messages: plain messages with files, and the way into commands.

import { CommandForm } from "./command.js";
import { Picker, comboAttributes } from "./picker.js";
import { addFile, filesOf } from "./files.js";
import { ask } from "./connection.js";
import { find, h, icon } from "./dom.js";
import { here, on, slashCommands, stage } from "./stage.js";
import { t } from "./texts.js";

const parts = {};
let form = null;
let files = [];

export function setUpComposer() {
  parts.picker = new Picker();
  parts.say = h("textarea", { id: "say", rows: "1", ...comboAttributes("") });
  parts.file = h("input", { type: "file", multiple: true, class: "unseen", tabindex: "-1", "aria-hidden": "true" });
  parts.attach = h("button", { type: "button", class: "icon", onclick: () => parts.file.click() }, icon("plus"));
  parts.send = h("button", { type: "submit", class: "icon send" }, icon("send"));
  parts.files = h("div", { class: "files" });
  parts.hint = h("p", { class: "hint", id: "hint", role: "status" });
  parts.problem = h("p", { class: "problem", role: "alert" });
  parts.field = h("div", { class: "field" }, parts.say);
  parts.bar = h("div", { class: "bar" }, parts.attach, parts.field, parts.send);
  find("composer").append(parts.picker.node, h("div", { class: "box" }, parts.hint, parts.files, parts.bar), parts.problem, parts.file);
  find("composer").addEventListener("submit", (submit) => {
    submit.preventDefault();
    if (form) form.send();
    else post();
  });
  parts.say.addEventListener("input", typed);
  parts.say.addEventListener("keydown", key);
  parts.say.addEventListener("focus", typed);
  parts.say.addEventListener("blur", () => parts.picker.field === parts.say && parts.picker.hide());
  parts.file.addEventListener("change", () => [...parts.file.files].forEach(add));
  document.addEventListener("keydown", takeFocus);
  on("compose", begin);
  takeDrops();
}

/** As in Discord, what is typed at nothing in particular is meant for the box. */
function takeFocus(press) {
  const letter = press.key.length === 1 && press.key !== " " && !press.ctrlKey && !press.metaKey && !press.altKey;
  const idle = !document.activeElement?.closest("input, textarea, select, button, a, [role=button], dialog");
  if (letter && idle && parts.say.isConnected) parts.say.focus();
}

export function drawComposer() {
  const place = here();
  const name = place.key === "direct" ? `@${t("direct")}` : `#${place.name}`;
  parts.say.placeholder = t("say", { place: name });
  parts.say.setAttribute("aria-label", t("sayLabel"));
  parts.attach.setAttribute("aria-label", t("attach"));
  parts.send.setAttribute("aria-label", t("send"));
  if (form && !slashCommands().some((one) => one.name === form.command.name)) host.done("");
}

const host = {
  get picker() {
    return parts.picker;
  },
  explain(text) {
    parts.hint.textContent = text;
  },
  tell(problem) {
    parts.problem.textContent = problem;
  },
  done(text) {
    form = null;
    parts.field.replaceChildren(parts.say);
    find("composer").classList.remove("filling");
    parts.attach.hidden = false;
    parts.say.value = text;
    host.explain("");
    host.tell("");
    parts.say.focus();
  },
};

/** Start on a command: {command: "quota show", values: {…}}. */
function begin({ command: path, values = {} }) {
  const command = slashCommands().find((one) => one.name === path) ?? slashCommands().find((one) => one.name.startsWith(path));
  if (!command) {
    host.tell(t("noCommand"));
    return;
  }
  form = new CommandForm(command, host);
  parts.picker.hide();
  parts.field.replaceChildren(form.node);
  find("composer").classList.add("filling");
  parts.attach.hidden = true;
  host.tell("");
  host.explain(command.description);
  for (const [name, value] of Object.entries(values)) form.chip(name)?.set(value);
  for (const file of files.splice(0)) form.takeFile(file.file);
  parts.files.replaceChildren();
  form.focus();
  if (Object.keys(values).length) {
    form.chips[0].focus();
    host.explain(`${command.description} · ${t("sendHint")}`);
  }
}

function typed() {
  host.tell("");
  const text = parts.say.value;
  if (!text.startsWith("/")) {
    parts.picker.hide();
    return;
  }
  const wanted = text.slice(1).toLowerCase();
  const exact = slashCommands().find((one) => wanted.startsWith(`${one.label.toLowerCase()} `) || wanted.startsWith(`${one.name} `));
  if (exact) {
    const spoken = wanted.startsWith(`${exact.name} `) ? exact.name : exact.label;
    const rest = text.slice(spoken.length + 2).trim();
    const first = exact.options[0];
    begin({ command: exact.name, values: rest && first?.type === 3 ? { [first.name]: rest } : {} });
    return;
  }
  const items = slashCommands()
    .filter((one) => one.label.toLowerCase().includes(wanted.trim()) || one.name.includes(wanted.trim()))
    .sort((a, b) => Number(b.label.startsWith(wanted)) - Number(a.label.startsWith(wanted)) || a.label.localeCompare(b.label))
    .map((one) => ({ face: h("img", { src: "/page/art/atelier.svg", alt: "", width: "24", height: "24" }), label: `/${one.label}`, detail: one.description, aside: stage.scene.bot.name, value: one.name }));
  parts.picker.show(parts.say, { title: t("commands"), items, note: items.length ? "" : t("noCommand"), pick: (name) => begin({ command: name }) });
}

function key(press) {
  if (parts.picker.field === parts.say && parts.picker.key(press)) press.preventDefault();
  else if (press.key === "Enter" && !press.shiftKey) {
    press.preventDefault();
    post();
  }
}

async function post() {
  const text = parts.say.value.trim();
  if (text.startsWith("/")) {
    host.tell(t("noCommand"));
    return;
  }
  if (!text && !files.length) return;
  const sent = files;
  files = [];
  parts.say.value = "";
  parts.files.replaceChildren();
  try {
    await ask("post", { text, files: sent.map((one) => one.number) });
  } catch (error) {
    parts.say.value = text;
    host.tell(error.message === "closed" ? t("lost") : error.message);
  }
}

async function add(file) {
  if (form?.takeFile(file)) return;
  try {
    const added = await addFile(file, () => {
      files = files.filter((one) => one !== added);
    });
    added.file = file;
    files.push(added);
    parts.files.append(added.node);
    parts.file.value = "";
  } catch (error) {
    host.tell(error.message);
  }
}

function takeDrops() {
  const veil = find("dropping");
  let depth = 0;
  const carries = (drag) => drag.dataTransfer?.types.includes("Files") && !document.querySelector("dialog[open]");
  const enter = (step) => {
    depth = Math.max(0, depth + step);
    veil.hidden = depth === 0;
  };
  addEventListener("dragenter", (drag) => carries(drag) && enter(1));
  addEventListener("dragleave", (drag) => carries(drag) && enter(-1));
  addEventListener("dragover", (drag) => carries(drag) && drag.preventDefault());
  addEventListener("drop", (drop) => {
    enter(-depth);
    if (!carries(drop)) return;
    drop.preventDefault();
    filesOf(drop.dataTransfer).forEach(add);
  });
  addEventListener("paste", (paste) => {
    if (document.querySelector("dialog[open]")) return;
    const pasted = filesOf(paste.clipboardData);
    if (!pasted.length) return;
    paste.preventDefault();
    pasted.forEach(add);
  });
}
