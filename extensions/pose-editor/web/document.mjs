// A pose and its document: {width, height, people} in the page, one JSON object everywhere else.
// A pose is never changed: an edit gives a new one that shares what stayed.

import { t, UserError } from "../stage/i18n.mjs";
import * as figure from "./figure.mjs";
import * as skeleton from "./skeleton.mjs";

export const MOST_PEOPLE = 100;
export const FARTHEST = 100000; // pixels from the picture's corner
export const LONGEST_SIDE = 8192;
export const MOST_TEXT = 8 * 2 ** 20; // characters
const MOST_LETTERS = { name: 200, concept: 200, prompt: 4000 };

const COLOURS = ["#e6a23c", "#409eff", "#67c23a", "#f56c6c", "#b37feb", "#36cfc9", "#ff85c0", "#bae637"];

export class PoseError extends UserError {}

const NO_POSE = "This is not a pose.";

/** Places are multiples of 0.1 pixel in reach of the picture; never -0. */
export const rounded = (value) => Math.round(Math.min(Math.max(value, -FARTHEST), FARTHEST) * 10) / 10 + 0;

export const blank = (width, height) => ({ width: side(width), height: side(height), people: [] });

export const colourOf = (number) => COLOURS[number % COLOURS.length];

export const joint = (x, y, on = true, locked = false) => ({ x: rounded(x), y: rounded(y), on, locked });

const nameFor = (number) => t("Person {number}", { number });

/** A person of parts {body, feet, left, right, face}; what is not given is empty or the usual. */
export function personOf(parts, number = 0) {
  return {
    ...{ name: nameFor(number + 1), colour: colourOf(number), on: true, concept: "", prompt: "" },
    ...{ body: [], feet: [], left: [], right: [], face: [] },
    ...parts,
  };
}

/** A pose of one person who stands and faces the viewer, `height` pixels from crown to toes, its middle at `at`. */
export function standing(width, height, { height: tall = 0.85 * height, at } = {}) {
  const unit = tall / (figure.GROUND - figure.TOP);
  const middle = at ?? { x: width / 2, y: height / 2 };
  const neck = middle.y - (unit * (figure.GROUND + figure.TOP)) / 2;
  const placed = (points) => points.map(([x, y]) => joint(middle.x + unit * x, neck + unit * y));
  return { ...blank(width, height), people: [personOf({ body: placed(figure.BODY), feet: placed(figure.FEET) })] };
}

/** The object that is written: {"atelier_pose": 1, …}. */
export function toDocument(pose) {
  const people = pose.people.map((person) => ({
    ...{ name: person.name, colour: person.colour, on: person.on, concept: person.concept, prompt: person.prompt },
    ...Object.fromEntries(skeleton.PARTS.map((part) => [part, triples(person[part])])),
  }));
  return { atelier_pose: 1, width: pose.width, height: pose.height, people };
}

export const toText = (pose) => JSON.stringify(toDocument(pose));

/** The pose of a document, or a PoseError. */
export function fromDocument(object) {
  if (!isObject(object) || !("atelier_pose" in object)) throw new PoseError(NO_POSE);
  if (object.atelier_pose !== 1) throw new PoseError("This pose was written by a newer version.");
  return { ...blank(object.width, object.height), people: peopleOf(object.people).map(personFrom) };
}

export const fromText = (text) => fromDocument(objectOf(text));

/** What a JSON text of bearable length says. */
export function objectOf(text) {
  if (text.length > MOST_TEXT)
    throw new PoseError("This pose is larger than {most} MB.", { most: MOST_TEXT / 2 ** 20 });
  try {
    return JSON.parse(text);
  } catch {
    throw new PoseError("This is not a pose: it cannot be read as JSON.");
  }
}

/** A list of people that is not too long. */
export function peopleOf(found) {
  if (!Array.isArray(found)) throw new PoseError("The pose has no list of people.");
  if (found.length <= MOST_PEOPLE) return found;
  throw new PoseError("The pose has {count} people; at most {most} are possible.", {
    ...{ count: found.length, most: MOST_PEOPLE },
  });
}

/** A side of the canvas. */
export function side(value) {
  if (Number.isInteger(value) && value >= 1 && value <= LONGEST_SIDE) return value;
  throw new PoseError("The picture of a pose must have 1 to {most} pixels per side.", { most: LONGEST_SIDE });
}

/** A list of places and confidences, or the sentence that says whose it should have been. */
export function numbersOf(found, number, part) {
  if (Array.isArray(found) && found.every((value) => typeof value === "number" && Math.abs(value) <= FARTHEST)) {
    return found;
  }
  throw new PoseError("The part “{part}” of person {number} has something that is no number from -{most} to {most}.", {
    ...{ part, number, most: FARTHEST },
  });
}

export const wrongCount = (number, part, count, wanted) =>
  new PoseError("The part “{part}” of person {number} has {count} numbers instead of {wanted}.", {
    ...{ part, number, count, wanted },
  });

export const unreadable = (number) => new PoseError("Person {number} of the pose cannot be read.", { number });

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A joint of which nothing is known. */
export const NOWHERE = Object.freeze({ x: 0, y: 0, on: false, locked: false });
export const noBody = () => Array(skeleton.SIZES.body).fill(NOWHERE);

function personFrom(object, n) {
  const number = n + 1;
  if (!isObject(object)) throw unreadable(number);
  const { on = true, colour = "" } = object;
  if (typeof on !== "boolean" || typeof colour !== "string" || !/^(#[0-9a-f]{6})?$/i.test(colour))
    throw unreadable(number);
  const parts = Object.fromEntries(
    skeleton.PARTS.map((part) => [part, partFrom(given(object[part], []), number, part)]),
  );
  const texts = Object.fromEntries(
    Object.keys(MOST_LETTERS).map((key) => [key, textFrom(given(object[key], ""), number, key)]),
  );
  return {
    ...{ ...texts, name: texts.name || nameFor(number), colour: colour.toLowerCase() || colourOf(n), on },
    ...{ ...parts, body: parts.body.length ? parts.body : noBody() },
  };
}

const given = (value, usual) => (value === undefined ? usual : value);

function textFrom(value, number, key) {
  const most = MOST_LETTERS[key];
  if (typeof value === "string" && value.length <= most) return value;
  throw new PoseError("A text of person {number} is longer than {most} letters.", { number, most });
}

function partFrom(found, number, part) {
  const numbers = numbersOf(found, number, part);
  const wanted = 3 * skeleton.SIZES[part];
  if (numbers.length && numbers.length !== wanted) throw wrongCount(number, part, numbers.length, wanted);
  return Array.from({ length: numbers.length / 3 }, (_, n) => jointFrom(numbers.slice(3 * n, 3 * n + 3), number));
}

function jointFrom([x, y, state], number) {
  if (![0, 1, 2, 3].includes(state)) throw unreadable(number);
  return joint(x, y, state === 1 || state === 2, state >= 2);
}

const triples = (part) => part.flatMap(({ x, y, on, locked }) => [x, y, on ? (locked ? 2 : 1) : locked ? 3 : 0]);
