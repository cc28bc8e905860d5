import assert from "node:assert/strict";
import { test } from "node:test";
import { page } from "./pages.mjs";
import { chance, fullPerson, distance, at, seeded } from "./figures.mjs";

const sk = await page("pose-editor", "skeleton.mjs");
const { fromText, standing, toText } = await page("pose-editor", "document.mjs");
const edit = await page("pose-editor", "edit.mjs");
const { refsOf } = await page("pose-editor", "grips.mjs");
const transform = await page("pose-editor", "transform.mjs");

const body = (index) => ({ person: 0, part: "body", index });
const near = (a, b, slack = 0.2) => assert.ok(distance(a, b) <= slack, `${a.x},${a.y} is not ${b.x},${b.y}`);
const boneLengths = (person) =>
  sk.BONES.map(([a, b]) => [at(person, a), at(person, b)])
    .filter(([a, b]) => a && b)
    .map(([a, b]) => distance(a, b));
const drift = (before, after) => Math.max(...after.map((length, n) => Math.abs(length - before[n])));

test("a free move takes one joint and the hand that hangs from it", () => {
  const pose = fullPerson();
  const next = edit.moveJoint(pose, body(sk.L_WRIST), { x: 601.23, y: 44.46 });
  assert.deepEqual(next.people[0].body[sk.L_WRIST], { x: 601.2, y: 44.5, on: true, locked: false });
  assert.equal(next.people[0].body[sk.L_ELBOW], pose.people[0].body[sk.L_ELBOW]);
  const [before, after] = [pose, next].map(({ people: [one] }) => distance(one.left[8], one.body[sk.L_WRIST]));
  assert.ok(Math.abs(before - after) < 0.2);
  assert.equal(next.people[0].right, pose.people[0].right);
  assert.equal(pose.people[0].body[sk.L_WRIST].x === 601.2, false);
});

test("nothing moves on the way to where it is, and a locked joint never does", () => {
  const pose = fullPerson();
  const here = pose.people[0].body[sk.R_KNEE];
  assert.equal(edit.moveJoint(pose, body(sk.R_KNEE), here), pose);
  const locked = edit.setLocked(pose, body(sk.R_KNEE), true);
  for (const lengths of [false, true]) {
    assert.equal(edit.moveJoint(locked, body(sk.R_KNEE), { x: 1, y: 2 }, { lengths }), locked);
  }
});

test("a wrist within reach lands where it is pulled, and the arm keeps its lengths", () => {
  const pose = standing(768, 1024);
  const to = { x: 480, y: 330 };
  const next = edit.moveJoint(pose, body(sk.L_WRIST), to, { lengths: true });
  near(next.people[0].body[sk.L_WRIST], to, 0.1);
  assert.deepEqual(next.people[0].body[sk.L_SHOULDER], pose.people[0].body[sk.L_SHOULDER]);
  assert.ok(drift(boneLengths(pose.people[0]), boneLengths(next.people[0])) < 0.2);
});

test("a target out of reach: the arm is stretched straight towards it", () => {
  const pose = standing(768, 1024);
  const { body: joints } = edit.moveJoint(pose, body(sk.R_WRIST), { x: -900, y: 40 }, { lengths: true }).people[0];
  const [shoulder, elbow, wrist] = [sk.R_SHOULDER, sk.R_ELBOW, sk.R_WRIST].map((n) => joints[n]);
  const towards = Math.atan2(40 - shoulder.y, -900 - shoulder.x);
  for (const joint of [elbow, wrist]) {
    assert.ok(Math.abs(Math.atan2(joint.y - shoulder.y, joint.x - shoulder.x) - towards) < 0.003);
  }
});

