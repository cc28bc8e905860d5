// The parts of a person and how their joints hang together: names, bones, colours, sides.

export const PARTS = ["body", "feet", "left", "right", "face"];
export const SIZES = { body: 18, feet: 6, left: 21, right: 21, face: 70 };

export const NOSE = 0;
export const NECK = 1;
export const R_SHOULDER = 2;
export const R_ELBOW = 3;
export const R_WRIST = 4;
export const L_SHOULDER = 5;
export const L_ELBOW = 6;
export const L_WRIST = 7;
export const R_HIP = 8;
export const R_KNEE = 9;
export const R_ANKLE = 10;
export const L_HIP = 11;
export const L_KNEE = 12;
export const L_ANKLE = 13;
export const R_EYE = 14;
export const L_EYE = 15;
export const R_EAR = 16;
export const L_EAR = 17;

const BODY_NAMES = [
  "nose",
  "neck",
  "right shoulder",
  "right elbow",
  "right wrist",
  "left shoulder",
  "left elbow",
  "left wrist",
  "right hip",
  "right knee",
  "right ankle",
  "left hip",
  "left knee",
  "left ankle",
  "right eye",
  "left eye",
  "right ear",
  "left ear",
];
const FEET_NAMES = [
  "left big toe",
  "left small toe",
  "left heel",
  "right big toe",
  "right small toe",
  "right heel",
];
const HAND_NAMES = {
  left: fingers("left hand"),
  right: fingers("right hand"),
};
const FACE_NAMES = [
  ...numbered("face: jaw {number}", 17),
  ...numbered("face: right brow {number}", 5),
  ...numbered("face: left brow {number}", 5),
  ...numbered("face: nose {number}", 9),
  ...numbered("face: right eye {number}", 6),
  ...numbered("face: left eye {number}", 6),
  ...numbered("face: outer lips {number}", 12),
  ...numbered("face: inner lips {number}", 8),
  { text: "face: right pupil", values: {} },
  { text: "face: left pupil", values: {} },
];

/** The name of a joint as t() takes it: {text, values}. */
export function nameOf(part, index) {
  if (part === "body") return { text: BODY_NAMES[index], values: {} };
  if (part === "feet") return { text: FEET_NAMES[index], values: {} };
  return part === "face" ? FACE_NAMES[index] : HAND_NAMES[part][index];
}

/** Body limbs in drawing order; the limb's place is its colour's place. */
export const LIMBS = [
  [NECK, R_SHOULDER],
  [NECK, L_SHOULDER],
  [R_SHOULDER, R_ELBOW],
  [R_ELBOW, R_WRIST],
  [L_SHOULDER, L_ELBOW],
  [L_ELBOW, L_WRIST],
  [NECK, R_HIP],
  [R_HIP, R_KNEE],
  [R_KNEE, R_ANKLE],
  [NECK, L_HIP],
  [L_HIP, L_KNEE],
  [L_KNEE, L_ANKLE],
  [NECK, NOSE],
  [NOSE, R_EYE],
  [R_EYE, R_EAR],
  [NOSE, L_EYE],
  [L_EYE, L_EAR],
];

/** The colour of each body joint, RGB. */
export const JOINT_COLOURS = [
  [255, 0, 0],
  [255, 85, 0],
  [255, 170, 0],
  [255, 255, 0],
  [170, 255, 0],
  [85, 255, 0],
  [0, 255, 0],
  [0, 255, 85],
  [0, 255, 170],
  [0, 255, 255],
  [0, 170, 255],
  [0, 85, 255],
  [0, 0, 255],
  [85, 0, 255],
  [170, 0, 255],
  [255, 0, 255],
  [255, 0, 170],
  [255, 0, 85],
];
export const LIMB_COLOURS = JOINT_COLOURS.slice(0, LIMBS.length).map((rgb) => rgb.map((c) => Math.trunc(c * 0.6)));

