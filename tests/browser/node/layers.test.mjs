import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const layers = await stage("layers.mjs");
const { layer } = layers;

const list = [layer("p", "picture", "Picture"), layer("r", "reference", "Photo"), layer("s", "strokes", "Ink")];
const order = (some) => some.map(({ id }) => id).join("");

test("a layer is on, free and opaque unless it is said", () => {
  const mask = layer("m", "mask", "Mask", { opacity: 0.5 });
  assert.deepEqual(mask, { id: "m", kind: "mask", name: "Mask", on: true, locked: false, opacity: 0.5 });
});

test("up and down; at the ends nothing changes", () => {
  assert.equal(order(layers.raised(list, "p")), "rps");
  assert.equal(order(layers.lowered(list, "s")), "psr");
  assert.equal(layers.raised(list, "s"), list);
  assert.equal(layers.lowered(list, "p"), list);
  assert.equal(layers.raised(list, "nobody"), list);
  assert.equal(order(list), "prs");
});

test("a change touches one layer only, and only when it is one", () => {
  const next = layers.changed(list, "r", { opacity: 3, name: "Other" });
  assert.deepEqual([next[1].opacity, next[1].name, next[1].id], [1, "Other", "r"]);
  assert.equal(next[0], list[0]);
  assert.equal(layers.changed(list, "r", { opacity: 0.25 })[1].opacity, 0.25);
  assert.equal(layers.changed(list, "r", { on: true }), list);
  assert.equal(layers.changed(list, "nobody", { on: false }), list);
  assert.equal(layers.byId(next, "r"), next[1]);
  assert.equal(layers.byId(next, "x"), null);
});

test("what is hidden or see-through altogether is not drawn", () => {
  const some = layers.changed(layers.changed(list, "r", { on: false }), "p", { opacity: 0 });
  assert.equal(order(layers.visible(some)), "s");
});
