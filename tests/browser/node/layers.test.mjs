import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./pages.mjs";

const layers = await stage("layers.mjs");
const { layer } = layers;

const list = [layer("p", "picture", "Picture"), layer("r", "reference", "Photo"), layer("s", "strokes", "Ink")];
const order = (some) => some.map(({ id }) => id).join("");

test("layers come on top, or where they are wanted, and only once", () => {
  const mask = layer("m", "mask", "Mask", { opacity: 0.5 });
  assert.deepEqual(mask, { id: "m", kind: "mask", name: "Mask", on: true, locked: false, opacity: 0.5 });
  assert.equal(order(layers.added(list, mask)), "prsm");
  assert.equal(order(layers.added(list, mask, 1)), "pmrs");
  assert.equal(layers.added(list, layer("r", "mask", "again")), list);
  assert.equal(order(list), "prs");
});

test("up, down and away; at the ends nothing changes", () => {
  assert.equal(order(layers.raised(list, "p")), "rps");
  assert.equal(order(layers.lowered(list, "s")), "psr");
  assert.equal(layers.raised(list, "s"), list);
  assert.equal(layers.lowered(list, "p"), list);
  assert.equal(order(layers.movedTo(list, "p", 2)), "rsp");
  assert.equal(order(layers.movedTo(list, "s", -5)), "spr");
  assert.equal(layers.movedTo(list, "nobody", 0), list);
  assert.equal(order(layers.removed(list, "r")), "ps");
  assert.equal(layers.removed(list, "nobody"), list);
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

/** A 2D context that writes down what is asked of it. */
function recorder() {
  const calls = [];
  const get =
    (_, name) =>
    (...args) =>
      void calls.push(`${name}(${args.join(",")})`);
  return { calls, context: new Proxy({}, { get, set: (_, name, value) => calls.push(`${name}=${value}`) }) };
}

test("visible layers are drawn from below, each with its opacity, in pixels of the picture", () => {
  const { calls, context } = recorder();
  let some = layers.changed(list, "r", { on: false });
  some = layers.changed(some, "s", { opacity: 0.5 });
  some = layers.added(some, layer("o", "objects", "Nobody draws it"));
  some = layers.added(some, layer("g", "picture", "Ghost", { opacity: 0 }));
  const painters = {
    picture: (into, { id }) => into.drawn(id),
    strokes: (into, { id }) => into.stroked(id),
    reference: () => assert.fail("a hidden layer is drawn"),
  };
  layers.paintLayers(context, { ratio: 2 }, { scale: 0.5, x: 10, y: 20 }, some, painters);
  const one = (opacity, ...drawn) => [
    "save()",
    "setTransform(1,0,0,1,20,40)",
    `globalAlpha=${opacity}`,
    "imageSmoothingEnabled=true",
    "imageSmoothingQuality=high",
    ...drawn,
    "restore()",
  ];
  assert.deepEqual(calls, [...one(1, "drawn(p)"), ...one(0.5, "stroked(s)"), ...one(1)]);
});

test("single pixels are seen above 200 %, on the device", () => {
  const smooth = (scale, ratio) => {
    const { calls, context } = recorder();
    layers.paintLayers(context, { ratio }, { scale, x: 0, y: 0 }, list.slice(0, 1), {});
    return calls.find((call) => call.startsWith("imageSmoothingEnabled"));
  };
  assert.equal(smooth(2, 1), "imageSmoothingEnabled=true");
  assert.equal(smooth(2.1, 1), "imageSmoothingEnabled=false");
  assert.equal(smooth(1.5, 2), "imageSmoothingEnabled=false");
});
