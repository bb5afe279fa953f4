// The canvas of /region: strokes are kept as strokes, so that undo is exact and the mask is as large as the picture.

import { follow, localTimes, quietForms, send } from "./atelier.js";

const form = document.querySelector("[data-region]");
const canvas = form.querySelector("canvas");
const paint = canvas.getContext("2d", { willReadFrequently: true });
const stage = form.querySelector("[data-stage]");
const sheet = form.querySelector("[data-sheet]");
const width = form.querySelector("[data-width]");
const share = form.querySelector("[data-share]");
const COLOUR = "#7c5cff";

let tool = "brush";
let done = [];
let undone = [];
let current = null;
let zoom = 1;
const pointers = new Map();
const cursor = { x: canvas.width / 2, y: canvas.height / 2 };

/** Pixels of the picture: the slider is in hundredths of its longer side. */
const pen = () => (Number(width.value) / 100) * Math.max(canvas.width, canvas.height);

function draw(stroke) {
  paint.globalCompositeOperation = stroke.tool === "eraser" ? "destination-out" : "source-over";
  paint.fillStyle = paint.strokeStyle = COLOUR;
  paint.lineWidth = stroke.width;
  paint.lineCap = paint.lineJoin = "round";
  paint.beginPath();
  const [first, ...rest] = stroke.points;
  paint.moveTo(first.x, first.y);
  if (!rest.length) paint.lineTo(first.x + 0.01, first.y);
  for (const point of rest) paint.lineTo(point.x, point.y);
  if (stroke.tool === "lasso") { paint.closePath(); paint.fill(); }
  else paint.stroke();
}

function redraw() {
  paint.globalCompositeOperation = "source-over";
  paint.clearRect(0, 0, canvas.width, canvas.height);
  for (const stroke of done) draw(stroke);
  if (current) draw(current);
}

function painted() {
  const pixels = paint.getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let at = 3; at < pixels.length; at += 4) if (pixels[at]) count += 1;
  return count / (canvas.width * canvas.height);
}

function tell() {
  const part = painted();
  const words = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 });
  share.textContent = part ? share.dataset.some.replace("%s", words.format(part)) : share.dataset.nothing;
  share.dataset.part = String(part);
  form.querySelector('[data-do="undo"]').disabled = !done.length;
  form.querySelector('[data-do="redo"]').disabled = !undone.length;
}

function keep(stroke) {
  done.push(stroke);
  undone = [];
  redraw();
  tell();
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * canvas.width,
    y: ((event.clientY - box.top) / box.height) * canvas.height,
  };
}

function magnify(wanted, about) {
  const before = zoom;
  zoom = Math.min(8, Math.max(1, wanted));
  const box = stage.getBoundingClientRect();
  const x = (about?.x ?? box.left + box.width / 2) - box.left;
  const y = (about?.y ?? box.top + box.height / 2) - box.top;
  const [left, top] = [stage.scrollLeft + x, stage.scrollTop + y];
  sheet.style.setProperty("width", `${zoom * 100}%`);
  stage.scrollTo(left * (zoom / before) - x, top * (zoom / before) - y);
}

let pinch = null;
function spread() {
  const [one, two] = [...pointers.values()];
  return { apart: Math.hypot(one.x - two.x, one.y - two.y), x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
}

/** Move what is shown; where the stage is at its end, the page goes on. */
function shift(right, down) {
  const before = stage.scrollTop;
  stage.scrollBy(right, down);
  window.scrollBy(0, down - (stage.scrollTop - before));
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pointers.size > 1) {
    // The second finger turns painting into moving: what the first began is taken back. A third changes nothing.
    current = null;
    pinch = { ...spread(), zoom };
    redraw();
    return;
  }
  current = { tool, width: pen(), points: [place(event)] };
  redraw();
});

canvas.addEventListener("pointermove", (event) => {
  if (!pointers.has(event.pointerId)) return;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pinch) {
    const now = spread();
    shift(pinch.x - now.x, pinch.y - now.y);
    magnify(pinch.zoom * (now.apart / pinch.apart), now);
    pinch.x = now.x;
    pinch.y = now.y;
  } else if (current) {
    for (const each of event.getCoalescedEvents?.() ?? [event]) current.points.push(place(each));
    current.points.push(place(event));
    redraw();
  }
});

