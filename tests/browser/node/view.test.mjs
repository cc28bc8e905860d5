import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const view = await stage("view.mjs");
const picture = { width: 300, height: 100 };
const room = { width: 600, height: 500 };

const near = (actual, expected, slack = 1e-9) => {
  for (const name of Object.keys(expected)) {
    assert.ok(Math.abs(actual[name] - expected[name]) <= slack, `${name}: ${actual[name]}, not ${expected[name]}`);
  }
};

test("the whole picture in the middle", () => {
  assert.deepEqual(view.fit(picture, room), { scale: 2, x: 0, y: 150 });
  assert.deepEqual(view.fit(picture, room, { left: 100, right: 200, top: 40, bottom: 60 }), {
    scale: 1,
    x: 100,
    y: 190,
  });
  assert.ok(view.fit(picture, { width: 0, height: 0 }).scale > 0);
});

test("screen and picture are each other's inverse", () => {
  const one = { scale: 0.7, x: -31, y: 12.5 };
  near(view.toPicture(one, view.toScreen(one, { x: 17, y: 93 })), { x: 17, y: 93 });
  assert.deepEqual(view.toScreen({ scale: 2, x: 5, y: 7 }, { x: 10, y: 20 }), { x: 25, y: 47 });
});

test("zooming keeps the point under the cursor, for any view", () => {
  for (let n = 1; n < 200; n++) {
    const before = { scale: 0.01 * n, x: 37 * n - 900, y: 11 * n - 300 };
    const at = { x: (n * 97) % 600, y: (n * 53) % 500 };
    const after = view.zoomed(before, at, 0.3 + (n % 13) / 3);
    near(view.toPicture(after, at), view.toPicture(before, at), 1e-6);
  }
});

test("a pinch keeps both fingers on what they touched, up to the turn", () => {
  const before = { scale: 2, x: 10, y: 20 };
  const from = [
    { x: 100, y: 100 },
    { x: 200, y: 100 },
  ];
  const to = [
    { x: 90, y: 160 },
    { x: 290, y: 160 },
  ];
  const after = view.pinched(before, from, to);
  assert.equal(after.scale, 4);
  for (const n of [0, 1]) near(view.toPicture(after, to[n]), view.toPicture(before, from[n]));
});

test("fingers on one point do not break the view", () => {
  const here = [
    { x: 5, y: 5 },
    { x: 5, y: 5 },
  ];
  const after = view.pinched({ scale: 1, x: 0, y: 0 }, here, [
    { x: 0, y: 5 },
    { x: 10, y: 5 },
  ]);
  assert.ok(Number.isFinite(after.scale) && Number.isFinite(after.x));
});

test("limits hold the zoom and the place under the cursor", () => {
  const bounds = view.limits(picture, room, 2);
  assert.equal(bounds.most, 32);
  assert.equal(bounds.least, 0.125);
  const at = { x: 50, y: 60 };
  const far = view.zoomed({ scale: 1, x: 0, y: 0 }, at, 1000);
  const held = view.limited(far, at, bounds);
  assert.equal(held.scale, 32);
  near(view.toPicture(held, at), { x: 50, y: 60 });
  const tiny = view.limits({ width: 4, height: 4 }, room, 1);
  assert.ok(tiny.most >= view.fit({ width: 4, height: 4 }, room).scale, "a tiny picture can still be fitted");
});

test("round zooms, up and down", () => {
  assert.equal(view.nextStop(0.73, 1), 1);
  assert.equal(view.nextStop(1, 1), 1.5);
  assert.equal(view.nextStop(1.0000001, 1), 1.5);
  assert.equal(view.nextStop(1, -1), 2 / 3);
  assert.equal(view.nextStop(64, 1), 64);
  assert.equal(view.nextStop(0.01, -1), 0.01);
});

test("a piece of the picture always stays in sight", () => {
  assert.deepEqual(view.clamped({ scale: 1, x: 9999, y: -9999 }, picture, room), { scale: 1, x: 536, y: -36 });
  assert.deepEqual(view.clamped({ scale: 0.1, x: -500, y: 700 }, picture, room), { scale: 0.1, x: 0, y: 490 });
  const inside = { scale: 1, x: 10, y: 20 };
  assert.deepEqual(view.clamped(inside, picture, room), inside);
});

test("on the device the corner lies on a whole pixel, at every ratio", () => {
  assert.deepEqual(view.deviceTransform({ scale: 0.5, x: 10.3, y: 7.2 }, 2), [1, 0, 0, 1, 21, 14]);
  assert.deepEqual(view.deviceTransform({ scale: 1, x: 10.4, y: 3.3 }, 1.25), [1.25, 0, 0, 1.25, 13, 4]);
  assert.equal(view.zoomOf({ scale: 0.5 }, 2), 1);
});

