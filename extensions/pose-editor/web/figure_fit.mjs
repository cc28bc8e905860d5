// How the plain figure lies over a person: where it would have a joint, and how large it would be.

import * as figure from "./figure.mjs";
import { rowOf } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { distance, dot, minus, plus, times, unit } from "./vectors.mjs";

const point = ([x, y]) => ({ x, y });
const BODY = figure.BODY.map(point);
export const STANDING = [...BODY, ...figure.FEET.map(point)];

const MEASURED = [
  ...[
    [sk.NECK, sk.R_HIP],
    [sk.NECK, sk.L_HIP],
    [sk.R_SHOULDER, sk.R_ELBOW],
    [sk.L_SHOULDER, sk.L_ELBOW],
  ],
  ...[
    [sk.R_ELBOW, sk.R_WRIST],
    [sk.L_ELBOW, sk.L_WRIST],
    [sk.R_HIP, sk.R_KNEE],
    [sk.L_HIP, sk.L_KNEE],
  ],
  ...[
    [sk.R_KNEE, sk.R_ANKLE],
    [sk.L_KNEE, sk.L_ANKLE],
  ],
];

/** A person's size: pixels per unit of the figure, the middle of what its bones say; `other` when they say nothing. */
export function unitOf(person, other = 100) {
  const { body } = person;
  const known = MEASURED.filter(([a, b]) => body[a].on && body[b].on);
  const said = known.map(([a, b]) => distance(body[a], body[b]) / distance(BODY[a], BODY[b])).sort((a, b) => a - b);
  return said[said.length >> 1] || other;
}

/**
 * The size of a body in any posture, in the same unit; 0 when its bones say nothing. Bones that point at the viewer look
 * shorter and none looks longer, so the long ones tell; the longest alone may be a drawn-out one.
 */
export function sizeOf(body) {
  const known = MEASURED.filter(([a, b]) => body[a]?.on && body[b]?.on);
  const said = known.map(([a, b]) => distance(body[a], body[b]) / distance(BODY[a], BODY[b])).sort((a, b) => b - a);
  return said[1] ?? said[0] ?? 0;
}

/** Where a joint of body or feet would be, by the other side of the body or by the figure; null when nothing tells. */
export function believable(person, place) {
  if (place >= sk.STARTS.left) return null;
  const row = rowOf(person);
  const above = nearestOn(row, place);
  if (above < 0) return null;
  const mirrored = place < sk.STARTS.feet && acrossAxis(row, sk.MIRROR.body[place], place);
  if (mirrored) return mirrored;
  const carry = overlaid(row, unitOf(person));
  return plus(row[above], carry(minus(STANDING[place], STANDING[above])));
}

function nearestOn(row, place) {
  let above = sk.PARENTS[place];
  while (above >= 0 && !row[above]?.on) above = sk.PARENTS[above];
  return above >= 0 ? above : row.findIndex((joint, n) => n < sk.STARTS.feet && joint?.on);
}

function acrossAxis(row, other, place) {
  const hips = [sk.R_HIP, sk.L_HIP].map((hip) => row[hip]);
  if (other === place || !row[other].on || !row[sk.NECK].on || !hips.every((hip) => hip.on)) return null;
  const down = unit(minus(times(plus(...hips), 0.5), row[sk.NECK]));
  const away = minus(row[other], row[sk.NECK]);
  return plus(row[sk.NECK], minus(times(down, 2 * dot(away, down)), away));
}

/** The turn and scale that lay the figure over the joints that are on, for differences of points. */
function overlaid(row, size) {
  const on = BODY.map((_, n) => n).filter((n) => row[n].on);
  let [real, imaginary] = [0, 0];
  const middle = (points) => times(points.reduce(plus), 1 / points.length);
  const [a, b] = [middle(on.map((n) => BODY[n])), middle(on.map((n) => row[n]))];
  for (const n of on) {
    const [from, to] = [minus(BODY[n], a), minus(row[n], b)];
    real += dot(from, to);
    imaginary += from.x * to.y - from.y * to.x;
  }
  const turn = Math.atan2(imaginary, real);
  const [c, s] = [size * Math.cos(turn), size * Math.sin(turn)];
  return ({ x, y }) => ({ x: x * c - y * s, y: x * s + y * c });
}
