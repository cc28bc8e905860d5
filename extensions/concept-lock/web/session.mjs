// What is being edited: one board with its history and the picture behind it, and beside it what is chosen.

import { openHistory } from "../stage/history.mjs";
import { lean } from "../stage/sources.mjs";
import { beginning, MOST } from "./board.mjs";
import { byId } from "./edit.mjs";

/** The value: a board and `picture`, a source or null. */
export const started = (size) => ({ ...beginning(size), picture: null });

/** How the memory keeps the work. */
export const KEPT = {
  name: "concept-lock",
  fields: Object.keys(started({ width: 1, height: 1 })),
  lean: (state) => ({ ...state, picture: lean(state.picture) }),
};

export function openSession(first) {
  const history = openHistory(first);
  const listeners = new Set();
  const tell = (what) => listeners.forEach((listener) => listener(what));

  const session = {
    history,
    chosen: first.regions[0]?.id ?? null, // an id
    options: { snap: true },
    get state() {
      return history.state;
    },
    get region() {
      return byId(history.state, session.chosen);
    },
    get isFull() {
      return history.state.regions.length >= MOST;
    },
    source: (place) => history.state[place],
    /** `change`: board -> board; the same one changes nothing. `merge`: see the history. */
    edit(label, change, merge = null) {
      const next = change(history.state);
      if (next !== history.state) history.push(next, label, { merge });
    },
    choose(id) {
      session.chosen = id;
      tell("chosen");
    },
    set(name, value) {
      session.options = { ...session.options, [name]: value };
      tell("options");
    },
    /** Calls the listener with what changed: "state", "chosen" or "options". */
    changed: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
  };
  history.changed(() => {
    if (!session.region) session.chosen = null;
    tell("state");
  });
  return session;
}
