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
