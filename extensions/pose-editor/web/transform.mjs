// What is done to a whole person, to a part, or to a selection: moving, turning, scaling, flipping, copying, ordering.
// A whole person moves with its locked joints; in a part or a selection they stay.

import { MOST_PEOPLE, PoseError } from "./document.mjs";
import { eachPerson, free, moveMany, withPerson } from "./edit.mjs";
import { jointAt, keepLengths, placesOf, rowOf, trunkOf, withPoints } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { carrier, dot, meanOf, minus, plus, times, unit } from "./vectors.mjs";

export { moveMany };
export { addPart } from "./presets.mjs";

const ANKLES = [sk.L_ANKLE, sk.R_ANKLE];
const HANDS = ["left", "right"];
export const HEAD = [sk.NOSE, sk.R_EYE, sk.L_EYE, sk.R_EAR, sk.L_EAR]; // of the body's joints

/**
 * Mirrors a person (part null), a part, or the "head": nose, eyes, ears and face. Left and right change places, so that
 * who faced the viewer still does; a hand stays the hand it was.
 */
export function flip(pose, person, part = null) {
  const one = pose.people[person];
  const about = pivotOf(one, part);
  if (!about) return pose;
  const axis = axisOf(one, part);
  const flipped = transformed(pose, person, part, (point) => {
    const away = minus(point, about);
    return plus(about, minus(times(axis, 2 * dot(away, axis)), away));
  });
  return withPerson(
    flipped,
    person,
    part === null ? swapped(flipped.people[person]) : reordered(flipped.people[person], part),
  );
}

/** Whether `flip` of a part makes this joint the one of the other side. */
export function changesSide(part, ref) {
  if (part === null) return true;
  if (part === "head") return ref.part === "face" || (ref.part === "body" && HEAD.includes(ref.index));
  return ref.part === part && !HANDS.includes(part);
}

/** Left becomes right without a move: who faced the viewer now turns the back. */
export const swapSides = (pose, person) => withPerson(pose, person, swapped(pose.people[person]));

/** Scales a selection by its box, then turns it, about a point. */
export function boxTransform(pose, refs, { scaleX = 1, scaleY = 1, angle = 0, about }) {
  const turn = carrier(about, about, angle);
  const change = (point) =>
    turn({ x: about.x + (point.x - about.x) * scaleX, y: about.y + (point.y - about.y) * scaleY });
  return eachPerson(pose, refs, (person, places) => applied(person, places, change));
}

/** The same pose on a picture of another size, stretched as the picture is. */
export function stretched(pose, { width, height }) {
  if (width === pose.width && height === pose.height) return pose;
  const [across, down] = [width / pose.width, height / pose.height];
  const moved = (joints) => joints.map((old) => jointAt(old, { x: old.x * across, y: old.y * down }));
  const parts = (person) => Object.fromEntries(sk.PARTS.map((part) => [part, moved(person[part])]));
  return { ...pose, width, height, people: pose.people.map((person) => ({ ...person, ...parts(person) })) };
}

/** A copy just in front of the person, a little aside. */
export function duplicate(pose, person, by = 0.04 * pose.width) {
  checkRoom(pose);
  const copy = applied(pose.people[person], everyPlace(pose.people[person]), (point) => plus(point, { x: by, y: 0 }));
  const people = [...pose.people];
  people.splice(person + 1, 0, { ...copy, name: freeName(pose) });
  return { ...pose, people };
}

export const remove = (pose, person) => ({ ...pose, people: pose.people.filter((_, n) => n !== person) });

/** The people in another order: `order` names each one's present place. */
export function reorder(pose, order) {
  const all = [...order].sort((a, b) => a - b);
  if (all.length !== pose.people.length || all.some((one, n) => one !== n)) return pose;
  return { ...pose, people: order.map((one) => pose.people[one]) };
}

export const removePart = (pose, person, part) =>
  part === "body" ? pose : withPerson(pose, person, { ...pose.people[person], [part]: [] });

/** A point of the axis about which a person or a part is mirrored; null when nothing is there. */
function pivotOf(person, part) {
  if (part === null) return boxMiddle(rowOf(person).filter((joint) => joint?.on));
  if (part === "left" || part === "right") return held(person, part === "left" ? sk.L_WRIST : sk.R_WRIST, part, 0);
  if (part === "face") return held(person, sk.NOSE, "face", 30);
  if (part === "head") return [sk.NECK, sk.NOSE].map((place) => person.body[place]).find(({ on }) => on) ?? null;
  if (part === "feet") {
    return meanOf(ANKLES.map((ankle) => person.body[ankle]).filter((ankle) => ankle.on)) ?? meanOf(person.feet);
  }
  return boxMiddle(person.body.filter((joint) => joint.on));
}

const held = (person, place, part, index) =>
  person.body[place].on ? person.body[place] : (person[part][index] ?? null);

function boxMiddle(points) {
  if (!points.length) return null;
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
}

/** The line along which a part is the same on both sides; upright for a whole person. */
function axisOf(person, part) {
  if (part === null || part === "feet") return { x: 0, y: 1 };
  if (part === "head") return trunkOf(rowOf(person));
  if (part === "face" && person.face.length) return unit(minus(person.face[8], person.face[27]));
  const hand = person[part];
  return hand?.length ? unit(minus(hand[9], hand[0])) : { x: 0, y: 1 };
}

function transformed(pose, index, part, change) {
  const person = pose.people[index];
  const places = placesIn(person, part);
  return withPerson(pose, index, keepLengths(person, applied(person, places, change)));
}

function placesIn(person, part) {
  if (part === null) return everyPlace(person);
  return part === "head" ? [...HEAD, ...placesOf(person, "face")] : placesOf(person, part);
}

const everyPlace = (person) => sk.PARTS.flatMap((part) => placesOf(person, part));

function applied(person, places, change) {
  const row = rowOf(person);
  const points = [...row];
  for (const place of free(row, places)) points[place] = change(row[place]);
  return withPoints(person, points);
}

function swapped(person) {
  const opposite = (part) => person[part].map((_, n) => person[part][sk.MIRROR[part][n]]);
  return {
    ...{ ...person, body: opposite("body"), feet: opposite("feet"), face: opposite("face") },
    ...{ left: person.right, right: person.left },
  };
}

function reordered(person, part) {
  const opposite = (name) =>
    person[name].map((joint, index) =>
      changesSide(part, { part: name, index }) ? person[name][sk.MIRROR[name][index]] : joint,
    );
  return { ...person, body: opposite("body"), feet: opposite("feet"), face: opposite("face") };
}

/** Throws where one more person is too many. */
export function checkRoom(pose) {
  const count = pose.people.length + 1;
  if (count > MOST_PEOPLE) {
    throw new PoseError("{count} people are too many; a pose holds {most}.", { count, most: MOST_PEOPLE });
  }
}

/** The word and the next number where that name is not taken; the word is the one that the others are called by. */
function freeName(pose) {
  const names = new Set(pose.people.map(({ name }) => name));
  const word = [...names].map((name) => /^(.*?)\s*\d+$/.exec(name)?.[1]).find(Boolean) ?? "Person";
  let number = pose.people.length + 1;
  while (names.has(`${word} ${number}`)) number++;
  return `${word} ${number}`;
}
