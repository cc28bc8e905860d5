import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { openAutosave } = await stage("autosave.mjs");
const { openStore } = await stage("store.mjs");

/** A window with a localStorage of `room` characters and a channel to its like; its timers run with `later`. */
function browser({ room = 10_000, closed = false, air = new Set() } = {}) {
  const kept = new Map();
  const timers = new Map();
  const heard = {};
  let last = 0;
  const full = () => [...kept.values()].reduce((sum, text) => sum + text.length, 0);
  const localStorage = {
    setItem(key, text) {
      const before = kept.get(key)?.length ?? 0;
      if (full() - before + text.length > room) throw Object.assign(new Error("full"), { name: "QuotaExceededError" });
      kept.set(key, text);
    },
    getItem: (key) => kept.get(key) ?? null,
    removeItem: (key) => kept.delete(key),
    key: (n) => [...kept.keys()][n],
    get length() {
      return kept.size;
    },
  };
  class BroadcastChannel {
    constructor() {
      air.add(this);
    }
    addEventListener(_, listener) {
      this.hear = listener;
    }
    postMessage(data) {
      assert.ok(air.has(this), "a closed channel throws");
      for (const other of air) if (other !== this) other.hear({ data });
    }
    close() {
      air.delete(this);
    }
  }
  const self = {
    crypto,
    Date: { now: () => 1234 },
    BroadcastChannel,
    setTimeout: (what) => (timers.set(++last, what), last),
    clearTimeout: (timer) => timers.delete(timer),
    addEventListener: (type, listener) => (heard[type] = listener),
    removeEventListener: (type) => delete heard[type],
  };
  if (closed) Object.defineProperty(self, "localStorage", { get: () => assert.fail("SecurityError") });
  else self.localStorage = localStorage;
  const later = () => [...timers.values()].forEach((run) => run());
  return { self, kept, later, heard, timers, set: (more) => (room = more) };
}

test("what is touched is there after a reload", async () => {
  const { self, later, timers } = browser();
  let value = { n: 1 };
  const first = openAutosave("pose", { read: () => value, self });
  assert.equal(await first.load(), null);
  first.touch();
  value = { n: 2 };
  first.touch();
  assert.equal(timers.size, 1);
  later();
  await first.close();
  const again = openAutosave("pose", { read: () => null, self });
  assert.deepEqual(await again.load(), { n: 2 });
  assert.equal(await openAutosave("other", { read: () => null, self }).load(), null);
});

/** A database that reads, and finishes what it is given to write only while `lives()`. */
function base(rows, lives) {
  const table = {
    put: (record, key) => ({ run: () => rows.set(key, structuredClone(record)) }),
    get: (key) => ({ result: rows.get(key) }),
    getAllKeys: () => ({ result: [...rows.keys()] }),
  };
  const transaction = (_, mode) => {
    let asked = null;
    const store = Object.fromEntries(Object.entries(table).map(([name, does]) => [name, (...with_) => (asked = does(...with_))]));
    return {
      objectStore: () => store,
      set oncomplete(done) {
        if (mode === "readonly" || lives()) queueMicrotask(() => (asked.run?.(), done()));
      },
    };
  };
  const open = () => {
    const asked = { result: { transaction } };
    queueMicrotask(() => asked.onsuccess());
    return asked;
  };
  return { open };
}

test("what the database no longer takes when a page is left is there all the same, until it is written", async () => {
  const { self, kept, heard } = browser();
  const rows = new Map();
  let [alive, now, value] = [true, 1, { n: 1 }];
  Object.assign(self, { indexedDB: base(rows, () => alive), Date: { now: () => now } });
  const page = openAutosave("pose", { read: (slim) => ({ ...value, slim }), self });
  page.touch();
  await page.save();
  assert.deepEqual([await page.load(), kept.size], [{ n: 1, slim: false }, 0]);
  [alive, now, value] = [false, 2, { n: 2 }];
  page.touch();
  heard.pagehide();
  const again = openAutosave("pose", { read: (slim) => ({ n: 3, slim }), self });
  assert.deepEqual(await again.load(), { n: 2, slim: true });
  [alive, now] = [true, 3];
  again.touch();
  await again.save();
  assert.deepEqual([await again.load(), kept.size], [{ n: 3, slim: false }, 0]);
});

