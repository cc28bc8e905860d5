// What is done to a whole person, to a part, or to a selection: moving, turning, scaling, flipping, copying, ordering.
// A whole person moves with its locked joints; in a part or a selection they stay.

import { MOST_PEOPLE, PoseError } from "./document.mjs";
import { eachPerson, free, moveMany, withPerson } from "./edit.mjs";
import { jointAt, keepLengths, placesOf, rowOf, withPoints } from "./row.mjs";
import * as sk from "./skeleton.mjs";
import { carrier, dot, meanOf, minus, plus, times, unit } from "./vectors.mjs";

export { moveMany };
export { addPart } from "./presets.mjs";

const ANKLES = [sk.L_ANKLE, sk.R_ANKLE];

/** Turns a person (part null) or a part by `angle` (radians, clockwise) about a point or its own pivot. */
export function turnBy(pose, person, part, angle, about = pivotOf(pose.people[person], part)) {
  return about ? transformed(pose, person, part, carrier(about, about, angle)) : pose;
}

export function scaleBy(pose, person, part, factor, about = pivotOf(pose.people[person], part)) {
  return about ? transformed(pose, person, part, (point) => plus(about, times(minus(point, about), factor))) : pose;
}

/** Mirrors a person or a part; left and right change places, so that who faced the viewer still does. */
export function flip(pose, person, part = null) {
  const one = pose.people[person];
  const about = pivotOf(one, part);
  if (!about) return pose;
  const axis = part === null || part === "feet" ? { x: 0, y: 1 } : axisOf(one, part);
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

/** The point about which a person or a part turns: wrist, ankles, nose, or the middle; null when nothing is there. */
function pivotOf(person, part) {
  if (part === null) return boxMiddle(rowOf(person).filter((joint) => joint?.on));
  if (part === "left" || part === "right") return held(person, part === "left" ? sk.L_WRIST : sk.R_WRIST, part, 0);
  if (part === "face") return held(person, sk.NOSE, "face", 30);
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

/** The line along which a hand or a face is the same on both sides. */
function axisOf(person, part) {
  if (part === "face" && person.face.length) return unit(minus(person.face[8], person.face[27]));
  const hand = person[part];
  return hand?.length ? unit(minus(hand[9], hand[0])) : { x: 0, y: 1 };
}

function transformed(pose, index, part, change) {
  const person = pose.people[index];
  const places = part === null ? everyPlace(person) : placesOf(person, part);
  return withPerson(pose, index, keepLengths(person, applied(person, places, change)));
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
  if (part !== "face" && part !== "feet" && part !== "body") return person;
  return { ...person, [part]: person[part].map((_, n) => person[part][sk.MIRROR[part][n]]) };
}

function checkRoom(pose) {
  const count = pose.people.length + 1;
  if (count > MOST_PEOPLE) {
    throw new PoseError("The pose has {count} people; at most {most} are possible.", { count, most: MOST_PEOPLE });
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