function lift(event) {
  pointers.delete(event.pointerId);
  pinch = pointers.size > 1 ? { ...spread(), zoom } : null;
  if (current && event.type === "pointerup") keep(current);
  current = null;
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);

function choose(name) {
  tool = name;
  for (const button of form.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
}

const acts = {
  undo() { if (done.length) { undone.push(done.pop()); redraw(); tell(); } },
  redo() { if (undone.length) { done.push(undone.pop()); redraw(); tell(); } },
  clear() { done = []; undone = []; redraw(); tell(); },
  in() { magnify(zoom * 1.5); },
  out() { magnify(zoom / 1.5); },
};

for (const button of form.querySelectorAll("[data-tool]")) button.addEventListener("click", () => choose(button.dataset.tool));
for (const button of form.querySelectorAll("[data-do]")) button.addEventListener("click", () => acts[button.dataset.do]());

canvas.addEventListener("keydown", (event) => {
  const step = Math.max(canvas.width, canvas.height) / 50;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  const letters = { b: "brush", e: "eraser", l: "lasso" };
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if ((event.ctrlKey || event.metaKey) && key === "z") acts[event.shiftKey ? "redo" : "undo"]();
  else if ((event.ctrlKey || event.metaKey) && key === "y") acts.redo();
  else if (event.ctrlKey || event.metaKey || event.altKey) return;
  else if (moves[key]) {
    cursor.x = Math.min(canvas.width, Math.max(0, cursor.x + moves[key][0]));
    cursor.y = Math.min(canvas.height, Math.max(0, cursor.y + moves[key][1]));
    redraw();
    cross();
  } else if (key === " ") {
    keep({ tool: tool === "lasso" ? "brush" : tool, width: pen(), points: [{ ...cursor }] });
    cross();
  } else if (letters[key]) choose(letters[key]);
  else if (key === "[" || key === "]") width.value = String(Number(width.value) + (key === "]" ? 2 : -2));
  else if (key === "+" || key === "=") acts.in();
  else if (key === "-") acts.out();
  else return;
  event.preventDefault();
});

/** Where the keyboard would paint; gone with the next stroke, never a part of the mask. */
function cross() {
  paint.globalCompositeOperation = "source-over";
  paint.strokeStyle = "#ffffff";
  paint.lineWidth = Math.max(2, canvas.width / 400);
  paint.beginPath();
  paint.arc(cursor.x, cursor.y, pen() / 2, 0, 2 * Math.PI);
  paint.stroke();
}
canvas.addEventListener("blur", redraw);

/** PNG bytes: opaque where the picture stays, transparent where it shall change. */
function mask() {
  redraw();
  const out = new OffscreenCanvas(canvas.width, canvas.height);
  const ink = out.getContext("2d");
  ink.fillStyle = "#ffffff";
  ink.fillRect(0, 0, out.width, out.height);
  const kept = ink.getImageData(0, 0, out.width, out.height);
  const drawn = paint.getImageData(0, 0, out.width, out.height);
  // By pixel rather than by compositing: a soft edge must be all in or all out.
  for (let at = 3; at < kept.data.length; at += 4) if (drawn.data[at]) kept.data[at] = 0;
  ink.putImageData(kept, 0, 0);
  return out.convertToBlob({ type: "image/png" });
}

function fit() {
  form.querySelector("[data-no-mask]").hidden = form.model.selectedOptions[0]?.dataset.mask !== "no";
}
form.model.addEventListener("change", fit);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!done.length) { share.scrollIntoView({ block: "center" }); canvas.focus(); return; }
  const button = form.querySelector("button.main");
  button.disabled = true;
  const wish = new FormData(form);
  wish.set("mask", await mask(), "mask.png");
  const told = await send(form.action, wish);
  button.disabled = false;
  if (!told) return;
  const answer = await fetch(`${told.url}/card`);
  if (!answer.ok) return;
  const shown = document.createElement("div");
  shown.innerHTML = await answer.text();
  document.querySelector("[data-results]").prepend(shown);
  quietForms(shown);
  localTimes(shown);
  shown.scrollIntoView({ block: "nearest" });
  follow(shown);
});

fit();
tell();
