// A pose and its document: {width, height, people} in the page, one JSON object everywhere else.
// A pose is never changed: an edit gives a new one that shares what stayed.

import * as figure from "./figure.mjs";
import * as skeleton from "./skeleton.mjs";

export const MOST_PEOPLE = 100;
export const FARTHEST = 100000; // pixels from the picture's corner
export const LONGEST_SIDE = 8192;
export const MOST_TEXT = 8 * 2 ** 20; // characters
const MOST_NAME = 200;
const MOST_PROMPT = 20000;

const COLOURS = ["#e6a23c", "#409eff", "#67c23a", "#f56c6c", "#b37feb", "#36cfc9", "#ff85c0", "#bae637"];

/** A sentence for the user: an English template and the values for its {names}. */
export class PoseError extends Error {
  constructor(text, values = {}) {
    super(text);
    this.values = values;
  }
}

const NO_POSE = "This is not a pose.";

/** Places are multiples of 0.1 pixel; never -0. */
export const rounded = (value) => Math.round(value * 10) / 10 + 0;

export const blank = (width, height) => ({ width: side(width), height: side(height), people: [] });

export const colourOf = (number) => COLOURS[number % COLOURS.length];

export const joint = (x, y, on = true, locked = false) => ({ x: rounded(x), y: rounded(y), on, locked });

/** A person of parts {body, feet, left, right, face}; what is not given is empty or the usual. */
export function personOf(parts, number = 0) {
  return {
    ...{ name: `Person ${number + 1}`, colour: colourOf(number), on: true, concept: "", prompt: "" },
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
  if (!Array.isArray(object.people)) throw new PoseError(NO_POSE);
  checkPeople(object.people.length);
  return { width: side(object.width), height: side(object.height), people: object.people.map(personFrom) };
}

export const fromText = (text) => fromDocument(objectOf(text));

/** The JSON of a text of bearable length. */
export function objectOf(text) {
  if (text.length > MOST_TEXT) throw new PoseError("This file is too large for a pose.");
  try {
    return JSON.parse(text);
  } catch {
    throw new PoseError("This is not JSON.");
  }
}

export function checkPeople(count) {
  if (count > MOST_PEOPLE) {
    throw new PoseError("{count} people are too many; a pose holds {most}.", { count, most: MOST_PEOPLE });
  }
}

/** A side of the canvas as a whole number in its limits. */
export function side(value) {
  const whole = Number.isFinite(value) ? Math.round(value) : 0;
  if (whole >= 1 && whole <= LONGEST_SIDE) return whole;
  throw new PoseError("A pose's picture is 1 to {most} pixels a side.", { most: LONGEST_SIDE });
}

/** A place in its limits. */
export function place(value) {
  if (typeof value === "number" && Math.abs(value) <= FARTHEST) return rounded(value);
  throw new PoseError("A joint lies at an impossible place.");
}

export const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function personFrom(object, number) {
  if (!isObject(object)) throw new PoseError(NO_POSE);
  const parts = Object.fromEntries(skeleton.PARTS.map((part) => [part, partFrom(object[part] ?? [], part)]));
  return personOf(
    {
      name: text(object.name ?? `Person ${number + 1}`, MOST_NAME),
      colour: /^#[0-9a-f]{6}$/i.test(object.colour) ? object.colour.toLowerCase() : colourOf(number),
      on: object.on !== false,
      concept: text(object.concept ?? "", MOST_NAME),
      prompt: text(object.prompt ?? "", MOST_PROMPT),
      ...parts,
    },
    number,
  );
}

function text(value, most) {
  if (typeof value !== "string" || value.length > most) throw new PoseError(NO_POSE);
  return value;
}

function partFrom(numbers, part) {
  if (!Array.isArray(numbers)) throw new PoseError(NO_POSE);
  const size = skeleton.SIZES[part];
  const full = numbers.length === 3 * size;
  if (!full && (numbers.length || part === "body")) {
    throw new PoseError("The {part} of a person has {count} numbers, not {size}.", {
      ...{ part, count: numbers.length, size: 3 * size },
    });
  }
  return Array.from({ length: numbers.length / 3 }, (_, n) => jointFrom(numbers.slice(3 * n, 3 * n + 3)));
}

function jointFrom([x, y, state]) {
  if (![0, 1, 2, 3].includes(state)) throw new PoseError("A joint is neither on nor off.");
  return { x: place(x), y: place(y), on: state === 1 || state === 2, locked: state >= 2 };
}

const triples = (part) => part.flatMap(({ x, y, on, locked }) => [x, y, on ? (locked ? 2 : 1) : locked ? 3 : 0]);