export const HAND_EDGES = [0, 5, 9, 13, 17].flatMap((knuckle, finger) =>
  [0, 1, 2, 3].map((n) => [n === 0 ? 0 : finger * 4 + n, finger * 4 + n + 1]),
);
/** hsv(edge / 20, 1, 1) × 255, rounded as cv2 rounds a colour. */
export const HAND_COLOURS = [
  [255, 0, 0],
  [255, 77, 0],
  [255, 153, 0],
  [255, 229, 0],
  [204, 255, 0],
  [128, 255, 0],
  [51, 255, 0],
  [0, 255, 25],
  [0, 255, 102],
  [0, 255, 179],
  [0, 255, 255],
  [0, 178, 255],
  [0, 102, 255],
  [0, 25, 255],
  [51, 0, 255],
  [128, 0, 255],
  [204, 0, 255],
  [255, 0, 230],
  [255, 0, 153],
  [255, 0, 77],
];
export const HAND_JOINT_COLOUR = [0, 0, 255];
export const FACE_COLOUR = [255, 255, 255];

/** The joint that lies opposite in each part; hands and feet lie opposite each other. */
export const MIRROR = {
  body: [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16],
  feet: [3, 4, 5, 0, 1, 2],
  hand: Array.from({ length: 21 }, (_, n) => n),
  face: [
    ...[16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ...[26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31],
    ...[45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
    ...[54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65],
    ...[69, 68],
  ],
};

/** {part, index} of the opposite joint. */
export function mirrorOf(part, index) {
  if (part === "left") return { part: "right", index };
  if (part === "right") return { part: "left", index };
  return { part, index: MIRROR[part][index] };
}

// A person's joints in one row, body first: the places that chains and bones speak of.
export const STARTS = { body: 0, feet: 18, left: 24, right: 45, face: 66 };
export const ROW = 136;

export const placeOf = ({ part, index }) => STARTS[part] + index;

export function refAt(place) {
  const part = PARTS.findLast((name) => place >= STARTS[name]);
  return { part, index: place - STARTS[part] };
}

/** The joint each place hangs from; the neck hangs from nothing. */
export const PARENTS = parents();

/** All places that hang from each place, near ones first. */
export const BELOW = PARENTS.map((_, place) => belowOf(place));

/** Bones whose length a drag keeps: pairs of places. */
export const BONES = [
  ...LIMBS,
  ...PARENTS.map((above, place) => [above, place]).filter(([, place]) => place >= STARTS.feet && place < STARTS.face),
  ...[0, 3].flatMap((foot) => [
    [STARTS.feet + foot, STARTS.feet + foot + 1],
    [STARTS.feet + foot, STARTS.feet + foot + 2],
  ]),
];

function numbered(text, count) {
  return Array.from({ length: count }, (_, n) => ({ text, values: { number: n + 1 } }));
}

function fingers(hand) {
  const names = ["thumb", "index finger", "middle finger", "ring finger", "little finger"];
  const joints = names.flatMap((finger) => numbered(`${hand}: ${finger} {number}`, 4));
  return [{ text: `${hand}: wrist`, values: {} }, ...joints];
}

function parents() {
  const row = Array(ROW).fill(NOSE); // the face hangs from the nose
  for (const [above, below] of LIMBS) row[below] = above;
  row[NECK] = -1;
  [L_ANKLE, R_ANKLE].forEach((ankle, side) => row.fill(ankle, STARTS.feet + side * 3, STARTS.feet + side * 3 + 3));
  for (const [hand, wrist] of [
    ["left", L_WRIST],
    ["right", R_WRIST],
  ]) {
    row[STARTS[hand]] = wrist;
    for (const [above, below] of HAND_EDGES) row[STARTS[hand] + below] = STARTS[hand] + above;
  }
  return row;
}

function belowOf(place) {
  const found = [];
  const hang = (above) => {
    PARENTS.forEach((parent, below) => {
      if (parent === above) found.push(below) && hang(below);
    });
  };
  hang(place);
  return found;
}
