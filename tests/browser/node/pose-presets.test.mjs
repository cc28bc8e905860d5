import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { page, PACK } from "./pages.mjs";
import { distance, fullPerson } from "./figures.mjs";

const sk = await page("pose-editor", "skeleton.mjs");
const { standing } = await page("pose-editor", "document.mjs");
const { applyBody } = await page("pose-editor", "presets.mjs");

const file = new URL("extensions/pose-editor/atelier_pose_editor/data/presets.json", PACK);
const BODIES = JSON.parse(readFileSync(file, "utf8")).bodies.map(({ id, body, feet }) => ({ id, kind: "body", points: pointsOf(body, feet) }));
const named = (id) => BODIES.find((one) => one.id === id);
const THIGH = [sk.R_HIP, sk.R_KNEE];

/** As the webui gives them: around the neck, one unit to mid-hip, null for what is off. */
function pointsOf(body, feet) {
  const all = [...body, ...feet];
  const places = Array.from({ length: 24 }, (_, n) => all.slice(3 * n, 3 * n + 3));
  const [[x, y], right, left] = [1, 8, 11].map((n) => places[n]);
  const unit = Math.hypot((right[0] + left[0]) / 2 - x, (right[1] + left[1]) / 2 - y);
  return places.map(([px, py, on]) => (on ? [(px - x) / unit, (py - y) / unit] : null));
}

const lengthOf = ({ body }, [a, b]) => distance(body[a], body[b]);

test("the same posture twice is the same posture", () => {
  for (const preset of BODIES) {
    const once = applyBody(standing(512, 768), 0, preset);
    const [a] = once.people;
    const [b] = applyBody(once, 0, preset).people;
    a.body.forEach((joint, n) => assert.ok(distance(joint, b.body[n]) < 0.5, `${preset.id} ${n}`));
  }
});

test("through the whole library and back nobody has grown, shrunk or left the ground", () => {
  const first = applyBody(standing(512, 768), 0, named("standing"));
  const last = [...BODIES, named("standing")].reduce((pose, preset) => applyBody(pose, 0, preset), first);
  const [a, b] = [first.people[0], last.people[0]];
  assert.ok(Math.abs(lengthOf(b, THIGH) / lengthOf(a, THIGH) - 1) < 0.02);
  assert.ok(Math.abs(a.body[sk.R_ANKLE].y - b.body[sk.R_ANKLE].y) < 3);
});

test("a posture whose trunk points at the viewer has no longer legs", () => {
  const legs = ["standing", "bowing", "squatting", "crawling"].map((id) => {
    const [person] = applyBody(standing(512, 768), 0, named(id)).people;
    return Math.max(...[[8, 9], [9, 10], [11, 12], [12, 13]].map((bone) => lengthOf(person, bone)));
  });
  for (const leg of legs) assert.ok(Math.abs(leg / legs[0] - 1) < 0.1, legs.join(" "));
});

test("a face goes with a head that is turned away, and is there again when it comes back", () => {
  const before = fullPerson();
  assert.ok(before.people[0].face.length);
  const away = applyBody(before, 0, named("back"));
  assert.ok(away.people[0].face.every(({ on }) => !on));
  const [person] = applyBody(away, 0, named("standing")).people;
  assert.ok(person.face.every(({ on }) => on));
  assert.ok(distance(person.face[30], person.body[sk.NOSE]) < 0.2);
});

test("a preset without any length does not fit", () => {
  const flat = { kind: "body", points: Array(18).fill([0, 0]) };
  assert.throws(() => applyBody(standing(512, 768), 0, flat), /does not fit/);
});

test("a hidden joint goes along, and is found beside the others", () => {
  const lying = applyBody(standing(512, 768), 0, named("lying-back"));
  const profile = applyBody(lying, 0, named("profile")).people[0].body;
  const hidden = profile.filter(({ on }) => !on);
  assert.ok(hidden.length);
  for (const joint of hidden) assert.ok(distance(joint, profile[sk.NOSE]) < 220, `${joint.x},${joint.y}`);
});
