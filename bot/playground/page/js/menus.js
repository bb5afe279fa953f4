// Context menus of messages and people: the bot's commands for them, and copying.

import { act } from "./acts.js";
import { addPending } from "./messages.js";
import { h } from "./dom.js";
import { me, messageMenus, userMenus } from "./stage.js";
import { pendingElement } from "./message.js";
import { plain } from "./markdown.js";
import { t } from "./texts.js";

let open = null;

export function openMessageMenu(message, where) {
  const apps = messageMenus().map((command) => ({ label: command.label, aside: t("app"), run: () => perform("menu", { message: message.id, name: command.name }, command.label) }));
  const text = plain([message.content, ...message.components.flatMap(texts)].join("\n"));
  const copies = [text ? { label: t("copyText"), run: () => copy(text) } : null, { label: t("copyId"), run: () => copy(message.id) }].filter(Boolean);
  show([...(apps.length ? apps : [{ label: t("noApps"), disabled: true }]), null, ...copies], where);
}

export function openPersonMenu(person, where) {
  const apps = userMenus().map((command) => ({ label: command.label, aside: t("app"), run: () => perform("person", { user: person.id, name: command.name }, command.label) }));
  show([...apps, ...(apps.length ? [null] : []), { label: t("copyId"), run: () => copy(person.id) }], where);
}

function texts(component) {
  return [component.content, ...(component.components ?? []).flatMap(texts)].filter(Boolean);
}

async function copy(text) {
  await navigator.clipboard?.writeText(text).catch(() => null);
}

async function perform(what, fields, label) {
  const pending = pendingElement(me(), label);
  addPending(pending);
  try {
    if ((await act(what, fields)) === null) pending.fail(t("noAnswer"));
    else pending.remove();
  } catch (error) {
    pending.fail(error.message);
  }
}

/** `where` is an element or a pointer event; null entries are lines between groups. */
function show(entries, where) {
  open?.close();
  const before = document.activeElement;
  const items = entries.map((one) => (one ? h("button", { type: "button", role: "menuitem", tabindex: "-1", disabled: Boolean(one.disabled), onclick: () => (close(), one.run()) }, h("span", {}, one.label), one.aside ? h("span", { class: "badge" }, one.aside) : null) : h("hr")));
  const menu = h("div", { class: "menu", role: "menu", "aria-label": t("apps") }, items);
  const live = items.filter((one) => one.tagName === "BUTTON" && !one.disabled);
  const away = (press) => menu.contains(press.target) || close();
  function close() {
    menu.remove();
    removeEventListener("pointerdown", away, true);
    open = null;
    if (before?.isConnected) before.focus({ preventScroll: true });
  }
  menu.addEventListener("keydown", (press) => {
    const at = live.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
    if (step) live[(at + step + live.length) % live.length].focus();
    else if (press.key === "Escape" || press.key === "Tab") close();
    else return;
    press.preventDefault();
  });
  document.body.append(menu);
  place(menu, where);
  addEventListener("pointerdown", away, true);
  live[0]?.focus();
  open = { close };
}

function place(menu, where) {
  const box = where instanceof Element ? where.getBoundingClientRect() : { left: where.clientX, right: where.clientX, bottom: where.clientY };
  const left = Math.min(box.left, innerWidth - menu.offsetWidth - 8);
  const top = Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8);
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${Math.max(8, top)}px`;
}
