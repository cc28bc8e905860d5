import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random as seeded } from "./seeded.mjs";

const album = await page("concept-lock", "teach/album.mjs");
const { buckets, bucketOf, keptOf } = await page("concept-lock", "teach/buckets.mjs");
const { drawn, inside, pulled, shaped, shifted } = await page("concept-lock", "teach/cropping.mjs");
const { openHost } = await page("concept-lock", "teach/host.mjs");
const { openSession } = await page("concept-lock", "teach/session.mjs");
const { fate, middleOf } = await page("concept-lock", "teach/overlay.mjs");
const spans = await page("concept-lock", "spans.mjs");

const size = { width: 400, height: 200 };
const near = (found, wanted) => {
  for (const name of Object.keys(wanted)) assert.ok(Math.abs(found[name] - wanted[name]) < 1e-6, `${name}: ${found[name]}`);
};
const picture = (more = {}) => ({ ...album.pictureOf({ id: "a", blob: null, ...size }, "red"), ...more });

test("the buckets of 512 and of the smallest size", () => {
  const found = buckets(512).map(({ width, height }) => `${width}×${height}`);
  for (const one of ["512×512", "256×1024", "384×640", "448×576", "576×448"]) assert.ok(found.includes(one), one);
  assert.deepEqual(buckets(64), [{ width: 64, height: 64 }]);
});

test("a picture goes to the bucket of its shape, of equals to the largest", () => {
  assert.deepEqual(bucketOf({ width: 1000, height: 1000 }, buckets(512)), { width: 512, height: 512 });
  assert.deepEqual(bucketOf({ width: 1600, height: 900 }, buckets(512)), { width: 640, height: 384 });
  assert.deepEqual(bucketOf({ width: 900, height: 1600 }, buckets(512)), { width: 384, height: 640 });
});

test("what fills a bucket lies about the middle of what counts, as far as there is room", () => {
  const box = { x: 10, y: 20, width: 200, height: 100 };
  near(keptOf(box, { width: 64, height: 64 }), { x: 60, y: 20, width: 100, height: 100 });
  near(keptOf(box, { width: 64, height: 64 }, { x: 500, y: 0 }), { x: 110, y: 20, width: 100, height: 100 });
});

test("a crop and its box", () => {
  const one = picture({ crop: [0.25, 0.1, 0.75, 1] });
  near(album.boxOf(one), { x: 100, y: 20, width: 200, height: 180 });
  assert.deepEqual(album.cropOf(album.boxOf(one), size), one.crop);
  assert.equal(album.cropOf({ x: 0, y: 0, ...size }, size), null);
});

test("a box stays inside the picture, with at least 32 pixels", () => {
  near(inside({ x: -10, y: 190, width: 4, height: 60 }, size), { x: 0, y: 140, width: 32, height: 60 });
  near(shifted({ x: 300, y: 10, width: 80, height: 50 }, { x: 50, y: -50 }, size), { x: 320, y: 0, width: 80, height: 50 });
});

test("a side is pulled, the other one stays; shapes catch it within reach", () => {
  const box = { x: 50, y: 40, width: 100, height: 80 };
  near(pulled(box, "e", { x: 170, y: 0 }, size), { x: 50, y: 40, width: 120, height: 80 });
  near(pulled(box, "w", { x: 70, y: 0 }, size), { x: 70, y: 40, width: 80, height: 80 });
  near(pulled(box, "nw", { x: 60, y: 20 }, size), { x: 60, y: 20, width: 90, height: 100 });
  near(pulled(box, "e", { x: 134, y: 0 }, size, { ratios: [1], reach: 5 }), { x: 50, y: 40, width: 80, height: 80 });
  near(pulled(box, "w", { x: 66, y: 0 }, size, { ratios: [1], reach: 5 }), { x: 70, y: 40, width: 80, height: 80 });
  near(pulled(box, "s", { x: 0, y: 143 }, size, { ratios: [1], reach: 5 }), { x: 50, y: 40, width: 100, height: 100 });
  near(pulled(box, "e", { x: 140, y: 0 }, size, { ratios: [1], reach: 5 }), { x: 50, y: 40, width: 90, height: 80 });
  near(pulled(box, "se", { x: 900, y: 900 }, size), { x: 50, y: 40, width: 350, height: 160 });
  near(pulled(box, "e", { x: 20, y: 0 }, size), { x: 50, y: 40, width: 32, height: 80 });
});

test("a shape that would leave the picture does not catch", () => {
  const box = { x: 300, y: 0, width: 90, height: 104 };
  near(pulled(box, "e", { x: 400, y: 0 }, size, { ratios: [1], reach: 9 }), { x: 300, y: 0, width: 100, height: 104 });
});

test("a new box is drawn either way, even ones are square", () => {
  near(drawn({ x: 200, y: 150 }, { x: 100, y: 50 }, size), { x: 100, y: 50, width: 100, height: 100 });
  near(drawn({ x: 20, y: 10 }, { x: 90, y: 60 }, size), { x: 20, y: 10, width: 70, height: 50 });
  const square = drawn({ x: 20, y: 10 }, { x: 90, y: 60 }, size, { even: true });
  assert.equal(Math.round(square.width), Math.round(square.height));
});

test("the largest box of a shape lies in the middle", () => {
  near(shaped({ x: 0, y: 0, ...size }, 1), { x: 100, y: 0, width: 200, height: 200 });
  near(shaped({ x: 10, y: 10, width: 60, height: 90 }, 2), { x: 10, y: 40, width: 60, height: 30 });
});

