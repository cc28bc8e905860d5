import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { command } = await stage("keys.mjs");
const { idle, reduce, wheelFactor } = await stage("gestures.mjs");

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

test("the middle button and the space bar pan, whatever lies under them, and never tap", () => {
  for (const how of [{ button: 1 }, { panning: true }]) {
    const { acts, state } = play(["down", 1, 0, 0, { ...how, ...wipe }], ["move", 1, 2, 1], ["up", 1, 2, 1]);
    assert.deepEqual(acts, [{ act: "pan", dx: 2, dy: 1 }]);
    assert.deepEqual(state, idle);
    assert.deepEqual(play(["down", 1, 0, 0, how], ["up", 1, 0, 0]).acts, []);
  }
});

test("the right button asks for a menu, at once, and drags nothing", () => {
  const { acts, state } = play(
    ["down", 1, 7, 8, { button: 2, ...wipe }],
    ["move", 1, 50, 0],
    ["up", 1, 50, 0],
    ["down", 1, 3, 4, { button: 2 }],
  );
  assert.deepEqual(acts, [
    { act: "menu", at: { x: 7, y: 8 }, grip: "wipe" },
    { act: "menu", at: { x: 3, y: 4 }, grip: null },
  ]);
  assert.deepEqual(state, idle);
});

test("a Mac's Ctrl+click, known only after its press, puts the grip back and asks for a menu", () => {
  const { acts, state } = play(
    ["down", 1, 7, 8, wipe],
    ["menu", 1, 7, 8],
    ["move", 1, 9, 9],
    ["up", 1, 9, 9],
    ["menu", 1, 0, 0],
  );
  assert.deepEqual(
    acts.map(({ act, grip, cancelled }) => [act, grip, cancelled]),
    [
      ["grab", "wipe", undefined],
      ["drop", "wipe", true],
      ["menu", "wipe", undefined],
    ],
  );
  assert.deepEqual(state, idle);
});

test("buttons on the side are not ours; a pen's far end is", () => {
  assert.deepEqual(play(["down", 1, 0, 0, { button: 3 }], ["up", 1, 0, 0]).acts, []);
  assert.equal(play(["down", 1, 0, 0, { button: 5, ...wipe }]).acts[0].act, "grab");
});

test("acts of a press tell its manner, a drag also the places in between", () => {
  const manner = { device: "pen", pressure: 0.25, shift: true, alt: false, ctrl: false, eraser: false };
  const points = [
    { x: 1, y: 1, pressure: 0.2, time: 3 },
    { x: 2, y: 2, pressure: 0.3, time: 7 },
  ];
  const { acts } = play(
    ["down", 1, 0, 0, { manner, ...wipe }],
    ["move", 1, 2, 2, { manner: { ...manner, pressure: 0.75 }, points }],
    ["up", 1, 2, 2, { manner }],
    ["down", 1, 50, 50, { manner }],
    ["up", 1, 50, 50, { manner }],
  );
  assert.deepEqual(
    acts.map(({ act, pressure, shift }) => [act, pressure, shift]),
    [
      ["grab", 0.25, true],
      ["drag", 0.75, true],
      ["drop", 0.25, true],
      ["tap", 0.25, true],
    ],
  );
  assert.deepEqual(acts[1].points, points);
});

test("a finger that rests is a hold, and no tap any more", () => {
  const at = { x: 10, y: 10 };
  const { acts, state } = play(
    ["down", 1, 10, 10, touch],
    ["move", 1, 13, 10],
    ["hold", 1, 10, 10],
    ["move", 1, 90, 10],
    ["up", 1, 90, 10],
    ["hold", 1, 0, 0],
  );
  assert.deepEqual(acts, [{ act: "hold", at: { ...at, x: 13 }, grip: null }]);
  assert.deepEqual(state, idle);
});

test("a hold puts a grip back that hardly moved; one that is dragged does not hold, even back at its start", () => {
  const kinds = (...events) => play(...events).acts.map(({ act, cancelled }) => (cancelled ? `${act}!` : act));
  const grab = ["down", 1, 0, 0, { ...touch, ...wipe }];
  assert.deepEqual(kinds(grab, ["move", 1, 5, 0], ["hold", 1, 0, 0], ["up", 1, 5, 0]), [
    "grab",
    "drag",
    "drop!",
    "hold",
  ]);
  assert.deepEqual(kinds(grab, ["move", 1, 30, 0], ["move", 1, 0, 0], ["hold", 1, 0, 0], ["up", 1, 0, 0]), [
    "grab",
    "drag",
    "drag",
    "drop",
  ]);
});

