// Drawn masks as rows of spans: literals on small grids, and pixel by pixel as the oracle of random shapes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random } from "./seeded.mjs";

const spans = await page("concept-lock", "spans.mjs");

const grid = { width: 7, height: 4 };
const drawn = (...lines) => {
  const bytes = Uint8Array.from(lines.join(""), (letter) => (letter === "#" ? 255 : 0));
  return spans.fromBytes(bytes, { width: lines[0].length, height: lines.length });
};
const shown = (mask) => {
  const bytes = spans.toBytes(mask);
  return Array.from({ length: mask.height }, (_, y) =>
    [...bytes.subarray(y * mask.width, (y + 1) * mask.width)].map((one) => (one ? "#" : ".")).join(""),
  );
};
const noise = (seed, share = 0.5) => {
  const next = random(seed);
  return spans.fromBytes(Uint8Array.from({ length: 28 }, () => (next() < share ? 200 : 90)), grid);
};

test("spans are what the pixels are", () => {
  const mask = drawn("##..#..", ".......", "#######", "......#");
  assert.deepEqual(mask.rows, [[0, 2, 4, 5], [], [0, 7], [6, 7]]);
  assert.deepEqual(shown(mask), ["##..#..", ".......", "#######", "......#"]);
  const edge = spans.fromBytes(Uint8Array.of(127, 128, 255), { width: 3, height: 1 });
  assert.deepEqual(edge.rows, [[1, 3]]);
});

test("together, without, and the rest are what they are pixel by pixel", () => {
  for (let seed = 0; seed < 200; seed++) {
    const [a, b] = [noise(seed), noise(seed + 1000, 0.3)];
    const [x, y] = [spans.toBytes(a), spans.toBytes(b)];
    assert.deepEqual([...spans.toBytes(spans.united(a, b))], [...x.map((one, n) => one | y[n])]);
    assert.deepEqual([...spans.toBytes(spans.less(a, b))], [...x.map((one, n) => one & ~y[n])]);
    assert.deepEqual([...spans.toBytes(spans.inverse(a))], [...x.map((one) => 255 - one)]);
  }
});

test("what is not changed is shared, down to the mask itself", () => {
  const mask = drawn("##.....", "##.....", ".......", "....##.");
  const more = spans.withShape(mask, spans.box({ x: 3, y: 1, width: 2, height: 1 }, grid));
  assert.deepEqual(more.rows[1], [0, 2, 3, 5]);
  for (const y of [0, 2, 3]) assert.equal(more.rows[y], mask.rows[y]);
  assert.equal(spans.withShape(mask, spans.box({ x: 0, y: 0, width: 2, height: 2 }, grid)), mask);
  assert.equal(spans.withoutShape(mask, spans.box({ x: 0, y: 2, width: 7, height: 1 }, grid)), mask);
});

test("a box lies on the nearest cells, inside the grid", () => {
  const boxed = (box) => shown(spans.withShape(spans.blank(grid), spans.box(box, grid)));
  assert.deepEqual(boxed({ x: 1.4, y: 0.6, width: 3.2, height: 1.5 }), [".......", ".####..", ".......", "......."]);
  assert.deepEqual(boxed({ x: -3, y: 2, width: 5, height: 9 }), [".......", ".......", "##.....", "##....."]);
  assert.deepEqual(boxed({ x: 9, y: 1, width: 2, height: 1 }), shown(spans.blank(grid)));
});

test("a stroke has the cells whose middles are within its radius of its way", () => {
  const next = random(5);
  const size = { width: 23, height: 17 };
  for (let turn = 0; turn < 150; turn++) {
    const [a, b] = [0, 1].map(() => ({ x: next() * 30 - 4, y: next() * 24 - 4 }));
    const radius = 0.8 + next() * 6;
    const bytes = spans.toBytes(spans.withShape(spans.blank(size), spans.stroke(a, b, radius, size)));
    bytes.forEach((value, n) => {
      const away = toSegment({ x: (n % 23) + 0.5, y: Math.floor(n / 23) + 0.5 }, a, b);
      if (Math.abs(away - radius) > 1e-9) assert.equal(value === 255, away < radius, `${turn}: ${n}`);
    });
  }
});

function toSegment(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const share = Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(a.x + share * dx - point.x, a.y + share * dy - point.y);
}

