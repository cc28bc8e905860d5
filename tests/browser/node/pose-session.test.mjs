// What the pose editor holds beside the pose: pictures that are given back, a map that is no edit, what is kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page, stage } from "./pages.mjs";

const { standing } = await page("pose-editor", "document.mjs");
const { beginning, KEPT, openSession } = await page("pose-editor", "session.mjs");
const { isOurs, leaner } = await stage("memory.mjs");
const { openPictures, sourceOf } = await stage("sources.mjs");

const source = (name) => ({ id: null, blob: new Blob([name]), width: 4, height: 3 });

/** Bitmaps that say what they are of, and come when they are let. */
function decoder() {
  const waiting = [];
  globalThis.createImageBitmap = (blob) =>
    new Promise((come, fail) => {
      const bitmap = { of: blob, width: 4, height: 3, closed: false, close: () => (bitmap.closed = true) };
      waiting.push({ come: () => come(bitmap), fail: () => fail(new Error()), bitmap });
    });
  return waiting;
}

const later = () => new Promise((done) => setImmediate(done));

test("a picture that is not seen any more is given back, and one that comes too late is not shown", async () => {
  const waiting = decoder();
  const session = openSession(beginning(standing(40, 60)));
  const bitmaps = { picture: null, reference: null, map: null };
  const said = [];
  openPictures(session, bitmaps, { shown: () => {}, complain: (error) => void said.push(error.message) });
  for (const name of ["first", "second"]) session.update("Open", { picture: source(name) });
  waiting[1].come();
  await later();
  waiting[0].come();
  await later();
  assert.equal(bitmaps.picture, waiting[1].bitmap);
  assert.deepEqual(waiting.map(({ bitmap }) => bitmap.closed), [true, false]);
  session.update("Open", { picture: source("broken") });
  waiting[2].fail();
  await later();
  assert.deepEqual([bitmaps.picture, waiting[1].bitmap.closed, said.length], [null, true, 1]);
  session.history.undo();
  waiting[3].come();
  await later();
  assert.equal(bitmaps.picture, waiting[3].bitmap);
});

test("a map that is shown is no edit: it takes nothing away that could be redone", async () => {
  const waiting = decoder();
  const session = openSession(beginning(standing(40, 60)));
  const bitmaps = { picture: null, reference: null, map: null };
  openPictures(session, bitmaps, { shown: () => {}, complain: assert.fail });
  session.update("Draw", { strokes: [{}] });
  session.history.undo();
  session.showMap(source("map"));
  waiting[0].come();
  await later();
  assert.equal(bitmaps.map, waiting[0].bitmap);
  assert.deepEqual([session.history.canUndo, session.history.canRedo], [false, true]);
  session.showMap(null);
  await later();
  assert.deepEqual([bitmaps.map, waiting[0].bitmap.closed], [null, true]);
});

test("a vast PNG is refused before it is decoded", async () => {
  const waiting = decoder();
  const bytes = new Uint8Array(64);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  new DataView(bytes.buffer).setUint32(16, 30000);
  new DataView(bytes.buffer).setUint32(20, 20);
  await assert.rejects(sourceOf(new Blob([bytes]), true), ({ values }) => values.width === 30000 && values.height === 20);
  assert.equal(waiting.length, 0);
});

test("where there is little room pictures are kept by their ids", () => {
  const known = { ...source("a"), id: "a" };
  const first = { ...beginning(standing(40, 60)), picture: known, reference: source("b") };
  const { entries, now } = leaner({ entries: [{ state: first, label: "", size: 0 }], now: 0 }, KEPT.lean);
  const { picture, reference, pose } = entries[0].state;
  assert.deepEqual(picture, { id: "a", blob: null, width: 4, height: 3 });
  assert.deepEqual([reference, now], [null, 0]);
  assert.equal(pose, first.pose);
  assert.deepEqual(JSON.parse(JSON.stringify(entries)), entries);
});

test("what another version kept is not taken up", () => {
  const state = beginning(standing(40, 60));
  const { guides, ...older } = state;
  assert.ok(guides && isOurs({ entries: [{ state }], now: 0 }, KEPT.fields));
  for (const dump of [null, {}, { entries: [{ state }, { state: older }] }, { entries: [{ state: null }] }])
    assert.ok(!isOurs(dump, KEPT.fields), JSON.stringify(dump));
});
