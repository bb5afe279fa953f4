// Instants in the reader's language; relative ones tick.

import { locale, t } from "./texts.js";
import { h } from "./dom.js";

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function relative(at) {
  const seconds = at - Date.now() / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "always" }).format(Math.round(seconds / size), unit);
}

export function instant(at, style = "f") {
  const moment = new Date(at * 1000);
  const full = new Intl.DateTimeFormat(locale, STYLES.F).format(moment);
  const text = style === "R" ? relative(at) : new Intl.DateTimeFormat(locale, STYLES[style] ?? STYLES.f).format(moment);
  return h("time", { class: "stamp", datetime: moment.toISOString(), title: full, data: style === "R" ? { ticks: String(at) } : {} }, text);
}

export function clock(at, style = "medium") {
  return new Intl.DateTimeFormat(locale, { timeStyle: style }).format(new Date(at * 1000));
}

export function posted(at) {
  const moment = new Date(at * 1000);
  const day = (date) => date.toDateString();
  const time = clock(at, "short");
  const before = new Date(Date.now() - 86400000);
  const text = day(moment) === day(new Date()) ? t("today", { time }) : day(moment) === day(before) ? t("yesterday", { time }) : instant(at).textContent;
  return h("time", { class: "posted", datetime: moment.toISOString() }, text);
}

setInterval(() => {
  for (const element of document.querySelectorAll("time[data-ticks]")) element.textContent = relative(Number(element.dataset.ticks));
}, 1000);
