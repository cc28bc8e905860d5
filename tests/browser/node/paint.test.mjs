import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";

const { paint } = await page("upscaler", "paint.mjs");
const { panes } = await page("upscaler", "wipe.mjs");

/** A 2D context that writes down what is asked of it. */
function recorder() {
  const calls = [];
  const known = {
    get:
      (_, name) =>
      (...args) =>
        void calls.push(`${name}(${args.map((a) => a?.name ?? a).join(",")})`),
  };
  const set = (_, name, value) => calls.push(`${name}=${value}`);
  return { calls, context: new Proxy({}, { ...known, set }) };
}

const bitmap = (name, width, height) => ({ name, width, height });
const pictures = {
  before: { bitmap: bitmap("before", 50, 25) },
  after: { bitmap: bitmap("after", 200, 100) },
};

function painted({ view, pixels = false, room = { width: 400, height: 300 }, ratio = 1, ...how }) {
  const { calls, context } = recorder();
  const device = { width: room.width * ratio, height: room.height * ratio };
  const list = panes({ side: false, share: 0.5, peek: false, has: { before: true, after: true }, ...how }, room);
  paint(
    context,
    { device, ratio, room },
    { panes: list, view, frame: { width: 200, height: 100 }, pictures, pixels, checks: "checks" },
  );
  return calls;
}

const pane = (clip, place, smooth, drawn) => [
  "save()",
  "beginPath()",
  `rect(${clip})`,
  "clip()",
  `setTransform(${place})`,
  "beginPath()",
  "rect(0,0,200,100)",
  "setTransform(1,0,0,1,0,0)",
  "fillStyle=checks",
  "fill()",
  `imageSmoothingEnabled=${smooth}`,
  "imageSmoothingQuality=high",
  `setTransform(${place})`,
  `drawImage(${drawn},0,0,200,100)`,
  "restore()",
];

test("at 100 % both pictures cover the same frame, each on its side of the line", () => {
  assert.deepEqual(painted({ view: { scale: 1, x: 100, y: 90 } }), [
    "setTransform(1,0,0,1,0,0)",
    "clearRect(0,0,400,300)",
    ...pane("0,0,200,300", "1,0,0,1,100,90", true, "before"),
    ...pane("200,0,200,300", "1,0,0,1,100,90", true, "after"),
  ]);
});

test("on a screen of ratio 2 everything is in device pixels", () => {
  assert.deepEqual(painted({ view: { scale: 0.5, x: 10.3, y: 4 }, ratio: 2, share: 0.3 }), [
    "setTransform(1,0,0,1,0,0)",
    "clearRect(0,0,800,600)",
    ...pane("0,0,240,600", "1,0,0,1,21,8", true, "before"),
    ...pane("240,0,560,600", "1,0,0,1,21,8", true, "after"),
  ]);
});

test("hard pixels only where a picture is magnified: the one before at 100 %, both above, none below a quarter", () => {
  const smooth = (scale) =>
    painted({ view: { scale, x: 0, y: 0 }, pixels: true }).filter((call) => call.startsWith("imageSmoothingEnabled"));
  const flags = (...values) => values.map((value) => `imageSmoothingEnabled=${value}`);
  assert.deepEqual(smooth(1), flags(false, true));
  assert.deepEqual(smooth(3), flags(false, false));
  assert.deepEqual(smooth(0.25), flags(true, true));
});

test("the clips of neighbours meet on whole device pixels", () => {
  const clips = painted({
    view: { scale: 1, x: 0, y: 0 },
    room: { width: 401, height: 300 },
    ratio: 1.5,
    share: 1 / 3,
  });
  const [first, second] = clips
    .filter((call) => /^rect\((?!0,0,200,100)/.test(call))
    .map((call) => call.match(/\d+/g).map(Number));
  assert.equal(first[0] + first[2], second[0]);
  assert.equal(second[0] + second[2], Math.round(401 * 1.5));
});

test("side by side the picture is shifted into each half", () => {
  const places = painted({ view: { scale: 1, x: 7, y: 5 }, side: true }).filter((call) =>
    /^setTransform\(1,0,0,1,\d\d?\d?,5/.test(call),
  );
  assert.deepEqual([...new Set(places)], ["setTransform(1,0,0,1,7,5)", "setTransform(1,0,0,1,207,5)"]);
});
