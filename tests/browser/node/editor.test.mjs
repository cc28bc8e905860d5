// What the pose editor's page decides without a browser: what is caught, where people come to stand, what lies between.

import assert from "node:assert/strict";
import { test } from "node:test";
import { page, stage } from "./pages.mjs";

const at = (name) => page("pose-editor", name);
const { standing, personOf, joint } = await at("document.mjs");
const { addPart } = await at("transform.mjs");
const grips = await at("grips.mjs");
const { tween, series } = await at("tween.mjs");
const { free, limbOf, openActions } = await at("actions.mjs");
const { matches } = await at("library.mjs");
const { openSession, beginning, idOf, refOf } = await at("session.mjs");
const { shapesOf } = await at("trace.mjs");
const { svgOf } = await at("svg.mjs");
const { placeFor, fingerprint } = await stage("memory.mjs");
const { LIMBS } = await at("skeleton.mjs");

const pose = standing(400, 600);
const body = (index, person = 0) => ({ person, part: "body", index });
const near = (a, b, most = 0.11) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) <= most, JSON.stringify([a, b]));

test("the nearest joint that is shown is caught, the upper person's of equals", () => {
  const two = { ...pose, people: [pose.people[0], pose.people[0]] };
  const { x, y } = pose.people[0].body[3];
  assert.deepEqual(grips.jointNear(two, { x: x + 2, y: y - 1 }, 5), body(3, 1));
  assert.equal(grips.jointNear(two, { x: x + 40, y }, 5), null);
  const hidden = { ...two, people: two.people.with(1, { ...two.people[1], on: false }) };
  assert.deepEqual(grips.jointNear(hidden, { x, y }, 5), body(3, 0));
});

test("a limb is caught along its length and not beyond its ends", () => {
  const [a, b] = [pose.people[0].body[9], pose.people[0].body[10]];
  const middle = { x: (a.x + b.x) / 2 + 3, y: (a.y + b.y) / 2 };
  assert.deepEqual(grips.limbNear(pose, middle, 5), { person: 0, limb: 8 });
  assert.equal(grips.limbNear(pose, { x: b.x, y: b.y + 30 }, 5), null);
  assert.equal(grips.toSegment({ x: 3, y: 4 }, { x: 0, y: 0 }, { x: 0, y: 0 }), 5);
});

test("a hand has handles when it is opened or large", () => {
  const whole = addPart(pose, 0, "left");
  const session = openSession(beginning(whole));
  assert.equal(grips.handlesOf(session, 1).length, 24);
  session.toggleOpened("left");
  assert.equal(grips.handlesOf(session, 1).length, 45);
  session.toggleOpened("left");
  assert.equal(grips.handlesOf(session, 8).length, 45);
  session.choose(0, [body(3), body(4)]);
  assert.equal(grips.handlesOf(session, 1).length, 24 + 9);
  session.choose(null);
  assert.equal(grips.handlesOf(session, 1).length, 0);
});

test("what is proposed, pinned, hidden or chosen looks so", () => {
  const people = [{ ...pose.people[0], body: pose.people[0].body.with(4, { ...pose.people[0].body[4], on: false }) }];
  people[0].body = people[0].body.with(7, { ...people[0].body[7], locked: true });
  const ghosts = [{ ...body(10), confidence: 0.5 }];
  const session = openSession({ ...beginning({ ...pose, people }), ghosts });
  session.choose(0, [body(3)]);
  const states = grips.handlesOf(session, 1).map(({ state }) => state);
  assert.deepEqual([3, 4, 7, 10, 0].map((n) => states[n]), ["chosen", "off", "locked", "ghost", "on"]);
});

test("an id names a joint", () => {
  assert.deepEqual(refOf(idOf({ person: 12, part: "right", index: 20 })), { person: 12, part: "right", index: 20 });
});

test("ghosts follow their people through a change of order and go with them", () => {
  const two = { ...pose, people: [pose.people[0], { ...pose.people[0], name: "B" }] };
  const session = openSession({ ...beginning(two), ghosts: [{ ...body(10, 1), confidence: 0.4 }] });
  session.rearrange("swap", (one) => ({ ...one, people: one.people.toReversed() }), (n) => 1 - n);
  assert.deepEqual(session.state.ghosts, [{ ...body(10, 0), confidence: 0.4 }]);
  session.rearrange("remove", (one) => ({ ...one, people: one.people.slice(1) }), (n) => (n === 0 ? null : n - 1));
  assert.deepEqual([session.state.ghosts, session.pose.people.length], [[], 1]);
  session.history.undo();
  session.history.undo();
  assert.deepEqual(session.pose, two);
});

test("ghosts change sides with what is flipped", () => {
  const session = openSession(beginning(addPart(addPart(pose, 0, "left"), 0, "right")));
  const actions = openActions(session);
  const ghost = (part, index, person = 0) => ({ person, part, index, confidence: 0.5 });
  const left = [ghost("body", 10), ghost("left", 4), ghost("feet", 0), ghost("body", 14), ghost("body", 3, 1)];
  const right = [ghost("body", 13), ghost("right", 4), ghost("feet", 3), ghost("body", 15), ghost("body", 3, 1)];
  session.update("two", { pose: { ...session.pose, people: [session.pose.people[0], pose.people[0]] }, ghosts: left });
  actions.flip(0);
  assert.deepEqual(session.state.ghosts, right);
  actions.swapSides(0);
  assert.deepEqual(session.state.ghosts, left);
  actions.flip(0, "head");
  assert.deepEqual(session.state.ghosts, left.with(3, right[3]));
  actions.flip(0, "left");
  assert.deepEqual(session.state.ghosts, left.with(3, right[3]));
  session.history.undo();
  session.history.undo();
  assert.deepEqual(session.state.ghosts, left);
});

