// Pulls a joint while every bone keeps its length: rows of points in, rows of points out; places are skeleton.mjs's.

import { fabrik, twoBones } from "./bones.mjs";
import { bendOf, HIPS, isHeld, isRight, kindOf, LIMBS, SHOULDERS, spansOf } from "./limbs.mjs";
import { frameOf, headLimited, limbLimited, lowerLimited, shoulderLimited } from "./limits.mjs";
import { held, pinned, unlessPinned } from "./pins.mjs";
import { boneLength, carried, joined, midHip, set, shifted } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { angleOf, carrier, distance, length, minus, plus, towards, wrapped } from "./vectors.mjs";

const KNUCKLES = [1, 5, 9, 13, 17].flatMap((n) => [sk.STARTS.left + n, sk.STARTS.right + n]);
const HANDS = [sk.STARTS.left, sk.STARTS.right];
const STOPS = new Set([
  ...[sk.NECK, sk.NOSE, sk.R_EYE, sk.L_EYE, sk.L_WRIST, sk.R_WRIST, sk.L_ANKLE, sk.R_ANKLE],
  ...[...SHOULDERS, ...HIPS, ...HANDS, ...KNUCKLES],
]);

/** Points after the joint at `place` was pulled to `to`. Locked joints stay; `lengths` are those of row.mjs. */
export function pulled(row, place, to, lengths, { limits = false, depth = false } = {}) {
  const task = { row, lengths, limits, depth };
  if (HANDS.includes(place)) return pulled(row, sk.PARENTS[place], to, lengths, { limits, depth });
  if (place === sk.NECK || HIPS.includes(place)) return trunkPulled(task, place, to);
  if (SHOULDERS.includes(place)) return held(row, (goal) => limbRootPulled(task, place, goal), row[place], to);
  if (place >= sk.STARTS.face) return set(row, [[place, to]]);
  const group = rigidGroup(place);
  if (group) return unlessPinned(row, groupTurned(row, group, place, to));
  const bound = boundMiddle(task, place, to);
  return bound ?? unlessPinned(row, chainPulled(task, place, to));
}

/** Hand knuckles turn the hand about its wrist, feet turn about their ankle. */
function rigidGroup(place) {
  if (KNUCKLES.includes(place)) return { about: sk.PARENTS[place], places: sk.BELOW[sk.PARENTS[place]] };
  if (place < sk.STARTS.feet || place >= sk.STARTS.left) return null;
  return { about: sk.PARENTS[place], places: sk.BELOW[sk.PARENTS[place]].filter((n) => n < sk.STARTS.left) };
}

function groupTurned(row, { about, places }, place, to) {
  const pivot = row[about];
  const turn = turnBetween(minus(row[place], pivot), minus(to, pivot));
  return carried(row, places, carrier(pivot, pivot, turn));
}

/** An elbow or knee whose end is pinned can only change its side. */
function boundMiddle({ row, lengths }, place, to) {
  const limb = LIMBS.find(([, middle]) => middle === place);
  if (!limb || !isHeld(row, limb[2])) return null;
  const [root, , end] = limb;
  const sides = [-1, 1].map((side) => twoBones(row[root], row[end], spansOf(row, lengths, limb), side).middle);
  return set(row, [[place, distance(sides[0], to) < distance(sides[1], to) ? sides[0] : sides[1]]]);
}

function chainPulled(task, place, to) {
  const chain = chainOf(task.row, place);
  if (chain.length === 1) return shifted(task.row, [place, ...sk.BELOW[place]], minus(to, task.row[place]));
  const near = task.depth && shortened(task, chain, to);
  if (near) return followed(task.row, chain, near);
  return followed(task.row, chain, solved(task, chain, to));
}

/** From a joint up to where its chain is held, upper end first; joints that are off are passed over. */
function chainOf(row, place) {
  const chain = [place];
  for (let above = sk.PARENTS[place]; above >= 0; above = sk.PARENTS[above]) {
    if (!row[above]?.on) continue;
    chain.unshift(above);
    if (STOPS.has(above) || row[above].locked) break;
  }
  return chain;
}

/** The chain with its last bone turned in depth, when the target is within that bone's full length; else null. */
function shortened({ row, lengths }, chain, to) {
  const [above, last] = chain.slice(-2);
  if (distance(row[above], to) > boneLength(lengths.full, row, above, last)) return null;
  return [...chain.slice(0, -1).map((place) => row[place]), to];
}

function solved(task, chain, to) {
  const { row, lengths, depth } = task;
  const spans = chain.slice(1).map((place, n) => boneLength(lengths.rest, row, chain[n], place));
  if (depth) spans[spans.length - 1] = boneLength(lengths.full, row, ...chain.slice(-2));
  if (chain.length === 2) return oneBone(task, chain, spans[0], to);
  if (chain.length > 3)
    return fabrik(
      chain.map((place) => row[place]),
      spans,
      to,
    );
  const bend = bendOf(row, chain, task.limits);
  const { middle, end } = twoBones(row[chain[0]], to, spans, bend);
  const free = [row[chain[0]], middle, end];
  return task.limits ? limbInside(task, chain, spans, to, free, bend) : free;
}

function oneBone(task, [above, place], span, to) {
  const { row } = task;
  const start = row[above];
  let angle = angleOf(distance(to, start) > 1e-6 ? minus(to, start) : minus(row[place], start));
  if (task.limits) angle = angleInside(row, above, place, angle);
  return [start, plus(start, towards(angle, span))];
}

