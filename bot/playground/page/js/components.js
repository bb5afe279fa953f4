// Components of a message as elements: cards, text, galleries, sections, buttons and select menus.

import { h, icon, spinner } from "./dom.js";
import { markdown } from "./markdown.js";
import { gallery, fileCard, pathOf } from "./media.js";
import { selectMenu } from "./selects.js";
import { t } from "./texts.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "secondary" };

/** `act` is asked to do what a button or a menu was used for: act("click", {custom_id}), act("choose", {custom_id, values}). */
export function components(list, act, files = []) {
  return list.map((one) => component(one, act, files));
}

function component(one, act, files) {
  const nested = () => components(one.components, act, files);
  switch (one.type) {
    case 1:
      return h("div", { class: "row" }, nested());
    case 2:
      return button(one, act);
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
      return select(one, act);
    case 9:
      return h("div", { class: "section" }, h("div", {}, nested()), component(one.accessory, act, files));
    case 10:
      return h("div", { class: "text" }, markdown(one.content));
    case 11:
      return h("div", { class: "thumbnail" }, gallery([item(one, files)]));
    case 12:
      return gallery(one.items.map((each) => item(each, files)));
    case 13:
      return fileCard(one.name, one.size ?? 0, one.file.url, one.spoiler);
    case 14:
      return h("hr", { class: `${one.divider === false ? "blank" : "line"} ${one.spacing === 2 ? "large" : "little"}` });
    case 17:
      return container(one, nested());
    default:
      return h("p", { class: "small" }, `? ${one.type}`);
  }
}

function item(shown, files) {
  const { media } = shown;
  const file = files.find((one) => pathOf(one.url) === pathOf(media.url));
  return { url: media.url, width: media.width, height: media.height, alt: shown.description ?? file?.description, name: file?.filename, spoiler: shown.spoiler };
}

function container(one, children) {
  const box = h("div", { class: "container" }, children);
  if (one.accent_color !== null && one.accent_color !== undefined) box.style.setProperty("--accent", `#${one.accent_color.toString(16).padStart(6, "0")}`);
  if (one.spoiler) {
    const lid = h("button", { type: "button", class: "lid", onclick: () => (box.classList.remove("covered"), lid.remove()) }, t("spoiler"));
    box.classList.add("covered");
    box.append(lid);
  }
  return box;
}

function face(one) {
  const emoji = one.emoji?.name ? h("span", { class: "emoji", "aria-hidden": "true" }, one.emoji.name) : null;
  return [emoji, one.label ? h("span", {}, one.label) : null];
}

function button(one, act) {
  const label = one.label ? {} : { "aria-label": one.emoji?.name ?? "" };
  if (one.style === 5) return h("a", { class: "button link", href: one.url, target: "_blank", rel: "noreferrer noopener", ...label }, face(one), icon("out"));
  const made = h("button", { type: "button", class: `button ${STYLES[one.style]}`, disabled: Boolean(one.disabled), data: { custom: one.custom_id ?? "" }, ...label }, face(one));
  made.addEventListener("click", () => busy(made, () => act("click", { custom_id: one.custom_id })));
  return made;
}

function select(one, act) {
  const menu = selectMenu({
    kind: one.type,
    options: one.options ?? [],
    placeholder: one.placeholder,
    min: one.min_values ?? 1,
    max: one.max_values ?? 1,
    disabled: one.disabled,
    defaults: one.default_values,
    commit: (values) => busy(menu.node, () => act("choose", { custom_id: one.custom_id, values })),
  });
  menu.node.dataset.custom = one.custom_id;
  return menu.node;
}

/** A spinner while the bot is asked; no second press meanwhile. */
async function busy(element, work) {
  if (element.classList.contains("busy")) return;
  const turning = spinner();
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  element.append(turning);
  try {
    await work();
  } finally {
    element.classList.remove("busy");
    element.removeAttribute("aria-busy");
    turning.remove();
  }
}
