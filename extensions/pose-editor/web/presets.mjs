// Ready hands, faces and bodies, fitted to a person: {kind, name, tags, points}. Points as in figure.mjs: hands are
// right hands with the wrist at 0,0 and one unit to the middle knuckle; faces have the nose at 0,0 and one unit
// between the eyes; bodies have the neck at 0,0 and one unit to mid-hip. A point may be null: that joint is off.

import { jointAt as movedJoint } from "./row.mjs";
import { joint, PoseError } from "./document.mjs";
import { withPerson } from "./edit.mjs";
import { FACE, HAND } from "./figure.mjs";
import { sizeOf, STANDING, unitOf } from "./figure_fit.mjs";
import * as sk from "./skeleton.mjs";
import { angleOf, carrier, cross, distance, meanOf, minus, plus, times, towards } from "./vectors.mjs";

const PALM = 0.38; // wrist to middle knuckle, in forearms
const LEAST_PALM = 0.14; // in units of the figure: a forearm may point at the viewer
const EYES = 0.13; // between the eyes, in units of the figure
const TIP = 30; // the face's tip of the nose
const SIZES = { hand: 21, face: 70, body: 18 };

export function applyHand(pose, person, side, preset) {
  return changedPart(pose, person, side, preset, handFrame(pose.people[person], side, preset));
}

export function applyFace(pose, person, preset) {
  return changedPart(pose, person, "face", preset, faceFrame(pose.people[person]));
}

/** A hand ("left", "right"), a face or feet where the person has none, of a size that fits it. */
export function addPart(pose, person, part) {
  const one = pose.people[person];
  if (one[part].length) return pose;
  if (part === "feet") return withPerson(pose, person, { ...one, feet: feetOf(one) });
  if (part === "face") return applyFace(pose, person, { kind: "face", points: FACE });
  return applyHand(pose, person, part, { kind: "hand", points: HAND });
}

/**
 * A body posture of 18 points, or 24 with feet: the person keeps its size, its ground and the place of its hips; hands,
 * feet and face go along.
 */
export function applyBody(pose, person, preset) {
  checked(preset, "body");
  const one = pose.people[person];
  const unit = (sizeOf(one.body) || (0.85 * pose.height) / 3.62) / sizeOf(preset.points.map(pointOf));
  if (!Number.isFinite(unit)) throw new PoseError("This preset does not fit.");
  const at = bodyOrigin(one, preset.points, unit, pose);
  const frame = (point) => plus(at, times(point, unit));
  const along = minus(frame(pointOf(preset.points[sk.NECK] ?? [0, 0])), one.body[sk.NECK]);
  const body = one.body.map((old, n) => follow(set(old, preset.points[n], frame), along));
  const next = carriedParts(one, { ...one, body });
  const feet = preset.points.slice(SIZES.body);
  if (feet.length === one.feet.length) next.feet = one.feet.map((old, n) => set(old, feet[n], frame));
  return withPerson(pose, person, next);
}

function changedPart(pose, person, part, preset, frame) {
  checked(preset, part === "face" ? "face" : "hand");
  if (!frame) return pose;
  const old = pose.people[person][part];
  const points = preset.points.map((point, n) => set(old[n] ?? joint(0, 0), point, frame));
  return withPerson(pose, person, { ...pose.people[person], [part]: points });
}

function checked({ points }, kind) {
  const count = points?.length ?? 0;
  const fits = kind === "body" ? count >= SIZES.body : count === SIZES[kind];
  if (!fits) throw new PoseError("This preset does not fit.");
}

/** The joint on at a preset's point, off where it has none; locked joints stay. */
function set(old, point, frame) {
  if (old.locked) return old;
  if (!point) return old.on ? { ...old, on: false } : old;
  const moved = movedJoint(old, frame({ x: point[0], y: point[1] }));
  return moved.on ? moved : { ...moved, on: true };
}

/** A joint that is off now is found beside the others, not where the person was. */
const follow = (joint, along) => (joint.on || joint.locked || !(joint.x || joint.y) ? joint : movedJoint(joint, plus(joint, along)));

/** From a preset's hand to the person's: at its wrist, along the present hand or the forearm. Null without a wrist. */
function handFrame(person, side, { points }) {
  const [elbow, wrist] = side === "left" ? [sk.L_ELBOW, sk.L_WRIST] : [sk.R_ELBOW, sk.R_WRIST];
  const hand = person[side];
  const start = person.body[wrist].on ? person.body[wrist] : hand[0];
  if (!start) return null;
  const arm = person.body[elbow].on ? minus(start, person.body[elbow]) : { x: 0, y: 1 };
  const bones = person.body[elbow].on ? PALM * distance(start, person.body[elbow]) : 0;
  const along = hand.length ? minus(hand[9], hand[0]) : arm;
  const palm = hand.length ? distance(hand[9], hand[0]) : Math.max(bones, LEAST_PALM * unitOf(person));
  const across = isMirrored(hand, side, points) ? -palm : palm;
  const turn = carrier({ x: 0, y: 0 }, start, angleOf(along) + Math.PI / 2);
  return ({ x, y }) => turn({ x: x * across, y: y * palm });
}

