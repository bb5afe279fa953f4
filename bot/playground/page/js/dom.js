// Making elements: nothing here, or anywhere on the page, writes HTML from text.

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

const SHAPES = {
  menu: "M4 6h16M4 12h16M4 18h16",
  close: "M6 6l12 12M18 6L6 18",
  panel: "M4 19V10M10 19V5M16 19v-7M21 19H3",
  plus: "M12 5v14M5 12h14",
  send: "M4 12l16-8-6 16-3-7z",
  file: "M7 3h7l5 5v13H7zM14 3v5h5",
  download: "M12 4v11m0 0l-5-5m5 5l5-5M5 20h14",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  down: "M6 9l6 6 6-6",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  hash: "M9 4L7 20M17 4l-2 16M4 9h17M3 15h17",
  lock: "M7 11V8a5 5 0 0110 0v3M5 11h14v9H5z",
  thread: "M4 5v6a4 4 0 004 4h11m0 0l-4-4m4 4l-4 4",
  at: "M16 12a4 4 0 11-8 0 4 4 0 018 0zm0 0v1.5a2.5 2.5 0 005 0V12a9 9 0 10-4 7.5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zm10 3a3 3 0 100-6 3 3 0 000 6z",
  check: "M5 12l5 5 9-10",
  out: "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9",
  reply: "M4 19v-5a4 4 0 014-4h11",
};

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("glyph");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

export const find = (id) => document.getElementById(id);

export function spinner() {
  return h("span", { class: "spinner", "aria-hidden": "true" });
}

let numbers = 0;

export function freshId(prefix) {
  numbers += 1;
  return `${prefix}-${numbers}`;
}
