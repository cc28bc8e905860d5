// Keeps the work, with its history, in the browser: one place for each picture. Two tabs on one place are warned.

import { openAutosave } from "../stage/autosave.mjs";

const LAST = "atelier-pose-editor-last"; // which place was open
const USUAL = "pose-editor";

export const placeFor = (picture) => (picture ? `${USUAL} ${picture}` : USUAL);

/** `failed(sentence)`: something could not be kept; `foreign()`: another tab wrote to the same place. */
export function openMemory(session, { failed, foreign }) {
  let autosave = null;
  let opened = null; // what the panel asked for when this work began

  const read = (slim) => ({ dump: session.history.dump(slim ? { most: 2 ** 20 } : {}), opened });

  /** Goes on with what is kept at a place; false where nothing is. */
  async function use(place) {
    const old = autosave;
    autosave = null;
    await old?.close();
    const next = openAutosave(place, { read, failed });
    next.onForeign(foreign);
    remember(place);
    const kept = await next.load();
    opened = kept?.opened ?? null;
    const found = kept !== null && session.history.restore(kept.dump);
    autosave = next;
    return found;
  }

  session.changed((what) => what === "state" && autosave?.touch());
  return {
    use,
    last: () => recalled() ?? USUAL,
    /** Whether the work at hand began with this very request of the panel; it is noted. */
    beganWith(request) {
      const same = opened === request;
      opened = request;
      autosave?.touch();
      return same;
    },
  };
}

function recalled() {
  try {
    return localStorage.getItem(LAST);
  } catch {
    return null; // storage is switched off
  }
}

function remember(place) {
  try {
    localStorage.setItem(LAST, place);
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
