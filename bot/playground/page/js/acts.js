// Doing something that the bot must answer: the outcome is the kind of its answer, or null after three silent seconds.

import { ask, listen } from "./connection.js";
import { emit } from "./stage.js";

const watched = new Map();
const early = new Map();

listen((told) => {
  if (told.event === "closed") {
    for (const settle of watched.values()) settle({ answer: null });
    watched.clear();
  }
  if (told.event !== "answer") return;
  const settle = watched.get(told.interaction);
  if (settle) {
    watched.delete(told.interaction);
    settle(told);
  } else {
    early.set(told.interaction, told); // the answer was quicker than the receipt
  }
});

export async function act(what, fields) {
  const { interaction } = await ask(what, fields);
  const told = await new Promise((settle) => {
    if (early.has(interaction)) {
      settle(early.get(interaction));
      early.delete(interaction);
    } else {
      watched.set(interaction, settle);
    }
  });
  if (told.modal) emit("modal", { interaction, modal: told.modal });
  return told.answer;
}
