// A picture at its full size: arrows go through the gallery, Escape goes back.

import { h, icon } from "./dom.js";
import { t } from "./texts.js";

let box = null;

export function openLightbox(items, at) {
  box?.remove();
  let now = at;
  const picture = h("img", { alt: "" });
  const caption = h("p", { class: "caption" });
  const save = h("a", { class: "pill" });
  const place = h("span", { class: "where" });
  const go = (step) => show((now + step + items.length) % items.length);
  const back = h("button", { type: "button", class: "icon big left", "aria-label": t("previous"), onclick: () => go(-1) }, icon("left"));
  const on = h("button", { type: "button", class: "icon big right", "aria-label": t("next"), onclick: () => go(1) }, icon("right"));
  const close = h("button", { type: "button", class: "icon big close", "aria-label": t("close"), onclick: () => box.close() }, icon("close"));
  box = h("dialog", { class: "lightbox", "aria-label": t("picture") }, picture, h("div", { class: "foot" }, caption, place, save), back, on, close);
  box.addEventListener("click", (click) => click.target === box && box.close());
  box.addEventListener("close", () => box.remove());
  box.addEventListener("keydown", (press) => {
    if (press.key === "ArrowLeft") go(-1);
    if (press.key === "ArrowRight") go(1);
  });
  back.hidden = on.hidden = items.length < 2;

  function show(index) {
    now = index;
    const item = items[now];
    picture.src = item.url;
    picture.alt = item.alt || t("picture");
    caption.textContent = item.alt || "";
    place.textContent = items.length > 1 ? `${now + 1} / ${items.length}` : "";
    save.href = item.url;
    save.download = item.name ?? decodeURIComponent(new URL(item.url, location.href).pathname.split("/").at(-1));
    save.replaceChildren(icon("download"), t("download"));
  }

  show(now);
  document.body.append(box);
  box.showModal();
  close.focus();
}
