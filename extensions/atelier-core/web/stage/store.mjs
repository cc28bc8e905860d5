// Where a browser keeps things: its database, else localStorage, else only this page's memory.
// A store = {put(key, record) -> whether it is kept, get(key), slim: little room, lasts: beyond a reload}.
// A record = {value, when}; of many the oldest go.

const DATABASE = "atelier";
const TABLE = "kept";
const PREFIX = "atelier-kept:";
const LEFT = "atelier-left:"; // what pages wrote while they were left
const MOST = 24; // records

export async function openStore(self) {
  const kept = (await database(self)) ?? plain(self) ?? memory();
  const left = parting(self);
  const put = async (key, record) => {
    if (!(await kept.put(key, record))) return false;
    left.forget(key, record.when);
    await thinned(kept, key);
    return true;
  };
  const get = async (key) => {
    const [record, last] = [await kept.get(key), left.get(key)];
    return last && last.when > (record?.when ?? -Infinity) ? last : record;
  };
  return { ...kept, put, get };
}

/** For the moment in which a page is left: at once, for what a database is given then may not arrive any more. */
export function parting(self) {
  const place = reached(self);
  const get = (key) => JSON.parse(place?.getItem(LEFT + key) ?? "null");
  return {
    get,
    put(key, record) {
      try {
        place?.setItem(LEFT + key, JSON.stringify(record));
      } catch (error) {
        if (!isFull(error)) throw error; // the database may still take it
      }
    },
    /** What was kept `when` or before is needed no longer. */
    forget: (key, when) => get(key)?.when <= when && place.removeItem(LEFT + key),
  };
}

async function thinned({ keys, get, drop }, newest) {
  const others = (await keys()).filter((key) => key !== newest);
  if (others.length < MOST) return;
  const aged = [];
  for (const key of others) aged.push({ key, when: (await get(key))?.when ?? 0 }); // one at a time: they are large
  aged.sort((a, b) => b.when - a.when);
  for (const { key } of aged.slice(MOST - 1)) await drop(key);
}

/** Null where there is no database or none may be opened, as in some private windows. */
function database(self) {
  return new Promise((resolve) => {
    let asked;
    try {
      asked = self.indexedDB?.open(DATABASE, 1); // a frame without storage throws instead of failing
    } catch {
      asked = null;
    }
    if (!asked) return resolve(null);
    asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
    asked.onsuccess = () => resolve(tableOf(asked.result));
    asked.onerror = asked.onblocked = () => resolve(null);
  });
}

function tableOf(db) {
  let lost = false; // the browser took the database away: the user cleared what it keeps
  db.onclose = () => (lost = true);
  const run = (mode, ask) =>
    new Promise((resolve) => {
      if (lost) return resolve({ ok: false });
      const work = db.transaction(TABLE, mode);
      const asked = ask(work.objectStore(TABLE));
      work.commit?.(); // what waits for its requests to end is lost when the page is left meanwhile
      work.oncomplete = () => resolve({ ok: true, result: asked.result });
      work.onabort = work.onerror = () => resolve({ ok: false });
    });
  return {
    slim: false,
    lasts: true,
    put: async (key, record) => (await run("readwrite", (table) => table.put(record, key))).ok,
    get: async (key) => (await run("readonly", (table) => table.get(key))).result ?? null,
    keys: async () => (await run("readonly", (table) => table.getAllKeys())).result ?? [],
    drop: (key) => run("readwrite", (table) => table.delete(key)),
  };
}

function plain(self) {
  const kept = reached(self);
  if (!kept) return null;
  return {
    slim: true,
    lasts: true,
    async put(key, record) {
      try {
        kept.setItem(PREFIX + key, JSON.stringify(record));
        return true;
      } catch (error) {
        if (isFull(error)) return false;
        throw error;
      }
    },
    async get(key) {
      const text = kept.getItem(PREFIX + key);
      return text === null ? null : JSON.parse(text);
    },
    async keys() {
      const all = Array.from({ length: kept.length }, (_, n) => kept.key(n));
      return all.flatMap((name) => (name.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
    },
    drop: async (key) => kept.removeItem(PREFIX + key),
  };
}

/** The browser's localStorage if it takes anything at all: a closed one throws when it is only looked at. */
function reached(self) {
  try {
    self.localStorage.setItem(PREFIX, "");
    self.localStorage.removeItem(PREFIX);
    return self.localStorage;
  } catch {
    return null;
  }
}

const isFull = (error) => /quota/i.test(error?.name ?? "");

function memory() {
  const kept = new Map();
  return {
    slim: true,
    lasts: false,
    put: async (key, record) => (kept.set(key, record), true),
    get: async (key) => kept.get(key) ?? null,
    keys: async () => [...kept.keys()],
    drop: async (key) => kept.delete(key),
  };
}
