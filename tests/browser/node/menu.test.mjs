import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { led, placed } = await stage("menu.mjs");

const room = { width: 400, height: 300 };
const size = { width: 100, height: 200 };

test("a menu opens beside the pointer, on its other side near an edge, and always inside the window", () => {
  assert.deepEqual(placed({ x: 50, y: 20 }, size, room), { x: 50, y: 20 });
  assert.deepEqual(placed({ x: 350, y: 20 }, size, room), { x: 250, y: 20 });
  assert.deepEqual(placed({ x: 50, y: 290 }, size, room), { x: 50, y: 90 });
  assert.deepEqual(placed({ x: 50, y: 150 }, size, room), { x: 50, y: 92 });
  assert.deepEqual(placed({ x: -5, y: 2 }, size, room), { x: 8, y: 8 });
  assert.deepEqual(placed({ x: 60, y: 60 }, { width: 900, height: 10 }, room), { x: 8, y: 60 });
});

const items = [
  { id: "copy", label: "Copy" },
  null,
  { id: "cut", label: "Cut", disabled: true },
  { id: "paste", label: "Paste" },
  { id: "clear", label: "clear" },
];

test("keys go round over lines and what cannot be chosen", () => {
  assert.equal(led(items, 0, "ArrowDown"), 3);
  assert.equal(led(items, 4, "ArrowDown"), 0);
  assert.equal(led(items, 0, "ArrowUp"), 4);
  assert.equal(led(items, -1, "ArrowUp"), 4);
  assert.equal(led(items, -1, "ArrowDown"), 0);
  assert.equal(led(items, 3, "Home"), 0);
  assert.equal(led(items, 0, "End"), 4);
  assert.equal(led([null, items[2]], -1, "ArrowDown"), null);
});

test("a letter goes to the next that begins with it", () => {
  assert.equal(led(items, 0, "c"), 4);
  assert.equal(led(items, 4, "C"), 0);
  assert.equal(led(items, 0, "p"), 3);
  assert.equal(led(items, 0, "x"), null);
  assert.equal(led(items, 0, "Enter"), null);
  assert.equal(led(items, 0, " "), null);
  assert.equal(led([{ label: "복사" }, { label: "붙여넣기" }], 0, "붙"), 1);
});
