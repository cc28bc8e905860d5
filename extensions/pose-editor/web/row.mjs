// A person as one row of 136 joints (null where a part is absent), its bone lengths, and what hangs from what.

import { rounded } from "./document.mjs";
import { BONES, L_HIP, NECK, PARTS, R_HIP, ROW, SIZES, STARTS } from "./skeleton.mjs";
import { distance, meanOf, minus, plus, unit } from "./vectors.mjs";

const NOISE = 0.2; // pixels; a length that changed by less changed by rounding only

// Places are kept to 0.1 pixel. What an edit really meant is remembered with the person, or a hand that was carried
// along many times would lose its shape.
const exact = new WeakMap();

export function rowOf(person) {
  const row = Array(ROW).fill(null);
  const meant = exact.get(person);
  for (const part of PARTS) {
    person[part].forEach((joint, n) => (row[STARTS[part] + n] = meantAt(joint, meant, STARTS[part] + n)));
  }
  return row;
}

function meantAt(joint, meant, place) {
  if (!meant) return joint;
  const [x, y] = [meant[2 * place], meant[2 * place + 1]];
  return rounded(x) === joint.x && rounded(y) === joint.y ? { ...joint, x, y } : joint;
}

/** The person with its joints at other points; joints that did not move stay the same objects. */
export function withPoints(person, points) {
  const changed = {};
  for (const part of PARTS) {
    const joints = person[part].map((joint, n) => jointAt(joint, points[STARTS[part] + n]));
    if (joints.some((joint, n) => joint !== person[part][n])) changed[part] = joints;
  }
  if (!Object.keys(changed).length) return person;
  const next = { ...person, ...changed };
  exact.set(
    next,
    Float64Array.from({ length: 2 * ROW }, (_, n) => points[n >> 1]?.[n % 2 ? "y" : "x"] ?? NaN),
  );
  return next;
}

export function jointAt(joint, point) {
  const [x, y] = [rounded(point.x), rounded(point.y)];
  return x === joint.x && y === joint.y ? joint : { ...joint, x, y };
}

/** All places of a part that the person has. */
export const placesOf = (person, part) => person[part].map((_, n) => STARTS[part] + n);

/** The middle of the hips that are on, or null. */
export const midHip = (row) => meanOf([R_HIP, L_HIP].filter((hip) => row[hip]?.on).map((hip) => row[hip]));

/** The direction down the trunk; straight down where the trunk is not known. */
export function trunkOf(row) {
  const hip = midHip(row);
  return hip && row[NECK]?.on ? unit(minus(hip, row[NECK])) : { x: 0, y: 1 };
}

// Lengths are measured from the pose and handed on from person to person, or many moves would let a bone grow.
const known = new WeakMap();
const boneAt = new Map(
  BONES.flatMap(([a, b], n) => [
    [a * ROW + b, n],
    [b * ROW + a, n],
  ]),
);

/** {rest, full}: each bone's present length and its greatest length before it was turned in depth. */
export function lengthsOf(person) {
  if (!known.has(person)) {
    const rest = measured(rowOf(person));
    known.set(person, { rest, full: rest });
  }
  return known.get(person);
}

/** Remembers a person's lengths for the next one, but where a bone really changed. `depth`: it only turned in depth. */
export function keepLengths(before, after, { depth = false } = {}) {
  if (before === after) return after;
  if (!exact.has(after) && exact.has(before)) exact.set(after, exact.get(before));
  const { rest, full } = lengthsOf(before);
  const now = measured(rowOf(after)); // NaN where a part is absent
  const same = now.map((length, n) => Math.abs(length - rest[n]) < NOISE);
  known.set(after, {
    rest: now.map((length, n) => (same[n] ? rest[n] : length)),
    full: now.map((length, n) => (same[n] || depth ? Math.max(full[n], rest[n]) : length)),
  });
  return after;
}

/** The length of the bone between two places, measured where there is no such bone. */
export function boneLength(lengths, row, a, b) {
  const bone = boneAt.get(a * ROW + b);
  const length = bone === undefined ? NaN : lengths[bone];
  return Number.isNaN(length) ? distance(row[a], row[b]) : length;
}

const measured = (row) => BONES.map(([a, b]) => (row[a] && row[b] ? distance(row[a], row[b]) : NaN));

/** The joints of `row` at other points. */
export const joined = (row, points) => row.map((joint, n) => joint && { ...joint, x: points[n].x, y: points[n].y });

export function set(row, changes) {
  const next = [...row];
  for (const [place, point] of changes) next[place] = point;
  return next;
}

export const carried = (row, places, carry) =>
  set(
    row,
    places.filter((place) => row[place]).map((place) => [place, carry(row[place])]),
  );

export const shifted = (row, places, by) => carried(row, places, (point) => plus(point, by));

export const restored = (points, row, places) =>
  set(
    points,
    places.map((place) => [place, row[place]]),
  );
