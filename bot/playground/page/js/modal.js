// A form that the bot opened: labels and inputs, checked before it is sent, closed when the bot has answered.

import { act } from "./acts.js";
import { avatar } from "./avatars.js";
import { filesOf } from "./files.js";
import { freshId, h, icon, spinner } from "./dom.js";
import { markdown } from "./markdown.js";
import { modalField } from "./fields.js";
import { on, stage } from "./stage.js";
import { t } from "./texts.js";

export function setUpModals() {
  on("modal", ({ interaction, modal }) => openModal(interaction, modal));
}

function openModal(interaction, modal) {
  const before = document.activeElement;
  const titleId = freshId("title");
  const rows = modal.components.flatMap(row);
  const fields = rows.filter((one) => one.field);
  const wrong = h("p", { class: "problem", role: "alert" });
  const send = h("button", { type: "submit", class: "button primary" }, h("span", {}, t("submit")));
  const dialog = h(
    "dialog",
    { class: "modal", "aria-labelledby": titleId },
    h(
      "form",
      { novalidate: true },
      h("header", {}, avatar({ name: "", bot: true }, 24), h("h2", { id: titleId }, modal.title), h("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"))),
      h("div", { class: "rows" }, rows.map((one) => one.node)),
      wrong,
      h("footer", {}, h("small", {}, t("modalBy", { bot: stage.scene.bot.name })), h("button", { type: "button", class: "button secondary", onclick: () => dialog.close() }, t("cancel")), send),
    ),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.isConnected && before.focus();
  });
  dialog.addEventListener("paste", (paste) => {
    const pasted = filesOf(paste.clipboardData);
    if (pasted.length) fields.find((one) => one.field.paste)?.field.paste(pasted);
  });
  dialog.querySelector("form").addEventListener("submit", async (submit) => {
    submit.preventDefault();
    if (!fields.map((one) => one.check()).every(Boolean)) {
      fields.find((one) => one.field.problem()).field.focus();
      return;
    }
    const values = Object.fromEntries(fields.map((one) => [one.customId, one.field.read()]));
    send.disabled = true;
    send.append(spinner());
    wrong.textContent = "";
    try {
      if ((await act("submit", { interaction, values })) !== null) dialog.close();
      else wrong.textContent = t("failed");
    } catch (error) {
      wrong.textContent = error.message === "closed" ? t("failed") : error.message;
    }
    send.disabled = false;
    send.querySelector(".spinner")?.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  fields[0]?.field.focus();
}

function row(component) {
  if (component.type === 10) return [{ node: h("div", { class: "text" }, markdown(component.content)) }];
  if (component.type === 18) return [labelled(component.label, component.description, component.component)];
  return (component.components ?? []).map((one) => labelled(one.label, "", one));
}

function labelled(label, description, component) {
  const labelId = freshId("label");
  const field = modalField(component, labelId);
  const wrong = h("p", { class: "problem", role: "alert" });
  const needed = component.type !== 23 && component.required !== false;
  const aside = component.type === 23;
  const node = h(
    "div",
    { class: `labelled${aside ? " aside" : ""}` },
    h("div", { class: "words" }, h("p", { class: "label", id: labelId, onclick: () => field.focus() }, label, needed ? h("span", { class: "star", "aria-hidden": "true" }, " *") : null), description ? h("p", { class: "description" }, description) : null),
    field.node,
    wrong,
  );
  const check = () => {
    wrong.textContent = field.problem();
    node.classList.toggle("wrong", wrong.textContent !== "");
    return wrong.textContent === "";
  };
  node.addEventListener("input", () => node.classList.contains("wrong") && check());
  return { node, field, check, customId: component.custom_id };
}