test("a tap of the finest brush is the cell below it", () => {
  const tap = spans.stroke({ x: 2.5, y: 1.5 }, { x: 2.5, y: 1.5 }, 0.1, grid);
  assert.deepEqual(shown(spans.withShape(spans.blank(grid), tap)), [".......", "..#....", ".......", "......."]);
});

test("inside a line is inside, also where it crosses itself or runs backwards", () => {
  const filled = (...corners) => {
    const points = corners.map(([x, y]) => ({ x, y }));
    return shown(spans.withShape(spans.blank(grid), spans.polygon(points, grid)));
  };
  const square = ["..###..", "..###..", "..###..", "......."];
  assert.deepEqual(filled([2, 0], [5, 0], [5, 3], [2, 3]), square);
  assert.deepEqual(filled([2, 3], [5, 3], [5, 0], [2, 0]), square);
  assert.deepEqual(filled([2, 0], [5, 0], [5, 3], [2, 3], [2, 0], [5, 0], [5, 3], [2, 3]), square, "twice round");
  assert.deepEqual(filled([0, 0], [4, 4], [4, 0], [0, 4]), ["...#...", "#.##...", "#.##...", "...#..."]);
  assert.deepEqual(filled([-9, 1], [20, 1], [20, 3], [-9, 3]), [".......", "#######", "#######", "......."]);
  assert.deepEqual(filled([1, 1], [5, 1]), shown(spans.blank(grid)));
});

test("a mask moves by whole cells and what leaves the grid is gone", () => {
  const mask = drawn("##.....", "#.#....", ".......", ".......");
  const size = { width: 3, height: 2 };
  const moved = (x, y) => shown(spans.stretched(mask, { x: 0, y: 0, ...size }, { x, y, ...size }));
  assert.deepEqual(moved(3, 2), [".......", ".......", "...##..", "...#.#."]);
  assert.deepEqual(moved(-1, 0), ["#......", ".#.....", ".......", "......."]);
});

test("a mask grows cell by cell, and back it is what it was", () => {
  const mask = drawn("#.#....", ".##....", ".......", ".......");
  const [small, large] = [{ x: 0, y: 0, width: 3, height: 2 }, { x: 1, y: 0, width: 6, height: 4 }];
  const grown = spans.stretched(mask, small, large);
  assert.deepEqual(shown(grown), [".##..##", ".##..##", "...####", "...####"]);
  assert.deepEqual(shown(spans.stretched(grown, large, small)), shown(mask));
  assert.deepEqual(shown(spans.onGrid(mask, { width: 14, height: 8 })).slice(0, 2), Array(2).fill("##..##........"));
  assert.equal(spans.onGrid(mask, grid), mask);
});

test("bounds, contents and a place inside", () => {
  const mask = drawn(".......", ".##..#.", ".#...#.", ".......");
  assert.deepEqual(spans.boundsOf(mask), { x: 1, y: 1, width: 5, height: 2 });
  assert.deepEqual([spans.boundsOf(spans.blank(grid)), spans.placeIn(spans.blank(grid))], [null, null]);
  for (const [x, y] of [[1, 1], [2.9, 1.5], [5.5, 2.9]]) assert.ok(spans.holds(mask, x, y), `${x}, ${y}`);
  for (const [x, y] of [[0, 1], [3, 1], [6, 2], [1, 9], [1, -1]]) assert.ok(!spans.holds(mask, x, y), `${x}, ${y}`);
  assert.deepEqual(spans.placeIn(mask), { x: 2, y: 1.5 }, "the mean lies outside: in the widest span");
  assert.deepEqual(spans.placeIn(drawn("###....", "###....", "###....", ".......")), { x: 1.5, y: 1.5 });
});

test("the edge is as long as that of the pixels", () => {
  const pieces = [];
  spans.edges(drawn("##.....", "##.....", "....#..", "......."), (...piece) => pieces.push(piece));
  const length = pieces.reduce((sum, [x1, y1, x2, y2]) => sum + Math.abs(x2 - x1) + Math.abs(y2 - y1), 0);
  assert.equal(length, 8 + 4);
  assert.ok(pieces.every(([x1, y1, x2, y2]) => x1 === x2 || y1 === y2));
});
