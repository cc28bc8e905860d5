import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const { openTelling } = await stage("telling.mjs");
const later = () => new Promise((done) => setImmediate(done));

/** A page whose texts are ready when they are let; the panel answers `hears`. */
function opened(hears = { ok: true }) {
  const [texts, told, listeners] = [[], [], []];
  const panel = { told, hears };
  const bridge = {
    alone: false,
    post: ({ field, value }) => told.push([field, value]),
    ask: async ({ field, value }) => (told.push([field, value]), panel.hears),
  };
  const session = { changed: (listener) => listeners.push(listener) };
  const text = () => new Promise((done) => texts.push(done));
  const telling = openTelling(session, bridge, { field: "usual", text, complain: assert.fail });
  return { ...telling, texts, panel, change: (what) => listeners.forEach((one) => one(what)) };
}

test("an older text that takes longer does not come to lie over a newer one", async () => {
  const { tell, flush, texts, panel } = opened();
  const [early, late] = [tell(), flush()];
  await later();
  assert.equal(texts.length, 1, "the second waits for the first");
  texts[0]("old");
  await early;
  texts[1]("new");
  await late;
  assert.deepEqual(panel.told, [["usual", "old"], ["usual", "new"]]);
});

test("the panel hears of changes that matter, each state once, in its own field", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { writeTo, texts, panel, change } = opened();
  writeTo("own");
  for (const [n, what] of ["state", "state", "chosen", "state"].entries()) {
    change(what);
    context.mock.timers.tick(1000);
    await later();
    texts[texts.length - 1](n < 3 ? "one" : "two");
    await later();
  }
  assert.equal(texts.length, 3);
  assert.deepEqual(panel.told, [["own", "one"], ["own", "two"]]);
});

test("who leaves the page for the panel finds it told, and tells nothing twice", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const leaving = [];
  globalThis.addEventListener = (kind, listener) => kind === "blur" && leaving.push(listener);
  const { texts, change } = opened();
  delete globalThis.addEventListener;
  const [leave] = leaving;
  leave();
  await later();
  assert.equal(texts.length, 0, "nothing was edited");
  change("state");
  leave();
  context.mock.timers.tick(1000);
  await later();
  assert.equal(texts.length, 1);
});

test("a panel that takes nothing breaks the flush and is told the same again", async () => {
  const { tell, flush, texts, panel } = opened(null);
  const flushed = flush();
  await later();
  texts[0]("one");
  await assert.rejects(flushed, { message: "The panel did not take over the last edits." });
  const again = tell();
  await later();
  texts[1]("one");
  await again;
  assert.equal(panel.told.length, 2);
});
