// Pictures, alone or in a gallery of up to ten, and files to download.

import { h, icon } from "./dom.js";
import { t, locale } from "./texts.js";
import { openLightbox } from "./lightbox.js";

export const pathOf = (url) => new URL(url, location.href).pathname;

/** `items`: {url, width, height, alt, spoiler, type}. */
export function gallery(items) {
  const grid = h("div", { class: `gallery g${Math.min(items.length, 10)}` });
  grid.append(...items.map((item, at) => tile(item, () => openLightbox(items, at))));
  const [{ width, height }] = items;
  if (items.length === 1 && width && height) {
    grid.style.setProperty("--ratio", `${width} / ${height}`);
    grid.style.setProperty("--shape", String(Math.min(width / height, 1.34)));
  }
  return grid;
}

function tile(item, open) {
  const picture = h("img", { src: item.url, alt: item.alt || t("picture"), width: String(item.width || 512), height: String(item.height || 512), decoding: "async", draggable: "false" });
  const button = h("button", { type: "button", class: "tile", "aria-label": t("openPicture", { alt: item.alt || t("picture") }), data: { file: pathOf(item.url) } }, picture);
  if (item.spoiler) cover(button, picture, open);
  else button.addEventListener("click", open);
  return button;
}

function cover(button, picture, open) {
  const lid = h("span", { class: "lid" }, t("spoiler"));
  const alt = picture.alt;
  button.classList.add("covered");
  picture.alt = "";
  button.setAttribute("aria-label", t("reveal"));
  button.append(lid);
  const reveal = () => {
    button.classList.remove("covered");
    lid.remove();
    picture.alt = alt;
    button.setAttribute("aria-label", t("openPicture", { alt }));
    button.addEventListener("click", open);
  };
  button.addEventListener("click", reveal, { once: true });
  button.reveal = reveal;
}

export function attachmentItem(file) {
  return { url: file.url, width: file.width, height: file.height, alt: file.description, name: file.filename, spoiler: file.filename.startsWith("SPOILER_") };
}

export function attachments(files) {
  const pictures = files.filter((file) => file.width && file.content_type?.startsWith("image/"));
  const others = files.filter((file) => !pictures.includes(file));
  return [pictures.length ? gallery(pictures.map(attachmentItem)) : null, ...others.map((file) => fileCard(file.filename, file.size, file.url))];
}

export function fileCard(name, size, url, spoiler = false) {
  return h(
    "div",
    { class: `file${spoiler ? " covered" : ""}` },
    icon("file"),
    h("span", { class: "what" }, h("a", { href: url, download: name }, name), h("small", {}, bytes(size))),
    h("a", { class: "icon", href: url, download: name, "aria-label": `${t("download")}: ${name}` }, icon("download")),
  );
}

export function bytes(size) {
  const [unit, scale] = size >= 1e6 ? ["megabyte", 1e6] : size >= 1e3 ? ["kilobyte", 1e3] : ["byte", 1];
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: 1 }).format(size / scale);
}