test("where there is little room only what is needed is asked for", async () => {
  const { self } = browser();
  const asked = [];
  const save = openAutosave("pose", { read: (slim) => asked.push(slim), self });
  save.touch();
  await save.save();
  assert.deepEqual(asked, [true]);
});

test("a page that goes away writes first; nothing is written twice", async () => {
  const { self, kept, heard } = browser();
  const save = openAutosave("pose", { read: () => 5, self });
  await save.load();
  save.touch();
  heard.pagehide();
  await save.save();
  assert.equal(kept.size, 1);
  kept.clear();
  heard.pagehide();
  await save.close();
  assert.deepEqual([kept.size, Object.keys(heard)], [0, []]);
});

test("a full browser is said once, and again only after it went well", async () => {
  const said = [];
  const { self, kept, set } = browser({ room: 200 });
  let value = "x".repeat(500);
  const save = openAutosave("pose", { read: () => value, self, failed: (sentence) => said.push(sentence) });
  const write = () => (save.touch(), save.save());
  await write();
  await write();
  assert.deepEqual(said, ["This browser cannot keep your edits. Save them as a file before you leave."]);
  value = "x";
  await write();
  assert.equal(kept.size, 1);
  set(5);
  value = "xxxxxxxxxxxxx";
  await write();
  assert.equal(said.length, 2);
  assert.equal(await save.load(), "x");
});

test("a browser that keeps nothing says so, and the page keeps it until it goes", async () => {
  const said = [];
  const { self } = browser({ closed: true });
  const save = openAutosave("pose", { read: () => 7, self, failed: (sentence) => said.push(sentence) });
  for (let n = 0; n < 2; n++) (save.touch(), await save.save());
  assert.equal(said.length, 1);
  assert.equal(await save.load(), 7);
});

test("of two pages on one key the other is told, on another key nobody", async () => {
  const air = new Set();
  const pages = ["pose", "pose", "else"].map((key) => {
    const { self } = browser({ air });
    const seen = [];
    const save = openAutosave(key, { read: () => 1, self });
    const leave = save.onForeign((told) => seen.push(told));
    return { save, seen, leave };
  });
  const write = ({ save }) => (save.touch(), save.save());
  await write(pages[0]);
  assert.deepEqual(
    pages.map(({ seen }) => seen),
    [[], [{ when: 1234 }], []],
  );
  pages[1].leave();
  await write(pages[0]);
  assert.equal(pages[1].seen.length, 1);
  pages[2].save.touch();
  await pages[2].save.close();
  assert.equal(air.size, 2);
});

test("of many records the newest stay, and what is not ours", async () => {
  const { self, kept } = browser();
  kept.set("host", "theirs");
  for (const from of [self, browser({ closed: true }).self]) {
    const store = await openStore(from);
    const there = async (n) => (await store.get(`place ${n}`)) !== null;
    for (let n = 0; n < 24; n++) await store.put(`place ${n}`, { value: n, when: n === 3 ? 500 : n });
    assert.ok(await there(0));
    await store.put("place 24", { value: 24, when: -1 });
    await store.put("place 25", { value: 25, when: 600 });
    const left = (await Promise.all(Array.from({ length: 26 }, (_, n) => there(n)))).flatMap((is, n) => (is ? [] : [n]));
    assert.deepEqual(left, [0, 24]);
  }
  assert.equal(kept.get("host"), "theirs");
});

test("a value that cannot be kept is a fault of the page, not the end of saving", async () => {
  const { self, kept } = browser();
  const loop = {};
  loop.loop = loop;
  let value = loop;
  const save = openAutosave("pose", { read: () => value, self });
  save.touch();
  await assert.rejects(save.save(), TypeError);
  value = 1;
  save.touch();
  await save.save();
  assert.equal(kept.size, 1);
});
