// Discord's markdown, as elements. Blocks line by line, then what is inside a line, from the outside in.

import { h, freshId } from "./dom.js";
import { instant } from "./times.js";
import { nameOf, emit } from "./stage.js";
import { t } from "./texts.js";

const INLINE = [
  [/\\([^0-9A-Za-z\s])/y, (m) => m[1]],
  [/(`+)([\s\S]*?[^`])\1(?!`)/y, (m) => h("code", {}, m[2].replace(/^ (?=`)|(?<=`) $/g, ""))],
  [/<(https?:\/\/[^\s>]+)>/y, (m) => link(m[1], m[1])],
  [/\[((?:\\.|[^[\]\\])+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/y, (m) => link(m[2], inline(m[1]))],
  [/https?:\/\/[^\s<]+[^<.,:;"')\]\s]/y, (m) => link(m[0], m[0])],
  [/<@!?(\d+)>/y, (m) => mention(`@${nameOf("users", m[1]) ?? m[1]}`)],
  [/<@&(\d+)>/y, (m) => mention(`@${nameOf("roles", m[1]) ?? m[1]}`)],
  [/<#(\d+)>/y, (m) => mention(`#${nameOf("channels", m[1]) ?? m[1]}`)],
  [/<\/([^:>]+):(\d+)>/y, (m) => command(m[1])],
  [/<t:(-?\d{1,12})(?::([tTdDfFR]))?>/y, (m) => instant(Number(m[1]), m[2])],
  [/<a?:(\w+):(\d+)>/y, (m) => h("img", { class: "sign", src: `/cdn/emojis/${m[2]}.png`, alt: `:${m[1]}:`, title: `:${m[1]}:`, draggable: "false" })],
  [/@(everyone|here)\b/y, (m) => mention(m[0])],
  [/\|\|([\s\S]+?)\|\|/y, (m) => hidden(inline(m[1]))],
  [/\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/y, (m) => h("strong", {}, inline(m[1]))],
  [/__((?:\\[\s\S]|[^\\])+?)__(?!_)/y, (m) => h("u", {}, inline(m[1]))],
  [/\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)/y, (m) => h("em", {}, inline(m[1]))],
  [/_((?:__|\\[\s\S]|[^\\_])+?)_\b/y, (m) => h("em", {}, inline(m[1]))],
  [/~~((?:\\[\s\S]|[^\\])+?)~~/y, (m) => h("s", {}, inline(m[1]))],
  [/\n/y, () => h("br")],
  [/[\s\S][^\\`<[@|*_~\nh]*/y, (m) => m[0]],
];

export function inline(text) {
  const found = [];
  let at = 0;
  while (at < text.length) {
    for (const [pattern, make] of INLINE) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) continue;
      const word = /\w/.test(text[at - 1] ?? "");
      if (match[0].startsWith("_") && !match[0].startsWith("__") && word && make !== INLINE.at(-1)[1]) continue;
      at += match[0].length;
      found.push(make(match));
      break;
    }
  }
  return found.flat();
}

export function markdown(text) {
  const blocks = [];
  let rest = text;
  for (let fence; (fence = /```(?:([\w+-]+)\n)?\n?([\s\S]*?)\n?```/.exec(rest)); rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, "")) {
    blocks.push(...lines(rest.slice(0, fence.index).replace(/\n$/, "")), h("pre", {}, h("code", { data: { language: fence[1] ?? "" } }, fence[2])));
  }
  blocks.push(...lines(rest));
  return blocks;
}

function lines(text) {
  const blocks = [];
  const all = text === "" ? [] : text.split("\n");
  for (let at = 0; at < all.length; ) {
    const [taken, block] = blockAt(all, at);
    at += taken;
    blocks.push(block);
  }
  return blocks;
}

function blockAt(all, at) {
  const line = all[at];
  let match;
  if (line.startsWith(">>> ")) return [all.length - at, h("blockquote", {}, lines([line.slice(4), ...all.slice(at + 1)].join("\n")))];
  if (line.startsWith("> ")) {
    const taken = run(all, at, (one) => one.startsWith("> ") || one === ">");
    return [taken.length, h("blockquote", {}, lines(taken.map((one) => one.slice(2)).join("\n")))];
  }
  if ((match = /^(#{1,3}) +(\S.*)$/.exec(line))) return [1, h("p", { class: `heading h${match[1].length}`, role: "heading", "aria-level": String(match[1].length + 2) }, inline(match[2]))];
  if ((match = /^-# +(\S.*)$/.exec(line))) return [1, h("p", { class: "small" }, inline(match[1]))];
  if (/^ *(?:[-*]|\d+\.) +\S/.test(line)) {
    const numbered = (one) => /^\d/.test(one);
    const same = (one) => !/^[-*\d]/.test(one) || numbered(one) === numbered(line);
    const taken = run(all, at, (one) => (/^ *(?:[-*]|\d+\.) +\S/.test(one) && same(one)) || /^ {2,}\S/.test(one));
    return [taken.length, list(taken)];
  }
  const taken = run(all, at, (one, index) => index === at || !/^(?:>>> |> |#{1,3} +\S|-# +\S| *(?:[-*]|\d+\.) +\S)/.test(one));
  return [taken.length, h("p", {}, inline(taken.join("\n")))];
}

function run(all, from, belongs) {
  let to = from;
  while (to < all.length && belongs(all[to], to)) to += 1;
  return all.slice(from, to);
}

function list(taken) {
  const depth = (line) => line.length - line.trimStart().length;
  const first = /^ *(?:([-*])|(\d+)\.) +/.exec(taken[0]);
  const base = depth(taken[0]);
  const items = [];
  for (const line of taken) {
    const match = /^ *(?:[-*]|\d+\.) +([\s\S]*)$/.exec(line);
    if (match && depth(line) <= base + 1) items.push({ text: match[1], below: [] });
    else items.at(-1).below.push(line);
  }
  const entries = items.map(({ text, below }) => {
    const nested = below.length && /^ *(?:[-*]|\d+\.) +\S/.test(below[0]);
    return h("li", {}, inline(text), nested ? list(below) : below.length ? [h("br"), ...inline(below.map((one) => one.trim()).join("\n"))] : null);
  });
  return first[2] ? h("ol", { start: first[2] }, entries) : h("ul", {}, entries);
}

function link(address, children) {
  return h("a", { href: address, target: "_blank", rel: "noreferrer noopener" }, children);
}

function mention(text) {
  return h("span", { class: "mention" }, text);
}

function command(path) {
  return h("button", { type: "button", class: "mention", onclick: () => emit("compose", { command: path }) }, `/${path}`);
}

function hidden(children) {
  const id = freshId("spoiler");
  const inner = h("span", { class: "inside", id }, children);
  const show = () => {
    cover.classList.add("shown");
    cover.removeAttribute("role");
    cover.removeAttribute("tabindex");
    cover.removeAttribute("aria-label");
    inner.removeAttribute("aria-hidden");
  };
  inner.setAttribute("aria-hidden", "true");
  const cover = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("reveal"), onclick: show, onkeydown: (press) => ["Enter", " "].includes(press.key) && (press.preventDefault(), show()) }, inner);
  return cover;
}

/** The words alone, for a line that quotes or a screen reader that is told in passing. */
export function plain(text) {
  const box = document.createElement("div");
  box.append(...markdown(text).flatMap((block) => [block, " "]));
  return box.textContent.trim().replace(/\s+/g, " ");
}