test("nothing holds while two fingers pinch or one pans", () => {
  const finger = ["down", 1, 0, 0, touch];
  assert.deepEqual(play(finger, ["down", 2, 9, 9, touch], ["hold", 1, 0, 0]).acts, []);
  assert.deepEqual(
    play(finger, ["move", 1, 50, 0], ["hold", 1, 0, 0]).acts.map(({ act }) => act),
    ["pan"],
  );
});

test("the hand that rests beside a pen is not felt", () => {
  const { acts, state } = play(
    ["down", 1, 0, 0, { device: "pen", ...wipe }],
    ["down", 2, 300, 200, touch],
    ["move", 2, 320, 200],
    ["move", 1, 5, 5],
    ["up", 2, 320, 200],
    ["up", 1, 5, 5],
  );
  assert.deepEqual(
    acts.map(({ act, cancelled }) => [act, cancelled]),
    [
      ["grab", undefined],
      ["drag", undefined],
      ["drop", false],
    ],
  );
  assert.deepEqual(state, idle);
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
  const since = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ];
  assert.deepEqual(acts, [
    {
      act: "pinch",
      since,
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
      since,
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
  assert.equal(key({ key: " ", target: { tagName: "SUMMARY" } }), null);
  assert.equal(key({ key: "0", target: { tagName: "BUTTON" } }), "fit");
});

test("keys with Ctrl or Cmd, Alt and Shift, in this order", () => {
  const bindings = { "mod+KeyZ": "undo", "mod+shift+KeyZ": "redo", "shift+ArrowLeft": "far", ArrowLeft: "near" };
  const key = (event) => command({ target: { tagName: "MAIN" }, ...event }, { ...bindings, "alt+KeyZ": "other" });
  const z = { key: "z", code: "KeyZ" };
  assert.equal(key({ ...z, ctrlKey: true }), "undo");
  assert.equal(key({ ...z, metaKey: true }), "undo");
  assert.equal(key({ key: "Z", code: "KeyZ", metaKey: true, shiftKey: true }), "redo");
  assert.equal(key({ key: "ㅋ", code: "KeyZ", ctrlKey: true }), "undo");
  assert.equal(key({ ...z, altKey: true }), "other");
  assert.equal(key({ ...z, altKey: true, ctrlKey: true }), null);
  assert.equal(key(z), null);
  assert.equal(key({ key: "ArrowLeft", code: "ArrowLeft", shiftKey: true }), "far");
  assert.equal(key({ key: "ArrowLeft", code: "ArrowLeft" }), "near");
  assert.equal(key({ key: "ArrowLeft", code: "ArrowLeft", ctrlKey: true }), null);
});

test("a letter is the one that is printed: on a French keyboard the key in the place of Z undoes nothing", () => {
  const key = (event) => command({ ctrlKey: true, ...event }, { "mod+KeyZ": "undo", "mod+KeyW": "close" });
  assert.equal(key({ key: "z", code: "KeyW" }), "undo");
  assert.equal(key({ key: "w", code: "KeyZ" }), "close");
});

test("Shift holds with what is bound without it, but not beside Ctrl", () => {
  const bindings = { "+": "larger", KeyB: "peek", "mod+KeyS": "save" };
  assert.equal(command({ key: "+", code: "Equal", shiftKey: true }, bindings), "larger");
  assert.equal(command({ key: "B", code: "KeyB", shiftKey: true }, bindings), "peek");
  assert.equal(command({ key: "S", code: "KeyS", shiftKey: true, ctrlKey: true }, bindings), null);
});

test("keys in a field are the field's; a box to tick has no text to undo", () => {
  const undo = (target) => command({ key: "z", code: "KeyZ", ctrlKey: true, target }, { "mod+KeyZ": "undo" });
  assert.equal(undo({ tagName: "INPUT", type: "text" }), null);
  assert.equal(undo({ tagName: "TEXTAREA" }), null);
  assert.equal(undo({ tagName: "P", isContentEditable: true }), null);
  assert.equal(undo({ tagName: "INPUT", type: "range" }), "undo");
  assert.equal(undo({ tagName: "BUTTON" }), "undo");
  assert.equal(command({ key: "ArrowLeft", target: { tagName: "INPUT", type: "range" } }, { ArrowLeft: "x" }), null);
});

test("a bound function comes back as it is, and names of objects' own are no bindings", () => {
  const act = () => {};
  assert.equal(command({ key: "x", code: "KeyX" }, { KeyX: act }), act);
  assert.equal(command({ key: "constructor", code: "toString" }, {}), null);
});