test("what is cut off lies away from the mask, as on the webui's side", () => {
  const grid = { width: 400, height: 200 };
  const mask = spans.withShape(spans.blank(grid), spans.box({ x: 300, y: 0, width: 100, height: 200 }, grid));
  near(middleOf(picture({ mask }), { x: 0, y: 0, ...size }), { x: 350, y: 100 });
  near(middleOf(picture({ mask }), { x: 100, y: 50, width: 220, height: 100 }), { x: 310, y: 100 });
  assert.equal(middleOf(picture({ mask }), { x: 0, y: 0, width: 100, height: 100 }), null);
  near(fate(picture({ mask }), 64).box, { x: 200, y: 0, width: 200, height: 200 });
});

test("an album is told with its masks as pictures, in its order", async () => {
  const grid = { width: 4, height: 2 };
  const mask = spans.withShape(spans.blank(grid), spans.box({ x: 0, y: 0, width: 2, height: 2 }, grid));
  const one = picture({ crop: [0, 0, 0.5, 1] });
  const other = { ...picture({ mask, caption: "“b”" }), source: { id: "old", width: 4, height: 2 } };
  const told = JSON.parse(await album.albumText({ pictures: [one, other] }, ({ id }) => `${id}!`));
  assert.equal(told.atelier_pictures, 1);
  assert.deepEqual(told.pictures[0], { id: "a!", caption: "red", crop: [0, 0, 0.5, 1], mask: null });
  assert.deepEqual({ ...told.pictures[1], mask: 0 }, { id: "old!", caption: "“b”", crop: null, mask: 0 });
  assert.equal(Buffer.from(told.pictures[1].mask, "base64").subarray(1, 4).toString(), "PNG");
});

test("pictures are moved and removed; the next one is looked at", () => {
  const session = openSession();
  const [a, b, c] = ["a", "b", "c"].map((caption) => ({ ...picture(), caption }));
  const order = () => session.state.pictures.map(({ caption }) => caption).join("");
  session.edit("add", (one) => album.added(one, [a, b, c]));
  assert.equal(session.picture.caption, "a");
  session.choose(b.key);
  session.edit("move", (one) => album.moved(one, a.key, 9));
  assert.equal(order(), "bca");
  session.edit("move", (one) => album.moved(one, b.key, -1));
  assert.equal(order(), "bca");
  session.choose(c.key);
  session.edit("remove", (one) => album.removed(one, c.key));
  assert.equal(session.picture.caption, "a");
  session.step(1);
  assert.equal(session.picture.caption, "a");
  session.step(-1);
  assert.equal(session.picture.caption, "b");
  session.history.undo();
  assert.equal(order(), "bca");
});

test("random edits are undone to where everything began", () => {
  const random = seeded(5);
  const session = openSession();
  session.edit("add", (one) => album.added(one, [picture(), picture(), picture()]));
  const start = session.state;
  for (let n = 0; n < 60; n++) {
    const { pictures } = session.state;
    const { key } = pictures[Math.floor(random() * pictures.length)];
    const edits = [
      (one) => album.changed(one, key, { caption: String(n) }),
      (one) => album.moved(one, key, Math.floor(random() * pictures.length)),
      (one) => album.changed(one, key, { crop: album.cropOf(inside({ x: random() * 400, y: 0, width: 90, height: 90 }, size), size) }),
    ];
    session.edit("edit", edits[n % 3]);
  }
  const end = session.state;
  while (session.history.undoLabel === "edit") session.history.undo();
  assert.equal(session.state, start);
  while (session.history.canRedo) session.history.redo();
  assert.equal(session.state, end);
});

test("what a browser with little room keeps is what the webui has", () => {
  const kept = album.KEPT.lean({ pictures: [picture(), { ...picture(), source: { id: null, blob: {}, ...size } }] });
  assert.deepEqual(kept.pictures.map(({ source }) => source), [{ id: "a", blob: null, ...size }]);
});

const later = () => new Promise((done) => setImmediate(done));

/** A page whose webui answers when it is let, by address; what its panel is told. */
function paged() {
  const [answers, told, before] = [new Map(), [], globalThis.fetch];
  globalThis.fetch = (address, { method } = {}) =>
    new Promise((done) => answers.set(method ?? address.pathname.split("/").at(-1), (answer) => done({ ok: true, ...answer })));
  const session = openSession();
  const take = ({ value }) => told.push(JSON.parse(value).pictures.map(({ id, caption }) => [id, caption].join(" ")));
  const bridge = { alone: false, post: take, ask: async (message) => (take(message), { ok: true }) };
  const host = openHost(session, bridge, { complain: assert.fail });
  return { session, host, answers, told, close: () => (globalThis.fetch = before) };
}

const add = (session, id, blob = null) =>
  session.edit("add", (one) => album.added(one, [album.pictureOf({ id, blob, ...size }, `of ${id}`)]));

test("a picture that comes while others are looked for is told with its id", async () => {
  const { session, host, answers, told, close } = paged();
  add(session, "a");
  const flushed = host.flush();
  await later();
  add(session, "b");
  answers.get("a")({});
  await flushed;
  assert.deepEqual(told, [["a of a"]]);
  const again = host.flush();
  await later();
  for (const id of ["a", "b"]) answers.get(id)({});
  await again;
  close();
  assert.deepEqual(told.at(-1), ["a of a", "b of b"]);
});

test("what the webui has forgotten meanwhile is given to it once more before a lesson", async () => {
  const { session, host, answers, told, close } = paged();
  add(session, "a", "bytes");
  const first = host.flush();
  await later();
  answers.get("a")({});
  await first;
  const second = host.flush();
  await later();
  answers.get("a")({ ok: false, status: 404 });
  await later();
  answers.get("POST")({ json: async () => ({ id: "new" }) });
  await second;
  close();
  assert.deepEqual(told, [["a of a"], ["new of a"]]);
});