test("lengths stay over 200 random drags, of any joint, with pins and without", () => {
  const random = seeded(7);
  let pose = fullPerson();
  const first = boneLengths(pose.people[0]);
  for (let n = 0; n < 200; n++) {
    const ref = anyJoint(random);
    const options = { lengths: true, limits: chance(random, 0.3), mirror: chance(random, 0.2) };
    const pins = chance(random, 0.5) ? [anyJoint(random), body(sk.R_ANKLE)] : [];
    const pinned = edit.setLocked(pose, pins, true);
    const held = pins.map(({ part, index }) => pinned.people[0][part][index]);
    const to = { x: random() * 1000 - 100, y: random() * 1200 - 100 };
    const next = edit.moveJoint(pinned, ref, to, options);
    pins.forEach(({ part, index }, k) => assert.deepEqual(next.people[0][part][index], held[k]));
    pose = edit.setLocked(next, pins, false);
    const worst = drift(first, boneLengths(pose.people[0]));
    assert.ok(worst <= 0.5, `drag ${n} of ${JSON.stringify(ref)}: ${worst}`);
  }
});

test("lengths stay over one drag of many small steps as well", () => {
  let pose = fullPerson();
  const first = boneLengths(pose.people[0]);
  for (let n = 0; n < 300; n++) {
    const to = { x: 400 + 200 * Math.cos(n / 20), y: 500 + 260 * Math.sin(n / 13) };
    pose = edit.moveJoint(pose, body(sk.L_WRIST), to, { lengths: true });
  }
  assert.ok(drift(first, boneLengths(pose.people[0])) <= 0.3);
});

test("an elbow turns about the shoulder and takes forearm and hand along", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const shoulder = before.body[sk.L_SHOULDER];
  const [after] = edit.moveJoint(
    pose,
    body(sk.L_ELBOW),
    { x: shoulder.x + 500, y: shoulder.y },
    { lengths: true },
  ).people;
  const reach = distance(before.body[sk.L_ELBOW], shoulder);
  near(after.body[sk.L_ELBOW], { x: shoulder.x + reach, y: shoulder.y }, 0.1);
  const gap = ({ body: joints, left }) => distance(joints[sk.L_ELBOW], left[12]);
  assert.ok(Math.abs(gap(before) - gap(after)) < 0.2);
});

test("an elbow whose wrist is pinned can only change its side", () => {
  const bent = edit.moveJoint(standing(768, 1024), body(sk.L_WRIST), { x: 560, y: 420 }, { lengths: true });
  const pose = edit.setLocked(bent, body(sk.L_WRIST), true);
  const [shoulder, elbow, wrist] = [sk.L_SHOULDER, sk.L_ELBOW, sk.L_WRIST].map((n) => pose.people[0].body[n]);
  const middle = { x: (shoulder.x + wrist.x) / 2, y: (shoulder.y + wrist.y) / 2 };
  const over = { x: 2 * middle.x - elbow.x, y: 2 * middle.y - elbow.y };
  const next = edit.moveJoint(pose, body(sk.L_ELBOW), over, { lengths: true }).people[0].body;
  assert.deepEqual(next[sk.L_WRIST], wrist);
  assert.ok(distance(next[sk.L_ELBOW], elbow) > 20);
  assert.ok(Math.abs(distance(next[sk.L_ELBOW], shoulder) - distance(elbow, shoulder)) < 0.2);
});

test("hips go down, pinned feet stay: the knees bend", () => {
  const stand = standing(768, 1024);
  const pose = edit.setLocked(stand, [body(sk.R_ANKLE), body(sk.L_ANKLE)], true);
  const hip = pose.people[0].body[sk.R_HIP];
  const to = { x: hip.x, y: hip.y + 90 };
  const next = edit.moveJoint(pose, body(sk.R_HIP), to, { lengths: true }).people[0];
  near(next.body[sk.R_HIP], to, 0.2);
  for (const n of [sk.R_ANKLE, sk.L_ANKLE]) assert.deepEqual(next.body[n], pose.people[0].body[n]);
  const knee = next.body[sk.R_KNEE];
  assert.ok(Math.abs(knee.x - hip.x) > 30, "the knee goes aside");
  assert.ok(drift(boneLengths(pose.people[0]), boneLengths(next)) < 0.3);
});

