import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { random } from "./seeded.mjs";
import { softCanvas, softCopy, wound } from "./softcanvas.mjs";

const { outline } = await page("pose-editor", "brush.mjs");
const { endLive, layerOn, paintLive, paintStroke, show } = await page("pose-editor", "strokepaint.mjs");
const { begun, extended, finished, widthOf } = await page("pose-editor", "strokes.mjs");

const at = (x, y, p = 1) => ({ x, y, p });
const [WIDTH, HEIGHT] = [48, 36];

// --- outlines

const area = (flat) => {
  let sum = 0;
  for (let n = 0; n < flat.length; n += 2) {
    const next = (n + 2) % flat.length;
    sum += (flat[n] * flat[next + 1] - flat[next] * flat[n + 1]) / 2;
  }
  return sum;
};

test("a tap is a disc, a piece of even width a rounded bar", () => {
  const [disc] = outline(begun(at(5, 6), { size: 20 }));
  assert.ok(Math.abs(area(disc) - Math.PI * 100) < 4);
  const [bar] = outline(extended(begun(at(0, 0), { size: 20 }), [at(50, 0)]));
  assert.ok(Math.abs(area(bar) - Math.PI * 100 - 1000) < 4);
});

test("a point belongs to a stroke where it lies in the hull of two tips", () => {
  const next = random(11);
  for (let round = 0; round < 30; round++) {
    const [a, b] = [at(next() * 40, next() * 40, next()), at(next() * 40, next() * 40, next())];
    const stroke = { ...begun(a, { size: 24 }), points: [a, b] };
    const polygons = outline(stroke);
    for (let n = 0; n < 60; n++) {
      const point = { x: next() * 60 - 10, y: next() * 60 - 10 };
      const off = outside(point, a, widthOf(stroke, a.p) / 2, b, widthOf(stroke, b.p) / 2);
      if (Math.abs(off) > 0.15) assert.equal(wound(polygons, point.x, point.y) !== 0, off < 0);
    }
  }
});

/** The distance to the union of all discs between two, by trying many of them. */
function outside(point, a, ra, b, rb) {
  let least = Infinity;
  for (let n = 0; n <= 2000; n++) {
    const s = n / 2000;
    const off = Math.hypot(point.x - a.x - s * (b.x - a.x), point.y - a.y - s * (b.y - a.y)) - ra - s * (rb - ra);
    least = Math.min(least, off);
  }
  return least;
}

test("all polygons run the same way round, so that where they overlap nothing cancels out", () => {
  const next = random(5);
  const points = Array.from({ length: 40 }, () => at(next() * 30, next() * 30, next()));
  const polygons = outline({ ...begun(points[0], { size: 9 }), points });
  assert.equal(polygons.length, 39);
  for (const polygon of polygons) assert.ok(area(polygon) > 0);
});

test("only the new pieces can be asked for", () => {
  const stroke = extended(begun(at(0, 0)), [at(9, 0), at(9, 9), at(0, 9)]);
  assert.deepEqual(outline(stroke, 2), outline(stroke).slice(1));
  assert.deepEqual(outline(stroke, 4), []);
  assert.deepEqual(outline(begun(at(1, 1), { tool: "fill" })), []);
});

// --- what is asked of a context

function recorder(width = 8, height = 4) {
  const calls = [];
  const canvas = { width, height };
  const get = (_, name) => (name === "canvas" ? canvas : (...args) => void calls.push([name, ...args]));
  const set = (_, name, value) => Boolean(calls.push(`${name}=${value}`));
  return { calls, context: new Proxy({}, { get, set }) };
}

test("a stroke is one path, filled once; an eraser takes away", () => {
  const paths = new Set(["moveTo", "lineTo", "closePath"]);
  const asked = (stroke) => {
    const { calls, context } = recorder();
    paintStroke(context, stroke);
    return calls.filter(([name]) => !paths.has(name)).map((call) => (Array.isArray(call) ? call.join(" ") : call));
  };
  const pen = extended(begun(at(0, 0), { colour: "#ff0000", opacity: 0.5 }), [at(5, 0), at(5, 5)]);
  assert.deepEqual(asked(pen), [
    "save",
    "globalCompositeOperation=source-over",
    "globalAlpha=0.5",
    "fillStyle=#ff0000",
    "beginPath",
    "fill nonzero",
    "restore",
  ]);
  assert.equal(asked({ ...pen, tool: "eraser" })[1], "globalCompositeOperation=destination-out");
});

// --- layers, on a canvas in plain arithmetic

const soft = () => softCanvas(WIDTH, HEIGHT);
const layer = () => layerOn(soft().getContext(), softCopy);
const painted = (strokes) => {
  const canvas = soft();
  for (const stroke of strokes) paintStroke(canvas.getContext(), stroke);
  return canvas.data;
};

function scribbles(seed, count) {
  const next = random(seed);
  return Array.from({ length: count }, (_, n) => {
    const tool = n % 9 === 8 ? "fill" : ["pen", "pen", "eraser", "line"][Math.floor(next() * 4)];
    const colour = `#${Math.floor(next() * 0xffffff)
      .toString(16)
      .padStart(6, "0")}`;
    const place = () => at(next() * WIDTH, next() * HEIGHT, next());
    const start = begun(place(), { tool, colour, size: 2 + next() * 6, opacity: next() < 0.5 ? 1 : 0.4, gap: n % 3 });
    return finished(extended(start, [place(), place()]));
  });
}