const turns = [0.3, -2, Math.PI / 2, Math.PI, 3];

test("a turned view and the picture are each other's inverse", () => {
  for (const turn of turns) {
    const one = { scale: 0.7, x: -31, y: 12.5, turn };
    near(view.toPicture(one, view.toScreen(one, { x: 17, y: 93 })), { x: 17, y: 93 }, 1e-9);
  }
  assert.deepEqual(view.toScreen({ scale: 2, x: 5, y: 7, turn: Math.PI / 2 }, { x: 10, y: 20 }), { x: -35, y: 27 });
});

test("turning keeps the point under the cursor and the size, and back is where it was", () => {
  const before = { scale: 1.5, x: 40, y: -9, turn: 0.2 };
  const at = { x: 123, y: 77 };
  for (const angle of turns) {
    const after = view.turned(before, at, angle);
    near(view.toPicture(after, at), view.toPicture(before, at), 1e-9);
    assert.equal(after.scale, 1.5);
    near(view.turned(after, at, -angle), before, 1e-9);
  }
  assert.equal(view.turnOf(view.turned({ scale: 1, x: 0, y: 0, turn: 3 }, at, 1)), 4 - 2 * Math.PI);
});

test("zoom, pan and limits keep the turn; fitting takes it away", () => {
  const one = { scale: 1, x: 3, y: 4, turn: 0.5 };
  const at = { x: 50, y: 60 };
  assert.equal(view.zoomed(one, at, 2).turn, 0.5);
  near(view.toPicture(view.zoomed(one, at, 2), at), view.toPicture(one, at));
  assert.equal(view.limited(one, at, { least: 2, most: 3 }).turn, 0.5);
  assert.equal(view.clamped(one, picture, room).turn, 0.5);
  assert.equal(view.turnOf(view.fit(picture, room)), 0);
});

test("a pinch that may turn keeps both fingers on what they touched", () => {
  const before = { scale: 2, x: 10, y: 20, turn: -0.4 };
  const from = [
    { x: 100, y: 100 },
    { x: 200, y: 100 },
  ];
  const to = [
    { x: 150, y: 60 },
    { x: 110, y: 240 },
  ];
  const after = view.pinched(before, from, to, { turning: true });
  for (const n of [0, 1]) near(view.toPicture(after, to[n]), view.toPicture(before, from[n]), 1e-6);
  assert.equal(view.pinched(before, from, to).turn, -0.4);
  near({ angle: view.twist(from, [to[0], { x: 150, y: 99 }]) }, { angle: Math.PI / 2 });
});

test("a turned picture stays in sight: its box, not its corner, counts", () => {
  const quarter = { scale: 1, x: 0, y: 0, turn: Math.PI / 2 }; // hangs to the left of its corner, 100 wide, 300 high
  assert.deepEqual(view.boundsOf(quarter, picture), { x: -100, y: 0, width: 100, height: 300 });
  assert.deepEqual(view.clamped(quarter, picture, room), { ...quarter, x: 64 });
  assert.deepEqual(view.clamped({ ...quarter, y: -999 }, picture, room), { ...quarter, x: 64, y: -236 });
});

test("on the device a quarter turn is exact, any other one is not rounded", () => {
  const place = { scale: 0.5, x: 10.3, y: 7.2 };
  assert.deepEqual(view.deviceTransform({ ...place, turn: Math.PI / 2 }, 2), [0, 1, -1, 0, 21, 14]);
  assert.deepEqual(view.deviceTransform({ ...place, turn: -Math.PI }, 2), [-1, 0, 0, -1, 21, 14]);
  const [a, b, c, d, e, f] = view.deviceTransform({ ...place, turn: Math.PI / 6 }, 2);
  near({ a, b, c, d, e, f }, { a: Math.sqrt(3) / 2, b: 0.5, c: -0.5, d: Math.sqrt(3) / 2, e: 20.6, f: 14.4 });
});

test("turns by steps of 15 degrees, from between two of them to the next", () => {
  const degrees = (turn, way) => Math.round((view.toNextTurn((turn * Math.PI) / 180, way) * 180) / Math.PI);
  assert.deepEqual(
    [degrees(0, 1), degrees(0, -1), degrees(15, 1), degrees(20, 1), degrees(20, -1)],
    [15, -15, 15, 10, -5],
  );
  assert.equal(degrees(-7, 1), 7);
});
