// One message as an element, and its change into what it became without a flicker.

import { h, icon, spinner } from "./dom.js";
import { act } from "./acts.js";
import { ask } from "./connection.js";
import { attachments } from "./media.js";
import { avatar } from "./avatars.js";
import { components } from "./components.js";
import { embed } from "./embeds.js";
import { markdown, plain } from "./markdown.js";
import { openMessageMenu, openPersonMenu } from "./menus.js";
import { posted } from "./times.js";
import { t } from "./texts.js";

const JUMBO = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\s|\u200d|\ufe0f){1,40}$/u;
const PATIENCE_MS = 2000;

export function messageElement(message, { follows = false } = {}) {
  const body = h("div", { class: "body" });
  const classes = ["message", follows ? "follows" : "", message.ephemeral ? "ephemeral" : ""].filter(Boolean).join(" ");
  const more = h("button", { type: "button", class: "icon", "aria-label": t("more"), "aria-haspopup": "menu" }, icon("more"));
  const element = h(
    "li",
    { class: classes, id: `m${message.id}`, tabindex: "-1" },
    origin(message),
    avatarOf(message),
    h("div", { class: "column" }, head(message), body, message.ephemeral ? private_foot(message) : null, h("p", { class: "trouble", role: "alert", hidden: true })),
    h("div", { class: "tools" }, more),
  );
  element.message = message;
  more.addEventListener("click", () => openMessageMenu(element.message, more));
  element.addEventListener("contextmenu", (press) => {
    if (press.target.closest("a, input, textarea")) return;
    press.preventDefault();
    openMessageMenu(element.message, press.button === 2 ? press : more);
  });
  body.append(...content(message, element));
  return element;
}

export async function change(element, message) {
  element.message = message;
  const round = (element.round = (element.round ?? 0) + 1);
  const body = element.querySelector(".body");
  const fresh = h("div", { class: "body" }, content(message, element));
  const shown = new Map([...body.querySelectorAll("[data-file]")].map((tile) => [tile.dataset.file, tile]));
  for (const tile of fresh.querySelectorAll("[data-file]")) {
    const old = shown.get(tile.dataset.file);
    if (old && !old.classList.contains("covered")) tile.reveal?.();
  }
  await settled([...fresh.querySelectorAll("img")]);
  if (element.round !== round) return; // a newer state is on its way in
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const custom = focused?.closest("[data-custom]")?.dataset.custom;
  body.replaceWith(fresh);
  if (custom) fresh.querySelector(`[data-custom="${CSS.escape(custom)}"]`)?.focus({ preventScroll: true });
  else if (focused) element.focus({ preventScroll: true });
  element.querySelector(".head .edited")?.toggleAttribute("hidden", !message.edited || !message.content);
}

/** Until all pictures can be painted at once, or patience ends. */
function settled(pictures) {
  const painted = pictures.map((picture) => picture.decode().catch(() => null));
  return Promise.race([Promise.all(painted), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
}

function content(message, element) {
  if (message.loading) return [h("p", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), t("thinking", { bot: message.author.name }))];
  const perform = async (what, fields) => {
    trouble(element, "");
    try {
      if ((await act(what, { ...fields, message: message.id })) === null) trouble(element, t("failed"));
    } catch (error) {
      trouble(element, error.message === "closed" ? t("failed") : error.message);
    }
  };
  const jumbo = JUMBO.test(message.content) && !message.v2;
  return [
    message.content ? h("div", { class: `text${jumbo ? " jumbo" : ""}` }, markdown(message.content)) : null,
    ...(message.v2 ? [] : attachments(message.attachments)),
    ...message.embeds.map(embed),
    ...components(message.components, perform, message.attachments),
  ].filter(Boolean);
}

function trouble(element, text) {
  const line = element.querySelector(".trouble");
  line.textContent = text;
  line.hidden = text === "";
}

function avatarOf(message) {
  const face = avatar(message.author);
  if (message.author.bot) return face;
  return h("button", { type: "button", class: "face", "aria-label": message.author.name, onclick: (press) => openPersonMenu(message.author, press.currentTarget) }, face);
}

function head(message) {
  return h(
    "p",
    { class: "head" },
    h("strong", { class: message.author.bot ? "name bot" : "name" }, message.author.name),
    message.author.bot ? h("span", { class: "badge" }, icon("check"), t("app")) : null,
    posted(message.at),
    h("span", { class: "edited", hidden: !message.edited || !message.content }, t("edited")),
  );
}

function origin(message) {
  const { cause } = message;
  if (!cause) return null;
  if (cause.command) {
    const command = h("span", { class: "command" }, cause.menu ? cause.command : `/${cause.command}`);
    const [before, after] = t(cause.menu ? "usedMenu" : "used", { user: "\u0001", command: "\u0002" }).split("\u0001");
    const [middle, rest] = after.split("\u0002");
    return h("p", { class: "origin" }, before, avatar(cause.user, 16), h("b", {}, cause.user.name), middle, command, rest);
  }
  if (!cause.source) return null;
  const text = plain(cause.source.text.split("\n")[0]).slice(0, 120) || t("picture");
  const jump = h("button", { type: "button", "aria-label": t("jump"), onclick: () => goTo(cause.source.id) }, text);
  return h("p", { class: "origin reply" }, avatar(cause.user, 16), h("b", {}, cause.user.name), jump);
}

function goTo(id) {
  const target = document.getElementById(`m${id}`);
  target?.scrollIntoView({ block: "center", behavior: "smooth" });
  target?.focus({ preventScroll: true });
  target?.classList.add("found");
  setTimeout(() => target?.classList.remove("found"), 1600);
}

function private_foot(message) {
  return h("p", { class: "private" }, icon("eye"), t("onlyYou"), " · ", h("button", { type: "button", class: "plain", onclick: () => ask("dismiss", { message: message.id }) }, t("dismiss")));
}

/** A line of the page's own while a command is on its way, and when nobody answered it. */
export function pendingElement(user, command) {
  const line = h("p", { class: "thinking" }, spinner(), t("sending"));
  const element = h("li", { class: "message pending" }, origin({ cause: { user, command } }), avatar({ name: "", bot: true }), h("div", { class: "column" }, line));
  element.fail = (text) => {
    element.classList.add("ephemeral");
    line.className = "trouble";
    line.replaceChildren(text);
    line.after(h("p", { class: "private" }, icon("eye"), t("onlyYou"), " · ", h("button", { type: "button", class: "plain", onclick: () => element.remove() }, t("dismiss"))));
  };
  return element;
}