test("the neck turns the trunk about the hips, and the head goes along", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const neck = before.body[sk.NECK];
  const [after] = edit.moveJoint(pose, body(sk.NECK), { x: neck.x + 90, y: neck.y + 20 }, { lengths: true }).people;
  near(after.body[sk.NECK], { x: neck.x + 90, y: neck.y + 20 }, 0.2);
  assert.ok(after.body[sk.NOSE].x > before.body[sk.NOSE].x + 100, "leaning takes the head further");
  assert.ok(drift(boneLengths(before), boneLengths(after)) < 0.3);
  assert.ok(
    Math.abs(distance(before.face[8], before.body[sk.NOSE]) - distance(after.face[8], after.body[sk.NOSE])) < 0.2,
  );
});

test("mirror: the other wrist moves to the other side of the body's axis", () => {
  const pose = standing(768, 1024);
  const [before] = pose.people;
  const wrist = before.body[sk.R_WRIST];
  const to = { x: wrist.x - 30, y: wrist.y - 80 };
  const [after] = edit.moveJoint(pose, body(sk.R_WRIST), to, { mirror: true }).people;
  const other = before.body[sk.L_WRIST];
  near(after.body[sk.L_WRIST], { x: other.x + 30, y: other.y - 80 }, 0.15);
  const turned = edit.moveJoint(pose, body(sk.NOSE), { x: 1, y: 1 }, { mirror: true });
  assert.deepEqual(turned.people[0].body[sk.L_EYE], before.body[sk.L_EYE]);
});

test("foreshortening changes one bone and takes what hangs from it along", () => {
  const pose = fullPerson();
  const [before] = pose.people;
  const [after] = edit.foreshorten(pose, body(sk.L_ELBOW), 0.5).people;
  const span = ({ body: joints }, a, b) => distance(joints[a], joints[b]);
  const ratio = span(after, sk.L_SHOULDER, sk.L_ELBOW) / span(before, sk.L_SHOULDER, sk.L_ELBOW);
  assert.ok(Math.abs(ratio - 0.5) < 0.01);
  assert.ok(Math.abs(span(after, sk.L_ELBOW, sk.L_WRIST) - span(before, sk.L_ELBOW, sk.L_WRIST)) < 0.2);
  const short = edit.moveJoint({ ...pose, people: [after] }, body(sk.L_WRIST), { x: 500, y: 450 }, { lengths: true });
  assert.ok(Math.abs(span(short.people[0], sk.L_SHOULDER, sk.L_ELBOW) - span(after, sk.L_SHOULDER, sk.L_ELBOW)) < 0.2);
});

test("in depth a bone shortens on the way and is full again when pulled out", () => {
  const pose = standing(768, 1024);
  const [before] = pose.people;
  const [elbow, wrist] = [sk.L_ELBOW, sk.L_WRIST].map((n) => before.body[n]);
  const half = { x: (elbow.x + wrist.x) / 2, y: (elbow.y + wrist.y) / 2 };
  const short = edit.moveJoint(pose, body(sk.L_WRIST), half, { lengths: true, depth: true });
  assert.deepEqual(short.people[0].body[sk.L_ELBOW], elbow);
  near(short.people[0].body[sk.L_WRIST], half, 0.1);
  const out = edit.moveJoint(short, body(sk.L_WRIST), { x: 5000, y: 5000 }, { lengths: true, depth: true });
  const [a, b] = [sk.L_ELBOW, sk.L_WRIST].map((n) => out.people[0].body[n]);
  assert.ok(Math.abs(distance(a, b) - distance(elbow, wrist)) < 0.3);
});

test("hiding with what hangs from it, and showing what never had a place", () => {
  const pose = fullPerson();
  const hidden = edit.setOn(pose, body(sk.R_ELBOW), false, true);
  assert.deepEqual(
    hidden.people[0].body.flatMap(({ on }, n) => (on ? [] : [n])),
    [sk.R_ELBOW, sk.R_WRIST],
  );
  assert.equal(
    hidden.people[0].right.some(({ on }) => on),
    false,
  );
  assert.equal(hidden.people[0].body[sk.R_ELBOW].x, pose.people[0].body[sk.R_ELBOW].x);
  const gone = { x: 0, y: 0, on: false, locked: false };
  const [one] = pose.people;
  const without = { ...pose, people: [{ ...one, body: one.body.with(sk.L_KNEE, gone).with(sk.NOSE, gone) }] };
  const shown = edit.setOn(without, [body(sk.L_KNEE), body(sk.NOSE)], true).people[0].body;
  near(shown[sk.L_KNEE], one.body[sk.L_KNEE], 3);
  near(shown[sk.NOSE], one.body[sk.NOSE], 3);
});

