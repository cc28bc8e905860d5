import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random } from "./seeded.mjs";

const { MOST_POINTS, none, snapped, withHorizon, withoutPoint, withPoint, withPointAt } = await page(
  "pose-editor",
  "guides.mjs",
);

const line = (x0, y0, x1, y1) => ({ from: { x: x0, y: y0 }, to: { x: x1, y: y1 } });
const end = ({ to }) => [Math.round(to.x * 1000) / 1000, Math.round(to.y * 1000) / 1000];

test("without guides a line takes the nearest of the steps of 15 degrees", () => {
  assert.deepEqual(end(snapped(line(10, 10, 110, 15))), [110, 10]);
  assert.deepEqual(end(snapped(line(0, 0, 100, 95))), [97.5, 97.5]);
  assert.deepEqual(end(snapped(line(0, 0, -3, 80))), [0, 80]);
  const { to } = snapped(line(0, 0, 100, 27));
  assert.ok(Math.abs(to.y / to.x - Math.tan(Math.PI / 12)) < 1e-12);
});

test("every snapped line has a direction of a whole number of steps and ends nearest to the pointer", () => {
  const next = random(3);
  for (let n = 0; n < 200; n++) {
    const asked = line(next() * 99, next() * 99, next() * 99, next() * 99);
    const { from, to, by } = snapped(asked);
    const steps = Math.atan2(to.y - from.y, to.x - from.x) / (Math.PI / 12);
    assert.equal(by, "step");
    assert.ok(Math.abs(steps - Math.round(steps)) < 1e-6);
    const square = (to.x - from.x) * (asked.to.x - to.x) + (to.y - from.y) * (asked.to.y - to.y);
    assert.ok(Math.abs(square) < 1e-6);
  }
});

const guides = {
  vanishing: [
    { x: 1000, y: 100 },
    { x: -500, y: 100 },
  ],
  horizon: 100,
};

test("a line near a vanishing point's direction runs through it, towards it or away from it", () => {
  for (const [asked, index] of [
    [line(100, 400, 400, 310), 0],
    [line(400, 300, 100, 395), 0],
    [line(400, 300, 100, 405), 0],
    [line(100, 400, -90, 300), 1],
  ]) {
    const { from, to, by, vanishing } = snapped(asked, guides);
    assert.deepEqual([by, vanishing], ["vanishing", index]);
    const point = guides.vanishing[index];
    const cross = (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
    assert.ok(Math.abs(cross) < 1e-6);
  }
});

test("a line elsewhere takes a step, or stays as it is where steps are off", () => {
  const upright = line(100, 400, 103, 100);
  assert.deepEqual([snapped(upright, guides).by, ...end(snapped(upright, guides))], ["step", 100, 100]);
  assert.deepEqual(snapped(upright, guides, { step: 0 }), { ...upright, by: null, vanishing: null });
});

test("a line without length, or from the vanishing point itself, does no harm", () => {
  assert.deepEqual(snapped(line(5, 5, 5, 5), guides), { ...line(5, 5, 5, 5), by: null, vanishing: null });
  assert.deepEqual(
    end(snapped(line(1000, 100, 1100, 101), { ...guides, vanishing: [guides.vanishing[0]] })),
    [1100, 100],
  );
});

test("points near the horizon lie on it and move with it; a third one keeps its place", () => {
  const two = withPoint(withPoint(withHorizon(none, 200), { x: 9, y: 215 }), { x: 50, y: 900 });
  assert.deepEqual(two.vanishing, [
    { x: 9, y: 200 },
    { x: 50, y: 900 },
  ]);
  const moved = withHorizon(two, 120);
  assert.deepEqual(moved, {
    horizon: 120,
    vanishing: [
      { x: 9, y: 120 },
      { x: 50, y: 900 },
    ],
  });
  assert.deepEqual(withPointAt(moved, 1, { x: 60, y: 100 }).vanishing[1], { x: 60, y: 120 });
  assert.deepEqual(withoutPoint(moved, 0).vanishing, [{ x: 50, y: 900 }]);
  assert.deepEqual(withHorizon(moved, null).vanishing, moved.vanishing);
  assert.deepEqual(none, { vanishing: [], horizon: null });
});

test("there are never more points than can be told apart", () => {
  let many = none;
  for (let n = 0; n < 20; n++) many = withPoint(many, { x: n, y: 0 });
  assert.equal(many.vanishing.length, MOST_POINTS);
});
