// What happens on every page as soon as it is there.

import { follow, localTimes, quietForms, say, send } from "./atelier.js";

localTimes();
quietForms();
for (const place of document.querySelectorAll("[data-card]")) follow(place);

/** On a phone menus are wider than the screen: where one is must be in sight, and the page itself stay where it is. */
function showHere() {
  for (const here of document.querySelectorAll(":is(.top nav, .tabs) [aria-current]")) {
    const menu = here.parentElement;
    menu.scrollLeft = here.offsetLeft - menu.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
  }
}
showHere();
addEventListener("resize", showHere);

/** "Add to a board" as a dialog on the page where the picture is; without script it is a page of its own. */
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.('a[href^="/boards/add?"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } }).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const form = page?.querySelector("[data-board-add]");
  if (!form) { location.href = link.href; return; }
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", form.querySelector("h1").textContent);
  dialog.append(document.importNode(form, true));
  document.body.append(dialog);
  dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
  dialog.querySelector("[data-close]").addEventListener("click", (back) => { back.preventDefault(); dialog.close(); });
  const shown = dialog.querySelector("form");
  // Who types a name means a new board.
  shown.elements.name.addEventListener("input", () => { shown.elements.board.value = "new"; });
  shown.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    const told = await send(shown.action, new FormData(shown));
    if (!told) return;
    dialog.close();
    say(told.message);
  });
  dialog.showModal();
});