/** Whether a preset's x is turned round: for a left hand; where a hand is, so that the same of its faces is seen. */
function isMirrored(hand, side, points) {
  if (!hand.length || ![0, 5, 17].every((n) => points?.[n])) return side === "left";
  const [wrist, index, little] = [0, 5, 17].map((n) => ({ x: points[n][0], y: points[n][1] }));
  return facingOf(hand[0], hand[5], hand[17]) !== facingOf(wrist, index, little);
}

/** To which side of the wrist the little finger lies from the index finger. */
const facingOf = (wrist, index, little) => Math.sign(cross(minus(index, wrist), minus(little, wrist)));

/** From a preset's face to the person's: at its nose, along its eyes. Null without a nose. */
function faceFrame(person) {
  const { body, face } = person;
  const nose = body[sk.NOSE].on ? body[sk.NOSE] : face[TIP];
  if (!nose) return null;
  const eyes = eyesOf(person);
  const across = eyes ? minus(eyes[1], eyes[0]) : times(towards(headTilt(body)), EYES * unitOf(person));
  const size = Math.hypot(across.x, across.y);
  const backwards = cross(across, upOf(body, nose)) > 0; // the person's right eye is at the picture's right
  const turn = carrier({ x: 0, y: 0 }, nose, angleOf(backwards ? times(across, -1) : across));
  return ({ x, y }) => turn({ x: backwards ? -x * size : x * size, y: y * size });
}

function eyesOf({ body, face }) {
  if (body[sk.R_EYE].on && body[sk.L_EYE].on) return [body[sk.R_EYE], body[sk.L_EYE]];
  return face.length ? [meanOf(face.slice(36, 42)), meanOf(face.slice(42, 48))] : null;
}

const pointOf = (point) => point && { x: point[0], y: point[1], on: true };

const upOf = (body, nose) => (body[sk.NECK].on ? minus(nose, body[sk.NECK]) : { x: 0, y: -1 });

/** The direction of the eyes' line when only neck and nose tell it. */
const headTilt = (body) => angleOf(upOf(body, body[sk.NOSE])) + Math.PI / 2;

/** Where the neck comes: hips stay above each other, and what was lowest of the body stays on its ground. */
function bodyOrigin({ body }, points, unit, pose) {
  const hips = [sk.R_HIP, sk.L_HIP].filter((hip) => body[hip].on && points[hip]);
  const standing = [sk.R_ANKLE, sk.L_ANKLE].some((ankle) => body[ankle].on && points[ankle]);
  if (!hips.length) return body[sk.NECK].on ? body[sk.NECK] : { x: pose.width / 2, y: pose.height / 4 };
  const hip = meanOf(hips.map((n) => body[n]));
  const wanted = meanOf(hips.map((n) => pointOf(points[n])));
  const y = standing ? lowest(body) - unit * lowest(points.slice(0, SIZES.body).map(pointOf)) : hip.y - unit * wanted.y;
  return { x: hip.x - unit * wanted.x, y };
}

const lowest = (joints) => Math.max(...joints.filter((one) => one?.on).map(({ y }) => y));

/** Hands, feet and face moved as wrists, ankles and nose moved, and turned as the bones to them turned. */
function carriedParts(before, after) {
  const by = (joints, first, above, place) => carried(joints, joints[first], before.body, after.body, above, place);
  const feet = [
    by(before.feet.slice(0, 3), 2, sk.L_KNEE, sk.L_ANKLE),
    by(before.feet.slice(3), 2, sk.R_KNEE, sk.R_ANKLE),
  ];
  return {
    ...{ ...after, feet: feet.flat(), face: by(before.face, TIP, sk.NECK, sk.NOSE) },
    left: by(before.left, 0, sk.L_ELBOW, sk.L_WRIST),
    right: by(before.right, 0, sk.R_ELBOW, sk.R_WRIST),
  };
}

/** With a wrist, an ankle or a nose that is not seen, what hangs from it is hidden too, until it is seen again. */
function carried(joints, first, before, after, above, place) {
  const [was, is] = [before[place].on, after[place].on];
  if (!is) return joints.map((old) => (old.on && !old.locked ? { ...old, on: false } : old));
  const back = !was && !joints.some(({ on }) => on);
  const turned = was && before[above].on && after[above].on;
  const turn = turned ? angleOf(minus(after[place], after[above])) - angleOf(minus(before[place], before[above])) : 0;
  const carry = carrier(was ? before[place] : (first ?? after[place]), after[place], turn);
  const moved = joints.map((old) => (old.locked ? old : movedJoint(old, carry(old))));
  return back ? moved.map((one) => (one.locked ? one : { ...one, on: true })) : moved;
}

function feetOf(person) {
  const unit = unitOf(person);
  const sides = [
    [sk.L_KNEE, sk.L_ANKLE, sk.STARTS.feet],
    [sk.R_KNEE, sk.R_ANKLE, sk.STARTS.feet + 3],
  ];
  return sides.flatMap(([knee, ankle, first]) => {
    const [a, b] = [person.body[knee], person.body[ankle]];
    const leg = angleOf(minus(STANDING[ankle], STANDING[knee]));
    const carry = carrier({ x: 0, y: 0 }, b, a.on && b.on ? angleOf(minus(b, a)) - leg : 0);
    return [0, 1, 2].map((n) => {
      const { x, y } = carry(times(minus(STANDING[first + n], STANDING[ankle]), unit));
      return joint(x, y, b.on);
    });
  });
}
