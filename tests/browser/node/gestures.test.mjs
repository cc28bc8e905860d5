import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { command, idle, reduce, wheelFactor } = await stage("gestures.mjs");

/** Plays events [type, id, x, y, more] and gives the acts and the last state. */
function play(...events) {
  let state = idle;
  const acts = [];
  events.forEach(([type, id, x, y, more], n) => {
    const next = reduce(state, { type, id, x, y, time: n * 20, device: "mouse", button: 0, ...more });
    state = next.state;
    acts.push(...next.acts);
  });
  return { acts, state };
}

const touch = { device: "touch" };
const wipe = { grip: "wipe" };

test("a drag pans by the way of the pointer, from where it went down", () => {
  const { acts, state } = play(
    ["down", 1, 10, 10],
    ["move", 1, 12, 10],
    ["move", 1, 20, 13],
    ["move", 1, 21, 13],
    ["up", 1, 21, 13],
  );
  assert.deepEqual(acts, [
    { act: "pan", dx: 10, dy: 3 },
    { act: "pan", dx: 1, dy: 0 },
  ]);
  assert.deepEqual(state, idle);
});

test("the middle button pans, the right one does nothing", () => {
  assert.equal(play(["down", 1, 0, 0, { button: 1 }], ["move", 1, 50, 0]).acts.length, 1);
  assert.deepEqual(play(["down", 1, 0, 0, { button: 2 }], ["move", 1, 50, 0], ["up", 1, 50, 0]), {
    acts: [],
    state: idle,
  });
});

test("moves without a press mean nothing", () => {
  assert.deepEqual(play(["move", 1, 5, 5], ["up", 1, 5, 5]), { acts: [], state: idle });
});

test("a still press is a tap; two of them are a double", () => {
  const { acts } = play(["down", 1, 10, 10], ["up", 1, 11, 10], ["down", 1, 14, 12], ["up", 1, 14, 12]);
  assert.deepEqual(acts, [
    { act: "tap", at: { x: 10, y: 10 } },
    { act: "double", at: { x: 14, y: 12 } },
  ]);
});

test("a slow second tap, one elsewhere, and one after a drag are taps", () => {
  const kinds = (...events) => play(...events).acts.map(({ act }) => act);
  assert.deepEqual(
    kinds(["down", 1, 0, 0], ["up", 1, 0, 0], ["down", 1, 0, 0, { time: 900 }], ["up", 1, 0, 0, { time: 910 }]),
    ["tap", "tap"],
  );
  assert.deepEqual(kinds(["down", 1, 0, 0], ["up", 1, 0, 0], ["down", 1, 90, 0], ["up", 1, 90, 0]), ["tap", "tap"]);
  const dragged = [
    ["down", 1, 0, 0],
    ["up", 1, 0, 0],
    ["down", 1, 0, 0],
    ["move", 1, 40, 0],
    ["up", 1, 40, 0],
    ["down", 1, 0, 0],
    ["up", 1, 0, 0],
  ];
  assert.deepEqual(kinds(...dragged), ["tap", "pan", "tap"]);
});

test("fingers wander more than mice before a press is a pan", () => {
  assert.equal(play(["down", 1, 0, 0, touch], ["move", 1, 6, 0, touch]).acts.length, 0);
  assert.equal(play(["down", 1, 0, 0], ["move", 1, 6, 0]).acts.length, 1);
});

test("a grip is dragged from the first pixel on, and dropped", () => {
  const { acts, state } = play(["down", 1, 100, 50, wipe], ["move", 1, 101, 50], ["up", 1, 101, 50]);
  const from = { x: 100, y: 50 };
  assert.deepEqual(acts, [
    { act: "grab", grip: "wipe", from, at: from },
    { act: "drag", grip: "wipe", from, at: { x: 101, y: 50 } },
    { act: "drop", grip: "wipe", from, at: { x: 101, y: 50 }, cancelled: false },
  ]);
  assert.deepEqual(state, idle);
});

