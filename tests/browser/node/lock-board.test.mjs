// The board of regions: its text, what can be done with it, and that everything can be taken back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import { page, stage } from "./pages.mjs";
import { random } from "./seeded.mjs";

const { beginning, boardOf, boardText, isBox, MOST } = await page("concept-lock", "board.mjs");
const edit = await page("concept-lock", "edit.mjs");
const { gridOf, textOf } = await page("concept-lock", "png.mjs");
const { KEPT, openSession, started } = await page("concept-lock", "session.mjs");
const { openActions } = await page("concept-lock", "actions.mjs");
const spans = await page("concept-lock", "spans.mjs");
const { snappedBox } = await stage("snap.mjs");

const size = { width: 60, height: 40 };
const board = beginning(size);
const box = (x, y, width, height) => ({ x, y, width, height });
const copies = (n) => Array.from({ length: n }, (_, k) => ({ ...board.regions[0], id: `x${k}` }));
const full = (n) => ({ ...board, regions: copies(n) });
const tooMany = { message: "A picture takes up to {most} regions.", values: { most: MOST } };
const painted = (one = board, id = "r1", at = { x: 30, y: 20 }, radius = 6) =>
  edit.painted(one, id, (grid, toCell) => spans.stroke(toCell(at), toCell({ x: at.x + 9, y: at.y }), radius, grid));

