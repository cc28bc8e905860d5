import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { distance, fullPerson } from "./figures.mjs";

const sk = await page("pose-editor", "skeleton.mjs");
const { standing, MOST_PEOPLE } = await page("pose-editor", "document.mjs");
const edit = await page("pose-editor", "edit.mjs");
const transform = await page("pose-editor", "transform.mjs");
const { refsOf } = await page("pose-editor", "grips.mjs");
const presets = await page("pose-editor", "presets.mjs");

const { R_WRIST, L_WRIST, R_SHOULDER, L_SHOULDER, R_ANKLE, NECK, NOSE } = sk;
const near = (a, b, slack = 0.11) => assert.ok(distance(a, b) <= slack, `${a.x},${a.y} is not ${b.x},${b.y}`);
const hand = (part) => Array.from({ length: 21 }, (_, index) => ({ person: 0, part, index }));
const refs = (...indices) => indices.map((index) => ({ person: 0, part: "body", index }));

test("a quarter turn of a person about a point, clockwise as seen", () => {
  const pose = standing(200, 400);
  const { x, y } = pose.people[0].body[NOSE];
  const about = { x: 100, y: 200 };
  const { body } = transform.boxTransform(pose, refsOf(pose, 0), { angle: Math.PI / 2, about }).people[0];
  near(body[NOSE], { x: 100 - (y - 200), y: 200 + (x - 100) });
});

test("sixteen small turns come back without wear", () => {
  let pose = fullPerson();
  const [before] = pose.people;
  const turn = { angle: Math.PI / 8, about: before.body[L_WRIST] };
  for (let n = 0; n < 16; n++) pose = transform.boxTransform(pose, hand("left"), turn);
  pose.people[0].left.forEach((joint, n) => near(joint, before.left[n], 0.15));
});

test("a hand is scaled about its wrist and nothing else moves", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const wrist = before.body[R_WRIST];
  const [after] = transform.boxTransform(pose, hand("right"), { scaleX: 2, scaleY: 2, about: wrist }).people;
  const tip = before.right[12];
  near(after.right[12], { x: 2 * tip.x - wrist.x, y: 2 * tip.y - wrist.y });
  assert.equal(after.body, before.body);
  assert.equal(after.left, before.left);
});

test("a flipped person still faces the viewer and does it the other way round", () => {
  const raised = edit.moveJoint(standing(300, 400), refs(R_WRIST)[0], { x: 60, y: 33 });
  const { body } = transform.flip(raised, 0).people[0];
  assert.ok(body[R_SHOULDER].x < body[L_SHOULDER].x, "the right shoulder is still at the picture's left");
  assert.ok(body[L_WRIST].y < body[NECK].y && body[R_WRIST].y > body[NECK].y, "now the left hand is up");
  const twice = transform.flip(transform.flip(raised, 0), 0).people[0];
  twice.body.forEach((joint, n) => near(joint, raised.people[0].body[n], 0.2));
});

test("a head that is flipped looks the other way, and the rest of the body stays", () => {
  const pose = fullPerson();
  const { x, y } = pose.people[0].body[NECK];
  const aside = edit.moveMany(pose, [...refs(NOSE, sk.R_EYE, sk.L_EYE, sk.R_EAR, sk.L_EAR)], 12, 0);
  const pinned = edit.setLocked(aside, refs(R_WRIST), true);
  const [before] = pinned.people;
  const [after] = transform.flip(pinned, 0, "head").people;
  near(after.body[NOSE], { x: 2 * x - before.body[NOSE].x, y: before.body[NOSE].y });
  near(after.body[sk.R_EYE], { x: 2 * x - before.body[sk.L_EYE].x, y: before.body[sk.L_EYE].y });
  near(after.face[0], { x: 2 * x - before.face[16].x, y: before.face[16].y });
  assert.ok(Math.abs(before.body[NOSE].x - x) > 10 && y > before.body[NOSE].y);
  for (const n of [NECK, R_WRIST, L_SHOULDER, R_ANKLE]) assert.deepEqual(after.body[n], before.body[n]);
  assert.deepEqual([after.left, after.feet], [before.left, before.feet]);
});

