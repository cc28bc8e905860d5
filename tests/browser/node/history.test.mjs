import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { freshBytes, openHistory } = await stage("history.mjs");

/** A history on a clock that stands until it is set. */
function timed(state, options) {
  const clock = { time: 0 };
  return { clock, history: openHistory(state, { clock: () => clock.time, sizeOf: () => 1, ...options }) };
}

const states = (history) => {
  const all = [];
  while (history.canUndo) all.unshift(history.state) && history.undo();
  return [history.state, ...all];
};

test("there and back through what was done", () => {
  const history = openHistory("a");
  assert.deepEqual(
    [history.canUndo, history.canRedo, history.undoLabel, history.redoLabel],
    [false, false, null, null],
  );
  history.push("b", "Move");
  history.push("c", "Turn");
  assert.deepEqual([history.state, history.undoLabel, history.redoLabel], ["c", "Turn", null]);
  assert.equal(history.undo(), "b");
  assert.deepEqual([history.undoLabel, history.redoLabel], ["Move", "Turn"]);
  assert.equal(history.undo(), "a");
  assert.equal(history.undo(), "a");
  assert.equal(history.canUndo, false);
  assert.equal(history.redo(), "b");
  assert.equal(history.redo(), "c");
  assert.equal(history.redo(), "c");
});

test("after an undo something else is done: what was ahead is gone", () => {
  const history = openHistory("a");
  for (const state of ["b", "c", "d"]) history.push(state, state);
  history.undo();
  history.undo();
  history.push("x", "x");
  assert.equal(history.canRedo, false);
  assert.deepEqual(states(history), ["a", "b", "x"]);
});

test("the same state again is no entry", () => {
  const state = {};
  const history = openHistory(state);
  history.push(state, "nothing");
  assert.equal(history.canUndo, false);
});

test("a drag that is given up was never there, nor did it cost what could be redone", () => {
  const history = openHistory("a");
  for (const state of ["b", "c", "d"]) history.push(state, state);
  history.undo();
  history.undo();
  const [drag, other] = [{}, {}];
  history.push("x", "Move", { merge: drag });
  history.push("y", "Move", { merge: drag });
  history.takeBack(other);
  assert.equal(history.state, "y");
  history.takeBack(drag);
  history.takeBack(drag);
  assert.deepEqual([history.state, history.redoLabel], ["b", "c"]);
  assert.deepEqual([history.redo(), history.redo(), history.canRedo], ["c", "d", false]);
});

test("a text merges within 800 ms of the last one", () => {
  const { clock, history } = timed("a");
  for (const [time, state] of [
    [0, "b"],
    [700, "c"],
    [1500, "d"],
    [2301, "e"],
  ]) {
    clock.time = time;
    history.push(state, state, { merge: "nudge" });
  }
  assert.deepEqual(states(history), ["a", "d", "e"]);
});

test("a drag merges however long it lasts; another one, another key, a seal and an undo do not", () => {
  const { clock, history } = timed(0);
  const [first, second] = [{}, {}];
  const push = (state, merge) => history.push(state, "drag", { merge });
  push(1, first);
  clock.time = 99999;
  push(2, first);
  push(3, second);
  push(4, "key");
  push(5, "other");
  history.seal();
  push(6, "other");
  push(7, null);
  push(8, null);
  history.undo();
  push(9, "x");
  history.undo();
  history.redo();
  push(10, "x");
  assert.deepEqual(states(history), [0, 2, 3, 4, 5, 6, 7, 9, 10]);
});

test("beyond the budget the oldest go, but never the step just made", () => {
  const { history } = timed(0, { most: 5, sizeOf: (state) => state.size ?? 2 });
  for (const n of [1, 2, 3]) history.push(n, `${n}`);
  assert.deepEqual(states(history), [1, 2, 3]);
  assert.equal(history.undoLabel, null);
  history.redo();
  const huge = { size: 99 };
  history.push(huge, "huge");
  assert.deepEqual(states(history), [2, huge]);
});

test("a merged entry counts what it has become, against the state before it", () => {
  const asked = [];
  const { history } = timed("a", { sizeOf: (state, before) => asked.push([state, before]) });
  history.push("b", "b", { merge: "m" });
  history.push("c", "c", { merge: "m" });
  assert.deepEqual(asked, [
    ["b", "a"],
    ["c", "a"],
  ]);
});

test("only what is not shared counts", () => {
  const person = { name: "one", joints: Array.from({ length: 100 }, (_, x) => ({ x })) };
  const before = { people: [person, { name: "two", joints: [] }] };
  const after = { people: [person, { ...before.people[1], name: "four" }] };
  assert.equal(freshBytes(before, before), 0);
  assert.ok(freshBytes(after, before) < 400);
  assert.ok(freshBytes(before) > 4000);
  assert.equal(freshBytes(new Uint8Array(1000)), 1000);
  assert.equal(freshBytes("abcd", null), 8);
  assert.equal(freshBytes(new Blob(["abcd"])), 4);
});

test("a dump brings everything back, also through a clone that keeps the sharing", () => {
  const shared = { big: 1 };
  const history = openHistory({ shared, n: 0 });
  for (const n of [1, 2, 3]) history.push({ shared, n }, `to ${n}`);
  history.undo();
  const again = openHistory(null);
  assert.equal(again.restore(structuredClone(history.dump())), true);
  assert.deepEqual([again.state.n, again.undoLabel, again.redoLabel], [2, "to 2", "to 3"]);
  const after = again.redo();
  again.undo();
  assert.equal(again.state.shared, after.shared);
  assert.deepEqual(
    states(again).map(({ n }) => n),
    [0, 1, 2],
  );
});

test("another beginning is taken where nothing was done, and is no step", () => {
  const history = openHistory(0);
  let heard = 0;
  history.changed(() => heard++);
  assert.equal(history.beginWith(1), true);
  assert.deepEqual([history.state, history.canUndo, heard], [1, false, 1]);
  history.push(2, "two");
  assert.equal(history.beginWith(3), false);
  history.undo();
  assert.equal(history.beginWith(3), false); // what was undone may be wanted again
  assert.deepEqual([history.state, history.redo()], [1, 2]);
});

test("a small dump keeps the latest steps", () => {
  const { history } = timed(0, { sizeOf: () => 10 });
  for (const n of [1, 2, 3, 4]) history.push(n, `${n}`);
  const again = openHistory(null);
  again.restore(JSON.parse(JSON.stringify(history.dump({ most: 25 }))));
  assert.deepEqual(states(again), [2, 3, 4]);
});

test("what is no dump changes nothing", () => {
  const history = openHistory("a");
  const entry = { state: 1, label: "", size: 0 };
  for (const broken of [
    null,
    undefined,
    7,
    {},
    { entries: [], now: 0 },
    { entries: [entry], now: 1 },
    { entries: [entry], now: 0.5 },
    { entries: [{ label: "", size: 0 }], now: 0 },
    { entries: [entry, null], now: 0 },
  ])
    assert.equal(history.restore(broken), false, JSON.stringify(broken));
  assert.equal(history.state, "a");
});

test("listeners hear of every change until they leave", () => {
  const history = openHistory("a");
  const seen = [];
  const leave = history.changed(({ state }) => seen.push(state));
  history.push("b", "b");
  history.undo();
  history.undo();
  history.redo();
  history.restore(history.dump());
  leave();
  history.undo();
  assert.deepEqual(seen, ["b", "a", "b", "b"]);
});
