// Poses as other tools write them, and OpenPose's JSON as they all read it: in pixels or in fractions of the picture,
// 18 or 25 joints, parts that are null, empty or left out, in a list of frames, on a padded canvas.

import * as doc from "./document.mjs";
import { PARTS, SIZES } from "./skeleton.mjs";

const SURE = 0.2; // the least confidence of a joint that is shown
const PAD = 64; // detectors pad a canvas to multiples of it
const FRACTION = 2; // a body whose middle joint is nearer to the corner is not in pixels
const LEAST_SIDE = 512; // of a canvas whose size nobody says
const FACE_WITHOUT_PUPILS = 68;
const BODY_25 = [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]; // our joints' places there
const BODY_25_FEET = [19, 20, 21, 22, 23, 24];
const KEYS = {
  body: "pose_keypoints_2d",
  feet: "foot_keypoints_2d", // ours; others ignore it
  left: "hand_left_keypoints_2d",
  right: "hand_right_keypoints_2d",
  face: "face_keypoints_2d",
};

/** {pose, notes}: a pose in any dialect, for a picture of `size` ({width, height} or null); notes are sentences. */
export function readPose(text, size = null) {
  const notes = [];
  let found = doc.objectOf(text);
  if (Array.isArray(found)) found = firstOf(found, notes);
  if (!doc.isObject(found)) throw new doc.PoseError("This is not a pose.");
  if ("atelier_pose" in found) return { pose: doc.fromDocument(found), notes };
  if ("keypoints" in found && !("people" in found)) return { pose: fromPairs(found), notes };
  return { pose: fromOpenpose(found, size, notes), notes };
}

/** OpenPose's JSON in pixels; a confidence is exactly 1 or 0. Hidden people are left out. */
export function openpose(pose) {
  const people = pose.people.filter(({ on }) => on).map(written);
  return { people, animals: [], canvas_width: pose.width, canvas_height: pose.height };
}

function written(person) {
  const parts = PARTS.filter((part) => part !== "feet" || person.feet.length);
  return Object.fromEntries(parts.map((part) => [KEYS[part], person[part].length ? confident(person[part]) : null]));
}

const confident = (joints) => joints.flatMap(({ x, y, on }) => (on ? [x, y, 1] : [0, 0, 0]));

function firstOf(found, notes) {
  if (!found.length) throw new doc.PoseError("The file has no pose.");
  if (doc.isObject(found[0]) && KEYS.body in found[0]) return { people: found };
  if (found.length > 1) notes.push("The file has several frames; the first one was read.");
  return found[0];
}

/** fkunn1326's editor: all joints of all people in one list, as pairs. */
function fromPairs({ width, height, keypoints }) {
  const pose = doc.blank(width, height);
  if (!Array.isArray(keypoints) || keypoints.length % SIZES.body) {
    throw new doc.PoseError("The file has a person with more or fewer joints than {wanted}.", { wanted: SIZES.body });
  }
  const count = keypoints.length / SIZES.body;
  const bodies = doc.peopleOf(
    Array.from({ length: count }, (_, n) => keypoints.slice(n * SIZES.body, (n + 1) * SIZES.body)),
  );
  const people = bodies.map((pairs, n) => doc.personOf({ body: pairs.map((pair) => fromPair(pair, n + 1)) }, n));
  return { ...pose, people };
}

function fromPair(pair, number) {
  if (pair === null) return doc.NOWHERE;
  const two = Array.isArray(pair) && pair.length === 2;
  const [x, y] = doc.numbersOf(two ? pair : null, number, "keypoints");
  return doc.joint(x, y, x !== 0 || y !== 0);
}

function fromOpenpose(found, size, notes) {
  if (!("people" in found) && !("animals" in found)) throw new doc.PoseError("This is not a pose.");
  if (found.animals?.length) notes.push("The animals in the file were left out.");
  const listed = doc.peopleOf(found.people ?? []);
  const people = listed.map((one, n) => personFrom(one, n + 1)).filter(Boolean);
  if (people.length < listed.length) notes.push("People without any joint were left out.");
  const canvas = canvasOf(found, size, people, notes);
  const scale = isFractions(people) ? canvas : { width: 1, height: 1 };
  const pose = unpadded(canvas, size, notes);
  return { ...pose, people: people.map((parts, n) => doc.personOf(inPixels(parts, scale), n)) };
}

