import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random } from "./seeded.mjs";

const { PoseError } = await page("pose-editor", "document.mjs");
const { added, begun, boundsOf, extended, finished, pressureOf, widthOf } = await page("pose-editor", "strokes.mjs");
const { simplified, smoothed } = await page("pose-editor", "strokeline.mjs");

const at = (x, y, p = 1) => ({ x, y, p });
const places = ({ points }) => points.map(({ x, y }) => [x, y]);

test("a stroke begins with its own fields and rounds what it is given", () => {
  assert.deepEqual(begun({ x: 1.26, y: -3.04, p: 0.333 }, { colour: "#ff0000", size: 9 }), {
    tool: "pen",
    colour: "#ff0000",
    size: 9,
    opacity: 1,
    points: [at(1.3, -3, 0.33)],
  });
  assert.deepEqual(begun({ x: 2, y: 3 }, { tool: "fill", gap: 4 }), {
    tool: "fill",
    colour: "#000000",
    size: 4,
    opacity: 1,
    points: [at(2, 3, 1)],
    tolerance: 32,
    gap: 4,
  });
});

test("drawing on gives a new stroke and leaves the old one", () => {
  const first = begun(at(0, 0));
  const second = extended(first, [at(2, 0), at(2.1, 0.1), at(5, 1, 0.5)]);
  assert.deepEqual(places(first), [[0, 0]]);
  assert.deepEqual(second.points, [at(0, 0), at(2, 0), at(5, 1, 0.5)]);
  assert.equal(extended(second, []), second);
  assert.equal(extended(second, [at(5.1, 1.1)]), second, "nothing that shows");
});

test("a brush on a string follows at its length and does not mind a tremble", () => {
  const how = { stabiliser: 0.5, zoom: 1 }; // a string of 30 pixels
  const start = begun(at(0, 0));
  assert.equal(extended(start, [at(20, 0), at(-15, 12), at(0, 30)], how), start);
  assert.deepEqual(places(extended(start, [at(50, 0)], how)), [
    [0, 0],
    [20, 0],
  ]);
  assert.deepEqual(places(extended(start, [at(50, 0)], { stabiliser: 0.5, zoom: 3 })).at(-1), [40, 0]);
  const tremble = Array.from({ length: 300 }, (_, n) => at(n, n % 2 ? 8 : -8));
  const calm = extended(start, tremble, how).points.slice(20);
  assert.ok(Math.max(...calm.map(({ y }) => Math.abs(y))) < 1.5);
  assert.ok(calm.at(-1).x > 265);
});

test("however often the pointer reports, the pulled line is the same", () => {
  const curve = (count) =>
    Array.from({ length: count }, (_, n) => n / (count - 1)).map((s) => at(300 * s, 80 * Math.sin(5 * s)));
  const [rare, often] = [200, 2000].map((count) => extended(begun(at(0, 0)), curve(count), { stabiliser: 0.5 }).points);
  const apart = rare.map(({ x, y }) => Math.min(...often.map((other) => Math.hypot(x - other.x, y - other.y))));
  assert.ok(Math.max(...apart) < 1, String(Math.max(...apart)));
});

test("a line is its two ends at full pressure, snapped where that is asked", () => {
  const line = begun(at(10, 10, 0.2), { tool: "line" });
  const free = extended(line, [at(40, 90, 0.4), at(110, 20, 0.6)]);
  assert.deepEqual(free.points, [at(10, 10), at(110, 20)]);
  assert.deepEqual(places(extended(free, [at(110, 20)], { steps: true })), [
    [10, 10],
    [110, 10],
  ]);
  const guides = { vanishing: [{ x: 210, y: 30 }], horizon: null };
  assert.deepEqual(places(extended(line, [at(110, 22)], { guides })), [
    [10, 10],
    [110.2, 20],
  ]);
  const pen = extended(extended(begun(at(0, 0)), [at(5, 5), at(9, 1)]), [at(30, 2)], { straight: true, steps: true });
  assert.deepEqual(places(pen), [
    [0, 0],
    [30, 0],
  ]);
});

test("a pen presses, a mouse does not; half the pressure is more than half the width", () => {
  assert.equal(pressureOf({ pointerType: "pen", pressure: 0.3 }), 0.3);
  assert.equal(pressureOf({ pointerType: "mouse", pressure: 0.5 }), 1);
  assert.equal(pressureOf({ pointerType: "touch", pressure: 0 }), 1);
  const widths = [0, 0.25, 0.5, 0.75, 1].map((p) => widthOf({ size: 20 }, p));
  assert.deepEqual([widths[0], widths[4]], [3, 20]);
  assert.ok(widths.every((width, n) => n === 0 || width > widths[n - 1]));
  assert.ok(widths[2] > 11.5);
});