test("two fingers pinch; the one that stays pans on", () => {
  const { acts, state } = play(
    ["down", 1, 0, 0, touch],
    ["down", 2, 100, 0, touch],
    ["move", 2, 120, 0],
    ["move", 1, -20, 0],
    ["up", 1, -20, 0],
    ["move", 2, 125, 5],
    ["up", 2, 125, 5],
  );
  assert.deepEqual(acts, [
    {
      act: "pinch",
      from: [
        { x: 0, y: 0 },
        { x: 100, y: 0 },
      ],
      to: [
        { x: 0, y: 0 },
        { x: 120, y: 0 },
      ],
    },
    {
      act: "pinch",
      from: [
        { x: 0, y: 0 },
        { x: 120, y: 0 },
      ],
      to: [
        { x: -20, y: 0 },
        { x: 120, y: 0 },
      ],
    },
    { act: "pan", dx: 5, dy: 5 },
  ]);
  assert.deepEqual(state, idle);
});

test("a second finger puts a grip back", () => {
  const { acts } = play(
    ["down", 1, 0, 0, { ...touch, ...wipe }],
    ["move", 1, 30, 0],
    ["down", 2, 90, 0, touch],
    ["move", 2, 99, 0],
  );
  assert.deepEqual(
    acts.map(({ act, cancelled }) => [act, cancelled]),
    [
      ["grab", undefined],
      ["drag", undefined],
      ["drop", true],
      ["pinch", undefined],
    ],
  );
});

test("a third finger and its going change nothing", () => {
  const { acts, state } = play(
    ["down", 1, 0, 0, touch],
    ["down", 2, 100, 0, touch],
    ["down", 3, 50, 50, touch],
    ["move", 3, 70, 70],
    ["up", 3, 70, 70],
    ["up", 1, 0, 0],
    ["up", 2, 100, 0],
  );
  assert.deepEqual(acts, []);
  assert.deepEqual(state, idle);
});

test("what the system takes away is no tap, and a cancelled grip goes back", () => {
  assert.deepEqual(play(["down", 1, 0, 0], ["cancel", 1, 0, 0]).acts, []);
  assert.equal(play(["down", 1, 0, 0, wipe], ["cancel", 1, 0, 0]).acts.at(-1).cancelled, true);
});

test("the wheel: up magnifies, there and back is one, in pixels, lines and pages", () => {
  assert.ok(wheelFactor({ deltaY: -100 }) > 1);
  assert.ok(Math.abs(wheelFactor({ deltaY: -100 }) * wheelFactor({ deltaY: 100 }) - 1) < 1e-12);
  assert.equal(wheelFactor({ deltaY: -3, deltaMode: 1 }), wheelFactor({ deltaY: -48 }));
  assert.equal(wheelFactor({ deltaY: -1e6 }), 2);
  assert.equal(wheelFactor({ deltaY: 2, deltaMode: 2 }), 0.5);
  assert.ok(wheelFactor({ deltaY: -5, ctrlKey: true }) > wheelFactor({ deltaY: -5 }));
});

test("keys: by what they print, and by their place on a Korean layout", () => {
  const bindings = { 0: "fit", "+": "larger", KeyB: "peek", " ": "peek" };
  const key = (event) => command({ target: { tagName: "MAIN" }, ...event }, bindings);
  assert.equal(key({ key: "0", code: "Digit0" }), "fit");
  assert.equal(key({ key: "+", code: "NumpadAdd" }), "larger");
  assert.equal(key({ key: "b", code: "KeyB" }), "peek");
  assert.equal(key({ key: "ㅠ", code: "KeyB" }), "peek");
  assert.equal(key({ key: "Process", code: "KeyB", isComposing: true }), "peek");
  assert.equal(key({ key: "0", ctrlKey: true }), null);
  assert.equal(key({ key: "x", code: "KeyX" }), null);
  assert.equal(key({ key: "0", target: { tagName: "INPUT" } }), null);
  assert.equal(key({ key: " ", target: { tagName: "BUTTON" } }), null);
  assert.equal(key({ key: "0", target: { tagName: "BUTTON" } }), "fit");
});
