// What the bot asked of Discord, newest first, with what the official document has against it.

import { h, icon } from "./dom.js";
import { clock } from "./times.js";
import { t } from "./texts.js";

const NUMBERS = /\{(\w+)\}/g;

export function calls(records, deviations) {
  const verdict = deviations ? h("p", { class: "verdict bad" }, t("deviates", { n: deviations })) : h("p", { class: "verdict good" }, icon("check"), t("conform"));
  if (!records.length) return [h("p", { class: "small" }, t("noCalls"))];
  return [verdict, h("ol", { class: "calls" }, [...records].reverse().map(call))];
}

function call(record) {
  const bad = record.status >= 400 || record.status === 0;
  const route = record.route.replace(NUMBERS, "…").replace("/webhooks/…/…", "/webhooks/…").replace("/interactions/…/…", "/interactions/…");
  const body = JSON.stringify(record.body, null, 1);
  const files = record.files.map((file) => `${file.filename} · ${file.size} B · ${file.sha256.slice(0, 12)}…`);
  const details = [record.path, record.fault, ...record.deviations, ...files, body && body !== "null" ? body : null].filter(Boolean);
  return h(
    "li",
    { class: record.deviations.length ? "deviant" : "" },
    h(
      "details",
      { data: { key: `${record.at}${record.path}` } },
      h("summary", {}, h("span", { class: `method ${record.method.toLowerCase()}` }, record.method), h("span", { class: "route" }, route), h("span", { class: `status ${bad ? "bad" : "good"}` }, String(record.status)), h("span", { class: "took" }, `${Math.round(record.seconds * 1000)} ms`)),
      h("p", { class: "small" }, clock(record.at)),
      record.deviations.length ? h("p", { class: "problem" }, record.deviations.join(" ")) : null,
      h("pre", { tabindex: "0", "aria-label": route }, details.join("\n").slice(0, 6000)),
    ),
  );
}
