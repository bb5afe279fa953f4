// A board put in order: by dragging, and by the buttons below each picture; every move is told to those who cannot see it.

import { say, send } from "./atelier.js";
import { draggable } from "./drag.js";

const list = document.querySelector("[data-board]");
const pictures = () => [...list.querySelectorAll(":scope > li")];
const first = Number(list?.dataset.first); // place of the first one here: a large board has several pages
let total = Number(list?.dataset.total);
const placeOf = (item) => first + pictures().indexOf(item);

/** After a move: each picture knows its place again, and which of its buttons lead nowhere. */
function renumber() {
  pictures().forEach((item, at) => {
    for (const button of item.querySelectorAll("button[data-step]")) {
      const to = first + at + Number(button.dataset.step);
      button.value = `${item.id} ${Math.max(1, to)}`;
      // Not `disabled`: that would take the focus from whoever presses it several times.
      if (to < 1 || to > total) button.setAttribute("aria-disabled", "true");
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
  wish.set("put", `${item.id} ${placeOf(item)}`);
  const told = await send(`${list.dataset.board}/move`, wish);
  if (told) say(told.message);
  else put(item, from);
}

list?.addEventListener("click", async (event) => {
  const button = event.target.closest("button[form]");
  if (!button) return;
  const item = button.closest("li");
  const from = pictures().indexOf(item);
  const to = from + Number(button.dataset.step ?? 0);
  const leadsOn = button.getAttribute("aria-disabled") !== "true";
  // The form itself, without us: its answer is the page where the picture goes.
  if (leadsOn && (to < 0 || to >= pictures().length)) return;
  event.preventDefault();
  if (!leadsOn) return;
  if (button.dataset.step) {
    put(item, to);
    button.focus();
    await move(item, from);
  } else {
    const told = await send(button.form.action, new FormData(button.form, button));
    if (!told) return;
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    total -= 1;
    if (!next) return location.reload();
    renumber();
    (next.querySelector('[form="take-off"]') ?? next.querySelector("a")).focus();
    say(told.message);
  }
});

if (list && "sortable" in list.dataset) {
  let began = 0;
  draggable(list, {
    begin: (item) => { began = pictures().indexOf(item); },
    over: (item, other) => put(item, pictures().indexOf(other)),
    async end(item) { if (pictures().indexOf(item) !== began) await move(item, began); },
    cancel: (item) => put(item, began),
  });
}
