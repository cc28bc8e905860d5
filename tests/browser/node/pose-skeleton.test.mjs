import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";

const sk = await page("pose-editor", "skeleton.mjs");
const { mapOf, personRaster, stickOf } = await page("pose-editor", "raster.mjs");
const { personOf, joint, NOWHERE } = await page("pose-editor", "document.mjs");
const { clipLine } = await page("pose-editor", "clip.mjs");

const all = sk.PARTS.flatMap((part) => Array.from({ length: sk.SIZES[part] }, (_, index) => ({ part, index })));

test("every place is a joint, and every joint hangs from one nearer to the neck", () => {
  assert.equal(all.length, sk.ROW);
  all.forEach((ref, place) => {
    assert.equal(sk.placeOf(ref), place);
    assert.deepEqual(sk.refAt(place), ref);
  });
  const order = [sk.NECK, ...sk.BELOW[sk.NECK]];
  assert.equal(new Set(order).size, sk.ROW);
  for (const [n, place] of order.entries()) if (n) assert.ok(order.indexOf(sk.PARENTS[place]) < n, `${place}`);
});

test("what hangs where", () => {
  assert.deepEqual(sk.BELOW[sk.R_ELBOW].slice(0, 2), [sk.R_WRIST, sk.STARTS.right]);
  assert.equal(sk.BELOW[sk.R_WRIST].length, 21);
  assert.deepEqual(sk.BELOW[sk.L_KNEE], [sk.L_ANKLE, 18, 19, 20]);
  assert.deepEqual(sk.refAt(sk.PARENTS[sk.STARTS.left + 8]), { part: "left", index: 7 });
  assert.deepEqual(sk.HAND_EDGES.slice(3, 6), [
    [3, 4],
    [0, 5],
    [5, 6],
  ]);
});

test("opposites are each other's, and names say the other side", () => {
  for (const { part, index } of all) {
    const other = sk.mirrorOf(part, index);
    assert.deepEqual(sk.mirrorOf(other.part, other.index), { part, index });
    const [name, across] = [sk.nameOf(part, index), sk.nameOf(other.part, other.index)];
    if (part === "face") continue;
    const swap = { left: "right", right: "left" };
    assert.equal(
      name.text.replace(/left|right/, (side) => swap[side]),
      across.text,
    );
    assert.deepEqual(name.values, across.values);
  }
  assert.equal(new Set(all.map(({ part, index }) => JSON.stringify(sk.nameOf(part, index)))).size, sk.ROW);
});

test("names", () => {
  assert.deepEqual(sk.nameOf("body", 12), { text: "left knee", values: {} });
  assert.deepEqual(sk.nameOf("right", 4), { text: "right hand: thumb {number}", values: { number: 4 } });
  assert.deepEqual(sk.nameOf("face", 41), { text: "face: right eye {number}", values: { number: 6 } });
});

test("a lone joint: a disc of radius 4, transparent around it, cut at the canvas", () => {
  const person = personOf({ body: Array(18).fill(NOWHERE).with(sk.R_ELBOW, joint(2.9, 20)) });
  const { x, y, width, data } = personRaster(person, 64, 64);
  const pixel = (px, py) => [...data.subarray(((py - y) * width + px - x) * 4, ((py - y) * width + px - x) * 4 + 4)];
  assert.deepEqual(pixel(2, 20), [255, 255, 0, 255]);
  assert.deepEqual(pixel(6, 20), [255, 255, 0, 255]);
  assert.deepEqual(pixel(7, 20), [0, 0, 0, 0]);
  assert.equal(x, 0);
  const rows = Array.from({ length: 9 }, (_, n) => [0, 1, 2, 3, 4, 5, 6].filter((px) => pixel(px, 16 + n)[3]).length);
  assert.deepEqual(rows, [1, 5, 6, 6, 7, 6, 6, 5, 1]);
});

test("nothing to see is nothing", () => {
  const none = personOf({ body: Array(18).fill(NOWHERE) });
  const outside = personOf({ body: Array(18).fill(joint(-500, -500)) });
  const hidden = { ...personOf({ body: Array(18).fill(joint(9, 9)) }), on: false };
  for (const person of [none, outside, hidden]) {
    const { width, height, data } = personRaster(person, 32, 32);
    assert.deepEqual([width, height, data.length], [0, 0, 0]);
  }
  const map = mapOf({ width: 3, height: 2, people: [hidden] });
  assert.deepEqual([...map], Array(6).fill([0, 0, 0, 255]).flat());
});

test("sticks grow with the canvas only where they are asked to", () => {
  assert.equal(stickOf("standard", 8000, 20), 4);
  assert.deepEqual(
    [499, 500, 999, 1000, 4999, 5000, 8192].map((side) => stickOf("wide", 20, side) / 4),
    [1, 2, 2, 3, 6, 7, 7],
  );
});

test("lines are cut at the canvas in whole numbers", () => {
  const cut = (...line) => (clipLine(line, 9, 9) ? line : null);
  assert.deepEqual(cut(1, 2, 8, 9), [1, 2, 8, 9]);
  assert.deepEqual(cut(-5, 5, 20, 5), [0, 5, 9, 5]);
  assert.deepEqual(cut(4, -4, 4, 40), [4, 0, 4, 9]);
  assert.deepEqual(cut(-3, 0, 6, 4), [0, 1, 6, 4]); // 4/3 cut to 1
  assert.equal(cut(-3, 2, -1, 9), null);
  assert.equal(cut(-9, 3, 3, -9), null);
});
