// What of the poses a pointer can catch: handles of the chosen person, joints and limbs of the others.

import { t } from "../stage/i18n.mjs";
import { boxOf, frameHandles, inside } from "../stage/select.mjs";
import { nameOf, LIMBS, PARENTS, PARTS, placeOf, refAt } from "./skeleton.mjs";
import { idOf, jointAt, sameRef } from "./session.mjs";
import { hex } from "./trace.mjs";
import { JOINT_COLOURS } from "./skeleton.mjs";

const FRAME_GAP = 16; // CSS pixels between what is chosen and its frame
const TURN_GAP = 28;
const OPEN_FROM = 56; // CSS pixels: a hand or face shown this large has handles of its own
const FINE = "#c8d4ff";

export const jointName = ({ part, index }) => {
  const { text, values } = nameOf(part, index);
  return t(text, values);
};

/** Everything of the chosen person that is a handle at this scale (CSS pixels per pixel of the picture). */
export function handlesOf(session, scale) {
  const { person: index, refs } = session.chosen;
  const person = session.person;
  if (!person || !person.on) return [];
  const handles = partsShown(person, session.opened, scale).flatMap((part) =>
    person[part].flatMap((joint, n) => (isPlaced(joint) ? [handleOf(joint, { person: index, part, index: n }, session)] : [])),
  );
  return refs.length > 1 ? [...handles, ...frameOf(session.pose, refs, scale).handles] : handles;
}

/** Files have hidden joints at 0, 0 that never had a place. */
const isPlaced = ({ x, y, on }) => on || x !== 0 || y !== 0;

/** Body and feet always; hands and face where they are opened or large enough to be told apart. */
function partsShown(person, opened, scale) {
  return PARTS.filter((part) => {
    if (!person[part].length) return false;
    if (part === "body" || part === "feet" || opened.has(part)) return true;
    const box = boxOf(person[part].filter(({ on }) => on));
    return box !== null && Math.max(box.width, box.height) * scale >= OPEN_FROM * (part === "face" ? 4 : 2.5);
  });
}

function handleOf(joint, ref, session) {
  const chosen = session.chosen.refs.some((one) => sameRef(one, ref));
  const ghost = session.state.ghosts.some((one) => sameRef(one, ref));
  const state = chosen ? "chosen" : ghost ? "ghost" : joint.locked ? "locked" : joint.on ? "on" : "off";
  const body = ref.part === "body";
  return {
    id: idOf(ref),
    name: jointName(ref),
    x: joint.x,
    y: joint.y,
    shape: body ? "dot" : "ring",
    state,
    colour: body ? hex(JOINT_COLOURS[ref.index]) : FINE,
    small: !body,
  };
}

/** The frame around chosen joints: its box in pixels of the picture and its handles. */
export function frameOf(pose, refs, scale) {
  const tight = boxOf(refs.map((ref) => jointAt(pose, ref)).filter(Boolean));
  const gap = FRAME_GAP / scale;
  const box = { x: tight.x - gap, y: tight.y - gap, width: tight.width + 2 * gap, height: tight.height + 2 * gap };
  return { box, tight, handles: frameHandles(box, TURN_GAP / scale) };
}

/** The body joint nearest to a point among the people that are shown, the upmost of equals; null if none is near. */
export function jointNear(pose, point, reach) {
  let best = null;
  let least = reach;
  pose.people.forEach((person, index) => {
    if (!person.on) return;
    person.body.forEach((joint, n) => {
      const away = Math.hypot(joint.x - point.x, joint.y - point.y);
      if (joint.on && away <= least) [best, least] = [{ person: index, part: "body", index: n }, away];
    });
  });
  return best;
}

/** {person, limb} under a point; null if none is near. */
export function limbNear(pose, point, reach) {
  let best = null;
  let least = reach;
  pose.people.forEach((person, index) => {
    if (!person.on) return;
    LIMBS.forEach(([a, b], limb) => {
      if (!person.body[a].on || !person.body[b].on) return;
      const away = toSegment(point, person.body[a], person.body[b]);
      if (away <= least) [best, least] = [{ person: index, limb }, away];
    });
  });
  return best;
}

export function toSegment(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = ((point.x - a.x) * dx + (point.y - a.y) * dy) / (dx * dx + dy * dy || 1);
  const share = Math.min(1, Math.max(0, along));
  return Math.hypot(point.x - a.x - share * dx, point.y - a.y - share * dy);
}

/** All joints of a person that are on. */
export const refsOf = (pose, person) =>
  PARTS.flatMap((part) =>
    pose.people[person][part].flatMap(({ on }, index) => (on ? [{ person, part, index }] : [])),
  );

/** The joints of everybody inside a polygon. */
export function refsInside(pose, polygon) {
  const refs = pose.people.flatMap((person, index) => (person.on ? refsOf(pose, index) : []));
  const placed = refs.map((ref) => ({ ref, x: jointAt(pose, ref).x, y: jointAt(pose, ref).y }));
  return inside(placed, polygon).map(({ ref }) => ref);
}

/** The joint that a joint hangs from; null for the neck. */
export function parentOf(ref) {
  const above = PARENTS[placeOf(ref)];
  return above < 0 ? null : { person: ref.person, ...refAt(above) };
}

/** The uprights and levels through all other joints of the bodies, to snap to. */
export const linesBeside = (pose, ref) =>
  pose.people.flatMap((person, index) =>
    person.body.flatMap(({ x, y, on }, n) =>
      !on || sameRef(ref, { person: index, part: "body", index: n }) ? [] : [{ x }, { y }],
    ),
  );
