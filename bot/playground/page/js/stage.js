// What the page knows: who one is, where one looks, what is offered there. Changed in one place, heard by all parts.

export const stage = { scene: null, unread: new Set() };

const hearers = new Map();

export function on(what, hear) {
  if (!hearers.has(what)) hearers.set(what, []);
  hearers.get(what).push(hear);
}

export function emit(what, value) {
  for (const hear of hearers.get(what) ?? []) hear(value);
}

export function me() {
  return stage.scene.people.find((person) => person.id === stage.scene.person);
}

export function here() {
  return stage.scene.places.find((place) => place.id === stage.scene.place);
}

export function nameOf(kind, id) {
  return stage.scene?.names[kind]?.[id];
}

export const slashCommands = () => stage.scene.commands.filter((command) => command.kind === 1);
export const userMenus = () => stage.scene.commands.filter((command) => command.kind === 2);
export const messageMenus = () => stage.scene.commands.filter((command) => command.kind === 3);
