// A file that a person adds: sent ahead, shown small, and named by its number when it is used.

import { h, icon } from "./dom.js";
import { bytes } from "./media.js";
import { stage } from "./stage.js";
import { t } from "./texts.js";
import { upload } from "./connection.js";

/** Adds `file`; the element shows it and `number()` is what the server calls it. Throws words for the person. */
export async function addFile(file, removed) {
  const limit = stage.scene.upload_limit;
  if (file.size > limit) throw new Error(t("tooLarge", { name: file.name, limit: Math.floor(limit / 1e6) }));
  let number;
  try {
    number = await upload(file);
  } catch {
    throw new Error(t("uploadFailed", { name: file.name }));
  }
  const picture = file.type.startsWith("image/") ? h("img", { src: URL.createObjectURL(file), alt: "" }) : icon("file");
  const drop = h("button", { type: "button", class: "icon", "aria-label": t("removeFile", { name: file.name }) }, icon("close"));
  const node = h("span", { class: "added" }, picture, h("span", { class: "what" }, file.name, h("small", {}, bytes(file.size))), drop);
  drop.addEventListener("click", (press) => {
    press.preventDefault();
    node.remove();
    removed?.();
  });
  return { node, number, name: file.name };
}

export function filesOf(transfer) {
  return [...(transfer?.files ?? [])];
}
