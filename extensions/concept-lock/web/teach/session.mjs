// What is being edited: an album with its history, which of its pictures is looked at, and the size it is taught at.

import { openHistory } from "../../stage/history.mjs";
import { beginning, byKey, indexOf } from "./album.mjs";

export function openSession() {
  const history = openHistory(beginning());
  const listeners = new Set();
  const tell = (what) => listeners.forEach((listener) => listener(what));
  let last = 0; // the place of the picture that is looked at

  const session = {
    history,
    chosen: null, // a key
    options: { size: 512 },
    get state() {
      return history.state;
    },
    get picture() {
      return byKey(history.state, session.chosen);
    },
    source: () => session.picture?.source ?? null,
    /** `change`: album -> album; the same one changes nothing. `merge`: see the history. */
    edit(label, change, merge = null) {
      const next = change(history.state);
      if (next !== history.state) history.push(next, label, { merge });
    },
    choose(key) {
      session.chosen = key;
      last = Math.max(0, indexOf(history.state, key));
      tell("chosen");
    },
    /** The next or an earlier picture. */
    step(way) {
      const { pictures } = history.state;
      const to = pictures[indexOf(history.state, session.chosen) + way];
      if (to) session.choose(to.key);
    },
    set(name, value) {
      if (session.options[name] === value) return;
      session.options = { ...session.options, [name]: value };
      tell("options");
    },
    /** Calls the listener with what changed: "state", "chosen" or "options". */
    changed: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
  };
  history.changed(() => {
    const { pictures } = history.state;
    if (!session.picture) session.chosen = pictures[Math.min(last, pictures.length - 1)]?.key ?? null;
    last = Math.max(0, indexOf(history.state, session.chosen));
    tell("state");
  });
  return session;
}
