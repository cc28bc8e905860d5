import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random } from "./seeded.mjs";

const { flood, pour } = await page("pose-editor", "fill.mjs");

const COLOURS = {
  ".": [0, 0, 0, 0],
  "#": [0, 0, 0, 255],
  r: [255, 0, 0, 255],
  p: [255, 30, 30, 255],
  s: [0, 0, 0, 100],
};

/** An image of rows of letters. */
function image(...rows) {
  const data = Uint8ClampedArray.from(rows.flatMap((row) => [...row].flatMap((letter) => COLOURS[letter])));
  return { width: rows[0].length, height: rows.length, data };
}

const rowsOf = ({ mask }, { width, height }) =>
  Array.from({ length: height }, (_, y) => mask.subarray(y * width, (y + 1) * width).join(""));

const filled = (picture, x, y, how) => rowsOf(flood(picture, { x, y }, how), picture);

test("a fill stops at lines of its own colour's opposite and does not slip through corners", () => {
  const picture = image("rr#rrr", "r#rrrr", "#rrr#r", "rrrr#r");
  assert.deepEqual(filled(picture, 0, 0), ["110000", "100000", "000000", "000000"]);
  assert.deepEqual(filled(picture, 2.9, 1.2), ["000111", "001111", "011101", "111101"]);
});

test("it tells its extent, its size, and nothing for a seed outside", () => {
  const picture = image("rr#rrr", "r#rrrr", "#rrr#r");
  const { bounds, count, clear } = flood(picture, { x: 5, y: 2 });
  assert.deepEqual({ bounds, count, clear }, { bounds: { x: 1, y: 0, width: 5, height: 3 }, count: 11, clear: false });
  for (const seed of [
    { x: -1, y: 0 },
    { x: 6, y: 0 },
    { x: 0, y: 3 },
    { x: NaN, y: 0 },
  ])
    assert.equal(flood(picture, seed), null);
});

test("tolerance decides how far colours may differ, and nothing has no colour", () => {
  const picture = image("rprr", "####", "....");
  assert.deepEqual(filled(picture, 0, 0, { tolerance: 29 })[0], "1000");
  assert.deepEqual(filled(picture, 0, 0, { tolerance: 30 })[0], "1111");
  const invisible = image("....");
  invisible.data.set([250, 250, 250, 0], 8);
  assert.deepEqual(filled(invisible, 0, 0), ["1111"]);
});

test("in an empty place it goes one pixel below the lines around, and no further", () => {
  const picture = image("......", "..ss..", ".s..s.", ".s..s.", "..ss..", "......");
  assert.deepEqual(filled(picture, 2, 2), ["000000", "001100", "011110", "011110", "001100", "000000"]);
});

/** What hangs together, one pixel at a time. */
function oracle({ width, height, data }, x, y) {
  const same = (a, b) => [0, 1, 2, 3].every((n) => data[a * 4 + n] === data[b * 4 + n]);
  const seed = y * width + x;
  const found = new Set([seed]);
  for (const index of found) {
    const column = index % width;
    for (const [next, on] of [
      [index - 1, column > 0],
      [index + 1, column < width - 1],
      [index - width, index >= width],
      [index + width, index < width * (height - 1)],
    ]) {
      if (on && same(next, seed)) found.add(next);
    }
  }
  return found;
}

test("it reaches what a fill pixel by pixel reaches", () => {
  const next = random(21);
  for (let round = 0; round < 60; round++) {
    const [width, height] = [1 + Math.floor(next() * 20), 1 + Math.floor(next() * 20)];
    const share = 0.2 + next() * 0.4;
    const rows = Array.from({ length: height }, () =>
      Array.from({ length: width }, () => (next() < share ? "#" : "r")).join(""),
    );
    const picture = image(...rows);
    const [x, y] = [Math.floor(next() * width), Math.floor(next() * height)];
    const { mask, count, bounds } = flood(picture, { x, y }, { tolerance: 0 });
    const expected = oracle(picture, x, y);
    mask.forEach((inside, index) => assert.equal(inside === 1, expected.has(index)));
    assert.equal(count, expected.size);
    const columns = [...expected].map((index) => index % width);
    const lines = [...expected].map((index) => Math.floor(index / width));
    assert.deepEqual(bounds, {
      x: Math.min(...columns),
      y: Math.min(...lines),
      width: Math.max(...columns) - Math.min(...columns) + 1,
      height: Math.max(...lines) - Math.min(...lines) + 1,
    });
  }
});

/** A box of lines with an opening of `gap` pixels in its right side. */
function box(gap, side = 31) {
  const rows = Array.from({ length: side }, (_, y) =>
    Array.from({ length: side }, (_, x) => {
      const edge = (x === 5 || x === 25) && y >= 5 && y <= 25;
      const lid = (y === 5 || y === 25) && x >= 5 && x <= 25;
      const opening = x === 25 && y >= 12 && y < 12 + gap;
      return (edge || lid) && !opening ? "#" : "r";
    }).join(""),
  );
  return image(...rows);
}

test("an opening narrower than the gap holds the fill back, a wider one lets it through", () => {
  const inside = 19 * 19;
  assert.equal(flood(box(0), { x: 10, y: 10 }, { gap: 0 }).count, inside);
  assert.ok(flood(box(3), { x: 10, y: 10 }, { gap: 0 }).count > 2 * inside);
  for (const gap of [1, 2, 3, 4]) {
    const { count, mask } = flood(box(gap), { x: 10, y: 10 }, { gap: 4 });
    assert.ok(count >= inside && count <= inside + 3 * gap, `${gap}: ${count}`);
    for (let y = 6; y < 25; y++) for (let x = 6; x < 25; x++) assert.equal(mask[y * 31 + x], 1, "corners too");
  }
  assert.ok(flood(box(9), { x: 10, y: 10 }, { gap: 4 }).count > 2 * inside);
});

test("a seed beside a line finds its own side of it", () => {
  const picture = box(2);
  assert.ok(flood(picture, { x: 6, y: 6 }, { gap: 6 }).count < 400);
  const around = flood(picture, { x: 4, y: 20 }, { gap: 6 });
  assert.equal(around.mask[10 * 31 + 10], 0);
  assert.ok(around.count > 400);
});

test("a room too narrow for the gap is filled all the same", () => {
  const picture = image("#####", "#rrr#", "#####");
  assert.deepEqual(filled(picture, 2, 1, { gap: 8 }), ["00000", "01110", "00000"]);
});

test("paint goes over what was there, and below it where nothing was", () => {
  const red = image("rr#r");
  pour(red, flood(red, { x: 0, y: 0 }), "#0000ff", 0.5);
  assert.deepEqual([...red.data.subarray(0, 4)], [128, 0, 128, 255]);
  assert.deepEqual([...red.data.subarray(8)], [0, 0, 0, 255, 255, 0, 0, 255]);
  const empty = image("..s#");
  pour(empty, flood(empty, { x: 0, y: 0 }), "#ff8000");
  assert.deepEqual([...empty.data], [255, 128, 0, 255, 255, 128, 0, 255, 155, 78, 0, 255, 0, 0, 0, 255]);
});

test("a fill of the same image is the same", () => {
  const [one, two] = [box(3), box(3)];
  for (const picture of [one, two]) pour(picture, flood(picture, { x: 9, y: 9 }, { gap: 4 }), "#123456", 0.7);
  assert.deepEqual(one.data, two.data);
});
