// Undo and redo over states that are values: each new state shares with the one before what did not change.

const WITHIN = 800; // ms in which pushes with the same text as their `merge` are one entry
const MOST = 64 * 2 ** 20; // bytes
const KEPT = 8 * 2 ** 20; // bytes of a dump
const SLOT = 8; // bytes of a number or of a reference
const OBJECT = 32;

/**
 * `push(state, label, {merge})`: `label` says what was done. Pushes with the same `merge` become one entry: a text
 * within 800 ms of each other, anything else (an object made when a drag begins) however long it lasts; `seal` ends it.
 * Beyond `most` bytes the oldest entries go. `sizeOf(state, before)`: bytes that the state adds to the one before.
 */
export function openHistory(state, { most = MOST, sizeOf = freshBytes, clock = () => performance.now() } = {}) {
  const listeners = new Set();
  let entries = [{ state, label: "", size: 0 }]; // the first is where everything began: it has no label and no size
  let now = 0;
  let open = null; // {merge, time, ahead}: what the next push may join, and the entries that it took the place of

  const tell = () => listeners.forEach((listener) => listener(history));

  function push(next, label, { merge = null } = {}) {
    if (next === entries[now].state) return;
    const joins = merge !== null && now > 0 && now === entries.length - 1 && goesOn(open, merge, clock());
    const before = entries[joins ? now - 1 : now];
    const ahead = joins ? open.ahead : entries.slice(now + 1);
    entries = entries.slice(0, joins ? now : now + 1);
    entries.push({ state: next, label, size: sizeOf(next, before.state) });
    now = entries.length - 1;
    open = { merge, time: clock(), ahead };
    forget();
    tell();
  }

  function forget() {
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    while (now > 1 && total > most) {
      total -= entries[1].size;
      entries.shift();
      entries[0] = { ...entries[0], label: "", size: 0 };
      now--;
    }
  }

  /** As if the pushes with this `merge` (an object) had never been, if they are the last thing done. */
  function takeBack(merge) {
    if (open?.merge !== merge) return;
    entries = [...entries.slice(0, now), ...open.ahead];
    now--;
    open = null;
    tell();
  }

  /** Another beginning, where there is no step to undo or redo; false, and nothing changes, elsewhere. */
  function beginWith(next) {
    if (entries.length > 1) return false;
    entries = [{ state: next, label: "", size: 0 }];
    tell();
    return true;
  }

  function go(step) {
    if (!(now + step in entries)) return history.state;
    now += step;
    open = null;
    tell();
    return history.state;
  }

  /** What `restore` takes, without the oldest entries beyond `most` bytes. A structured clone keeps the sharing. */
  function dump({ most: kept = KEPT } = {}) {
    let first = now;
    let size = 0;
    while (first > 0 && size + entries[first].size <= kept) size += entries[first--].size;
    const list = entries.slice(first).map((entry, n) => (n ? entry : { ...entry, label: "", size: 0 }));
    return { entries: list, now: now - first };
  }

  /** Takes up a dump; false, and nothing changes, when it is none. */
  function restore(dumped) {
    if (!isDump(dumped)) return false;
    entries = dumped.entries.map(({ state: one, label, size }) => ({ state: one, label, size }));
    now = dumped.now;
    open = null;
    tell();
    return true;
  }

  const history = {
    get state() {
      return entries[now].state;
    },
    get canUndo() {
      return now > 0;
    },
    get canRedo() {
      return now < entries.length - 1;
    },
    get undoLabel() {
      return now > 0 ? entries[now].label : null;
    },
    get redoLabel() {
      return entries[now + 1]?.label ?? null;
    },
    push,
    undo: () => go(-1),
    redo: () => go(1),
    takeBack,
    beginWith,
    seal: () => void (open = null),
    dump,
    restore,
    /** Calls the listener after every change; gives a function that ends it. */
    changed: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
  };
  return history;
}

function goesOn(open, merge, time) {
  if (!open || open.merge !== merge) return false;
  return typeof merge !== "string" || time - open.time <= WITHIN;
}

const isEntry = (entry) => entry !== null && typeof entry === "object" && "state" in entry && entry.size >= 0;

const isDump = (dumped) =>
  Array.isArray(dumped?.entries) &&
  dumped.entries.every(isEntry) &&
  Number.isInteger(dumped.now) &&
  dumped.now in dumped.entries;

/** About how many bytes of `value` are not shared with `before`. Whole parts that are shared are not looked into. */
export function freshBytes(value, before) {
  if (value === before) return 0;
  if (typeof value === "string") return 2 * value.length;
  if (value === null || typeof value !== "object") return SLOT;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  if (value instanceof Blob) return value.size;
  const was = before !== null && typeof before === "object" ? before : {};
  return Object.keys(value).reduce((sum, name) => sum + SLOT + freshBytes(value[name], was[name]), OBJECT);
}
