// From one person's pose to another's: bones turn the shorter way and grow evenly, so that limbs keep their lengths.

import { rounded } from "./document.mjs";
import { BELOW, NECK, PARENTS, PARTS, refAt, ROW, SIZES, STARTS } from "./skeleton.mjs";

const NOWHERE = { x: 0, y: 0, on: false, locked: false };
const ORDER = [NECK, ...BELOW[NECK]];

/** `count` people, of which the first is `a` and the last has the pose of `b`. */
export const series = (a, b, count) => Array.from({ length: count }, (_, n) => tween(a, b, count < 2 ? 0 : n / (count - 1)));

/** The person between two; what only one of them has is there in its half of the way. */
export function tween(a, b, share) {
  if (share <= 0) return a;
  const nearer = share < 0.5 ? a : b;
  const [from, to] = [rowOf(a), rowOf(b)];
  const placed = Array.from({ length: ROW }, () => ({ x: 0, y: 0 }));
  for (const place of ORDER) placed[place] = joined(place, from, to, placed, share);
  const parts = PARTS.map((part) => [part, nearer[part].map((joint, n) => moved(joint, placed[STARTS[part] + n]))]);
  return { ...a, ...Object.fromEntries(parts) };
}

const rowOf = (person) =>
  PARTS.flatMap((part) => (person[part].length ? person[part] : Array(SIZES[part]).fill(NOWHERE)));

const moved = (joint, { x, y }) => ({ ...joint, x: rounded(x), y: rounded(y) });

function joined(place, from, to, placed, share) {
  const both = (one) => from[one].on && to[one].on;
  const parent = heldBy(place, both);
  if (parent === null) {
    const shown = (joint, other) => (joint.on ? joint : other);
    return mixed(shown(from[place], to[place]), shown(to[place], from[place]), share);
  }
  const start = less(from[place], from[parent]);
  const end = less(to[place], to[parent]);
  const bone = both(place) ? turned(start, end, share) : to[place].on || (!from[place].on && share >= 0.5) ? end : start;
  return { x: placed[parent].x + bone.x, y: placed[parent].y + bone.y };
}

/** The nearest joint towards the neck that both poses show. */
function heldBy(place, both) {
  for (let above = PARENTS[place]; above >= 0; above = PARENTS[above]) if (both(above)) return above;
  return null;
}

const less = (a, b) => ({ x: a.x - b.x, y: a.y - b.y });

const mixed = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share });

function turned(a, b, share) {
  const [long, other] = [Math.hypot(a.x, a.y), Math.hypot(b.x, b.y)];
  if (!long || !other) return mixed(a, b, share);
  const turn = Math.atan2(a.x * b.y - a.y * b.x, a.x * b.x + a.y * b.y) * share;
  const grown = (long + (other - long) * share) / long;
  const [cos, sin] = [Math.cos(turn) * grown, Math.sin(turn) * grown];
  return { x: a.x * cos - a.y * sin, y: a.x * sin + a.y * cos };
}