test("many joints move together and locked ones stay, unless it is the whole person", () => {
  const pose = edit.setLocked(standing(768, 1024), body(sk.L_KNEE), true);
  const some = edit.moveMany(pose, [body(sk.L_KNEE), body(sk.R_KNEE)], 5, -7);
  assert.equal(some.people[0].body[sk.L_KNEE], pose.people[0].body[sk.L_KNEE]);
  assert.equal(some.people[0].body[sk.R_KNEE].y, Math.round((pose.people[0].body[sk.R_KNEE].y - 7) * 10) / 10);
  const all = ["body", "feet"].flatMap((part) => pose.people[0][part].map((_, index) => ({ person: 0, part, index })));
  const whole = edit.moveMany(pose, all, 5, -7);
  near(whole.people[0].body[sk.L_KNEE], {
    x: pose.people[0].body[sk.L_KNEE].x + 5,
    y: pose.people[0].body[sk.L_KNEE].y - 7,
  });
});

test("whatever is missing or heaped on one point, edits give a pose that can be written and read", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = seeded(seed * 77);
    let pose = oddPerson(random);
    for (let n = 0; n < 4; n++) pose = editedAnyhow(pose, random);
    assert.deepEqual(fromText(toText(pose)), pose, `seed ${seed}`);
  }
});

test("a pose cannot be scaled out of reach", () => {
  const pose = standing(768, 1024);
  const about = { x: 384, y: 512 };
  const far = transform.boxTransform(pose, refsOf(pose, 0), { scaleX: 1e6, scaleY: 1e6, about });
  assert.deepEqual(fromText(toText(far)), far);
});

function oddPerson(random) {
  const pose = fullPerson();
  const [person] = pose.people;
  const one = random() < 0.2 ? { x: 50, y: 50 } : {};
  const gone = { x: 0, y: 0, on: false };
  const body = person.body.map((joint) => ({ ...joint, ...one, ...(chance(random, 0.2) && gone) }));
  const hidden = body.map((joint) => (chance(random, 0.3) ? { ...joint, on: false } : joint));
  const parts = Object.fromEntries(
    ["left", "right", "feet", "face"].map((part) => [part, random() < 0.6 ? person[part] : []]),
  );
  return { ...pose, people: [{ ...person, ...parts, body: hidden }] };
}

function editedAnyhow(pose, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const part = pick(["body", "body", ...sk.PARTS]);
  const ref = { person: 0, part, index: Math.floor(random() * sk.SIZES[part]) };
  const half = () => chance(random, 0.5);
  const options = { lengths: half(), limits: half(), mirror: half(), depth: half() };
  let next = edit.moveJoint(pose, ref, { x: random() * 900, y: random() * 900 }, options);
  if (next.people[0][part].length) next = edit.foreshorten(next, ref, random() * 2);
  next = edit.setOn(next, ref, half(), half());
  next = transform.flip(next, 0, pick([null, "left", "face", "feet", "head"]));
  const among = pick([null, ...sk.PARTS]);
  const turned = refsOf(next, 0).filter((one) => among === null || one.part === among);
  next = transform.boxTransform(next, turned, { angle: random() * 3, about: { x: 400, y: 300 } });
  return transform.addPart(next, 0, pick(["left", "right", "face", "feet"]));
}

function anyJoint(random) {
  const parts = ["body", "body", "body", "left", "right", "feet"];
  const part = parts[Math.floor(random() * parts.length)];
  return { person: 0, part, index: Math.floor(random() * sk.SIZES[part]) };
}
