// Arms and legs: which joints they are of, how they are bent, how long they are.

import { frameOf, naturalBend } from "./limits.mjs";
import { boneLength } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { cross, length, minus } from "./vectors.mjs";

export const SHOULDERS = [sk.R_SHOULDER, sk.L_SHOULDER];
export const HIPS = [sk.R_HIP, sk.L_HIP];

/** [root, middle, end] of each. */
export const LIMBS = [
  [sk.R_SHOULDER, sk.R_ELBOW, sk.R_WRIST],
  [sk.L_SHOULDER, sk.L_ELBOW, sk.L_WRIST],
  [sk.R_HIP, sk.R_KNEE, sk.R_ANKLE],
  [sk.L_HIP, sk.L_KNEE, sk.L_ANKLE],
];
const RIGHTS = new Set([...LIMBS[0], ...LIMBS[2]]);

export const isRight = (place) => RIGHTS.has(place);

export const kindOf = ([root]) => (SHOULDERS.includes(root) ? "arm" : "leg");

/** The side to which a limb is bent now; a straight one bends as it would. */
export function bendOf(row, [root, middle, end], limits = false) {
  const limb = LIMBS.find((one) => one[1] === middle && one[2] === end);
  const frame = limb && frameOf(row, isRight(end));
  if (limits && frame?.kind === "profile") return naturalBend(frame, kindOf(limb));
  const [upper, lower] = [minus(row[middle], row[root]), minus(row[end], row[middle])];
  const bent = cross(upper, lower) / Math.max(length(upper) * length(lower), 1e-9);
  if (Math.abs(bent) > 0.02 || !limb) return bent < 0 ? -1 : 1;
  return naturalBend(frame, kindOf(limb));
}

/** An end that is locked itself or by a joint of its hand or foot. */
export const isHeld = (row, end) => [end, ...sk.BELOW[end]].some((place) => row[place]?.locked);

/** The lengths of its two bones. */
export const spansOf = (row, lengths, [root, middle, end]) => [
  boneLength(lengths.rest, row, root, middle),
  boneLength(lengths.rest, row, middle, end),
];
