// What pages share: instants in the reader's own time, words for what happened, requests that carry the proof.
// It does nothing by itself: `start.js` does, once, however many modules import this one.

export const csrf = document.querySelector('meta[name="csrf"]').content;

/** `words` are ours, escaped by the server. */
export function say(words) {
  const place = document.getElementById("said");
  place.innerHTML = words;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { place.textContent = ""; }, 8000);
}

/** POST a form as the page's own; gives the JSON, or says what went wrong and gives null. */
export async function send(address, form) {
  const headers = { Accept: "application/json", "X-CSRF-Token": csrf };
  let answer;
  try {
    answer = await fetch(address, { method: "POST", body: form ?? new FormData(), headers });
  } catch {
    say(document.body.dataset.offline);
    return null;
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    say(told.message ?? String(answer.status));
    return null;
  }
  return told;
}

export function localTimes(within = document) {
  const shown = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.valueOf())) time.textContent = shown.format(at);
  }
}

/** An unfinished picture stays in sight until the next one has come. */
function grow(place, told) {
  const bar = place.querySelector("progress");
  if (typeof told.percent === "number") { bar.max = 100; bar.value = told.percent; }
  const frame = place.querySelector(".unfinished");
  const shown = [...frame.children];
  (told.previews ?? []).forEach((address, at) => {
    const picture = shown[at] ?? frame.appendChild(document.createElement("img"));
    picture.alt = told.words;
    if (picture.getAttribute("src") !== address) picture.src = address;
  });
}

/** Show a card grow: words as they change, previews, and the finished card in the end. */
export function follow(place) {
  const card = place.querySelector("[data-running]");
  if (!card) return;
  const address = `/requests/${card.dataset.request}`;
  const events = new EventSource(`${address}/events`);
  events.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    const words = place.querySelector("[data-words]");
    if (words) words.textContent = told.words;
    const growing = place.querySelector("[data-preview]");
    if (growing) grow(growing, told);
  });
  events.addEventListener("end", async () => {
    events.close();
    const answer = await fetch(`${address}/card`, { headers: { Accept: "text/html" } });
    if (answer.ok) {
      place.innerHTML = await answer.text();
      localTimes(place);
      quietForms(place);
    }
  });
}

/** Forms that change something small without leaving the page. */
export function quietForms(within = document) {
  for (const form of within.querySelectorAll("form[data-quiet]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = event.submitter;
      if (button) button.disabled = true;
      const told = await send(form.action, new FormData(form, button));
      if (button) button.disabled = false;
      if (told?.message) say(told.message);
      if (told?.reload) location.reload();
    });
  }
}
