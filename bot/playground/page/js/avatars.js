// A face for everyone: the bot's own mark, a coloured initial for people.

import { h } from "./dom.js";

const HUES = [24, 158, 214, 318, 262];

export function avatar(who, size = 40) {
  if (who.bot) return h("img", { class: "avatar", src: "/page/art/atelier.svg", alt: "", width: String(size), height: String(size) });
  const hue = HUES[[...who.name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % HUES.length];
  const face = h("span", { class: "avatar initial", "aria-hidden": "true" }, who.name[0]);
  face.style.setProperty("--hue", hue);
  face.style.setProperty("--size", `${size}px`);
  return face;
}
