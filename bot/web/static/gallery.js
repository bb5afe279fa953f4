// The wall goes on as one scrolls; the address follows what is seen, so that a reload or a link comes back to it.

import { say } from "./atelier.js";

const wall = document.querySelector("[data-wall]");
const BY_ITSELF = 5; // pages; after them the button again, or the foot of the page would never be reached
let loaded = 0;
let loading = false;

async function more(link, byHand) {
  if (loading) return;
  loading = true;
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const tiles = [...next.querySelectorAll("[data-wall] > li")].map((tile) => document.importNode(tile, true));
    wall.append(...tiles);
    for (const tile of tiles) if (tile.dataset.page) seen.observe(tile);
    if (byHand) {
      tiles[0]?.querySelector("a").focus();
      say(link.dataset.told);
    }
    const further = next.querySelector("[data-more]");
    if (further) link.href = further.href;
    else link.remove();
    loaded = byHand ? 0 : loaded + 1;
  } catch {
    if (byHand) location.href = link.href;
    loaded = BY_ITSELF;
  }
  link.removeAttribute("aria-busy");
  loading = false;
  // An observer tells of changes only: where the button is in sight still, it would be silent.
  near.unobserve(link);
  if (link.isConnected) near.observe(link);
}

const near = new IntersectionObserver((entries) => {
  if (loaded < BY_ITSELF && entries.some((entry) => entry.isIntersecting)) more(entries[0].target, false);
}, { rootMargin: "600px" });

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) history.replaceState(null, "", entry.target.dataset.page);
  }
}, { rootMargin: "0px 0px -60% 0px" });

if (wall) {
  for (const tile of wall.querySelectorAll("[data-page]")) seen.observe(tile);
  const link = document.querySelector("[data-more]");
  if (link) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      more(link, true);
    });
    near.observe(link);
  }
}
