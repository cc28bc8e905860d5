import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { stage } from "./pages.mjs";

const { openViewport } = await stage("viewport.mjs");
const { openKeyboard } = await stage("keyboard.mjs");

const size = { width: 100, height: 50 };
const room = { width: 432, height: 332 };

function opened(options) {
  const viewport = openViewport(size, options);
  viewport.resized(room, 1);
  return viewport;
}

const near = (actual, expected) => {
  for (const name of Object.keys(expected))
    assert.ok(Math.abs(actual[name] - expected[name]) < 1e-9, `${name}: ${actual[name]}, not ${expected[name]}`);
};

test("the picture is fitted, beside what panels cover, until it is moved", () => {
  const viewport = opened({ inset: () => ({ left: 100 }) });
  assert.deepEqual(viewport.view, { scale: 3, x: 116, y: 91 });
  viewport.resized({ width: 332, height: 332 }, 1);
  assert.deepEqual(viewport.view, { scale: 2, x: 116, y: 116 });
  viewport.pan(5, 0);
  viewport.resized(room, 1);
  assert.deepEqual(viewport.view, { scale: 2, x: 121, y: 116 });
  viewport.setSize({ width: 10, height: 10 });
  assert.equal(viewport.view.scale, 2);
  viewport.commands.fit();
  viewport.setSize(size);
  assert.equal(viewport.view.scale, 3);
});

test("every move is told", () => {
  const changed = mock.fn();
  const viewport = opened({ changed });
  viewport.pan(1, 1);
  viewport.zoomAt({ x: 0, y: 0 }, 2);
  assert.equal(changed.mock.callCount(), 3);
});

test("the buttons zoom about the free middle, through round zooms, inside the limits", () => {
  const viewport = opened({ inset: () => ({ right: 32 }) });
  const middle = viewport.toPicture({ x: 200, y: 166 });
  viewport.commands.actual();
  assert.equal(viewport.zoom, 1);
  near(viewport.toPicture({ x: 200, y: 166 }), middle);
  viewport.commands.larger();
  assert.equal(viewport.zoom, 1.5);
  for (let n = 0; n < 40; n++) viewport.zoomAt({ x: 0, y: 0 }, 2);
  assert.equal(viewport.zoom, 64);
});

test("the buttons turn by 15 degrees about the free middle, fit stands it up again", () => {
  const viewport = opened();
  const middle = viewport.toPicture({ x: 216, y: 166 });
  viewport.commands["turn-right"]();
  viewport.commands["turn-right"]();
  viewport.commands["turn-left"]();
  near(viewport.view, { turn: Math.PI / 12 });
  near(viewport.toPicture({ x: 216, y: 166 }), middle);
  viewport.commands.fit();
  assert.equal(viewport.view.turn, undefined);
});

const fingers = (angle, length = 100) => [
  { x: 200, y: 150 },
  { x: 200 + length * Math.cos(angle), y: 150 + length * Math.sin(angle) },
];

/** Two fingers that turn through `angles` (degrees) as one pinch; the view's turn after each step. */
function twisted(viewport, angles) {
  const pairs = [0, ...angles].map((degrees) => fingers((degrees * Math.PI) / 180));
  return pairs.slice(1).map((to, n) => {
    viewport.pinch({ since: pairs[0], from: pairs[n], to });
    return Math.round(((viewport.view.turn ?? 0) * 180) / Math.PI);
  });
}

test("fingers that want to zoom do not turn; those that turn do so from where they are felt on", () => {
  assert.deepEqual(twisted(opened(), [4, 8, 11, 3]), [0, 0, 0, 0]);
  assert.deepEqual(twisted(opened(), [10, 14, 24, 34, 20]), [0, 0, 10, 20, 6]);
});

test("near a quarter turn the fingers find it, and come away from it again", () => {
  const viewport = opened();
  assert.deepEqual(twisted(viewport, [14, 60, 101, 107, 115]), [0, 46, 90, 90, 101]);
  assert.deepEqual(twisted(viewport, [14, 20]), [101, 107]);
});

test("a pinch zooms about the fingers' middle", () => {
  const viewport = opened();
  const [from, to] = [fingers(0), fingers(0, 200)];
  const { scale } = viewport.view;
  const under = viewport.toPicture({ x: 250, y: 150 });
  viewport.pinch({ since: from, from, to });
  near(viewport.view, { scale: scale * 2 });
  near(viewport.toPicture({ x: 300, y: 150 }), under);
});

test("a point is brought into sight, and one in sight moves nothing", () => {
  const viewport = opened();
  const { view } = viewport;
  viewport.seek({ x: 50, y: 25 });
  assert.equal(viewport.view, view);
  viewport.seek({ x: 150, y: 25 });
  near(viewport.toScreen({ x: 150, y: 25 }), { x: 416, y: 166 });
  viewport.seek({ x: 50, y: -60 });
  near(viewport.toScreen({ x: 50, y: -60 }), { y: 16 });
});

/** A keyboard with two tables of bindings; `press` gives an event to it and says whether it was taken. */
function keyboard() {
  const listeners = {};
  const log = [];
  const self = {
    addEventListener: (type, listener) => (listeners[type] = listener),
    removeEventListener: (type) => delete listeners[type],
  };
  const tables = () => [{ KeyA: "tool's" }, { KeyA: "page's", "mod+KeyZ": "undo" }];
  const run = (bound) => log.push(bound);
  const made = openKeyboard(
    { tables, run, pan: (way) => log.push(way), spaced: () => log.push(made.space.down) },
    self,
  );
  const press = (key, more = {}, type = "keydown") => {
    let taken = false;
    listeners[type]?.({ key, code: "", target: { tagName: "MAIN" }, preventDefault: () => (taken = true), ...more });
    return taken;
  };
  return { ...made, press, log, listeners };
}

test("the first table that knows a key wins; arrows that nobody bound pan", () => {
  const { press, log, close, listeners } = keyboard();
  assert.equal(press("a"), true);
  assert.equal(press("z", { ctrlKey: true }), true);
  assert.equal(press("z"), false);
  assert.equal(press("a", { defaultPrevented: true }), false);
  assert.equal(press("a", { target: { tagName: "BUTTON", closest: (name) => name === "dialog" } }), false);
  assert.equal(press("ArrowLeft"), true);
  assert.deepEqual(log, ["tool's", "undo", [1, 0]]);
  close();
  assert.deepEqual(listeners, {});
});

test("the space bar is held down once, until it comes up or the window is left", () => {
  const { press, log, space } = keyboard();
  press(" ");
  space.used = true;
  press(" ");
  assert.deepEqual([space.down, space.used], [true, true]);
  press(" ", {}, "keyup");
  press(" ");
  assert.equal(space.used, false);
  press("", {}, "blur");
  assert.equal(press(" ", { target: { tagName: "BUTTON" } }), false);
  assert.equal(press(" ", { target: { tagName: "INPUT" } }), false);
  assert.deepEqual(log, [true, false, true, false]);
});
