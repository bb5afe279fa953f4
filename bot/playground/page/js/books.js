// The bot's own books: its requests with their stages as bars, the ledger, counters and limits.

import { h } from "./dom.js";
import { locale, t } from "./texts.js";
import { clock } from "./times.js";
import { nameOf } from "./stage.js";

const ORDER = ["accept", "queued", "render", "store", "settle", "deliver"];
const OPEN = ["accepted", "queued", "rendering", "rendered"];

const seconds = (value) => new Intl.NumberFormat(locale, { maximumFractionDigits: value < 1 ? 3 : 1 }).format(value);
const dollars = (micro) => new Intl.NumberFormat(locale, { style: "currency", currency: "USD", maximumFractionDigits: 4 }).format(micro / 1e6);

export function books(known) {
  const requests = known?.requests ?? [];
  const bookings = known?.ledger ?? [];
  return {
    requests: requests.length ? requests.slice(0, 6).map(request) : [h("p", { class: "small" }, t("noRequests"))],
    ledger: [
      bookings.length ? ledger(bookings) : h("p", { class: "small" }, t("noLedger")),
      h("details", { data: { key: "counters" } }, h("summary", {}, t("counters")), table([t("who"), t("window"), t("reserved"), t("usedUp")], (known?.counters ?? []).map((one) => [subject(one.subject), `${one.window} ${one.window_start}`, String(one.reserved_images), String(one.used_images)]))),
      h("details", { data: { key: "limits" } }, h("summary", {}, t("limits")), known?.limits?.length ? table([t("who"), t("window"), t("what")], known.limits.map((one) => [subject(`${one.subject_kind}:${one.subject_id}`), one.window, one.unit === "usd" ? dollars(one.amount) : String(one.amount)])) : h("p", { class: "small" }, t("noLimits"))),
    ],
  };
}

function subject(text) {
  const [kind, id] = text.split(":");
  return nameOf("users", id) ?? nameOf("roles", id) ?? (nameOf("channels", id) ? `#${nameOf("channels", id)}` : id ? `${kind} ${id}` : kind);
}

function request(one) {
  const stages = Object.entries(one.stages ?? {}).sort(([, a], [, b]) => a[0] - b[0]);
  const begin = Math.min(one.created_at, ...stages.map(([, [at]]) => at));
  const end = Math.max(begin + 0.05, ...stages.map(([, [at, took]]) => at + took));
  const bars = stages.map(([name, [at, took]]) => {
    const bar = h("span", { class: `bar s${Math.max(0, ORDER.indexOf(name.split(/[:_ ]/)[0]))}` });
    bar.style.left = `${((at - begin) / (end - begin)) * 100}%`;
    bar.style.width = `${Math.max(1.5, (took / (end - begin)) * 100)}%`;
    return h("li", {}, h("span", { class: "stage" }, name), h("span", { class: "track" }, bar), h("span", { class: "took" }, `${seconds(took)} s`));
  });
  const state = OPEN.includes(one.state) ? "open" : one.state;
  return h(
    "article",
    { class: "request" },
    h("p", { class: "top" }, h("span", { class: `state ${state}` }, one.state), h("code", {}, one.id), h("span", { class: "who" }, nameOf("users", one.user_id) ?? "")),
    h("p", { class: "prompt" }, one.prompt || one.kind),
    one.failure_kind ? h("p", { class: "small" }, one.failure_kind) : null,
    h("ul", { class: "stages" }, bars),
  );
}

function ledger(rows) {
  return table(
    [t("when"), t("what"), t("images"), t("money")],
    rows.map((one) => [clock(one.at), one.kind, signed(one.reserved_images, one.used_images), dollars(one.used_microusd + one.reserved_microusd)]),
  );
}

function signed(reserved, used) {
  const word = (value, name) => (value ? `${value > 0 ? "+" : "−"}${Math.abs(value)} ${name}` : "");
  return [word(reserved, t("reserved")), word(used, t("usedUp"))].filter(Boolean).join(", ") || "0";
}

function table(heads, rows) {
  return h("div", { class: "scrolls", tabindex: "0", role: "group", "aria-label": heads.join(", ") }, h("table", {}, h("thead", {}, h("tr", {}, heads.map((one) => h("th", { scope: "col" }, one)))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map((one) => h("td", {}, one)))))));
}
