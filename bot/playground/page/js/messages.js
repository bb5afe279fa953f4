// The channel's messages: oldest first, kept at the end while one reads there, told to screen readers in passing.

import { find, h } from "./dom.js";
import { change, messageElement } from "./message.js";
import { emit, on, stage } from "./stage.js";
import { plain } from "./markdown.js";
import { t } from "./texts.js";

const TOGETHER_SECONDS = 420;
const NEAR_PIXELS = 120;
const shown = new Map();
let following = true;

export function setUpMessages() {
  const scroll = find("scroll");
  let last = 0;
  scroll.addEventListener("scroll", () => {
    // Only going up leaves the end: a page that folds or a card that grows is nobody's wish to stop following.
    if (scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PIXELS) following = true;
    else if (scroll.scrollTop < last) following = false;
    last = scroll.scrollTop;
  });
  // Pictures and cards grow after they were put in; who reads at the end stays at the end.
  new ResizeObserver(() => following && toEnd()).observe(find("messages"));
  new ResizeObserver(() => following && toEnd()).observe(scroll);
  on("message", hear);
}

export function toEnd() {
  const scroll = find("scroll");
  scroll.scrollTop = scroll.scrollHeight;
}

export function showMessages(messages) {
  shown.clear();
  find("messages").replaceChildren();
  for (const message of messages) put(message);
  following = true;
  toEnd();
  drawEmpty();
}

export function addPending(element) {
  find("messages").append(element);
  following = true;
  toEnd();
  drawEmpty();
}

function hear(told) {
  if (told.place !== stage.scene.place) {
    if (told.verb === "created") {
      stage.unread.add(told.place);
      emit("unread");
    }
    return;
  }
  if (told.verb === "deleted") remove(told.id);
  else put(told.message, { announced: true });
  drawEmpty();
}

function put(message, { announced = false } = {}) {
  const known = shown.get(message.id);
  if (known) {
    const was = known.message;
    change(known, message);
    if (announced && was.components.length === 0 !== (message.components.length === 0)) announce(message);
    return;
  }
  const list = find("messages");
  const last = [...shown.values()].at(-1)?.message;
  const element = messageElement(message, { follows: together(last, message) });
  shown.set(message.id, element);
  list.append(element);
  if (announced && !message.loading) announce(message);
}

function together(last, message) {
  return Boolean(last && !message.cause && !last.ephemeral && last.author.id === message.author.id && message.at - last.at < TOGETHER_SECONDS);
}

function remove(id) {
  shown.get(id)?.remove();
  shown.delete(id);
}

function announce(message) {
  const words = (components) => components.flatMap((one) => [one.content ?? [], words(one.components ?? []), (one.items ?? []).map((item) => item.description ?? t("picture"))].flat());
  const text = plain([message.content, ...words(message.components)].join(" ")).slice(0, 300);
  find("announce").textContent = t("newMessage", { author: message.author.name, text });
}

function drawEmpty() {
  const none = find("messages").children.length === 0;
  find("empty").hidden = !none;
  if (none) emit("empty");
}

export function emptyState(examples) {
  find("empty").replaceChildren(
    h("img", { src: "/page/art/atelier.svg", alt: "", width: "72", height: "72" }),
    h("h2", {}, t("emptyTitle")),
    h("p", {}, t("emptyText")),
    h("ul", {}, examples.map((one) => h("li", {}, h("button", { type: "button", class: "example", onclick: () => emit("compose", one) }, h("b", {}, `/${one.command}`), ...Object.entries(one.values).map(([name, value], at) => h("span", {}, at ? `${name}: ${value}` : value)))))),
    h("p", { class: "small" }, t("emptySmall")),
  );
}
