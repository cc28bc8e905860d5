// The map that a ControlNet reads, to the pixel as sd-webui-controlnet draws it.
// A person is limbs, joints, left hand, right hand, face; what was drawn earlier is covered. Feet are never drawn.

import * as skeleton from "./skeleton.mjs";
import { discRows, fillDisc, fillEllipse, thickLine } from "./shapes.mjs";

const STICK = 4; // half thickness of a limb, pixels
const MOST_STICK = 7;
const DEGREES = 180 / Math.PI;
const PI_REST = 1.2246467991473532e-16; // what Math.PI lacks
const HALF_DEGREE = 0.0088;
const DOT = discRows(4);
const FACE_DOT = discRows(3);
const GROUND = 0xff000000;

// A pixel as a 32-bit word; every browser's machine is little-endian, so red comes first.
const wordOf = ([red, green, blue]) => (GROUND | (blue << 16) | (green << 8) | red) >>> 0;

const LIMB_WORDS = skeleton.LIMB_COLOURS.map(wordOf);
const JOINT_WORDS = skeleton.JOINT_COLOURS.map(wordOf);
const HAND_WORDS = skeleton.HAND_COLOURS.map(wordOf);
const HAND_JOINT_WORD = wordOf(skeleton.HAND_JOINT_COLOUR);
const FACE_WORD = wordOf(skeleton.FACE_COLOUR);

/** One person alone: {x, y, width, height, data: RGBA}, transparent where nothing is; empty when out of sight. */
export function personRaster(person, width, height, { stick = "standard" } = {}) {
  const thick = stickOf(stick, width, height);
  const box = boxOf(person, width, height, { stick });
  const words = new Uint32Array(box.width * box.height);
  if (words.length) draw({ ...inkOn(words, width, height), left: box.x, top: box.y, width: box.width }, person, thick);
  return { ...box, data: new Uint8ClampedArray(words.buffer) };
}

/** The whole map as RGBA on black. */
export function mapOf(pose, { stick = "standard" } = {}) {
  const words = new Uint32Array(pose.width * pose.height).fill(GROUND);
  const ink = inkOn(words, pose.width, pose.height);
  const thick = stickOf(stick, pose.width, pose.height);
  for (const person of pose.people) if (person.on) draw(ink, person, thick);
  return new Uint8ClampedArray(words.buffer);
}

/** Half thickness of a limb; "wide" grows with the canvas, as xinsir's SDXL networks were taught. */
export function stickOf(stick, width, height) {
  const longest = Math.max(width, height);
  if (stick !== "wide" || longest < 500) return STICK;
  return STICK * Math.min(2 + Math.floor(longest / 1000), MOST_STICK);
}

const inkOn = (words, width, height) => ({ words, left: 0, top: 0, width, right: width - 1, bottom: height - 1 });

function draw(ink, person, thick) {
  skeleton.LIMBS.forEach(([a, b], n) => drawLimb(ink, person.body[a], person.body[b], thick, LIMB_WORDS[n]));
  person.body.forEach((joint, n) => {
    if (joint.on) fillDisc(ink, Math.trunc(joint.x), Math.trunc(joint.y), DOT, JOINT_WORDS[n]);
  });
  drawHand(ink, person.left);
  drawHand(ink, person.right);
  for (const joint of person.face) drawPoint(ink, joint, FACE_DOT, FACE_WORD);
}

function drawLimb(ink, a, b, thick, word) {
  if (!a.on || !b.on) return;
  const { x, y, half, angle } = limbBetween(a, b);
  fillEllipse(ink, x, y, half, thick, angle, word);
}

/** A limb's ellipse: its middle pixel, half its length and its angle in degrees, all whole, as ControlNet takes them. */
export function limbBetween(a, b) {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  return {
    x: Math.trunc((a.x + b.x) / 2),
    y: Math.trunc((a.y + b.y) / 2),
    half: Math.trunc(Math.sqrt(dx * dx + dy * dy) / 2),
    angle: Math.trunc(angleOf(dx, dy) * DEGREES),
  };
}

/** atan2 rounded as C libraries round it: near 45° and 135° the last bit decides which whole degree is drawn. */
function angleOf(dx, dy) {
  const wide = Math.abs(dx);
  const high = Math.abs(dy);
  const beyond = (high - wide) / (high + wide); // radians past the diagonal, when small
  if (!(Math.abs(beyond) < 1e-9)) return Math.atan2(dy, dx);
  const angle = dx < 0 ? 0.75 * Math.PI + (0.75 * PI_REST - beyond) : 0.25 * Math.PI + (0.25 * PI_REST + beyond);
  return dy < 0 ? -angle : angle;
}

// Hands and faces are drawn only right of column 0 and below row 0: there ControlNet takes a point for missing.
export const isDrawn = (joint) => joint.on && joint.x >= 1 && joint.y >= 1;

function drawHand(ink, hand) {
  if (!hand.length) return;
  skeleton.HAND_EDGES.forEach(([a, b], n) => drawEdge(ink, hand[a], hand[b], HAND_WORDS[n]));
  for (const joint of hand) drawPoint(ink, joint, DOT, HAND_JOINT_WORD);
}

function drawEdge(ink, a, b, word) {
  if (!isDrawn(a) || !isDrawn(b)) return;
  thickLine(ink, Math.trunc(a.x), Math.trunc(a.y), Math.trunc(b.x), Math.trunc(b.y), word);
}

function drawPoint(ink, joint, rows, word) {
  if (isDrawn(joint)) fillDisc(ink, Math.trunc(joint.x), Math.trunc(joint.y), rows, word);
}

/** The box of all that can be drawn of a person, cut to the canvas. */
export function boxOf(person, width, height, { stick = "standard" } = {}) {
  const seen = person.on ? [person.body, person.left, person.right, person.face] : [];
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of seen) {
    for (const { x, y, on } of part) {
      if (!on) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  const slant = Math.hypot(right - left, bottom - top) * HALF_DEGREE; // a limb's angle is cut to whole degrees
  const margin = stickOf(stick, width, height) + 2 + Math.ceil(Math.min(slant, width + height));
  const x = Math.max(0, Math.floor(left) - margin);
  const y = Math.max(0, Math.floor(top) - margin);
  const wide = Math.min(width, Math.ceil(right) + margin + 1) - x;
  const high = Math.min(height, Math.ceil(bottom) + margin + 1) - y;
  return wide > 0 && high > 0 ? { x, y, width: wide, height: high } : { x: 0, y: 0, width: 0, height: 0 };
}