test("the bounds are whole pixels around all of the line's width", () => {
  const stroke = { ...begun(at(10, 20), { size: 6 }), points: [at(10, 20), at(30.4, 20, 0)] };
  assert.deepEqual(boundsOf(stroke), { x: 6, y: 16, width: 26, height: 8 });
  assert.deepEqual(boundsOf(stroke, 1), { x: 28, y: 18, width: 4, height: 4 });
  assert.equal(boundsOf(begun(at(1, 1), { tool: "fill" })), null);
});

test("a stroke is added to a list until it is full", () => {
  const [one, other] = [begun(at(1, 2)), begun(at(3, 4))];
  assert.deepEqual(added([one], other), [one, other]);
  const full = (sentence, count) => (error) =>
    error instanceof PoseError && sentence.test(error.message) && error.values.count === count;
  assert.throws(() => added(Array(20_000).fill(one), other), full(/strokes; at most/, 20_001));
  const long = { ...one, points: Array(2_000_000).fill(at(0, 0)) };
  assert.throws(() => added([long], other), full(/points; at most/, 2_000_001));
});

// --- smoothing and simplifying

test("points that do not show are dropped, corners and changes of width are kept", () => {
  const along = Array.from({ length: 101 }, (_, n) => at(n, n > 50 ? n - 50 : 0));
  assert.deepEqual(
    simplified(along).map(({ x, y }) => [x, y]),
    [
      [0, 0],
      [50, 0],
      [100, 50],
    ],
  );
  const pressed = Array.from({ length: 101 }, (_, n) => at(n, 0, n === 40 ? 1 : 0.5));
  assert.deepEqual(
    simplified(pressed, ({ p }) => 10 * p).map(({ x }) => x),
    [0, 39, 40, 41, 100],
  );
  assert.deepEqual(simplified([at(3, 3)]), [at(3, 3)]);
});

const toPiece = (point, a, b) => {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const share = length ? Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length)) : 0;
  return Math.hypot(point.x - a.x - share * dx, point.y - a.y - share * dy);
};

test("no point of a long line moves by more than 0.3 pixels, and few are left", () => {
  const next = random(7);
  let [x, y, turn] = [0, 0, 0];
  const walk = Array.from({ length: 20_000 }, () => {
    turn += (next() - 0.5) * 0.2;
    [x, y] = [x + Math.cos(turn), y + Math.sin(turn)];
    return at(x, y);
  });
  const few = simplified(walk);
  assert.ok(few.length < walk.length / 3, String(few.length));
  const index = new Map(walk.map((point, n) => [point, n]));
  for (let n = 1; n < few.length; n++) {
    for (const point of walk.slice(index.get(few[n - 1]), index.get(few[n]) + 1)) {
      assert.ok(toPiece(point, few[n - 1], few[n]) <= 0.3 + 1e-9);
    }
  }
});

test("between far points of an arc the curve bows outwards, and it goes through all of them", () => {
  const arc = Array.from({ length: 9 }, (_, n) =>
    at(100 * Math.cos((n * Math.PI) / 8), 100 * Math.sin((n * Math.PI) / 8)),
  );
  const curve = smoothed(arc);
  for (const point of arc) assert.ok(curve.includes(point));
  const off = curve
    .slice(curve.indexOf(arc[1]), curve.indexOf(arc[7]))
    .map(({ x, y }) => Math.abs(Math.hypot(x, y) - 100));
  assert.ok(Math.max(...off) < 0.1, String(Math.max(...off))); // the chords alone are off by 1.9
  assert.ok(curve.length > 80);
});

test("a corner stays a corner and a straight line straight", () => {
  const corner = smoothed([at(0, 0), at(50, 0), at(50, 50)]);
  assert.ok(corner.every(({ x, y }) => y === 0 || Math.abs(x - 50) < 1e-9));
});

test("a finished stroke is drawn on to where the pen was lifted, and has fewer points", () => {
  const stroke = extended(
    begun(at(0, 0)),
    Array.from({ length: 400 }, (_, n) => at(n + 1, 30 * Math.sin(n / 60))),
  );
  const kept = finished(stroke, { end: at(420, 5) });
  assert.deepEqual(places(kept).at(-1), [420, 5]);
  assert.ok(kept.points.length < 60, String(kept.points.length));
  assert.deepEqual(finished(begun(at(4, 5))).points, [at(4, 5)]);
  const line = extended(begun(at(0, 0), { tool: "line" }), [at(9, 9)]);
  assert.equal(finished(line, { end: at(50, 50) }), line);
});
