// A board put in order: by dragging, and by the buttons below each picture; every move is told to those who cannot see it.

import { say, send } from "./atelier.js";

const list = document.querySelector("[data-board]");
const pictures = () => [...list.querySelectorAll(":scope > li")];

/** After a move: each picture knows its place again, and which of its buttons lead nowhere. */
function renumber() {
  const all = pictures();
  all.forEach((item, at) => {
    item.dataset.place = String(at + 1);
    for (const form of item.querySelectorAll("form[data-step]")) {
      const to = at + 1 + Number(form.dataset.step);
      form.elements.to.value = String(Math.max(1, to));
      const button = form.querySelector("button");
      // Not `disabled`: that would take the focus from whoever presses it several times.
      if (to < 1 || to > all.length) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
  });
}

function put(item, at) {
  const others = pictures().filter((one) => one !== item);
  list.insertBefore(item, others[at] ?? null);
  renumber();
}

async function move(item, from) {
  const wish = new FormData();
  wish.set("image", item.dataset.picture);
  wish.set("to", item.dataset.place);
  const told = await send(`${list.dataset.board}/move`, wish);
  if (told) say(told.message);
  else put(item, from);
}

list?.addEventListener("submit", async (event) => {
  const item = event.target.closest("li");
  const button = event.submitter;
  event.preventDefault();
  if (button.getAttribute("aria-disabled") === "true") return;
  if (event.target.matches("[data-step]")) {
    const from = pictures().indexOf(item);
    put(item, from + Number(event.target.dataset.step));
    button.focus();
    await move(item, from);
  } else {
    const told = await send(event.target.action, new FormData(event.target));
    if (!told) return;
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    if (!next) return location.reload();
    renumber();
    (next.querySelector("[data-remove-picture] button") ?? next.querySelector("a")).focus();
    say(told.message);
  }
});

let dragged = null;
let began = 0;

list?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest("li[draggable]");
  if (!dragged) return;
  began = pictures().indexOf(dragged);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.picture);
  dragged.classList.add("moving");
});

list?.addEventListener("dragover", (event) => {
  if (!dragged) return;
  event.preventDefault();
  const over = event.target.closest("li[draggable]");
  if (over && over !== dragged) put(dragged, pictures().indexOf(over));
});

list?.addEventListener("drop", (event) => event.preventDefault());

list?.addEventListener("dragend", async () => {
  const item = dragged;
  dragged = null;
  item.classList.remove("moving");
  if (pictures().indexOf(item) !== began) await move(item, began);
});
