// The one WebSocket: acts go out with a number, their answers carry it back, events come as they happen.

const waiting = new Map();
const listeners = new Set();
let socket = null;
let numbers = 0;
let pause = 300;

export function listen(listener) {
  listeners.add(listener);
}

function tell(event) {
  for (const listener of listeners) listener(event);
}

export function connect() {
  socket = new WebSocket(`ws://${location.host}/page/socket`);
  socket.onopen = () => {
    pause = 300;
    tell({ event: "open" });
  };
  socket.onmessage = (frame) => {
    const told = JSON.parse(frame.data);
    if (told.event) {
      tell(told);
      return;
    }
    const asked = waiting.get(told.re);
    waiting.delete(told.re);
    if (told.ok) asked?.resolve(told.value);
    else asked?.reject(new Error(told.error));
  };
  socket.onclose = () => {
    for (const asked of waiting.values()) asked.reject(new Error("closed"));
    waiting.clear();
    tell({ event: "closed" });
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 3000);
  };
}

export function ask(act, fields = {}) {
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) {
      reject(new Error("closed"));
      return;
    }
    numbers += 1;
    waiting.set(numbers, { resolve, reject });
    socket.send(JSON.stringify({ ...fields, do: act, id: numbers }));
  });
}

/** The number under which the server keeps the file until an act uses it. */
export async function upload(file) {
  const address = `/page/upload?name=${encodeURIComponent(file.name)}`;
  const answer = await fetch(address, { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
  if (!answer.ok) throw new Error(`upload: ${answer.status}`);
  return (await answer.json()).upload;
}
