// What is drawn over the picture for the hand only, never into the map: bones of the chosen person (also outside the
// picture), what is proposed, the frame around a choice, the marquee, guides, and the strips the picture shall grow by.

import { toScreen, turnOf } from "../stage/view.mjs";
import { hex } from "./trace.mjs";
import { HAND_EDGES, LIMB_COLOURS, LIMBS } from "./skeleton.mjs";
import { dot, minus, plus, times, unit } from "./vectors.mjs";

const FEET_EDGES = [
  [13, 0],
  [0, 1],
  [13, 2],
  [10, 3],
  [3, 4],
  [10, 5],
]; // from a joint of the body or a toe to a joint of the feet
const DASH = [5, 4];
const HATCH = 9; // CSS pixels between lines

/** `marks`: {person, opened, ghosts, frame: corner points | null, marquee: box | null, snap: lines, guides, padding, size}. */
export function drawOverlay(context, surface, view, marks) {
  context.save();
  context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
  const at = (point) => toScreen(view, point);
  if (marks.padding) hatched(context, at, marks);
  if (marks.person) bones(context, at, marks);
  const middle = marks.ghosts.reduce((sum, { joint }) => sum + joint.x, 0) / marks.ghosts.length;
  for (const ghost of marks.ghosts) proposal(context, at, ghost, ghost.joint.x < middle ? -1 : 1);
  if (marks.frame) outline(context, marks.frame, "rgb(255 255 255 / 0.9)", DASH);
  if (marks.marquee) marquee(context, marks.marquee);
  snaps(context, surface, at, marks.snap);
  guides(context, surface, at, marks, turnOf(view));
  context.restore();
}

/** Thin lines, so that a limb can be told and followed where the map ends. */
function bones(context, at, { person, opened, size }) {
  const { body, feet } = person;
  LIMBS.forEach(([a, b], n) => outside(body[a], body[b], size) && bone(context, at, body[a], body[b], hex(LIMB_COLOURS[n])));
  if (feet.length) FEET_EDGES.forEach(([a, b], n) => bone(context, at, n % 3 === 1 ? feet[a] : body[a], feet[b], "#9aa0a8"));
  for (const part of ["left", "right"])
    if (opened.has(part)) for (const [a, b] of HAND_EDGES) ghostly(context, at, person[part][a], person[part][b]);
}

function bone(context, at, a, b, colour) {
  if (!a?.on || !b?.on) return;
  line(context, at(a), at(b), "rgb(0 0 0 / 0.35)", 5);
  line(context, at(a), at(b), colour, 3);
}

const ghostly = (context, at, a, b) => a?.on && b?.on && line(context, at(a), at(b), "rgb(255 255 255 / 0.35)", 1);

const beyond = ({ x, y }, { width, height }) => x < 0 || y < 0 || x > width || y > height;
const outside = (a, b, size) => beyond(a, size) || beyond(b, size);

/** `side`: on which its confidence is written, away from the others. */
function proposal(context, at, { joint, parent, confidence }, side) {
  const to = at(joint);
  if (parent) {
    context.setLineDash(DASH);
    line(context, at(parent), to, "#fff", 2);
    context.setLineDash([]);
  }
  const text = `${Math.round(confidence * 100)} %`;
  context.font = "600 11px system-ui, sans-serif";
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 0.8)";
  context.fillStyle = "#fff";
  context.textAlign = side < 0 ? "right" : "left";
  context.strokeText(text, to.x + 12 * side, to.y + 4);
  context.fillText(text, to.x + 12 * side, to.y + 4);
}

function outline(context, corners, colour, dash) {
  context.beginPath();
  corners.forEach(({ x, y }, n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 0.35)";
  context.stroke();
  context.setLineDash(dash);
  context.lineWidth = 1;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

function marquee(context, { x, y, width, height }) {
  context.fillStyle = "rgb(255 255 255 / 0.12)";
  context.fillRect(x, y, width, height);
  const corners = [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ];
  outline(context, corners, "#fff", DASH);
}

function snaps(context, { room }, at, lines) {
  for (const one of lines) endless(context, room, at, one, "rgb(240 184 102 / 0.9)", 1);
}

/** An upright {x} or level {y} of the picture, however the view is turned, all over the room. */
function endless(context, room, at, { x, y }, colour, width) {
  const from = at({ x: x ?? 0, y: y ?? 0 });
  const way = unit(minus(at({ x: x ?? 1, y: y ?? 1 }), from));
  const nearest = plus(from, times(way, dot(minus({ x: room.width / 2, y: room.height / 2 }, from), way)));
  const far = room.width + room.height;
  line(context, plus(nearest, times(way, -far)), plus(nearest, times(way, far)), colour, width);
}

function guides(context, { room }, at, { guides: { vanishing, horizon }, guided }, turn) {
  if (!guided) return;
  const far = 2 * (room.width + room.height);
  if (horizon !== null) endless(context, room, at, { y: horizon }, "rgb(70 160 255 / 0.9)", 1.5);
  for (const point of vanishing.map(at)) {
    for (let ray = 0; ray < 24; ray++) {
      const angle = turn + (ray * Math.PI) / 12;
      const end = { x: point.x + far * Math.cos(angle), y: point.y + far * Math.sin(angle) };
      line(context, point, end, "rgb(70 160 255 / 0.35)", 1);
    }
  }
}

/** The strips around the picture, hatched. */
function hatched(context, at, { padding, size }) {
  const outer = [
    { x: -padding.left, y: -padding.top },
    { x: size.width + padding.right, y: -padding.top },
    { x: size.width + padding.right, y: size.height + padding.bottom },
    { x: -padding.left, y: size.height + padding.bottom },
  ].map(at);
  const inner = [
    { x: 0, y: 0 },
    { x: size.width, y: 0 },
    { x: size.width, y: size.height },
    { x: 0, y: size.height },
  ].map(at);
  context.save();
  context.beginPath();
  for (const ring of [outer, inner]) {
    ring.forEach(({ x, y }, n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
  }
  context.clip("evenodd");
  hatch(context, outer);
  context.restore();
  outline(context, outer, "#f0b866", DASH);
}

function hatch(context, corners) {
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const [left, top, right, bottom] = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  context.fillStyle = "rgb(240 184 102 / 0.1)";
  context.fillRect(left, top, right - left, bottom - top);
  context.beginPath();
  for (let x = left - (bottom - top); x < right; x += HATCH) {
    context.moveTo(x, bottom);
    context.lineTo(x + bottom - top, top);
  }
  context.lineWidth = 1;
  context.strokeStyle = "rgb(240 184 102 / 0.35)";
  context.stroke();
}

function line(context, from, to, colour, width) {
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}