/** A person's parts, raw; null when it has no joint at all. */
function personFrom(found, number) {
  if (!doc.isObject(found)) throw doc.unreadable(number);
  const parts = Object.fromEntries(PARTS.map((part) => [part, jointsOf(found[KEYS[part]] ?? [], KEYS[part], number)]));
  if (parts.body.length === 25) {
    const all = parts.body;
    parts.body = BODY_25.map((place) => all[place]);
    if (!parts.feet.length) parts.feet = shown(BODY_25_FEET.map((place) => all[place]));
  }
  if (parts.face.length === FACE_WITHOUT_PUPILS) parts.face.push(doc.NOWHERE, doc.NOWHERE);
  for (const part of PARTS) {
    const count = parts[part].length;
    if (count && count !== SIZES[part]) throw doc.wrongCount(number, KEYS[part], 3 * count, 3 * SIZES[part]);
  }
  if (!PARTS.some((part) => parts[part].length)) return null;
  return { ...parts, body: parts.body.length ? parts.body : doc.noBody() };
}

function jointsOf(found, key, number) {
  const numbers = doc.numbersOf(found, number, key);
  const count = Math.floor(numbers.length / 3);
  if (numbers.length % 3) throw doc.wrongCount(number, key, numbers.length, 3 * count);
  return shown(
    Array.from({ length: count }, (_, n) => {
      const [x, y, sure] = numbers.slice(3 * n, 3 * n + 3);
      return { x, y, on: sure >= SURE, locked: false };
    }),
  );
}

/** Nothing of a part that was found nowhere. */
const shown = (part) => (part.some(({ on }) => on) ? part : []);

/** Asked of the file as a whole: one foot below the frame, at 1.11, does not make pixels of all the others. */
function isFractions(people) {
  const seen = (parts) => people.flatMap((person) => parts.flatMap((part) => person[part].filter(({ on }) => on)));
  const bodies = seen(["body"]);
  const far = (bodies.length ? bodies : seen(PARTS)).map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)));
  return far.length > 0 && medianOf(far) <= FRACTION;
}

function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function canvasOf({ canvas_width: width, canvas_height: height }, size, people, notes) {
  if ((width ?? height ?? null) !== null) return doc.blank(width, height);
  if (size) return doc.blank(size.width, size.height);
  if (isFractions(people)) {
    throw new doc.PoseError(
      "This pose is in fractions of a picture whose size it does not say. Open the picture first.",
    );
  }
  notes.push("The file does not say how large its picture was; it was made large enough for its people.");
  return around(people);
}

function around(people) {
  const seen = people.flatMap((person) => PARTS.flatMap((part) => person[part].filter(({ on }) => on)));
  const sideOf = (axis) => {
    const edge = seen.reduce((most, joint) => Math.max(most, joint[axis]), 0);
    return padded(Math.floor(Math.min(doc.LONGEST_SIDE, Math.max(LEAST_SIDE, edge + 1))));
  };
  return doc.blank(sideOf("x"), sideOf("y"));
}

const padded = (side) => Math.ceil(side / PAD) * PAD;

/** ControlNet's detectors see the picture with strips at right and bottom: the joints' pixels are the picture's. */
function unpadded(canvas, size, notes) {
  const same = size && canvas.width === size.width && canvas.height === size.height;
  const strips = size && canvas.width === padded(size.width) && canvas.height === padded(size.height);
  if (same || !strips) return canvas;
  notes.push("The canvas of the file had strips at its right or bottom that the picture does not have.");
  return doc.blank(size.width, size.height);
}

function inPixels(parts, { width, height }) {
  const placed = PARTS.map((part) => {
    const joints = parts[part].map(({ x, y, on }) => ({ x: near(x * width), y: near(y * height), on }));
    const found = part === "body" || part === "feet" ? joints : shown(joints.map(undetected));
    return [part, found.map(({ x, y, on }) => doc.joint(x, y, on))];
  });
  return Object.fromEntries(placed);
}

/** DWPose writes points of hands and faces that it did not find as -1, or as -1 / width. */
const undetected = (one) => (one.x > -1.05 && one.x < 0 && one.y > -1.05 && one.y < 0 ? doc.NOWHERE : one);

const near = (value) => Math.min(Math.max(value, -doc.FARTHEST), doc.FARTHEST);
