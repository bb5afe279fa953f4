// A select menu, in messages and in forms: a button with a list; several may be chosen when the menu allows it.

import { h, icon, freshId } from "./dom.js";
import { stage } from "./stage.js";
import { t } from "./texts.js";
import { avatar } from "./avatars.js";

const USER = 5;
const ROLE = 6;
const MENTIONABLE = 7;
const CHANNEL = 8;

/** {label, value, description, emoji, face} for each thing that can be chosen; values are what the server understands. */
function entries(kind, options) {
  const { names } = stage.scene;
  const users = () => Object.entries(names.users).map(([id, name]) => ({ label: name, value: { user: id }, face: { name, bot: id === stage.scene.bot.id } }));
  const roles = () => Object.entries(names.roles).filter(([, name]) => name !== "@everyone").map(([id, name]) => ({ label: `@${name}`, value: { role: id } }));
  const channels = () => Object.entries(names.channels).map(([id, name]) => ({ label: `#${name}`, value: { channel: id } }));
  switch (kind) {
    case USER:
      return users();
    case ROLE:
      return roles();
    case MENTIONABLE:
      return [...users(), ...roles()];
    case CHANNEL:
      return channels();
    default:
      return options.map((one) => ({ label: one.label, value: one.value, description: one.description, emoji: one.emoji?.name, on: one.default }));
  }
}

export { entries as entityEntries };

export function selectMenu({ kind, options, placeholder, min, max, disabled, defaults = [], commit, labelledBy }) {
  const all = entries(kind, options);
  const chosen = new Set(all.filter((one) => one.on || defaults?.some((own) => Object.values(one.value)[0] === String(own.id))));
  const listId = freshId("list");
  const shown = h("span", { class: "shown" });
  const nameId = freshId("shown");
  shown.id = nameId;
  const opener = h(
    "button",
    { type: "button", class: "opener", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": listId, disabled: Boolean(disabled), "aria-labelledby": labelledBy ? `${labelledBy} ${nameId}` : nameId },
    shown,
    icon("down"),
  );
  const list = h("ul", { class: "choices", id: listId, role: "listbox", "aria-multiselectable": String(max > 1), "aria-labelledby": labelledBy ?? nameId, hidden: true });
  const node = h("div", { class: "select" }, opener, list);
  let active = 0;
  let before = "";

  const rows = all.map((one, at) =>
    h(
      "li",
      { role: "option", id: freshId("option"), "aria-selected": "false", onclick: () => pick(at), onpointermove: () => point(at) },
      one.face ? avatar(one.face, 24) : one.emoji ? h("span", { class: "emoji" }, one.emoji) : null,
      h("span", { class: "what" }, one.label, one.description ? h("small", {}, one.description) : null),
      icon("check"),
    ),
  );
  list.append(...rows);

  const key = () => JSON.stringify(read());
  const read = () => [...chosen].map((one) => one.value);

  function draw() {
    shown.textContent = chosen.size ? [...chosen].map((one) => one.label).join(", ") : placeholder || t("choose");
    shown.classList.toggle("faint", chosen.size === 0);
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(chosen.has(all[at]))));
  }

  function point(at) {
    active = at;
    rows.forEach((row, index) => row.classList.toggle("active", index === at));
    if (rows[at]) opener.setAttribute("aria-activedescendant", rows[at].id);
  }

  function open() {
    before = key();
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    point(Math.max(0, all.findIndex((one) => chosen.has(one))));
    rows[active]?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    if (list.hidden) return;
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    opener.removeAttribute("aria-activedescendant");
    if (max > 1 && key() !== before && chosen.size >= min) commit?.(read());
  }

  function pick(at) {
    const one = all[at];
    if (max === 1) {
      if (chosen.has(one) && min === 0) chosen.clear();
      else {
        chosen.clear();
        chosen.add(one);
      }
      draw();
      close();
      if (commit) commit(read());
      opener.focus();
      return;
    }
    if (chosen.has(one)) chosen.delete(one);
    else if (chosen.size < max) chosen.add(one);
    draw();
  }

  opener.addEventListener("click", () => (list.hidden ? open() : close()));
  // Not at once, and not when it has the focus again by then: a form that moves the focus to a field in need would close it.
  opener.addEventListener("blur", () => setTimeout(() => document.activeElement === opener || close(), 120));
  list.addEventListener("pointerdown", (press) => press.preventDefault());
  opener.addEventListener("keydown", (press) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
    if (step) {
      press.preventDefault();
      if (list.hidden) open();
      else point((active + step + all.length) % all.length);
      rows[active]?.scrollIntoView({ block: "nearest" });
    } else if (["Enter", " "].includes(press.key) && !list.hidden) {
      press.preventDefault();
      pick(active);
    } else if (press.key === "Escape" && !list.hidden) {
      press.preventDefault();
      press.stopPropagation();
      close();
    }
  });
  draw();
  return { node, read, focus: () => opener.focus() };
}
