// Items of a list dragged over each other: by mouse anywhere on their picture, by finger or pen at a handle of their own,
// so that a swipe over pictures still scrolls the page. Escape puts the item back.

const BEGINS_AFTER = 6; // pixels: less is a click with an unsteady hand
const EDGE = 80; // pixels: nearer to the window's upper or lower end, the page scrolls along

/** `on.begin(item)`, `on.over(item, other)` as it comes over another, then `on.end(item)` or `on.cancel(item)`. */
export function draggable(list, on) {
  let held = null; // {item, pointer, x, y, over, ghost}: `ghost` once it moves, `over` what it was last put past

  for (const item of list.children) {
    const handle = item.appendChild(document.createElement("span"));
    handle.className = "handle";
    handle.ariaHidden = "true"; // the buttons are there for who does not point
  }

  function follow() {
    held.ghost.style.translate = `${held.x + 8}px ${held.y + 8}px`;
    const other = document.elementFromPoint(held.x, held.y)?.closest("li");
    if (!other || other.parentElement !== list) return;
    // A larger picture may still be below the pointer after both changed places: it must be left first.
    if (other === held.item) held.over = null;
    else if (other !== held.over) {
      held.over = other;
      on.over(held.item, other);
    }
  }

  function scroll() {
    if (!held?.ghost) return;
    const beyond = Math.min(0, held.y - EDGE) + Math.max(0, held.y - (innerHeight - EDGE));
    if (beyond) {
      scrollBy({ top: beyond / 4, behavior: "instant" });
      follow();
    }
    requestAnimationFrame(scroll);
  }

  function lift() {
    held.ghost = document.body.appendChild(held.item.querySelector("img").cloneNode());
    held.ghost.className = "ghost";
    held.ghost.alt = "";
    held.item.classList.add("moving");
    list.classList.add("sorting");
    on.begin(held.item);
    scroll();
  }

  function drop(done) {
    const { item, ghost } = held;
    held = null;
    if (!ghost) return;
    ghost.remove();
    item.classList.remove("moving");
    list.classList.remove("sorting");
    // Where the button is let go is no click on the picture's link.
    const swallow = (event) => { event.preventDefault(); event.stopPropagation(); };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }));
    done(item);
  }

  list.addEventListener("dragstart", (event) => event.preventDefault());
  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(event.pointerType === "mouse" ? ".handle, a" : ".handle");
    if (held || !grip || event.button !== 0) return;
    held = { item: grip.closest("li"), pointer: event.pointerId, x: event.clientX, y: event.clientY, over: null };
    // Not by the handle itself: what is moved within the page loses its pointer.
    if (event.pointerType !== "mouse") list.setPointerCapture(event.pointerId);
  });
  list.addEventListener("pointermove", (event) => {
    if (event.pointerId !== held?.pointer) return;
    if (!event.buttons && !held.ghost) { held = null; return; } // let go outside of the list
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) >= BEGINS_AFTER;
    if (!held.ghost && !far) return;
    held.x = event.clientX;
    held.y = event.clientY;
    if (!held.ghost) {
      list.setPointerCapture(event.pointerId);
      lift();
    }
    follow();
  });
  for (const [name, done] of [["pointerup", on.end], ["pointercancel", on.cancel]]) {
    list.addEventListener(name, (event) => { if (event.pointerId === held?.pointer) drop(done); });
  }
  addEventListener("keydown", (event) => { if (event.key === "Escape" && held) drop(on.cancel); });
}
