import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { PACK, page } from "./pages.mjs";

const { readPose, openpose } = await page("pose-editor", "dialects.mjs");
const { fromDocument, fromText, PoseError, toDocument, toText } = await page("pose-editor", "document.mjs");
const CASES = JSON.parse(readFileSync(new URL("tests/support/pose_dialects.json", PACK), "utf8"));

/** What of a document is the same in every language and program. */
const bare = ({ people, ...size }) => ({
  ...size,
  people: people.map(({ body, feet, left, right, face }) => ({ body, feet, left, right, face })),
});

for (const { name, text, obj, size, expect } of CASES) {
  test(`${expect === "error" ? "refused" : "read"}: ${name}`, () => {
    const source = text ?? JSON.stringify(obj);
    const read = () => readPose(source, size && { width: size[0], height: size[1] }).pose;
    if (expect === "error") assert.throws(read, PoseError);
    else assert.deepEqual(bare(toDocument(read())), expect);
  });
}

const joints = (count, x, y, state) => Array.from({ length: count }, () => [x, y, state]).flat();
const two = {
  ...{ atelier_pose: 1, width: 40, height: 30 },
  people: [
    {
      ...{ name: "A", colour: "#123456", on: true, concept: "c", prompt: "p q" },
      ...{
        body: [...joints(17, -3.5, 8, 2), 1, 2, 0],
        feet: joints(6, 1, 1, 1),
        left: [],
        right: joints(21, 5, 6, 3),
        face: [],
      },
    },
    {
      ...{ name: "B", colour: "#abcdef", on: false, concept: "", prompt: "" },
      ...{ body: joints(18, 1, 1, 1), feet: [], left: [], right: [], face: [] },
    },
  ],
};

test("a document comes back as it went, through objects and text", () => {
  assert.deepEqual(toDocument(fromDocument(two)), two);
  assert.deepEqual(JSON.parse(toText(fromText(JSON.stringify(two)))), two);
});

test("in memory a joint says what its state is", () => {
  const [{ body, right }] = fromDocument(two).people;
  assert.deepEqual(body[0], { x: -3.5, y: 8, on: true, locked: true });
  assert.deepEqual(body[17], { x: 1, y: 2, on: false, locked: false });
  assert.deepEqual(right[0], { x: 5, y: 6, on: false, locked: true });
});

test("places are rounded to a tenth of a pixel, without -0", () => {
  const [person] = two.people;
  const rough = { ...two, people: [{ ...person, body: [0.17, -0.04, 1, ...person.body.slice(3)] }] };
  const [first] = fromDocument(rough).people[0].body;
  assert.ok(Object.is(first.y, 0));
  assert.equal(first.x, 0.2);
});

test("what is written is pixels with confidences of exactly 1 and 0, hidden people left out", () => {
  assert.deepEqual(openpose(fromDocument(two)), {
    people: [
      {
        pose_keypoints_2d: [...joints(17, -3.5, 8, 1), 0, 0, 0],
        foot_keypoints_2d: joints(6, 1, 1, 1),
        hand_left_keypoints_2d: null,
        hand_right_keypoints_2d: joints(21, 0, 0, 0),
        face_keypoints_2d: null,
      },
    ],
    ...{ animals: [], canvas_width: 40, canvas_height: 30 },
  });
  const [person] = two.people;
  const bare = openpose(fromDocument({ ...two, people: [{ ...person, feet: [] }] })).people[0];
  assert.equal("foot_keypoints_2d" in bare, false);
});

test("notes say what was changed", () => {
  const person = { pose_keypoints_2d: joints(18, 9, 9, 1) };
  const notes = (object, size = null) => readPose(JSON.stringify(object), size).notes;
  const canvas = { canvas_width: 64, canvas_height: 64 };
  assert.deepEqual(notes({ people: [person], ...canvas }), []);
  assert.deepEqual(notes([{ people: [person], ...canvas }, {}]), [
    "The file has several frames; the first one was read.",
  ]);
  assert.deepEqual(notes({ people: [person], animals: [[]], ...canvas }), ["The animals in the file were left out."]);
  assert.match(
    notes({ people: [person], ...canvas }, { width: 60, height: 50 })[0],
    /^The canvas of the file had strips/,
  );
});

test("10,000 people, brackets without end and large files: a sentence", () => {
  const person = { pose_keypoints_2d: [] };
  const many = JSON.stringify({ people: Array(10000).fill(person), canvas_width: 8, canvas_height: 8 });
  const sentence = (text) => {
    try {
      readPose(text);
    } catch (error) {
      assert.ok(error instanceof PoseError, error.stack);
      return [error.message, error.values];
    }
    return assert.fail("was read");
  };
  assert.deepEqual(sentence(many), [
    "The pose has {count} people; at most {most} are possible.",
    { count: 10000, most: 100 },
  ]);
  for (const bomb of ["[".repeat(1e6), "[".repeat(1e6) + "]".repeat(1e6), '{"people":'.repeat(1e5)]) sentence(bomb);
  assert.equal(sentence(" ".repeat(9 * 2 ** 20))[0], "This pose is larger than {most} MB.");
});
