// A person as paths instead of pixels, at the map's places: for canvases so large that their pixels take too long.
// Shapes: {kind: "ellipse", x, y, rx, ry, angle in degrees} | {kind: "disc", x, y, r} | {kind: "line", from, to, width},
// each with a colour.

import { FACE_COLOUR, HAND_COLOURS, HAND_EDGES, HAND_JOINT_COLOUR } from "./skeleton.mjs";
import { JOINT_COLOURS, LIMB_COLOURS, LIMBS } from "./skeleton.mjs";
import { isDrawn, limbBetween, stickOf } from "./raster.mjs";

const JOINT = 4; // pixels
const FACE_DOT = 3;
const HAND_EDGE = 2;
const HALF = 0.5; // from a pixel's corner to its middle

export const hex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;

/** Everything of a person that the map shows, in drawing order. */
export function shapesOf(person, { width, height }, stick = "standard") {
  const ry = stickOf(stick, width, height);
  return [
    ...LIMBS.flatMap((ends, n) => limb(person.body, ends, ry, hex(LIMB_COLOURS[n]))),
    ...discs(person.body, JOINT, (n) => hex(JOINT_COLOURS[n])),
    ...hand(person.left),
    ...hand(person.right),
    ...discs(person.face.map(missed), FACE_DOT, () => hex(FACE_COLOUR)),
  ];
}

function limb(body, [a, b], ry, colour) {
  const [from, to] = [body[a], body[b]];
  if (!from.on || !to.on) return [];
  const { x, y, half, angle } = limbBetween(from, to);
  return [{ kind: "ellipse", x, y, rx: half, ry, angle, colour }];
}

function hand(given) {
  const joints = given.map(missed);
  const lines = HAND_EDGES.flatMap(([a, b], n) => {
    const [from, to] = [joints[a], joints[b]];
    if (!from?.on || !to?.on) return [];
    return [{ kind: "line", from: pixelOf(from), to: pixelOf(to), width: HAND_EDGE, colour: hex(HAND_COLOURS[n]) }];
  });
  return [...lines, ...discs(joints, JOINT, () => hex(HAND_JOINT_COLOUR))];
}

const discs = (joints, r, colourOf) =>
  joints.flatMap((joint, index) => (joint.on ? [{ kind: "disc", ...pixelOf(joint), r, colour: colourOf(index) }] : []));

const pixelOf = ({ x, y }) => ({ x: Math.trunc(x), y: Math.trunc(y) });
const missed = (joint) => ({ ...joint, on: isDrawn(joint) });

/** Draws a person in pixels of the picture, cut to the canvas. */
export function tracePerson(context, person, size, stick) {
  context.beginPath();
  context.rect(0, 0, size.width, size.height);
  context.clip();
  context.translate(HALF, HALF);
  for (const shape of shapesOf(person, size, stick)) {
    context.fillStyle = context.strokeStyle = shape.colour;
    context.beginPath();
    PENS[shape.kind](context, shape);
  }
}

const PENS = {
  ellipse(context, { x, y, rx, ry, angle }) {
    context.ellipse(x, y, rx + HALF, ry + HALF, (angle * Math.PI) / 180, 0, 2 * Math.PI);
    context.fill();
  },
  disc(context, { x, y, r }) {
    context.arc(x, y, r + HALF, 0, 2 * Math.PI);
    context.fill();
  },
  line(context, { from, to, width }) {
    context.lineWidth = width;
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  },
};
