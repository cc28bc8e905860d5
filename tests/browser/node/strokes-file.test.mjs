import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";

const { added, fromDocument, fromText, LIMITS, StrokesError, toDocument } = await page("pose-editor", "strokefile.mjs");
const { begun, extended } = await page("pose-editor", "strokes.mjs");

const at = (x, y, p = 1) => ({ x, y, p });
const strokes = [
  extended(begun(at(1.5, -2, 0.25), { colour: "#ff8000", size: 7.5, opacity: 0.5 }), [at(30, 4)]),
  begun(at(9, 9), { tool: "eraser", size: 30 }),
  extended(begun(at(0, 0), { tool: "line" }), [at(8, 8)]),
  begun(at(3, 4), { tool: "fill", tolerance: 10, gap: 3 }),
];
const size = { width: 640, height: 480 };
const document = toDocument(strokes, size);
const stroke = document.strokes[0];

test("a drawing goes into JSON and comes back", () => {
  assert.deepEqual(stroke, {
    tool: "pen",
    colour: "#ff8000",
    size: 7.5,
    opacity: 0.5,
    points: [1.5, -2, 0.25, 30, 4, 1],
  });
  assert.deepEqual(fromText(JSON.stringify(document)), { ...size, strokes });
});

const refused = (object, sentence) =>
  assert.throws(
    () => fromDocument(object),
    (error) => error instanceof StrokesError && error.message === sentence,
  );

test("what is no drawing is a sentence", () => {
  const sentence = "This is not a drawing of Atelier.";
  for (const object of [null, 3, [], {}, { ...document, atelier_strokes: 2 }, { ...document, strokes: {} }])
    refused(object, sentence);
  for (const width of [0, 8193, 3.5, "640", NaN, undefined]) refused({ ...document, width }, sentence);
  assert.throws(() => fromText("{"), { message: sentence });
  assert.throws(() => fromText("null"), { message: sentence });
  assert.throws(() => fromText(" ".repeat(64 * 1024 * 1024 + 1)), { message: "The file of the drawing is too large." });
});

test("a damaged stroke is named by its number", () => {
  const damages = [
    null,
    { tool: "spray" },
    { colour: "red" },
    { colour: "#12345" },
    { colour: ["#123456"] },
    { size: 0 },
    { size: 1e9 },
    { size: "4" },
    { opacity: 1.1 },
    { opacity: null },
    { points: [] },
    { points: [1, 2] },
    { points: [1, 2, NaN] },
    { points: [1, 2, 1.5] },
    { points: [1e9, 2, 1] },
    { points: ["1", 2, 1] },
    { points: { length: 3 } },
    { tool: "fill" },
    { tool: "fill", tolerance: 3, gap: 1.5, points: [1, 2, 1] },
    { tool: "fill", tolerance: 3, gap: 1, points: [1, 2, 1, 3, 4, 1] },
  ];
  for (const damage of damages) {
    const object = { ...document, strokes: [stroke, damage && { ...stroke, ...damage }] };
    assert.throws(
      () => fromDocument(object),
      (error) =>
        error instanceof StrokesError &&
        error.message === "Stroke {number} of the drawing is damaged." &&
        error.values.number === 2,
      JSON.stringify(damage),
    );
  }
});

test("too many strokes and too many points are said with their numbers", () => {
  const many = Array(LIMITS.strokes + 1).fill(stroke);
  assert.throws(
    () => fromDocument({ ...document, strokes: many }),
    (error) => error.values.count === 20_001 && error.values.most === 20_000 && /strokes; at most/.test(error.message),
  );
  const long = { ...stroke, points: new Array(3 * (LIMITS.points + 1)).fill(0) };
  assert.throws(
    () => fromDocument({ ...document, strokes: [long] }),
    (error) => error.values.count === 2_000_001 && /points; at most/.test(error.message),
  );
});

test("a stroke is added to a list until it is full", () => {
  const list = added(strokes.slice(0, 2), strokes[2]);
  assert.deepEqual(list, strokes.slice(0, 3));
  assert.throws(() => added(Array(LIMITS.strokes).fill(strokes[0]), strokes[1]), StrokesError);
  const full = { ...strokes[0], points: Array(LIMITS.points).fill(at(0, 0)) };
  assert.throws(() => added([full], strokes[1]), StrokesError);
});