function angleInside(row, above, place, angle) {
  if (place === sk.NOSE && above === sk.NECK) return headLimited(row, angle);
  const limb = LIMBS.find((one) => one.includes(place) && one.includes(above));
  if (!limb) return angle;
  const [root, middle, end] = limb;
  const frame = frameOf(row, isRight(place));
  if (place === middle) return limbLimited(frame, kindOf(limb), angle, angle).upper;
  if (place !== end || above !== middle || !row[root]?.on) return angle;
  return lowerLimited(frame, kindOf(limb), angleOf(minus(row[middle], row[root])), angle);
}

/** The free answer when the limits allow it, the one bent to the other side, or the nearest inside the limits. */
function limbInside({ row }, chain, spans, to, free, bend) {
  const limb = LIMBS.find((one) => one.every((place, n) => place === chain[n]));
  if (!limb) return free;
  const frame = frameOf(row, isRight(limb[2]));
  const name = kindOf(limb);
  if (isInside(frame, name, free)) return free;
  const { middle, end } = twoBones(free[0], to, spans, -bend);
  if (isInside(frame, name, [free[0], middle, end])) return [free[0], middle, end];
  const { upper } = limbLimited(frame, name, angleOf(minus(free[1], free[0])), angleOf(minus(free[2], free[1])));
  const knee = plus(free[0], towards(upper, spans[0]));
  const lower = lowerLimited(frame, name, upper, angleOf(minus(to, knee)));
  return [free[0], knee, plus(knee, towards(lower, spans[1]))];
}

function isInside(frame, name, [root, middle, end]) {
  const [upper, lower] = [angleOf(minus(middle, root)), angleOf(minus(end, middle))];
  const inside = limbLimited(frame, name, upper, lower);
  return Math.abs(wrapped(inside.upper - upper)) < 1e-6 && Math.abs(wrapped(inside.lower - lower)) < 1e-6;
}

/** The row with a chain at new points; what hangs from each joint turns with the bone above it. */
function followed(row, chain, points) {
  const next = [...row];
  chain.forEach((place, n) => {
    if (n === 0) return;
    const turn = turnBetween(minus(row[place], row[chain[n - 1]]), minus(points[n], points[n - 1]));
    const below = chain[n + 1] === undefined ? [] : [chain[n + 1], ...sk.BELOW[chain[n + 1]]];
    const carry = carrier(row[place], points[n], turn);
    for (const other of sk.BELOW[place]) if (row[other] && !below.includes(other)) next[other] = carry(row[other]);
    next[place] = points[n];
    passedOver(chain[n - 1], place).forEach((other) => {
      if (row[other]) next[other] = carry(row[other]);
    });
  });
  return next;
}

/** Joints that are off between two joints of a chain. */
function passedOver(above, place) {
  const found = [];
  for (let at = sk.PARENTS[place]; at !== above && at >= 0; at = sk.PARENTS[at]) found.push(at);
  return found;
}

/** A shoulder or hip turns about the neck; its limb goes along without turning. */
function limbRootPulled({ row, lengths, limits }, place, to) {
  const neck = row[sk.NECK];
  if (!neck?.on) return shifted(row, [place, ...sk.BELOW[place]], minus(to, row[place]));
  let angle = angleOf(distance(to, neck) > 1e-6 ? minus(to, neck) : minus(row[place], neck));
  if (limits) angle = shoulderLimited(row, isRight(place), angle);
  const point = plus(neck, towards(angle, boneLength(lengths.rest, row, sk.NECK, place)));
  return pinned(row, shifted(row, [place, ...sk.BELOW[place]], minus(point, row[place])), lengths);
}

/** The neck turns the trunk about the hips, a hip turns the hips about the neck; what is left moves the person. */
function trunkPulled(task, place, to) {
  const { row, lengths } = task;
  const pivot = place === sk.NECK ? midHip(row) : row[sk.NECK]?.on ? row[sk.NECK] : null;
  const turned = pivot ? held(row, (goal) => trunkTurned(task, place, pivot, goal), row[place], to) : row;
  const rest = joined(row, turned);
  const all = rest.map((_, n) => n);
  const move = (goal) => pinned(rest, shifted(rest, all, minus(goal, rest[place])), lengths);
  return held(rest, move, rest[place], to);
}

function trunkTurned({ row, lengths }, place, pivot, to) {
  const carry = carrier(pivot, pivot, turnBetween(minus(row[place], pivot), minus(to, pivot)));
  const next = place === sk.NECK ? carried(row, upperBody(), carry) : [...row];
  for (const hip of HIPS) {
    if (!row[hip]) continue;
    const point = carry(row[hip]);
    sk.BELOW[hip].forEach((n) => row[n] && (next[n] = plus(row[n], minus(point, row[hip]))));
    next[hip] = point;
  }
  return pinned(row, next, lengths);
}

const upperBody = () => [sk.NECK, sk.NOSE, ...sk.BELOW[sk.NOSE], ...SHOULDERS.flatMap((n) => [n, ...sk.BELOW[n]])];

const turnBetween = (from, to) => (length(from) > 1e-9 && length(to) > 1e-9 ? wrapped(angleOf(to) - angleOf(from)) : 0);
