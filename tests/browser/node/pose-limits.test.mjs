import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { distance, seeded } from "./figures.mjs";

const sk = await page("pose-editor", "skeleton.mjs");
const { standing } = await page("pose-editor", "document.mjs");
const { moveJoint } = await page("pose-editor", "edit.mjs");
const { swapSides } = await page("pose-editor", "transform.mjs");
const limits = await page("pose-editor", "limits.mjs");
const bones = await page("pose-editor", "bones.mjs");
const { rowOf } = await page("pose-editor", "row.mjs");

const DEGREE = Math.PI / 180;
const ref = (index) => ({ person: 0, part: "body", index });
const how = { lengths: true, limits: true };

/** Seen from its side: shoulders and hips behind one another, the nose before the neck. `way`: 1 looks to the right. */
function profile(way) {
  const pose = standing(600, 900);
  const { x: middle } = pose.people[0].body[sk.NECK];
  const body = pose.people[0].body.map((joint) => ({ ...joint, x: middle + (joint.x - middle) * 0.1 }));
  const forwards = [sk.NOSE, sk.R_EYE, sk.L_EYE];
  for (const n of forwards) body[n] = { ...body[n], x: middle + way * 25 };
  return { ...pose, people: [{ ...pose.people[0], body }] };
}

/** How far the lower bone turns from the upper one on the screen, degrees, clockwise positive. */
function bendOf({ body }, root, middle, end) {
  const [a, b, c] = [body[root], body[middle], body[end]];
  const [u, v] = [
    { x: b.x - a.x, y: b.y - a.y },
    { x: c.x - b.x, y: c.y - b.y },
  ];
  return Math.atan2(u.x * v.y - u.y * v.x, u.x * v.x + u.y * v.y) / DEGREE;
}

test("where a person looks", () => {
  const front = standing(600, 900);
  assert.equal(limits.facing(rowOf(front.people[0])), "front");
  assert.equal(limits.facing(rowOf(swapSides(front, 0).people[0])), "back");
  assert.equal(limits.facing(rowOf(profile(1).people[0])), "right");
  assert.equal(limits.facing(rowOf(profile(-1).people[0])), "left");
});

for (const way of [1, -1]) {
  test(`from the side, looking ${way > 0 ? "right" : "left"}: elbows bend forwards and knees backwards, wherever pulled`, () => {
    const random = seeded(way + 5);
    for (let n = 0; n < 60; n++) {
      const to = { x: random() * 600, y: random() * 900 };
      const arm = moveJoint(profile(way), ref(sk.L_WRIST), to, how).people[0];
      const leg = moveJoint(profile(way), ref(sk.R_ANKLE), to, how).people[0];
      const elbow = -way * bendOf(arm, sk.L_SHOULDER, sk.L_ELBOW, sk.L_WRIST);
      const knee = way * bendOf(leg, sk.R_HIP, sk.R_KNEE, sk.R_ANKLE);
      for (const bend of [elbow, knee]) assert.ok(bend > -1.5 && bend < 151.5, `${bend}° at ${to.x},${to.y}`);
    }
  });
}

test("from the side a forearm in front of the body is reached with the elbow behind", () => {
  const pose = profile(1);
  const { body } = pose.people[0];
  const to = { x: body[sk.R_SHOULDER].x + 150, y: body[sk.R_SHOULDER].y + 60 };
  const next = moveJoint(pose, ref(sk.R_WRIST), to, how).people[0].body;
  assert.ok(distance(next[sk.R_WRIST], to) < 0.2);
  const free = moveJoint(pose, ref(sk.R_WRIST), to, { lengths: true }).people[0].body;
  assert.ok(distance(free[sk.R_WRIST], to) < 0.2);
});

test("from the front a knee does not bend far inwards, and the limits can be switched off", () => {
  const pose = standing(600, 900);
  const { body } = pose.people[0];
  const up = { x: body[sk.R_HIP].x - 250, y: body[sk.R_HIP].y + 10 };
  const inward = (options) =>
    bendOf(moveJoint(pose, ref(sk.R_ANKLE), up, options).people[0], sk.R_HIP, sk.R_KNEE, sk.R_ANKLE);
  assert.ok(inward(how) < 26);
  const row = rowOf(pose.people[0]);
  const frame = limits.frameOf(row, true);
  assert.equal(frame.kind, "frontal");
  const { upper, lower } = limits.limbLimited(frame, "leg", 90 * DEGREE, 170 * DEGREE);
  assert.ok(Math.abs((lower - upper) / DEGREE - 25) < 1e-6);
});

