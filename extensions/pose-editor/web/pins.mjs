// Locked joints: what moves must leave them where they are.

import { twoBones } from "./bones.mjs";
import { bendOf, isHeld, LIMBS, spansOf } from "./limbs.mjs";
import { boneLength, restored, set } from "./row.mjs";
import { BELOW } from "./skeleton.mjs";
import { between, distance } from "./vectors.mjs";

const HALVINGS = 16;
const FITS = 0.05; // pixels that a bone to a pin may lack

/** The moved row with pinned limbs brought back to their pins, or null where bones are too short or too long for it. */
export function pinned(row, next, lengths) {
  let points = next;
  for (const limb of LIMBS) points = limbPinned(row, points, lengths, limb);
  return points && unlessPinned(row, points, null);
}

function limbPinned(row, points, lengths, limb) {
  const [root, middle, end] = limb;
  if (!points || !row[root] || same(points[root], row[root])) return points;
  if (row[middle]?.locked) {
    const fits = Math.abs(distance(points[root], row[middle]) - boneLength(lengths.rest, row, root, middle)) < FITS;
    return fits ? restored(points, row, [middle, ...BELOW[middle]]) : null;
  }
  if (!row[middle] || !isHeld(row, end)) return points;
  const spans = spansOf(row, lengths, limb);
  const apart = distance(points[root], row[end]);
  if (apart > spans[0] + spans[1] || apart < Math.abs(spans[0] - spans[1])) return null;
  const back = restored(points, row, [end, ...BELOW[end]]);
  return set(back, [[middle, twoBones(points[root], row[end], spans, bendOf(row, limb)).middle]]);
}

/** The points, unless a locked joint moved: then `other`. */
export function unlessPinned(row, points, other = row) {
  const moved = row.some((joint, place) => joint?.locked && !same(joint, points[place]));
  return moved ? other : points;
}

/** The farthest on the way from `from` to `to` that `move` allows (it answers null where pins forbid). */
export function held(row, move, from, to) {
  const whole = move(to);
  if (whole) return whole;
  let [good, least, most] = [row, 0, 1];
  for (let n = 0; n < HALVINGS; n++) {
    const share = (least + most) / 2;
    const points = move(between(from, to, share));
    if (points) [good, least] = [points, share];
    else most = share;
  }
  return good;
}

const same = (a, b) => Math.abs(a.x - b.x) < 1e-9 && Math.abs(a.y - b.y) < 1e-9;