test("a hand that is flipped stays the hand it was", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const [after] = transform.flip(pose, 0, "left").people;
  near(after.left[0], before.left[0]);
  near(after.left[9], before.left[9]);
  assert.ok(distance(after.left[4], before.left[4]) > 5, "the thumb is on the other side");
  assert.deepEqual([after.right, after.body], [before.right, before.body]);
});

test("sides change their names without a move", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const [after] = transform.swapSides(pose, 0).people;
  assert.equal(after.body[L_WRIST], before.body[R_WRIST]);
  assert.equal(after.left, before.right);
  assert.equal(after.feet[0], before.feet[3]);
  assert.equal(after.face[0], before.face[16]);
  assert.deepEqual(transform.swapSides({ ...pose, people: [after] }, 0), pose);
});

test("a selection is scaled and turned about a point; locked joints stay", () => {
  const pose = edit.setLocked(standing(200, 400), refs(R_ANKLE), true);
  const pull = { scaleX: 2, scaleY: 0.5, angle: Math.PI, about: { x: 10, y: 20 } };
  const { body } = transform.boxTransform(pose, refs(NOSE, R_ANKLE), pull).people[0];
  const nose = pose.people[0].body[NOSE];
  near(body[NOSE], { x: 10 - 2 * (nose.x - 10), y: 20 - (nose.y - 20) / 2 });
  assert.equal(body[R_ANKLE], pose.people[0].body[R_ANKLE]);
  assert.equal(body[NECK], pose.people[0].body[NECK]);
});

test("a copy stands just in front, under a name of its own", () => {
  const [one] = standing(100, 200).people;
  const pose = {
    width: 100,
    height: 200,
    people: [
      { ...one, name: "인물 1" },
      { ...one, name: "인물 3" },
    ],
  };
  const { people } = transform.duplicate(pose, 0);
  assert.deepEqual(
    people.map(({ name }) => name),
    ["인물 1", "인물 4", "인물 3"],
  );
  assert.equal(people[1].body[NOSE].x, people[0].body[NOSE].x + 4);
  const crowd = { ...pose, people: Array(MOST_PEOPLE).fill(one) };
  assert.throws(() => transform.duplicate(crowd, 0), { values: { count: 101, most: 100 } });
});

test("people are removed and put in another order", () => {
  const [one] = standing(100, 200).people;
  const people = ["a", "b", "c"].map((name) => ({ ...one, name }));
  const pose = { width: 100, height: 200, people };
  const names = (next) => next.people.map(({ name }) => name).join("");
  assert.equal(names(transform.remove(pose, 1)), "ac");
  assert.equal(names(transform.reorder(pose, [2, 0, 1])), "cab");
  for (const wrong of [
    [0, 1],
    [0, 1, 1],
    [0, 1, 3],
  ])
    assert.equal(transform.reorder(pose, wrong), pose);
});

test("parts that are added fit: hands in the forearm's direction, the face between the eyes, feet at the ankles", () => {
  const pose = edit.moveJoint(standing(768, 1024), refs(L_WRIST)[0], { x: 700, y: 400 });
  const full = ["left", "right", "face"].reduce((next, part) => transform.addPart(next, 0, part), pose).people[0];
  assert.deepEqual(full.left[0], full.body[L_WRIST]);
  const [elbow, wrist, tip] = [full.body[sk.L_ELBOW], full.body[L_WRIST], full.left[9]];
  const turn = Math.atan2(tip.y - wrist.y, tip.x - wrist.x) - Math.atan2(wrist.y - elbow.y, wrist.x - elbow.x);
  assert.ok(Math.abs(turn) < 0.02);
  const forearm = distance(full.body[sk.R_ELBOW], full.body[R_WRIST]);
  assert.ok(Math.abs(distance(full.right[0], full.right[9]) / forearm - 0.38) < 0.02);
  near(full.face[68], full.body[sk.R_EYE], 3);
  near(full.face[30], full.body[NOSE]);
  assert.ok(full.right[2].x > full.right[18].x && full.left[2].x < full.left[18].x, "thumbs towards the body");
  const bare = transform.addPart({ ...pose, people: [{ ...pose.people[0], feet: [] }] }, 0, "feet").people[0];
  bare.feet.forEach((joint, n) => near(joint, pose.people[0].feet[n], 0.2));
  assert.equal(transform.addPart(pose, 0, "feet"), pose);
});

