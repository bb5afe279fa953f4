// Walking the tree by keyboard: up and down through it, left to what a picture was made from, right to what was made from it.

const tree = document.querySelector("[data-family]");

function step(link, key) {
  const links = [...tree.querySelectorAll("a")];
  const item = link.closest("li");
  switch (key) {
    case "ArrowUp": return links[links.indexOf(link) - 1];
    case "ArrowDown": return links[links.indexOf(link) + 1];
    case "ArrowLeft": {
      let above = item.parentElement.closest("li");
      while (above && !above.querySelector(":scope > a")) above = above.parentElement.closest("li");
      return above?.querySelector(":scope > a");
    }
    case "ArrowRight": return item.querySelector(":scope > ol a");
    case "Home": return links[0];
    case "End": return links.at(-1);
    default: return null;
  }
}

tree?.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest("a")) return;
  const next = step(event.target.closest("a"), event.key);
  if (!next) return;
  event.preventDefault();
  next.focus();
});
