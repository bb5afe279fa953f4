// The older way to show things: a box with a coloured edge.

import { h } from "./dom.js";
import { inline, markdown } from "./markdown.js";
import { gallery } from "./media.js";
import { instant } from "./times.js";

export function embed(one) {
  const name = (value, url) => (url ? h("a", { href: url, target: "_blank", rel: "noreferrer noopener" }, value) : value);
  const fields = (one.fields ?? []).map((field) => h("div", { class: field.inline ? "field inline" : "field" }, h("p", { class: "name" }, inline(field.name)), h("div", {}, markdown(field.value))));
  const foot = [one.footer?.text, one.timestamp ? instant(Date.parse(one.timestamp) / 1000) : null].filter(Boolean);
  const box = h(
    "div",
    { class: "embed" },
    one.author ? h("p", { class: "author" }, name(one.author.name, one.author.url)) : null,
    one.title ? h("p", { class: "title" }, name(inline(one.title), one.url)) : null,
    one.description ? h("div", { class: "text" }, markdown(one.description)) : null,
    fields.length ? h("div", { class: "fields" }, fields) : null,
    one.image ? gallery([{ url: one.image.url, width: one.image.width, height: one.image.height, alt: one.title }]) : null,
    one.thumbnail ? h("div", { class: "thumbnail" }, gallery([{ url: one.thumbnail.url, width: one.thumbnail.width, height: one.thumbnail.height, alt: one.title }])) : null,
    foot.length ? h("p", { class: "foot" }, foot.flatMap((part, at) => (at ? [" · ", part] : [part]))) : null,
  );
  if (one.color) box.style.setProperty("--accent", `#${one.color.toString(16).padStart(6, "0")}`);
  return box;
}
