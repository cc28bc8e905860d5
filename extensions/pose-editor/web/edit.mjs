// What a hand does to joints: moves them, turns them on and off, pins them. Every edit gives a new pose.

import { believable } from "./figure_fit.mjs";
import { pulled } from "./ik.mjs";
import { jointAt, keepLengths, lengthsOf, midHip, rowOf, withPoints } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { dot, minus, plus, times, unit } from "./vectors.mjs";

/** The pose with another person at `index`. */
export function withPerson(pose, index, person) {
  if (person === pose.people[index]) return pose;
  return { ...pose, people: pose.people.map((one, n) => (n === index ? person : one)) };
}

/**
 * Moves a joint to a point. `lengths`: bones keep their lengths and limbs bend; `limits`: joints bend as a body does;
 * `mirror`: the opposite joint does the same on the other side of the body's axis; `depth`: the last bone may shorten,
 * as a limb that turns towards or away from the eye. A locked joint never moves.
 */
export function moveJoint(pose, ref, to, { lengths = false, limits = false, mirror = false, depth = false } = {}) {
  const person = pose.people[ref.person];
  const joint = person?.[ref.part][ref.index];
  if (!joint || joint.locked) return pose;
  const how = { lengths, limits, depth };
  const moved = moveAlone(person, sk.placeOf(ref), to, how);
  const both = mirror ? moveOpposite(person, moved, ref, how) : moved;
  return withPerson(pose, ref.person, both);
}

function moveAlone(person, place, to, { lengths, limits, depth }) {
  const row = rowOf(person);
  if (!row[place] || row[place].locked) return person;
  const points = lengths
    ? pulled(row, place, to, lengthsOf(person), { limits, depth })
    : shiftedRow(row, withAttached(row, [place]), minus(to, row[place]));
  return keepLengths(person, withPoints(person, points), { depth: lengths && depth });
}

function moveOpposite(before, after, ref, how) {
  const other = sk.mirrorOf(ref.part, ref.index);
  const hips = ref.part === "body" && [sk.R_HIP, sk.L_HIP].includes(ref.index);
  const itself = other.part === ref.part && other.index === ref.index;
  const joint = after[other.part][other.index];
  if (itself || !joint || (hips && how.lengths)) return after;
  const by = mirrored(before, minus(after[ref.part][ref.index], before[ref.part][ref.index]));
  return moveAlone(after, sk.placeOf(other), plus(joint, by), how);
}

/** A move as the other side of the body makes it. */
function mirrored(person, by) {
  const row = rowOf(person);
  const hip = midHip(row);
  const axis = hip && row[sk.NECK].on ? unit(minus(hip, row[sk.NECK])) : { x: 0, y: 1 };
  return minus(times(axis, 2 * dot(by, axis)), by);
}

/** Moves joints by the same way. What is attached to a wrist, ankle or nose goes along. */
export function moveMany(pose, refs, dx, dy) {
  return eachPerson(pose, refs, (person, places) => {
    const row = rowOf(person);
    return withPoints(person, shiftedRow(row, free(row, withAttached(row, places)), { x: dx, y: dy }));
  });
}

/** Applies change(person, places) to each person of the refs. */
export function eachPerson(pose, refs, change) {
  const of = new Map();
  for (const ref of refs) of.set(ref.person, [...(of.get(ref.person) ?? []), sk.placeOf(ref)]);
  let next = pose;
  for (const [index, places] of of) {
    const person = pose.people[index];
    if (person) next = withPerson(next, index, keepLengths(person, change(person, places)));
  }
  return next;
}

/** Places that may move: all of them when they are the whole person, else those that are not locked. */
export function free(row, places) {
  const chosen = new Set(places);
  const whole = row.every((joint, place) => !joint?.on || chosen.has(place));
  return places.filter((place) => row[place] && (whole || !row[place].locked));
}

/** Shortens or lengthens the bone that ends at a joint, as when it turns in depth; what hangs from it goes along. */
export function foreshorten(pose, ref, factor) {
  const person = pose.people[ref.person];
  const row = rowOf(person);
  const place = sk.placeOf(ref);
  const above = holderOf(row, place);
  const places = [place, ...sk.BELOW[place]].filter((other) => row[other]);
  if (above < 0 || !row[place] || places.some((other) => row[other].locked)) return pose;
  const points = shiftedRow(row, places, times(minus(row[place], row[above]), factor - 1));
  return withPerson(pose, ref.person, keepLengths(person, withPoints(person, points), { depth: true }));
}

/** The nearest joint towards the neck that is on, or -1. */
function holderOf(row, place) {
  let above = sk.PARENTS[place];
  while (above >= 0 && !row[above]?.on) above = sk.PARENTS[above];
  return above;
}

/** Shows or hides joints (one ref or many); `below`: with all that hangs from them. */
export function setOn(pose, refs, on, below = false) {
  const change = (person, place) => (joint) => (joint.on === on ? joint : { ...placed(person, place, joint, on), on });
  return changed(pose, refs, below, change);
}

/** A joint that never had a place gets one when it is shown. */
function placed(person, place, joint, on) {
  if (!on || joint.x || joint.y) return joint;
  const point = believable(person, place);
  return point ? jointAt(joint, point) : joint;
}

export function setLocked(pose, refs, locked, below = false) {
  return changed(pose, refs, below, () => (joint) => (joint.locked === locked ? joint : { ...joint, locked }));
}

function changed(pose, refs, below, change) {
  return eachPerson(pose, [refs].flat(), (person, chosen) => {
    const places = below ? chosen.flatMap((place) => [place, ...sk.BELOW[place]]) : chosen;
    return places.reduce(changedAt, person);
    function changedAt(one, place) {
      const { part, index } = sk.refAt(place);
      const joint = one[part][index];
      const next = joint && change(one, place)(joint);
      if (!joint || next === joint) return one;
      return { ...one, [part]: one[part].map((old, n) => (n === index ? next : old)) };
    }
  });
}

const HOLDS = new Map([
  [sk.L_WRIST, sk.BELOW[sk.L_WRIST]],
  [sk.R_WRIST, sk.BELOW[sk.R_WRIST]],
  [sk.L_ANKLE, sk.BELOW[sk.L_ANKLE]],
  [sk.R_ANKLE, sk.BELOW[sk.R_ANKLE]],
  [sk.NOSE, sk.BELOW[sk.NOSE].filter((place) => place >= sk.STARTS.face)],
]);

/** The places with hands, feet and face of those they hang from, locked joints left out of what is added. */
function withAttached(row, places) {
  const chosen = new Set(places);
  for (const place of places) {
    const held = HOLDS.get(place) ?? [];
    if (held.some((other) => chosen.has(other))) continue;
    for (const other of held) if (row[other] && !row[other].locked) chosen.add(other);
  }
  return [...chosen];
}

function shiftedRow(row, places, by) {
  const next = [...row];
  for (const place of places) if (row[place]) next[place] = plus(row[place], by);
  return next;
}
