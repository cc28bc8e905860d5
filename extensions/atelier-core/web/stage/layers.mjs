// A list of layers, the last one on top: {id, kind, name, on, locked, opacity}, with whatever else a kind keeps there.
// Lists are values: every change gives a new list that shares the layers it did not touch.

/** A whole layer; what is not said is on, free and opaque. */
export const layer = (id, kind, name, more = {}) => ({ id, kind, name, on: true, locked: false, opacity: 1, ...more });

export const raised = (list, id) => movedTo(list, id, indexOf(list, id) + 1);

export const lowered = (list, id) => movedTo(list, id, indexOf(list, id) - 1);

function movedTo(list, id, index) {
  const from = indexOf(list, id);
  const to = Math.min(Math.max(index, 0), list.length - 1);
  if (from < 0 || from === to) return list;
  return list.toSpliced(from, 1).toSpliced(to, 0, list[from]);
}

/** The list with other `fields` in one layer; an opacity is kept between 0 and 1. */
export function changed(list, id, fields) {
  const at = indexOf(list, id);
  if (at < 0 || Object.keys(fields).every((name) => list[at][name] === fields[name])) return list;
  const next = { ...list[at], ...fields, id };
  return list.with(at, { ...next, opacity: Math.min(1, Math.max(0, next.opacity)) });
}

export const byId = (list, id) => list.find((one) => one.id === id) ?? null;

/** The layers that are drawn, the lowest first. */
export const visible = (list) => list.filter(({ on, opacity }) => on && opacity > 0);

const indexOf = (list, id) => list.findIndex((one) => one.id === id);
