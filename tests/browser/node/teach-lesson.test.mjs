import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { page } from "./pages.mjs";

const { clock, curve, smooth } = await page("concept-lock", "teach/curve.mjs");
const { joined, newest, next, openWatch } = await page("concept-lock", "teach/watch.mjs");
const SIZE = { width: 100, height: 50 };

test("a running mean begins unbiased and follows", () => {
  assert.deepEqual(smooth([2, 2, 2]).map((one) => Math.round(one * 1e9) / 1e9), [2, 2, 2]);
  const [first, second] = smooth([1, 3], 0.5);
  assert.equal(first, 1);
  assert.ok(Math.abs(second - (0.5 * 0.5 * 1 + 0.5 * 3) / 0.75) < 1e-12);
});

test("the mean is seen whole, with room around it", () => {
  const found = curve([1, 1, 1, 1, 40], SIZE);
  const mean = smooth([1, 1, 1, 1, 40]);
  assert.ok(found.low < 1 && found.high > mean.at(-1) && found.high < 40);
  const heights = found.line.slice(1).split("L").map((one) => Number(one.split(",")[1]));
  assert.ok(heights.every((y) => y > 0 && y < 50) && heights[0] > heights.at(-1));
  assert.ok(Number(found.steps.split(",").at(-1)) < 0, "the far step leaves the picture at its top");
});

test("a flat loss and one step", () => {
  const found = curve([0.5, 0.5, 0.5], SIZE);
  assert.equal(found.line, "M0.0,25.0L50.0,25.0L100.0,25.0");
  assert.equal(curve([0.5], SIZE), null);
  assert.equal(curve([], SIZE), null);
});

test("a long lesson is a short path that ends at its last step", () => {
  const losses = Array.from({ length: 50_000 }, (_, n) => 1 / (n + 1));
  const found = curve(losses, SIZE);
  assert.ok(found.steps.length < 3000 && found.line.length < 3000);
  assert.ok(found.line.split("L").at(-1).startsWith("100.0,"));
});

test("the time that is left", () => {
  assert.deepEqual([3725, 65, 59.6, 0].map(clock), ["1:02:05", "1:05", "1:00", "0:00"]);
});

test("what runs is looked at, else what was written last", () => {
  const of = (name, state, changed) => ({ name, state, changed });
  assert.equal(newest([of("a", "finished", 9), of("b", "running", 2), of("c", "running", 3)]), "c");
  assert.equal(newest([of("a", "finished", 9), of("b", "paused", 2), { name: "d", state: "damaged" }]), "a");
  assert.equal(newest([]), null);
});

test("losses that came are added; a lesson that lost steps begins anew", () => {
  assert.deepEqual(joined([1, 2], 2, { step: 3, losses: [3] }), [1, 2, 3]);
  assert.deepEqual(joined([], 0, { step: 2, losses: [1, 2] }), [1, 2]);
  assert.equal(joined([1, 2, 3], 3, { step: 2, losses: [] }), null);
});

test("a lesson that begins is looked at, unless the one at hand runs", () => {
  const of = (name, state, changed = 1) => ({ name, state, changed });
  const rest = [of("a", "finished"), of("b", "paused")];
  assert.equal(next("a", rest, [of("a", "finished"), of("b", "running")]), "b");
  assert.equal(next("a", [of("a", "finished"), of("b", "running")], [of("a", "finished"), of("b", "running")]), "a");
  assert.equal(next("a", [of("a", "running")], [of("a", "running"), of("c", "running")]), "a");
  assert.equal(next("gone", rest, [of("a", "finished", 1), of("b", "paused", 2)]), "b");
  assert.equal(next(null, [], []), null);
});

test("what is wished for a lesson goes to it, also when another one has begun meanwhile", async () => {
  const { seen, asked, watch, close } = watched([{ name: "a", state: "finished", changed: 1 }]);
  await watch.look();
  watch.lessons.push({ name: "b", state: "running", changed: 2 });
  await watch.look();
  assert.equal(seen.at(-1).lesson.name, "b");
  await watch.act("discard", "a");
  close();
  assert.deepEqual(asked.filter(({ verb }) => verb === "discard"), [{ verb: "discard", name: "a" }]);
});

test("a damaged lesson is told of, not asked for", async () => {
  const trouble = "The state of this lesson is damaged: lesson.json.";
  const { seen, asked, watch, close } = watched([{ name: "a", state: "finished", changed: 1 }, { name: "d", state: "damaged", trouble }]);
  await watch.choose("d");
  close();
  assert.deepEqual(seen.at(-1).lesson, {
    ...{ name: "d", state: "damaged", trouble, step: 0, steps: 0, losses: [], loss: null, left: null, samples: [] },
    ...{ taught: null, preview: null },
  });
  assert.ok(asked.every(({ verb }) => verb === "lessons"));
});

/** A watch of a webui with these lessons. */
function watched(lessons) {
  const before = { fetch: globalThis.fetch, document: globalThis.document };
  mock.timers.enable({ apis: ["setTimeout"] }); // no look but those that are asked for
  const [seen, asked] = [[], []];
  globalThis.document = { hidden: false, documentElement: { clientHeight: 1 }, addEventListener() {} };
  globalThis.fetch = async (address, how) => {
    const [verb, { name } = {}] = [address.pathname.split("/").at(-1), JSON.parse(how?.body ?? "{}")];
    asked.push(name ? { verb, name } : { verb });
    const told = verb === "lessons" ? { lessons: [...lessons] } : { ...lessons.find((one) => one.name === name), step: 0, losses: [] };
    return { ok: true, json: async () => told };
  };
  const watch = openWatch({ changed: (now) => seen.push(now), failed: assert.fail });
  return { seen, asked, watch: Object.assign(watch, { lessons }), close: () => (mock.timers.reset(), Object.assign(globalThis, before)) };
}
