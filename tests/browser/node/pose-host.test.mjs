// What the page keeps back, tells and keeps: drawings that overtake each other, a panel that is deaf, places of the memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page, stage } from "./pages.mjs";

const { standing } = await page("pose-editor", "document.mjs");
const { openHost } = await page("pose-editor", "host.mjs");
const { beginning, KEPT, openSession } = await page("pose-editor", "session.mjs");
const { openMemory } = await stage("memory.mjs");

const later = () => new Promise((done) => setImmediate(done));
const first = () => beginning(standing(40, 60));

/** A webui that answers each upload when it is let, and a panel that takes what it is told when `hears`. */
function opened({ hears = { ok: true } } = {}) {
  const session = openSession(first());
  const uploads = [];
  globalThis.fetch = (_, { body }) =>
    new Promise((done) =>
      uploads.push({ body, answer: (id) => done({ ok: true, json: async () => ({ id, width: 1, height: 1 }) }) }),
    );
  const panel = { told: [], hears };
  const bridge = {
    alone: false,
    post: ({ value }) => panel.told.push(JSON.parse(value)),
    ask: async ({ value }) => (panel.told.push(JSON.parse(value)), panel.hears),
  };
  const complaints = [];
  const drawing = async () => session.state.strokes.map(({ name }) => name).join();
  const host = openHost(session, bridge, { drawing, complain: ({ message }) => complaints.push(message) });
  return { session, uploads, panel, complaints, host };
}

const draw = (session, ...names) => session.update("Draw", { strokes: names.map((name) => ({ name })) });

test("of two drawings on their way the newer one is what a run gets", async () => {
  const { session, uploads, panel, host } = opened();
  draw(session, "a");
  const [early] = [host.flush(), await later()];
  draw(session, "a", "b");
  const late = host.flush();
  await later();
  assert.deepEqual(uploads.map(({ body }) => body), ["a"], "the second waits for the first");
  uploads[0].answer("old");
  await later();
  assert.deepEqual(uploads.map(({ body }) => body), ["a", "a,b"]);
  uploads[1].answer("new");
  await Promise.all([early, late]);
  assert.deepEqual(panel.told.map(({ sketch }) => sketch), ["new", "new"]);
  assert.equal(await host.sketch(), "new");
});

test("a drawing that was taken back meanwhile has no id", async () => {
  const { session, uploads, panel, host } = opened();
  draw(session, "a");
  const flushed = host.flush();
  await later();
  session.history.undo();
  uploads[0].answer("old");
  await flushed;
  assert.equal(panel.told[0].sketch, null);
  session.history.redo();
  const sketched = host.sketch();
  await later();
  uploads[1].answer("again");
  assert.equal(await sketched, "again");
});

test("a panel that does not take the last edits breaks the flush", async () => {
  const { panel, host } = opened();
  await host.flush();
  for (const answer of [null, { ok: false }]) {
    panel.hears = answer;
    await assert.rejects(host.flush(), { message: "The panel did not take over the last edits.", values: {} });
  }
});

test("thick limbs are told, too", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { session, panel } = opened();
  session.set("stick", "wide");
  context.mock.timers.tick(1000);
  await later();
  session.set("lengths", false);
  context.mock.timers.tick(1000);
  await later();
  assert.deepEqual(panel.told.map(({ stick }) => stick), ["wide"], "and nothing twice");
});

// ---- the memory

/** The browser's memory: `kept`, a map of texts. */
function remembering(kept = new Map()) {
  globalThis.BroadcastChannel = undefined;
  globalThis.localStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  };
  const session = openSession(first());
  const memory = openMemory(session, { ...KEPT, failed: assert.fail, foreign: assert.fail, begin: first });
  return { kept, session, memory };
}

const rename = (session, name) =>
  session.edit(name, (pose) => ({ ...pose, people: [{ ...pose.people[0], name }] }));
const nameOf = ({ pose }) => pose.people[0].name;
const begun = nameOf({ pose: standing(40, 60) });

test("another picture begins with nothing to take back, and each finds its own work again", async () => {
  const { session, memory } = remembering();
  assert.equal(await memory.use("a"), false);
  rename(session, "of a");
  assert.equal(await memory.use("b"), false);
  assert.deepEqual([nameOf(session), session.history.canUndo], [begun, false]);
  rename(session, "of b");
  assert.equal(await memory.use("a"), true);
  assert.deepEqual([nameOf(session), session.history.undoLabel], ["of a", "of a"]);
});

test("what is edited while another place is opened is kept at the old one", async () => {
  const { session, memory } = remembering();
  await memory.use("a");
  const using = memory.use("b");
  rename(session, "last moment");
  await using;
  assert.equal(nameOf(session), begun);
  await memory.use("a");
  assert.equal(nameOf(session), "last moment");
});

test("what is edited before the first place is open is one more step on what is kept there", async () => {
  const { kept, session, memory } = remembering();
  await memory.use("a");
  rename(session, "kept");
  await memory.use("b");
  const again = remembering(kept);
  const using = again.memory.use("a");
  rename(again.session, "early");
  assert.equal(await using, true);
  assert.equal(nameOf(again.session), "early");
  again.session.history.undo();
  assert.equal(nameOf(again.session), "kept");
});

test("a request counts as opened only when it was", async () => {
  const { kept, session, memory } = remembering();
  await memory.use("a");
  assert.equal(memory.beganWith("request"), false);
  assert.equal(memory.beganWith("request"), false);
  memory.note("request");
  rename(session, "opened");
  await memory.use("b");
  assert.equal(memory.beganWith("request"), false);
  const again = remembering(kept);
  await again.memory.use("a");
  assert.equal(again.memory.beganWith("request"), true);
});