test("the head leans no more than its limit to either side", () => {
  const pose = standing(600, 900);
  const neck = pose.people[0].body[sk.NECK];
  for (const side of [-1, 1]) {
    const { body } = moveJoint(pose, ref(sk.NOSE), { x: neck.x + side * 300, y: neck.y + 200 }, how).people[0];
    const lean = Math.atan2(body[sk.NOSE].x - neck.x, neck.y - body[sk.NOSE].y) / DEGREE;
    assert.ok(Math.abs(lean - side * 70) < 0.2);
    const free = moveJoint(pose, ref(sk.NOSE), { x: neck.x + side * 300, y: neck.y + 200 }, { lengths: true }).people[0]
      .body;
    assert.ok(free[sk.NOSE].y > neck.y);
  }
});

test("lengths hold inside the limits", () => {
  const pose = standing(600, 900);
  const span = (person, a, b) => distance(person.body[a], person.body[b]);
  const random = seeded(3);
  for (let n = 0; n < 100; n++) {
    const to = { x: random() * 800 - 100, y: random() * 1100 - 100 };
    const next = moveJoint(pose, ref(sk.L_ANKLE), to, how).people[0];
    for (const [a, b] of [
      [sk.L_HIP, sk.L_KNEE],
      [sk.L_KNEE, sk.L_ANKLE],
    ]) {
      assert.ok(Math.abs(span(next, a, b) - span(pose.people[0], a, b)) < 0.25);
    }
  }
});

test("two bones: a right triangle by hand, both sides", () => {
  const root = { x: 10, y: 20 };
  const to = { x: 15, y: 20 };
  for (const side of [1, -1]) {
    const { middle, end } = bones.twoBones(root, to, [3, 4], side);
    assert.ok(distance(end, to) < 1e-9);
    assert.ok(distance(middle, { x: 11.8, y: 20 - side * 2.4 }) < 1e-9);
  }
});

test("two bones: too far, too near, and no distance at all", () => {
  const root = { x: 0, y: 0 };
  const far = bones.twoBones(root, { x: 0, y: 50 }, [3, 4], 1);
  assert.ok(distance(far.middle, { x: 0, y: 3 }) < 1e-9 && distance(far.end, { x: 0, y: 7 }) < 1e-9);
  const close = bones.twoBones(root, { x: 0.5, y: 0 }, [3, 4], 1);
  assert.ok(distance(close.end, { x: 1, y: 0 }) < 1e-9);
  for (const spans of [
    [3, 3],
    [0, 4],
    [0, 0],
  ]) {
    const { middle, end } = bones.twoBones(root, root, spans, 1);
    assert.ok(Math.abs(distance(root, middle) - spans[0]) < 1e-9);
    assert.ok(Math.abs(distance(end, middle) - spans[1]) < 1e-9);
  }
});

test("a chain of three keeps its spans and arrives", () => {
  const points = [
    [0, 0],
    [10, 1],
    [18, 5],
    [24, 4],
  ].map(([x, y]) => ({ x, y }));
  const spans = points.slice(1).map((point, n) => distance(point, points[n]));
  const reach = spans.reduce((a, b) => a + b);
  for (const to of [
    { x: 12, y: 9 },
    { x: -9, y: 3 },
    { x: 0, y: -20 },
  ]) {
    const chain = bones.fabrik(points, spans, to);
    assert.deepEqual(chain[0], points[0]);
    assert.ok(distance(chain[3], to) < 0.05);
    spans.forEach((span, n) => assert.ok(Math.abs(distance(chain[n], chain[n + 1]) - span) < 1e-9));
  }
  const straight = bones.fabrik(points, spans, { x: 0, y: 400 });
  assert.ok(distance(straight[3], { x: 0, y: reach }) < 0.3);
});
