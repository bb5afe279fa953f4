// The form of /create: options that fit the model, the price while one types, pictures by drop and paste, results below.

import { follow, localTimes, quietForms, send } from "./atelier.js";

const form = document.querySelector("[data-wish]");
const options = JSON.parse(document.getElementById("options").textContent);
const price = form.querySelector("[data-price]");
const results = document.querySelector("[data-results]");
const files = form.querySelector('input[type="file"]');

function fill(select, values) {
  const wanted = select.value || select.dataset.given;
  while (select.options.length > 1) select.remove(1);
  for (const value of values) select.add(new Option(value, value, false, value === wanted));
}

function fit() {
  const can = options[form.model.value] ?? options[""] ?? {};
  document.getElementById("sizes").replaceChildren(...(can.sizes ?? []).map((size) => new Option(size, size)));
  fill(form.quality, can.qualities ?? []);
  fill(form.background, can.backgrounds ?? []);
  for (const part of form.querySelectorAll("[data-option]")) {
    const has = can[part.dataset.option];
    part.hidden = !(Array.isArray(has) ? has.length : has);
    for (const field of part.querySelectorAll("input, select")) field.disabled = part.hidden;
  }
  for (const option of form.count.options) option.disabled = Number(option.value) > (can.count ?? 4);
}

let asked = 0;
let waiting;
function ask() {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const mine = ++asked;
    const wish = new FormData(form);
    // A price needs no bytes: pictures of ours are named, others are counted by the server once they are sent.
    wish.delete("pictures");
    const told = await send("/create/price", wish);
    if (mine !== asked || !told) return;
    price.classList.toggle("bad", Boolean(told.problem));
    if (told.problem) price.innerHTML = told.problem;
    else price.textContent = told.price;
  }, 250);
}

function show(list) {
  for (const old of form.querySelectorAll(".reference.new")) old.remove();
  for (const file of list) {
    const frame = document.createElement("div");
    frame.className = "reference new";
    const picture = frame.appendChild(document.createElement("img"));
    picture.alt = file.name;
    picture.src = URL.createObjectURL(file);
    files.parentElement.before(frame);
  }
}

function add(list) {
  const all = new DataTransfer();
  for (const file of [...files.files, ...list]) if (file.type.startsWith("image/")) all.items.add(file);
  files.files = all.files;
  show(files.files);
}

form.addEventListener("input", () => ask());
form.model.addEventListener("change", fit);
files.addEventListener("change", () => show(files.files));
for (const button of form.querySelectorAll("[data-remove]")) {
  button.addEventListener("click", () => { button.parentElement.remove(); ask(); });
}

const drop = form.querySelector("[data-drop]");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const kind of ["dragleave", "drop"]) document.addEventListener(kind, () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => { event.preventDefault(); add(event.dataTransfer.files); });
document.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) add(event.clipboardData.files); });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button.main");
  button.disabled = true;
  const told = await send(form.action, new FormData(form));
  button.disabled = false;
  if (!told) return;
  const answer = await fetch(`${told.url}/card`);
  if (!answer.ok) return;
  const place = document.createElement("div");
  place.innerHTML = await answer.text();
  results.prepend(place);
  quietForms(place);
  localTimes(place);
  place.scrollIntoView({ block: "nearest", behavior: "smooth" });
  follow(place);
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

fit();
ask();