/** The pixels of a grey PNG with 8 bits and no filters, by node's own zlib. */
function pixelsOf(text) {
  const bytes = Buffer.from(text, "base64");
  assert.equal(bytes.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  assert.deepEqual([...bytes.subarray(24, 29)], [8, 0, 0, 0, 0]);
  const raw = inflateSync(bytes.subarray(41, 41 + bytes.readUInt32BE(33)));
  assert.equal(raw.length, (width + 1) * height);
  return { width, height, bytes: raw.filter((_, n) => n % (width + 1)) };
}
const read = async (text) => {
  const { width, height, bytes } = pixelsOf(text);
  return spans.fromBytes(bytes, { width, height });
};

// ---- its text

test("a board comes back from its text as it was, boxes and masks", async () => {
  const named = edit.changed(painted(), "r2", { name: "비앙카", on: false, mask: [0.25, 0, 1, 0.333333] });
  const text = await boardText(named);
  const { atelier_board, regions, ...rest } = JSON.parse(text);
  assert.deepEqual([atelier_board, rest], [1, size]);
  assert.deepEqual(Object.keys(regions[0]), ["id", "name", "colour", "on", "mask"]);
  assert.deepEqual(regions[1], { id: "r2", name: "비앙카", colour: "#409eff", on: false, mask: [0.25, 0, 1, 0.333333] });
  assert.deepEqual(await boardOf(text, read), named);
  assert.equal(await boardText(await boardOf(text, read)), text);
});

test("a mask is a grey PNG of at most 1024 pixels a side, white inside", async () => {
  assert.deepEqual(gridOf({ width: 4096, height: 3000 }), { width: 1024, height: 750 });
  assert.deepEqual([gridOf(size), gridOf({ width: 8192, height: 1 })], [size, { width: 1024, height: 1 }]);
  const grid = { width: 5, height: 2 };
  const mask = spans.withShape(spans.blank(grid), spans.box(box(1, 1, 3, 1), grid));
  const { bytes, ...found } = pixelsOf(await textOf(mask));
  assert.deepEqual([found, [...bytes]], [grid, [0, 0, 0, 0, 0, 0, 255, 255, 255, 0]]);
});

test("what is left out has its usual value, and ids and colours of its own", async () => {
  const bare = [{ mask: [0, 0, 1, 1] }, { mask: [0, 0, 1, 0.5], colour: "" }];
  const { regions } = await boardOf(JSON.stringify({ atelier_board: 1, width: 8, height: 8, regions: bare }));
  assert.deepEqual(regions.map(({ name, on }) => [name, on]), [["", true], ["", true]]);
  assert.equal(new Set(regions.flatMap(({ id, colour }) => [id, colour])).size, 4);
  assert.ok(regions.every(({ id, colour }) => id && /^#[0-9a-f]{6}$/.test(colour)));
});

test("what is no board is one sentence", async () => {
  const whole = JSON.parse(await boardText(board));
  const [one] = whole.regions;
  const wrong = [
    "", "{", "null", "7", "[]", "{}",
    ...[{ atelier_board: 2 }, { width: 0 }, { width: 8.5 }, { height: 9000 }, { height: "40" }].map((other) => ({ ...whole, ...other })),
    ...[null, [null], [3], [one, one]].map((regions) => ({ ...whole, regions })),
    ...[{ on: "yes" }, { name: 3 }, { id: "" }, { colour: "red" }].map((other) => ({ ...whole, regions: [{ ...one, ...other }] })),
    ...[null, [0, 0, 1], [0.5, 0, 0.5, 1], [0, 0, 1.1, 1], [0, "a", 1, 1]].map((mask) => ({ ...whole, regions: [{ ...one, mask }] })),
  ];
  for (const found of wrong) {
    const text = typeof found === "string" ? found : JSON.stringify(found);
    await assert.rejects(boardOf(text, read), { message: "This is not a board of regions.", values: {} }, text);
  }
  const many = { ...whole, regions: full(MOST + 1).regions };
  await assert.rejects(boardOf(JSON.stringify(many), read), tooMany);
});

// ---- ids

test("ids stay with their regions and are never given again", () => {
  const session = openSession(started(size));
  const actions = openActions(session);
  const seen = new Set(["r1", "r2"]);
  for (let turn = 0; turn < 60; turn++) {
    const id = actions.add();
    assert.ok(!seen.has(id));
    seen.add(id);
    if (turn % 3 === 0) session.history.undo();
    else if (turn % 3 === 1) actions.remove(id);
    else actions.duplicate(id), seen.add(session.chosen), actions.remove(session.chosen), actions.remove(id);
    assert.deepEqual(session.state.regions.map((one) => one.id), ["r1", "r2"]);
  }
  actions.reorder("r1", 1);
  actions.split("quarters");
  assert.deepEqual(session.state.regions.slice(0, 2).map(({ id }) => id), ["r2", "r1"]);
  actions.split("halves");
  assert.deepEqual(session.state.regions.map(({ id }) => id), ["r2", "r1"]);
});

// ---- edits

test("splits", () => {
  assert.deepEqual(edit.SPLITS, {
    halves: [[0, 0, 0.5, 1], [0.5, 0, 1, 1]],
    thirds: [[0, 0, 0.333333, 1], [0.333333, 0, 0.666667, 1], [0.666667, 0, 1, 1]],
    stacked: [[0, 0, 1, 0.5], [0, 0.5, 1, 1]],
    quarters: [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]],
  });
  const off = edit.changed(board, "r2", { name: "Ann", on: false });
  const three = edit.split(off, "thirds").regions;
  assert.deepEqual(three.map(({ name, on }) => [name, on]), [["", true], ["Ann", true], ["", true]]);
  assert.equal(new Set(three.map(({ colour }) => colour)).size, 3);
});

test("a frame stays in the picture and on its pixels", () => {
  assert.deepEqual(edit.settled(box(-3.2, 10.4, 9.9, 5.2), board), box(0, 10, 7, 6));
  assert.deepEqual(edit.settled(box(80, 39.8, 4, 0.1), board), box(59, 39, 1, 1));
  assert.deepEqual(edit.moved(box(50, 5, 8, 30), board, { x: 7, y: -9 }), box(52, 0, 8, 30));
  const there = edit.placed(board, "r2", box(12.4, 3.6, 20, 30));
  assert.deepEqual(edit.frameOf(board, edit.byId(there, "r2").mask), box(12, 4, 20, 30));
  assert.equal(edit.placed(board, "r1", box(0, 0, 30, 40)), board);
  const one = painted();
  assert.equal(edit.placed(one, "r1", edit.frameOf(one, edit.byId(one, "r1").mask)), one);
});

test("a drawn region is moved without wear and stretched", () => {
  const one = painted(board, "r1", { x: 35, y: 20 });
  const { mask } = edit.byId(one, "r1");
  const frame = edit.frameOf(one, mask);
  const aside = edit.placed(one, "r1", { ...frame, x: frame.x + 6 });
  const back = edit.placed(aside, "r1", frame);
  assert.deepEqual(edit.byId(back, "r1").mask, mask);
  assert.notDeepEqual(edit.byId(aside, "r1").mask, mask);
  const tall = edit.placed(one, "r1", box(0, 0, frame.width, 20));
  assert.deepEqual(edit.frameOf(tall, edit.byId(tall, "r1").mask), box(0, 0, frame.width, 20));
});

test("painting on a box makes it a mask, and rubbing all of it out leaves nothing", () => {
  const one = painted(board, "r1", { x: 29, y: 20 }, 3);
  const { mask } = edit.byId(one, "r1");
  assert.ok(!isBox(mask) && spans.holds(mask, 2, 2) && spans.holds(mask, 38, 20) && !spans.holds(mask, 38, 30));
  const none = edit.painted(one, "r1", (grid) => spans.box(spans.whole(grid), grid), true);
  assert.equal(spans.boundsOf(edit.byId(none, "r1").mask), null);
  const nothing = edit.byId(none, "r1").mask;
  assert.deepEqual([edit.frameOf(none, nothing), edit.labelPlace(none, nothing)], [null, null]);
  assert.equal(edit.boxed(none, "r1"), none);
  assert.deepEqual(edit.frameOf(one, edit.byId(edit.boxed(one, "r1"), "r1").mask), box(0, 0, 41, 40));
});

test("on a picture larger than the mask, strokes lie where they are painted", () => {
  const large = beginning({ width: 4096, height: 2048 });
  const level = (grid, toCell) => spans.stroke(toCell({ x: 1000, y: 600 }), toCell({ x: 3000, y: 600 }), 50, grid);
  const one = edit.painted(edit.emptied(large, "r1"), "r1", level);
  const { mask } = edit.byId(one, "r1");
  assert.deepEqual([mask.width, mask.height], [1024, 512]);
  const { x, y, width, height } = edit.frameOf(one, mask);
  const sides = [[x, 800], [y, 400], [x + width, 3200], [y + height, 800]];
  for (const [found, wanted] of sides) assert.ok(Math.abs(found - wanted) <= 4, `${found}`);
  assert.ok(edit.holds(one, mask, { x: 2000, y: 650 }) && !edit.holds(one, mask, { x: 2000, y: 820 }));
  assert.equal(edit.stepOf(one, mask), 4);
});

test("the rest is what no other region that is on has; a box where it can be", () => {
  const three = edit.added(edit.changed(board, "r1", { mask: [0, 0, 0.25, 1] }), [0.5, 0, 0.6, 1]);
  assert.deepEqual(edit.byId(edit.rest(edit.removed(three.board, three.id), "r2"), "r2").mask, [0.25, 0, 1, 1]);
  const { mask } = edit.byId(edit.rest(three.board, "r2"), "r2");
  assert.deepEqual(mask.rows[7], [15, 30, 36, 60]);
  const off = edit.changed(three.board, three.id, { on: false });
  assert.deepEqual(edit.byId(edit.rest(off, "r2"), "r2").mask, [0.25, 0, 1, 1]);
});

test("what is taken from the others is theirs no more", () => {
  const over = edit.changed(board, "r1", { mask: [0.25, 0, 0.75, 1] });
  const apart = edit.apart(over, "r1");
  assert.deepEqual(apart.regions.map(({ mask }) => mask), [[0.25, 0, 0.75, 1], [0.75, 0, 1, 1]]);
  assert.equal(edit.apart(board, "r1").regions[1], board.regions[1]);
});

test("a region is added where there is room, and not a fifth one", () => {
  assert.deepEqual(edit.room(edit.removed(board, "r1")), box(0, 0, 30, 40));
  assert.deepEqual(edit.room(board), box(15, 10, 30, 20));
  for (const more of [() => edit.added(full(MOST), [0, 0, 1, 1]), () => edit.duplicated(full(MOST), "x0")])
    assert.throws(more, tooMany);
});

test("a copy lies aside, at the far edge on the other side", () => {
  const corner = (frame) => {
    const { board: next, id } = edit.duplicated(edit.placed(board, "r1", frame), "r1");
    const { x, y } = edit.frameOf(next, edit.byId(next, id).mask);
    return [x, y];
  };
  assert.deepEqual(corner(box(10, 10, 8, 8)), [13, 13]);
  assert.deepEqual(corner(box(52, 32, 8, 8)), [49, 29]);
});

test("of regions on one place the upper comes first", () => {
  const over = edit.changed(board, "r2", { mask: [0, 0.5, 1, 1] });
  const ids = (x, y) => edit.at(over, { x, y }).map(({ id }) => id);
  assert.deepEqual([ids(10, 30), ids(10, 10), ids(40, 10), ids(59.9, 39.9)], [["r2", "r1"], ["r1"], [], ["r2"]]);
  assert.deepEqual(edit.reordered(over, "r2", -1).regions.map(({ id }) => id), ["r2", "r1"]);
  assert.equal(edit.reordered(over, "r2", 1), over);
});

// ---- snapping

test("a moved box is pulled to the nearest line by an edge or its middle, each way by itself", () => {
  const lines = [{ x: 0 }, { x: 30 }, { x: 60 }, { y: 20 }];
  assert.deepEqual(snappedBox(box(3, 3, 10, 10), lines, 4), { x: 0, y: 3, lines: [{ x: 0 }] });
  assert.deepEqual(snappedBox(box(47, 13, 12, 12), lines, 4), { x: 48, y: 14, lines: [{ x: 60 }, { y: 20 }] });
  assert.deepEqual(snappedBox(box(23, 30, 10, 5), lines, 3), { x: 25, y: 30, lines: [{ x: 30 }] }, "its middle");
  assert.deepEqual(snappedBox(box(10, 25, 12, 12), lines, 3), { x: 10, y: 25, lines: [] });
});

test("edges are pulled to the picture's edges, halves and thirds, and to other regions", () => {
  const one = edit.changed(board, "r2", { mask: [0.6, 0.1, 0.9, 0.7] });
  const lines = edit.linesBeside(one, "r1");
  assert.deepEqual(lines.filter((line) => "x" in line).map(({ x }) => x), [0, 20, 30, 40, 60, 36, 54]);
  const levels = lines.filter((line) => "y" in line).map(({ y }) => Math.round(y * 100) / 100);
  assert.deepEqual(levels, [0, 13.33, 20, 26.67, 40, 4, 28]);
  assert.equal(edit.linesBeside(edit.changed(one, "r2", { on: false }), "r1").length, 10);
});

// ---- there and back

test("after any edits undo leads back to the start, redo to the end, and a step costs what it changed", () => {
  const next = random(11);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const session = openSession(started({ width: 600, height: 400 }));
  const actions = openActions(session);
  const first = session.state;
  const any = () => pick(session.state.regions)?.id;
  const place = () => ({ x: next() * 600, y: next() * 400 });
  const anywhere = (grid, toCell) => spans.stroke(toCell(place()), toCell(place()), 12, grid);
  const paint = (id, away) => session.edit("Paint", (one) => edit.painted(one, id, anywhere, away), {});
  const works = [
    () => !session.isFull && actions.add(),
    () => session.state.regions.length > 1 && actions.remove(any()),
    () => !session.isFull && actions.duplicate(any()),
    () => actions.rest(any()),
    () => actions.apart(any()),
    () => actions.boxed(any()),
    () => actions.toggle(any()),
    () => actions.reorder(any(), pick([1, -1])),
    () => actions.nudge(any(), 3, -2),
    () => actions.split(pick(Object.keys(edit.SPLITS))),
    () => paint(any(), false),
    () => paint(any(), true),
  ];
  for (let turn = 0; turn < 300; turn++) pick(works)();
  const last = session.state;
  assert.notEqual(last, first);
  let steps = 0;
  while (session.history.canUndo) session.history.undo(), steps++;
  assert.equal(session.state, first);
  assert.ok(steps > 100);
  while (session.history.canRedo) session.history.redo();
  assert.equal(session.state, last);
});

test("a stroke keeps no copy of the mask", () => {
  const session = openSession(started({ width: 1024, height: 1024 }));
  session.edit("Empty", (one) => edit.emptied(one, "r1"));
  for (let x = 100; x < 900; x += 40) {
    const stroke = (grid) => spans.stroke({ x, y: 300 }, { x: x + 30, y: 310 }, 10, grid);
    session.edit("Paint", (one) => edit.painted(one, "r1", stroke));
  }
  const sizes = session.history.dump().entries.slice(-10).map(({ size: bytes }) => bytes);
  assert.ok(Math.max(...sizes) < 20_000, `${sizes}`);
});

test("what is kept where there is little room is JSON, without pictures the webui does not have", () => {
  const state = { ...started(size), ...painted(), picture: { id: null, blob: new Blob(["x"]), width: 4, height: 3 } };
  const lean = KEPT.lean(state);
  assert.deepEqual(JSON.parse(JSON.stringify(lean)), lean);
  assert.deepEqual([lean.picture, lean.regions], [null, state.regions]);
  assert.deepEqual(KEPT.fields.toSorted(), ["height", "picture", "regions", "width"]);
});
