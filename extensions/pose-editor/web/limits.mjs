// How far joints turn, as a picture shows it.

import { L_EAR, L_SHOULDER, NECK, NOSE, R_EAR, R_SHOULDER } from "./skeleton.mjs";
import { midHip, trunkOf } from "./row.mjs";
import { angleOf, clamped, cross, distance, dot, meanOf, minus, times, towards, wrapped } from "./vectors.mjs";

// Degrees; what is seen from the front allows more than what is seen from the side, because an arm
// or a leg that turns about its own length can bend in the picture either way.
//
// `upper`: upper arm or thigh away from straight down the trunk: outwards (seen from front or back), forwards (from the
// side). `bend`: elbow or knee away from straight; positive is the way it bends.
export const LIMITS = {
  arm: { upper: { frontal: [-75, 185], profile: [-60, 185] }, bend: { frontal: [-150, 150], profile: [0, 150] } },
  leg: { upper: { frontal: [-45, 110], profile: [-35, 130] }, bend: { frontal: [-25, 150], profile: [0, 150] } },
  head: [-70, 70], // the nose away from straight above the neck
  shoulder: [-40, 40], // away from square to the trunk
};

const PROFILE = 0.3; // shoulders nearer than this share of the trunk are seen from the side
const DEGREE = Math.PI / 180;

/** Where a person looks: "front", "back", "left" or "right" (of the picture), as far as its joints tell. */
export function facing(row) {
  const down = trunkOf(row);
  const right = { x: down.y, y: -down.x }; // the picture's right when the person stands upright
  const [a, b] = [row[R_SHOULDER], row[L_SHOULDER]];
  const hip = midHip(row);
  if (!a?.on || !b?.on || !hip || !row[NECK]?.on) return "front";
  const wide = dot(minus(b, a), right) / Math.max(distance(row[NECK], hip), 1);
  if (Math.abs(wide) >= PROFILE) return wide > 0 ? "front" : "back";
  if (!row[NOSE]?.on) return "front";
  const ears = meanOf([R_EAR, L_EAR].filter((ear) => row[ear]?.on).map((ear) => row[ear]));
  return dot(minus(row[NOSE], ears ?? row[NECK]), right) >= 0 ? "right" : "left";
}

/** The axes in which a limb's angles are told: {down, out, kind}. */
export function frameOf(row, isRight) {
  const down = trunkOf(row);
  const right = { x: down.y, y: -down.x };
  const view = facing(row);
  if (view === "left" || view === "right") {
    return { down, out: times(right, view === "right" ? 1 : -1), kind: "profile" };
  }
  return { down, out: times(right, isRight === (view === "front") ? -1 : 1), kind: "frontal" };
}

/** Upper and lower directions (radians on the screen) brought into the limits of an "arm" or a "leg". */
export function limbLimited(frame, limb, upper, lower) {
  const { upper: swing, bend } = LIMITS[limb];
  const spin = spinOf(frame);
  const [least, most] = swing[frame.kind];
  const out = within(outward(frame, upper), least, most);
  const bent = clamped((bendSign(limb) * wrapped(lower - upper) * spin) / DEGREE, ...bend[frame.kind]);
  const first = angleOf(frame.down) + out * DEGREE * spin;
  return { upper: first, lower: first + bent * DEGREE * bendSign(limb) * spin };
}

/** The lower direction alone, for an upper one that stays. */
export function lowerLimited(frame, limb, upper, lower) {
  const turn = bendSign(limb) * spinOf(frame);
  const bent = clamped((turn * wrapped(lower - upper)) / DEGREE, ...LIMITS[limb].bend[frame.kind]);
  return upper + turn * bent * DEGREE;
}

/** The side to which a straight limb bends: the sign of the turn from upper to lower on the screen. */
export function naturalBend(frame, limb) {
  const sign = frame.kind === "profile" ? bendSign(limb) : -1;
  return sign * spinOf(frame);
}

/** A direction from the neck to the nose (`rest` straight up the trunk) within the head's limits. */
export const headLimited = (row, angle) => limitedAbout(angleOf(trunkOf(row)) + Math.PI, angle, LIMITS.head);

/** A direction from the neck to a shoulder, seen from the front or the back, within its limits. */
export function shoulderLimited(row, isRight, angle) {
  const frame = frameOf(row, isRight);
  return frame.kind === "profile" ? angle : limitedAbout(angleOf(frame.out), angle, LIMITS.shoulder);
}

const limitedAbout = (middle, angle, [least, most]) =>
  middle + clamped(wrapped(angle - middle), least * DEGREE, most * DEGREE);

const bendSign = (limb) => (limb === "arm" ? 1 : -1);

const spinOf = (frame) => Math.sign(cross(frame.down, frame.out)) || 1;

function outward(frame, angle) {
  const direction = towards(angle);
  return Math.atan2(dot(direction, frame.out), dot(direction, frame.down)) / DEGREE;
}

function within(angle, least, most) {
  const middle = (least + most) / 2;
  const half = (most - least) / 2;
  return middle + clamped(wrapped((angle - middle) * DEGREE) / DEGREE, -half, half);
}
