// Keeps the work, with its history, in the browser: one place for each picture. Two tabs on one place are warned.

import { openAutosave } from "./autosave.mjs";
import { openStore } from "./store.mjs";

const lastOf = (name) => `atelier-${name}-last`; // which place was open

/** The place of a picture; a panel of its own (`field`) keeps its work apart. */
export const placeFor = (name, picture, field) => [name, field, picture].filter(Boolean).join(" ");

/**
 * `name`: of the editor; `fields`: of its value, so that what another version kept is not taken up; `lean(state)`: the
 * value as JSON can hold it, where there is little room; `begin()`: the one that a place begins with where nothing is
 * kept. `failed(sentence)`: something could not be kept; `foreign()`: another tab wrote to the same place.
 */
export function openMemory(session, { name, fields, lean, failed, foreign, begin }) {
  const last = lastOf(name);
  let autosave = null;
  let here = null; // the place that is open
  let opened = null; // what the panel asked for when this work began

  const dump = (slim) => (slim ? leaner(session.history.dump({ most: 2 ** 20 }), lean) : session.history.dump());
  const read = (slim) => ({ dump: dump(slim), opened });

  /** Goes on with what is kept at a place; false where nothing is. `passing`: it is not where to begin next time. */
  async function use(place, { passing = false } = {}) {
    if (!passing) remember(last, place);
    if (place === here) return true;
    const next = openAutosave(place, { read, failed });
    next.onForeign(foreign);
    const { kept, edited } = await loaded(next);
    autosave?.close();
    autosave = null;
    const found = kept !== null && isOurs(kept.dump, fields) && session.history.restore(kept.dump);
    if (!found && !edited) session.history.restore({ entries: [{ state: begin(), label: "", size: 0 }], now: 0 });
    if (found && edited) session.history.push(edited.state, edited.label);
    [opened, here, autosave] = [found ? kept.opened : null, place, next];
    return found || edited !== null;
  }

  /** What is kept at the next place, when all that is edited meanwhile is kept at the old one; without one, that edit. */
  async function loaded(next) {
    for (;;) {
      const { state } = session;
      await autosave?.save();
      const kept = await next.load();
      if (state === session.state) return { kept, edited: null };
      if (!autosave) return { kept, edited: { state: session.state, label: session.history.undoLabel ?? "" } };
    }
  }

  session.changed((what) => what === "state" && autosave?.touch());
  return {
    use,
    last: () => recalled(last) ?? name,
    /** Whether the work at hand began with this very request of the panel. */
    beganWith: (request) => opened === request,
    /** Notes with which request of the panel the work at hand began. */
    note(request) {
      opened = request;
      autosave?.touch();
    },
  };
}

/** What the editor `name` holds, as it kept it last; null where it kept nothing. */
export async function workOf(name) {
  const kept = await (await openStore(globalThis)).get(recalled(lastOf(name)) ?? name);
  const { entries, now } = kept?.value.dump ?? {};
  return entries?.[now]?.state ?? null;
}

/** The dump with each state as JSON can hold it. */
export const leaner = (dump, lean) => ({
  ...dump,
  entries: dump.entries.map((entry) => ({ ...entry, state: lean(entry.state) })),
});

/** Not what another version of the editor kept. */
export const isOurs = (dump, fields) =>
  Array.isArray(dump?.entries) &&
  dump.entries.every(({ state }) => fields.every((name) => Object.hasOwn(state ?? {}, name)));

function recalled(last) {
  try {
    return localStorage.getItem(last);
  } catch {
    return null; // storage is switched off
  }
}

function remember(last, place) {
  try {
    localStorage.setItem(last, place);
  } catch {
    // storage is switched off: the autosave says so
  }
}

/** A short fingerprint of a text, FNV-1a. */
export function fingerprint(text) {
  let sum = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) sum = Math.imul(sum ^ text.charCodeAt(n), 0x01000193);
  return `${text.length}-${(sum >>> 0).toString(16)}`;
}
