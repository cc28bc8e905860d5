// One plain figure that stands and faces the viewer: what is placed where nothing is known yet.
// Its right side is at negative x, y points down. Body and feet: the neck at 0,0, one unit from neck to mid-hip.

export const BODY = [
  ...[[0, -0.42], [0, 0]],
  ...[[-0.36, 0.02], [-0.47, 0.6], [-0.52, 1.12]],
  ...[[0.36, 0.02], [0.47, 0.6], [0.52, 1.12]],
  ...[[-0.17, 1], [-0.19, 1.85], [-0.2, 2.68]],
  ...[[0.17, 1], [0.19, 1.85], [0.2, 2.68]],
  ...[[-0.065, -0.5], [0.065, -0.5], [-0.145, -0.45], [0.145, -0.45]],
];
export const FEET = [
  ...[[0.22, 2.89], [0.31, 2.86], [0.2, 2.76]],
  ...[[-0.22, 2.89], [-0.31, 2.86], [-0.2, 2.76]],
];
export const TOP = -0.72; // the crown
export const GROUND = 2.9;

/** The back of a right hand, fingers up: the wrist at 0,0, one unit to the middle knuckle. */
export const HAND = [
  [0, 0],
  ...[[-0.28, -0.22], [-0.5, -0.45], [-0.62, -0.68], [-0.7, -0.88]],
  ...[[-0.22, -0.98], [-0.28, -1.38], [-0.3, -1.62], [-0.31, -1.82]],
  ...[[0, -1], [0, -1.45], [0, -1.72], [0, -1.93]],
  ...[[0.18, -0.94], [0.22, -1.34], [0.24, -1.6], [0.25, -1.8]],
  ...[[0.34, -0.83], [0.42, -1.14], [0.46, -1.33], [0.48, -1.5]],
];

const BROW = [[0.25, -0.98], [0.41, -1.05], [0.58, -1.07], [0.75, -1.03], [0.9, -0.92]];
const EYE = [[0.28, -0.63], [0.42, -0.75], [0.58, -0.75], [0.72, -0.65], [0.58, -0.57], [0.42, -0.57]];
const OUTER_LIPS = [[-0.42, 0.6], [-0.26, 0.5], [-0.1, 0.46], [0, 0.48], [0.1, 0.46], [0.26, 0.5], [0.42, 0.6]];
const CHIN_LIPS = [[0.26, 0.72], [0.1, 0.78], [0, 0.79], [-0.1, 0.78], [-0.26, 0.72]];
const INNER_LIPS = [[-0.34, 0.6], [-0.12, 0.57], [0, 0.58], [0.12, 0.57], [0.34, 0.6]];
const INNER_CHIN = [[0.12, 0.63], [0, 0.64], [-0.12, 0.63]];

const across = (points) => points.map(([x, y]) => [-x, y]);

/** A calm face: the nose's tip at 0,0, one unit between the pupils. */
export const FACE = [
  ...Array.from({ length: 17 }, (_, n) => {
    const turn = (Math.PI * n) / 16;
    return [-1.1 * Math.cos(turn), -0.55 + 1.65 * Math.sin(turn)];
  }),
  ...across(BROW).reverse(),
  ...BROW,
  ...[[0, -0.65], [0, -0.43], [0, -0.21], [0, 0]],
  ...[[-0.25, 0.16], [-0.12, 0.2], [0, 0.23], [0.12, 0.2], [0.25, 0.16]],
  ...across([EYE[3], EYE[2], EYE[1], EYE[0], EYE[5], EYE[4]]),
  ...EYE,
  ...OUTER_LIPS,
  ...CHIN_LIPS,
  ...INNER_LIPS,
  ...INNER_CHIN,
  ...[[-0.5, -0.65], [0.5, -0.65]],
];
