// Behind the scenes: what can be broken, the bot's process, its books, and what it asked of Discord.

import { ask } from "./connection.js";
import { books } from "./books.js";
import { calls } from "./calls.js";
import { clock } from "./times.js";
import { find, freshId, h, icon, spinner } from "./dom.js";
import { stage } from "./stage.js";
import { t } from "./texts.js";

const STATES = ["fine", "slow", "down", "refusing"];
const ERRORS = 3;
const KEPT_CALLS = 80;
const seen = { books: null, calls: [], log: "" };
let shown = false;

export function setUpPanel() {
  find("open-panel").append(icon("panel"));
  find("open-panel").addEventListener("click", () => toggle(!shown));
  addEventListener("keydown", (press) => press.key === "Escape" && shown && find("panel").contains(document.activeElement) && toggle(false));
  if (sessionStorage.getItem("panel") === "open") shown = true;
}

async function toggle(open) {
  shown = open;
  sessionStorage.setItem("panel", open ? "open" : "");
  if (!open) find("open-panel").focus();
  await drawPanel();
}

/** Draws all of it anew; the server is asked to tell what the panel shows only while it is open. */
export async function drawPanel() {
  const panel = find("panel");
  panel.hidden = !shown;
  document.body.classList.toggle("panel-open", shown);
  find("open-panel").setAttribute("aria-expanded", String(shown));
  const { requests } = await ask("panel", { open: shown });
  if (!shown) return;
  seen.calls = requests ?? [];
  const top = h("header", {}, h("h2", {}, t("panel")), h("button", { type: "button", class: "icon", "aria-label": t("close"), onclick: () => toggle(false) }, icon("close")));
  panel.replaceChildren(top, h("div", { class: "parts" }, part("breakIt"), part("botProcess"), part("requests"), part("ledger"), part("calls")));
  redraw("breakIt", breaking());
  redraw("botProcess", processPart());
  drawBooks();
  redraw("calls", calls(seen.calls, stage.scene.state.deviations));
}

export function hearPanel(told) {
  if (told.event === "books") seen.books = told.books; // may come before there is a place for it
  if (!shown || !find("part-calls")) return;
  if (told.event === "books") {
    drawBooks();
  } else if (told.event === "request") {
    seen.calls = [...seen.calls, told.request].slice(-KEPT_CALLS);
    stage.scene.state.deviations += told.request.deviations.length;
    redraw("calls", calls(seen.calls, stage.scene.state.deviations));
  } else if (told.event === "state") {
    redraw("breakIt", breaking());
    redraw("botProcess", processPart());
  }
}

function part(name) {
  const id = freshId("part");
  return h("section", { "aria-labelledby": id }, h("h3", { id }, t(name)), h("div", { id: `part-${name}`, class: `part ${name}` }));
}

/** Keeps what is unfolded unfolded, and the focus where it was. */
function redraw(name, children) {
  const place = find(`part-${name}`);
  const open = new Set([...place.querySelectorAll("details[open]")].map((one) => one.dataset.key));
  const focus = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  place.replaceChildren(...children);
  for (const one of place.querySelectorAll("details")) one.open = open.has(one.dataset.key) || one.open;
  if (focus) place.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

function drawBooks() {
  const drawn = books(seen.books);
  redraw("requests", drawn.requests);
  redraw("ledger", drawn.ledger);
}

const trouble = (kind, value = null) => ask("trouble", { kind, value });

function breaking() {
  const { provider, discord } = stage.scene.state.trouble;
  const labelId = freshId("provider");
  const choice = (state) => h("button", { type: "button", class: `segment ${state}`, "aria-pressed": String(state === provider), data: { key: state }, onclick: () => trouble("provider", state) }, t(`provider_${state}`));
  const press = (label, kind, value, aside = "") => h("button", { type: "button", class: "button secondary", data: { key: kind }, onclick: () => trouble(kind, value) }, h("span", {}, label), aside ? h("span", { class: "badge" }, aside) : null);
  const heal = () => Promise.all([trouble("provider", "fine"), trouble("discord", 0)]);
  return [
    h("p", { class: "small" }, t("breakText")),
    h("p", { class: "label", id: labelId }, t("provider")),
    h("div", { class: "segments", role: "group", "aria-labelledby": labelId }, STATES.map(choice)),
    h(
      "div",
      { class: "row" },
      press(t("kill"), "kill"),
      press(t("dropGateway"), "gateway"),
      press(t("discordErrors"), "discord", ERRORS, discord ? t("discordLeft", { n: discord }) : ""),
      provider !== "fine" || discord ? h("button", { type: "button", class: "button success", data: { key: "heal" }, onclick: heal }, t("heal")) : null,
    ),
  ];
}

function processPart() {
  const { process, online } = stage.scene.state;
  const word = online ? t("online") : process.pid ? t("starting") : t("away");
  const row = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  const log = h("details", { data: { key: "log" } }, h("summary", {}, t("log")), h("pre", { tabindex: "0", "aria-label": t("log") }, seen.log));
  log.addEventListener("toggle", async () => {
    if (!log.open) return;
    seen.log = await ask("log");
    log.querySelector("pre").textContent = seen.log;
    log.querySelector("pre").scrollTop = 1e6;
  });
  return [
    h("p", { class: `alive ${online ? "online" : "away"}` }, online ? null : spinner(), word),
    h("dl", {}, row(t("pid"), process.pid ? String(process.pid) : "–"), row(t("restarts"), String(process.restarts)), row(t("since"), process.pid ? clock(process.started_at) : "–")),
    h("div", { class: "row" }, h("button", { type: "button", class: "button secondary", data: { key: "restart" }, onclick: () => trouble("restart") }, t("restart"))),
    log,
  ];
}