test("a person too many is a sentence, added or doubled", () => {
  const full = { ...pose, people: Array(100).fill(pose.people[0]) };
  const actions = openActions(openSession(beginning(full)));
  const said = { message: "{count} people are too many; a pose holds {most}.", values: { count: 101, most: 100 } };
  for (const more of [() => actions.addPerson(), () => actions.duplicate()]) assert.throws(more, said);
});

test("a choice of what is gone is dropped", () => {
  const session = openSession(beginning(addPart(pose, 0, "right")));
  session.choose(0, [{ person: 0, part: "right", index: 4 }, body(2)]);
  session.edit("remove", (one) => ({ ...one, people: [{ ...one.people[0], right: [] }] }));
  assert.deepEqual(session.chosen, { person: 0, refs: [body(2)] });
  session.edit("remove all", (one) => ({ ...one, people: [] }));
  assert.deepEqual(session.chosen, { person: null, refs: [] });
});

test("a person comes to stand in the widest gap", () => {
  const stands = (x) => personOf({ body: pose.people[0].body.map((one) => ({ ...one, x })) });
  assert.deepEqual(free({ width: 400, height: 600, people: [] }), { x: 200, y: 300 });
  assert.equal(free({ width: 400, height: 600, people: [stands(100)] }).x, 250);
  assert.equal(free({ width: 400, height: 600, people: [stands(60), stands(300)] }).x, 180);
});

test("a limb is a joint and all that hangs from it", () => {
  const refs = limbOf(pose, body(12));
  assert.deepEqual(refs.filter(({ part }) => part === "body"), [body(12), body(13)]);
  assert.equal(refs.filter(({ part }) => part === "feet").length, 3);
});

test("between two poses limbs turn and keep their lengths", () => {
  const [a] = pose.people;
  const { x, y } = a.body[5];
  const lengths = [6, 7].map((n) => Math.hypot(a.body[n].x - a.body[n - 1].x, a.body[n].y - a.body[n - 1].y));
  const raised = { ...a, body: a.body.with(6, joint(x + lengths[0], y)).with(7, joint(x + lengths[0] + lengths[1], y)) };
  const half = tween(a, raised, 0.5);
  near(half.body[5], a.body[5]);
  for (const n of [6, 7]) {
    const length = Math.hypot(half.body[n].x - half.body[n - 1].x, half.body[n].y - half.body[n - 1].y);
    assert.ok(Math.abs(length - lengths[n - 6]) < 0.3);
  }
  const angle = Math.atan2(half.body[6].y - y, half.body[6].x - x);
  const start = Math.atan2(a.body[6].y - y, a.body[6].x - x);
  assert.ok(Math.abs(angle - start / 2) < 0.01);
  const all = series(a, raised, 5);
  assert.equal(all.length, 5);
  assert.equal(all[0], a);
  all[4].body.forEach((one, n) => near(one, raised.body[n]));
});

test("what only one pose has is there in its half", () => {
  const [a] = pose.people;
  const [b] = addPart(pose, 0, "left").people;
  assert.deepEqual([tween(a, b, 0.4).left.length, tween(a, b, 0.6).left.length], [0, 21]);
});

test("presets are found by pieces of words in either language", () => {
  const preset = { name: { en: "Sitting on a chair", ko: "의자에 앉기" }, tags: ["seat", "정면"] };
  for (const words of ["", "sit", "CHAIR on", "앉", "정면 sea"]) assert.ok(matches(preset, words), words);
  for (const words of ["stand", "sit run", "서"]) assert.ok(!matches(preset, words), words);
});

test("paths stand for what the map shows", () => {
  const [person] = addPart(pose, 0, "right").people;
  const shapes = shapesOf(person, pose);
  const count = (kind) => shapes.filter((one) => one.kind === kind).length;
  assert.deepEqual([count("ellipse"), count("line"), count("disc")], [LIMBS.length, 20, 18 + 21]);
  const hidden = { ...person, body: person.body.with(1, { ...person.body[1], on: false }) };
  assert.equal(shapesOf(hidden, pose).filter(({ kind }) => kind === "ellipse").length, LIMBS.length - 5);
  assert.equal(shapesOf(person, { width: 2048, height: 2048 }, "wide")[0].ry, 16);
});

test("an SVG says everything and runs nothing", () => {
  const named = { ...pose, people: [{ ...pose.people[0], name: "<script>", prompt: '"&' }] };
  const svg = svgOf(named);
  assert.ok(!/script|&/.test(svg));
  assert.equal(svg.match(/<circle/g).length, 24);
  assert.match(svg, /<circle id="P00_J01" cx="200" cy="[\d.]+" r="4" fill="#ff5500"\/>/);
});

test("each picture and each panel keeps its work apart", () => {
  const places = [[null], ["a"], ["b"], [null, "f"], ["a", "f"]].map((asked) => placeFor("pose", ...asked));
  assert.equal(new Set(places).size, 5);
  assert.equal(fingerprint("pose"), fingerprint("pose"));
  assert.notEqual(fingerprint("pose"), fingerprint("posf"));
});
