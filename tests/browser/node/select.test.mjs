import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { boxBetween, boxOf, frameHandles, framePull, hit, inside } = await stage("select.mjs");
const { snapped } = await stage("snap.mjs");

const near = (actual, expected) => {
  for (const name of Object.keys(expected))
    assert.ok(Math.abs(actual[name] - expected[name]) < 1e-9, `${name}: ${actual[name]}, not ${expected[name]}`);
};
const dots = [
  { id: "a", x: 10, y: 10 },
  { id: "b", x: 14, y: 10 },
  { id: "c", x: 14, y: 10 },
];
const ids = (list) => list.map(({ id }) => id).join("");

test("the nearest handle within reach, of equals the upper one", () => {
  assert.equal(hit(dots, { x: 11, y: 10 }, 5).id, "a");
  assert.equal(hit(dots, { x: 13, y: 10 }, 5).id, "c");
  assert.equal(hit(dots, { x: 10, y: 15 }, 5).id, "a");
  assert.equal(hit(dots, { x: 10, y: 15.1 }, 5), null);
  assert.equal(hit([], { x: 0, y: 0 }, 5), null);
});

test("what a marquee and a lasso take", () => {
  assert.equal(ids(inside(dots, { x: 10, y: 0, width: 3, height: 10 })), "a");
  assert.equal(ids(inside(dots, boxBetween({ x: 20, y: 20 }, { x: 12, y: 0 }))), "bc");
  const triangle = [
    { x: 0, y: 0 },
    { x: 13, y: 9 },
    { x: 0, y: 30 },
  ];
  assert.equal(ids(inside(dots, triangle)), "a");
  const bow = [
    { x: 0, y: 0 },
    { x: 20, y: 20 },
    { x: 20, y: 0 },
    { x: 0, y: 20 },
  ];
  assert.equal(ids(inside([...dots.slice(1), { id: "d", x: 10, y: 3 }, { id: "e", x: 3, y: 10 }], bow)), "bce");
  assert.deepEqual(inside(dots, []), []);
});

test("the box around points", () => {
  assert.deepEqual(boxOf(dots), { x: 10, y: 10, width: 4, height: 0 });
  assert.deepEqual(boxOf([{ x: -3, y: 7 }]), { x: -3, y: 7, width: 0, height: 0 });
  assert.equal(boxOf([]), null);
});

const box = { x: 100, y: 50, width: 40, height: 20 };

test("a frame has eight grips on its edge and one above it, all with names of their own", () => {
  const places = Object.fromEntries(frameHandles(box, 30).map(({ id, x, y }) => [id, [x, y]]));
  assert.deepEqual(places, {
    "scale-n": [120, 50],
    "scale-e": [140, 60],
    "scale-s": [120, 70],
    "scale-w": [100, 60],
    "scale-ne": [140, 50],
    "scale-se": [140, 70],
    "scale-sw": [100, 70],
    "scale-nw": [100, 50],
    turn: [120, 20],
  });
  assert.equal(new Set(frameHandles(box).map(({ name }) => name)).size, 9);
});

test("a grip stays under the pointer, the other side stays where it is", () => {
  for (const { id, x, y } of frameHandles(box)) {
    if (id === "turn") continue;
    const to = { x: x + 7, y: y - 3 };
    const { scaleX, scaleY, angle, about } = framePull(box, id, to);
    assert.equal(angle, 0);
    const moved = { x: about.x + (x - about.x) * scaleX, y: about.y + (y - about.y) * scaleY };
    near(moved, { x: /[ew]/.test(id.slice(6)) ? to.x : x, y: /[ns]/.test(id.slice(6)) ? to.y : y });
  }
});

test("pulled evenly, about the middle, and never to nothing", () => {
  assert.deepEqual(framePull(box, "scale-e", { x: 160, y: 0 }, { even: true }), {
    scaleX: 1.5,
    scaleY: 1.5,
    angle: 0,
    about: { x: 100, y: 60 },
  });
  assert.equal(framePull(box, "scale-se", { x: 180, y: 75 }, { even: true }).scaleY, 2);
  const { scaleX, about } = framePull(box, "scale-w", { x: 90, y: 0 }, { centred: true });
  assert.deepEqual([scaleX, about], [1.5, { x: 120, y: 60 }]);
  assert.equal(framePull(box, "scale-e", { x: -500, y: 0 }).scaleX, 0.01);
  assert.equal(framePull({ ...box, height: 0 }, "scale-s", { x: 0, y: 99 }).scaleY, 1);
});

test("the turn is clockwise from straight up, in steps if wanted", () => {
  near(framePull(box, "turn", { x: 150, y: 60 }), { angle: Math.PI / 2 });
  near(framePull(box, "turn", { x: 120 - 30, y: 60 - 30 }), { angle: -Math.PI / 4 });
  near(framePull(box, "turn", { x: 129, y: 20 }, { step: Math.PI / 12 }), { angle: Math.PI / 12 });
  assert.deepEqual(framePull(box, "turn", { x: 120, y: 20 }).about, { x: 120, y: 60 });
});

test("nothing near: the point stays, and nothing is named", () => {
  assert.deepEqual(snapped({ x: 3, y: 4 }, {}, 10), { x: 3, y: 4, to: null });
  const far = { points: [{ x: 30, y: 4 }], lines: [{ x: 50 }], grid: 100 };
  assert.deepEqual(snapped({ x: 15, y: 40 }, far, 10), { x: 15, y: 40, to: null });
});

test("the nearest point wins over lines", () => {
  const points = [
    { x: 8, y: 0 },
    { x: 5, y: 1 },
  ];
  assert.deepEqual(snapped({ x: 4, y: 0 }, { points, lines: [{ x: 4 }] }, 5), {
    x: 5,
    y: 1,
    to: { kind: "point", point: points[1] },
  });
});

test("lines: upright, level, both where they cross, and slanted", () => {
  const [upright, level] = [{ x: 10 }, { y: 20 }];
  assert.deepEqual(snapped({ x: 12, y: 50 }, { lines: [upright, level] }, 3), {
    x: 10,
    y: 50,
    to: { kind: "line", line: upright },
  });
  const both = snapped({ x: 12, y: 19 }, { lines: [upright, level] }, 3);
  assert.deepEqual([both.x, both.y, both.to.kind], [10, 20, "crossing"]);
  const slanted = { from: { x: 0, y: 0 }, to: { x: 10, y: 10 } };
  near(snapped({ x: 6, y: 4 }, { lines: [slanted] }, 3), { x: 5, y: 5 });
  near(snapped({ x: 60, y: 58 }, { lines: [slanted] }, 3), { x: 59, y: 59 });
});

test("rays from a point, then the grid", () => {
  const angles = { from: { x: 100, y: 100 }, step: Math.PI / 4 };
  near(snapped({ x: 152, y: 150 }, { angles, grid: 10 }, 3), { x: 151, y: 151 });
  near(snapped({ x: 60, y: 99 }, { angles }, 3), { x: 60, y: 100 });
  assert.deepEqual(snapped({ x: 31, y: 18 }, { grid: 10 }, 3), { x: 30, y: 20, to: { kind: "grid" } });
  assert.deepEqual(snapped({ x: 33, y: 21 }, { grid: { step: 10, x: 2, y: 1 } }, 3), {
    x: 32,
    y: 21,
    to: { kind: "grid" },
  });
});
