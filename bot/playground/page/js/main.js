// Starts the page: one look at the scene, then whatever happens, as it happens.

import { ask, connect, listen } from "./connection.js";
import { drawComposer, setUpComposer } from "./composer.js";
import { drawPanel, hearPanel, setUpPanel } from "./panel.js";
import { drawSide, setUpSide } from "./side.js";
import { emptyState, setUpMessages, showMessages } from "./messages.js";
import { find } from "./dom.js";
import { emit, here, on, slashCommands, stage } from "./stage.js";
import { setUpModals } from "./modal.js";
import { speak, t } from "./texts.js";

const KEPT = "where";
let stale = false;
let wished = null;

/** Who one is and where one looks, changed by the wish. Clicks may come faster than answers: each goes on from the one before, and the newest answer is shown. */
async function look(wish = {}) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
  const now = stage.scene ? { person: stage.scene.person, place: here().key } : { person: kept.person, place: kept.place ?? "channel" };
  const asked = { ...now, ...wished, ...wish };
  wished = asked;
  find("messages").setAttribute("aria-busy", "true");
  const scene = await ask("look", asked);
  if (wished !== asked) return;
  wished = null;
  const tongue = navigator.language.startsWith("fr") ? "fr" : null;
  const speaker = scene.people.find((one) => one.locale === tongue);
  // The first visit of somebody who reads French begins as the member who does.
  if (asked.person === undefined && speaker) look({ person: speaker.id });
  else show(scene);
}

function show(scene) {
  const moved = !stage.scene || stage.scene.place !== scene.place || stage.scene.person !== scene.person || stage.scene.locale !== scene.locale;
  stage.scene = scene;
  stage.unread.delete(scene.place);
  sessionStorage.setItem(KEPT, JSON.stringify({ person: scene.person, place: here().key }));
  speak(scene.locale);
  drawHead();
  drawSide();
  drawComposer();
  drawState();
  drawPanel();
  find("messages").setAttribute("aria-busy", String(wished !== null));
  if (moved || stale || find("messages").children.length === 0) showMessages(scene.messages);
  stale = false;
}

function drawHead() {
  const place = here();
  find("title").textContent = place.key === "direct" ? t("direct") : place.name;
  find("title").className = place.key;
  find("topic").textContent = t(`topic_${place.key}`);
}

function drawState() {
  const { online, process } = stage.scene.state;
  const word = online ? "online" : process.restarts || process.exit_code !== null ? "away" : "starting";
  const presence = find("presence");
  presence.className = word;
  presence.textContent = t(word);
}

function hear(told) {
  switch (told.event) {
    case "open":
      find("lost").hidden = true;
      look();
      break;
    case "closed":
      stale = true;
      find("lost").hidden = false;
      break;
    case "scene":
      show(told.scene);
      break;
    case "state":
      stage.scene.state = told.state;
      drawState();
      hearPanel(told);
      break;
    case "message":
      emit("message", told);
      break;
    default:
      hearPanel(told);
  }
}

function examples() {
  const prompts = [{ prompt: t("example1") }, { prompt: t("example2") }, { prompt: t("example3"), count: 4 }];
  return slashCommands().some((one) => one.name === "imagine") ? prompts.map((values) => ({ command: "imagine", values })) : [];
}

speak(navigator.language.startsWith("fr") ? "fr" : "en-US");
setUpSide();
setUpComposer();
setUpMessages();
setUpModals();
setUpPanel();
on("go", look);
on("scene", show);
on("empty", () => emptyState(examples()));
listen((told) => (told.event === "open" || stage.scene || told.event === "closed") && hear(told));
connect();