test("a hand preset lies along the present hand, in its size, and leaves pinned joints alone", () => {
  const pose = fullPerson();
  const points = Array.from({ length: 21 }, (_, n) => (n === 20 ? null : n === 9 ? [0, -1] : [n / 20, -n / 10]));
  const locked = edit.setLocked(pose, [{ person: 0, part: "right", index: 4 }], true);
  const { right } = presets.applyHand(locked, 0, "right", { kind: "hand", points }).people[0];
  near(right[9], pose.people[0].right[9]);
  assert.deepEqual(right[20], { ...pose.people[0].right[20], on: false });
  assert.deepEqual(right[4], { ...pose.people[0].right[4], locked: true });
  assert.throws(() => presets.applyHand(pose, 0, "left", { kind: "hand", points: points.slice(1) }), /does not fit/);
});

test("the same hand preset gives mirrored hands to both sides", () => {
  const pose = standing(600, 900);
  const points = Array.from({ length: 21 }, (_, n) => [n / 20, -n / 9]);
  const preset = { kind: "hand", points };
  const [one] = ["left", "right"].reduce((next, side) => presets.applyHand(next, 0, side, preset), pose).people;
  one.left.forEach((joint, n) => near({ x: 600 - joint.x, y: joint.y }, one.right[n], 0.2));
});

test("a face preset follows a tilted head, and a head seen from behind", () => {
  const upright = standing(600, 900);
  const tilted = transform.boxTransform(upright, refsOf(upright, 0), { angle: 0.5, about: { x: 300, y: 450 } });
  const points = Array.from({ length: 70 }, (_, n) => [n === 68 ? -0.5 : n === 69 ? 0.5 : 0, n === 8 ? 1 : 0]);
  const preset = { kind: "face", points };
  const [one] = presets.applyFace(tilted, 0, preset).people;
  const turn = Math.atan2(one.face[69].y - one.face[68].y, one.face[69].x - one.face[68].x);
  assert.ok(Math.abs(turn - 0.5) < 0.02);
  const [behind] = presets.applyFace(transform.swapSides(standing(600, 900), 0), 0, preset).people;
  assert.ok(behind.face[8].y > behind.body[NOSE].y, "the chin is below the nose");
  assert.ok(behind.face[68].x > behind.face[69].x, "the right eye is at the picture's right");
});

test("a body preset keeps the person's size, ground and hips, and takes hands, feet and face along", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const unit = 240;
  const points = before.body.map(({ x, y }) => [(x - 384) / unit, (y - before.body[NECK].y) / unit]);
  points[R_WRIST] = [-2, -0.5];
  points[sk.L_EAR] = null;
  const [after] = presets.applyBody(pose, 0, { kind: "body", points }).people;
  near(after.body[R_ANKLE], before.body[R_ANKLE], 8);
  assert.equal(after.body[sk.L_EAR].on, false);
  assert.ok(after.body[R_WRIST].y < after.body[NECK].y);
  near(after.right[0], after.body[R_WRIST], 0.2);
  const palm = (person) => distance(person.right[0], person.right[9]);
  assert.ok(Math.abs(palm(after) - palm(before)) < 0.2);
});

test("a pose on a picture of another size is stretched as the picture is", () => {
  const pose = { width: 100, height: 50, people: [{ ...fullPerson().people[0], body: standing(100, 50).people[0].body.map((j) => ({ ...j, x: 10, y: 20 })) }] };
  const after = transform.stretched(pose, { width: 200, height: 150 });
  assert.deepEqual([after.width, after.height], [200, 150]);
  assert.ok(after.people[0].body.every(({ x, y }) => x === 20 && y === 60));
  assert.equal(after.people[0].face[30].x, Math.round(pose.people[0].face[30].x * 20) / 10);
  assert.equal(transform.stretched(pose, pose), pose);
});
