// The left side: places, who one is, the language, the theme.

import { ask } from "./connection.js";
import { avatar } from "./avatars.js";
import { emit, me, on, stage } from "./stage.js";
import { find, freshId, h, icon } from "./dom.js";
import { t } from "./texts.js";

const SIGNS = { channel: "hash", restricted: "lock", thread: "thread", direct: "at" };

export function setUpSide() {
  setTheme(localStorage.getItem("theme") ?? "auto");
  find("open-side").append(icon("menu"));
  find("open-side").addEventListener("click", () => toggle(!document.body.classList.contains("side-open")));
  find("shade").addEventListener("click", () => toggle(false));
  addEventListener("keydown", (press) => press.key === "Escape" && document.body.classList.contains("side-open") && toggle(false));
  on("unread", drawPlaces);
}

function toggle(open) {
  document.body.classList.toggle("side-open", open);
  find("open-side").setAttribute("aria-expanded", String(open));
  find("shade").hidden = !open;
  if (open) find("places").querySelector("button").focus();
}

export function drawSide() {
  find("guild").textContent = stage.scene.guild;
  drawPlaces();
  find("switches").replaceChildren(people(), languages(), themes());
}

function drawPlaces() {
  const { places, place } = stage.scene;
  const entry = (one) => {
    const label = one.key === "direct" ? t("direct") : one.name;
    const current = one.id === place;
    const button = h("button", { type: "button", class: `place ${one.key}`, "aria-current": current ? "page" : undefined, onclick: () => go(one.key) }, icon(SIGNS[one.key]), h("span", {}, label), stage.unread.has(one.id) ? h("span", { class: "unread" }, h("span", { class: "unseen" }, "•")) : null);
    return h("li", {}, button);
  };
  const group = (title, keys) => {
    const id = freshId("group");
    return [h("h2", { id }, title), h("ul", { "aria-labelledby": id }, keys.map((key) => entry(places.find((one) => one.key === key))))];
  };
  find("places").replaceChildren(...group(t("channels"), ["channel", "thread", "restricted"]), ...group(t("directs"), ["direct"]));
}

function go(key) {
  toggle(false);
  emit("go", { place: key });
}

function group(title, name, options, current, choose) {
  const id = freshId("switch");
  const field = (one) => {
    const input = h("input", { type: "radio", name, value: one.value, checked: one.value === current });
    input.addEventListener("change", () => choose(one.value));
    return h("label", {}, input, one.face);
  };
  return h("fieldset", { class: `switch ${name}`, "aria-labelledby": id }, h("legend", { id }, title), h("div", { class: "options" }, options.map(field)));
}

function people() {
  const face = (person) => h("span", { class: "person" }, avatar(person, 32), h("span", { class: "what" }, person.name, h("small", {}, t(`role_${person.role}`))), h("span", { class: "tongue" }, person.locale === "fr" ? "FR" : "EN"));
  return group(t("youAre"), "person-switch", stage.scene.people.map((one) => ({ value: one.id, face: face(one) })), me().id, (id) => emit("go", { person: id }));
}

function languages() {
  const options = [["en-US", "English"], ["fr", "Français"]].map(([value, name]) => ({ value, face: h("span", { lang: value }, name) }));
  return group(t("language"), "language-switch", options, stage.scene.locale, async (locale) => emit("scene", await ask("locale", { locale })));
}

function themes() {
  const options = ["auto", "light", "dark"].map((value) => ({ value, face: h("span", {}, t(`theme_${value}`)) }));
  return group(t("theme"), "theme-switch", options, document.documentElement.dataset.theme, setTheme);
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
}
