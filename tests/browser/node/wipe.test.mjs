import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";

const { dragged, keyed, paneAt, panes } = await page("upscaler", "wipe.mjs");

const room = { width: 800, height: 600 };
const both = { before: true, after: true };
const boxes = (list) =>
  list.map(({ which, box, shift }) => [which, box.x, box.y, box.width, box.height, shift.x, shift.y]);

test("keys move the line by a hundredth, a tenth with shift, and to the ends", () => {
  assert.equal(keyed(0.5, "ArrowRight", false), 0.51);
  assert.equal(keyed(0.5, "ArrowLeft", false), 0.49);
  assert.equal(keyed(0.5, "ArrowUp", true), 0.6);
  assert.equal(keyed(0.5, "ArrowDown", true), 0.4);
  assert.equal(keyed(0.5, "PageUp", false), 0.6);
  assert.equal(keyed(0.5, "Home", false), 0);
  assert.equal(keyed(0.5, "End", false), 1);
  assert.equal(keyed(0.995, "ArrowRight", false), 1);
  assert.equal(keyed(0, "ArrowLeft", true), 0);
  assert.equal(keyed(0.5, "b", false), null);
  let share = 0;
  for (let n = 0; n < 100; n++) share = keyed(share, "ArrowRight", false);
  assert.equal(share, 1);
});

test("a drag keeps the handle's distance to the pointer and ends at the edges", () => {
  assert.equal(dragged(0.5, { x: 402, y: 10 }, { x: 482, y: 99 }, 800), 0.6);
  assert.equal(dragged(0.5, { x: 400, y: 0 }, { x: -900, y: 0 }, 800), 0);
  assert.equal(dragged(0.5, { x: 400, y: 0 }, { x: 9999, y: 0 }, 800), 1);
});

test("the line parts the stage, the picture lies still", () => {
  const list = panes({ side: false, share: 0.25, peek: false, has: both }, room);
  assert.deepEqual(boxes(list), [
    ["before", 0, 0, 200, 600, 0, 0],
    ["after", 200, 0, 600, 600, 0, 0],
  ]);
  assert.deepEqual(
    list.map((pane) => pane.room),
    [room, room],
  );
});

test("side by side each half has its own picture, above each other where it is narrow", () => {
  const side = { side: true, share: 0.25, peek: false, has: both };
  assert.deepEqual(boxes(panes(side, room)), [
    ["before", 0, 0, 400, 600, 0, 0],
    ["after", 400, 0, 400, 600, 400, 0],
  ]);
  assert.deepEqual(boxes(panes(side, { width: 300, height: 700 })), [
    ["before", 0, 0, 300, 350, 0, 0],
    ["after", 0, 350, 300, 350, 0, 350],
  ]);
});

test("peeking shows the one before everywhere", () => {
  for (const side of [false, true]) {
    assert.deepEqual(
      panes({ side, share: 0.1, peek: true, has: both }, room).map(({ which }) => which),
      ["before", "before"],
    );
  }
});

test("a single picture fills the stage, whatever the switches say", () => {
  for (const which of ["before", "after"]) {
    const has = { before: which === "before", after: which === "after" };
    assert.deepEqual(boxes(panes({ side: true, share: 0.1, peek: true, has }, room)), [[which, 0, 0, 800, 600, 0, 0]]);
  }
});

test("a point finds its pane", () => {
  const list = panes({ side: true, share: 0.5, peek: false, has: both }, room);
  assert.equal(paneAt(list, { x: 399, y: 5 }), list[0]);
  assert.equal(paneAt(list, { x: 400, y: 5 }), list[1]);
  assert.equal(paneAt(list, { x: 5000, y: 5 }), list[1]);
});