test("taking strokes back, one by one and in leaps, gives the very pixels from before them", () => {
  const strokes = scribbles(2, 60);
  const on = layer();
  const before = strokes.map((_, n) => {
    show(on, strokes.slice(0, n));
    return on.context.canvas.data.slice();
  });
  assert.ok(new Set(before.map((data) => data.join())).size > 50, "strokes are seen");
  show(on, strokes);
  for (const count of [59, 58, 57, 30, 23, 24, 5, 59, 47, 0]) {
    show(on, strokes.slice(0, count));
    assert.deepEqual(on.context.canvas.data, before[count], `${count} strokes`);
    assert.deepEqual(before[count], painted(strokes.slice(0, count)));
  }
});

test("another stroke in the middle of the list is painted where it stands", () => {
  const strokes = scribbles(4, 40);
  const on = layer();
  show(on, strokes);
  const changed = strokes.with(20, { ...strokes[20], colour: "#00ff00", opacity: 1 });
  show(on, changed);
  assert.deepEqual(on.context.canvas.data, painted(changed));
});

test("one stroke more paints one stroke, and one less begins at the last copy", () => {
  const strokes = scribbles(6, 31).map((stroke) => (stroke.tool === "fill" ? begun(at(3, 3)) : stroke));
  const { calls, context } = recorder(WIDTH, HEIGHT);
  const on = layerOn(context, () => "copy");
  const asked = (name) => calls.splice(0).filter(([called]) => called === name).length;
  show(on, strokes.slice(0, 30));
  assert.equal(asked("fill"), 30);
  show(on, strokes);
  assert.equal(asked("fill"), 1);
  show(on, strokes.slice(0, 30));
  assert.deepEqual(calls.slice(0, 2), [
    ["clearRect", 0, 0, WIDTH, HEIGHT],
    ["drawImage", "copy", 0, 0, WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT],
  ]);
  assert.equal(asked("fill"), 6);
});

test("of a large canvas only the last few copies are kept", () => {
  const { context } = recorder(4096, 4096);
  const on = layerOn(context, () => "copy");
  show(on, Array(100).fill(begun(at(1, 1))));
  assert.deepEqual(
    on.snapshots.map(({ count }) => count),
    [48, 72, 96],
  );
});

test("no copies are kept of a canvas too large for them", () => {
  const { context } = recorder(8192, 8192);
  const on = layerOn(context, () => assert.fail("copied"));
  show(on, Array(30).fill(begun(at(1, 1))));
  show(on, []);
  assert.deepEqual(on.snapshots, []);
});

const grown = (stroke, count) =>
  Array.from({ length: count }).reduce(
    (states, _, n) => [...states, extended(states.at(-1), [at(6 + 3 * n, 10 + 8 * Math.sin(n), 0.2 + (n % 4) / 5)])],
    [stroke],
  );

test("a stroke in progress costs only its new piece, and leaves no trace when it is given up", () => {
  const strokes = scribbles(8, 12);
  const on = layer();
  show(on, strokes);
  const before = on.context.canvas.data.slice();
  for (const options of [{ size: 5 }, { tool: "eraser", size: 8 }, { tool: "line" }, { size: 6, opacity: 0.3 }]) {
    let live = null;
    for (const state of grown(begun(at(5, 9), options), 12)) live = paintLive(on, live, state);
    assert.notDeepEqual(on.context.canvas.data, before);
    endLive(on, live);
    assert.deepEqual(on.context.canvas.data, before, JSON.stringify(options));
  }
});

test("while it is drawn a stroke looks as it will when it is kept", () => {
  for (const options of [
    { size: 5, colour: "#2040ff" },
    { size: 7, opacity: 0.5 },
    { tool: "line", size: 3 },
  ]) {
    const on = layer();
    const states = grown(begun(at(5, 9), options), 12);
    let live = null;
    for (const state of states) live = paintLive(on, live, state);
    assert.deepEqual(on.context.canvas.data, painted([states.at(-1)]), JSON.stringify(options));
  }
});

test("a pen that becomes a straight line in the middle is painted anew", () => {
  const on = layer();
  let live = null;
  let stroke = begun(at(5, 9), { size: 4 });
  for (const next of [at(9, 20), at(14, 30)]) {
    stroke = extended(stroke, [next]);
    live = paintLive(on, live, stroke);
  }
  for (const end of [at(30, 9), at(40, 12)]) {
    stroke = extended(stroke, [end], { straight: true });
    live = paintLive(on, live, stroke);
  }
  assert.deepEqual(on.context.canvas.data, painted([stroke]));
});

test("the pieces asked of a context while drawing are the new ones alone", () => {
  const { calls, context } = recorder(WIDTH, HEIGHT);
  const on = layerOn(context, () => "copy");
  let live = null;
  const polygons = [];
  const states = grown(begun(at(5, 9)), 20);
  for (const state of [...states, states.at(-1)]) {
    live = paintLive(on, live, state);
    polygons.push(calls.splice(0).filter(([name]) => name === "moveTo").length);
  }
  assert.deepEqual(polygons, [...Array(21).fill(1), 0]);
  assert.ok(live.bounds.x >= 0 && live.bounds.x + live.bounds.width <= WIDTH);
});

test("one canvas lies below every stroke in progress, however many there are", () => {
  const made = [];
  const copy = (canvas, into) => {
    if (!into) made.push(canvas);
    return softCopy(canvas);
  };
  const on = layerOn(soft().getContext(), copy);
  for (let n = 0; n < 3; n++) endLive(on, paintLive(on, null, begun(at(5 + n, 6), { size: 4 })));
  assert.equal(made.length, 1);
});
