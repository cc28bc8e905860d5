// Filled shapes without smoothing, to the pixel as cv2 fills them: 16 bits behind the point, outline included.
// An ink says where they go: {words: pixels as 32-bit words, left, top, width: the box they lie in, right, bottom: the
// canvas's last column and row}. Clipping follows the canvas; the box must hold all of the shape that is on the canvas.

import { clipLine, quotient } from "./clip.mjs";

const ONE = 65536;
const HALF = ONE / 2;
const TO_EVEN = 1.5 * 2 ** 52; // adding and subtracting it rounds to the nearest whole number, ties to even

const round = (value) => value + TO_EVEN - TO_EVEN;
const cut = (fixed) => Math.floor(fixed / ONE);

// Seven decimals in single precision: cv2's own table.
const SINE = Float64Array.from({ length: 451 }, (_, degree) => {
  const exact = Math.sin((degree * Math.PI) / 180);
  return Math.fround(Math.round(exact * 1e7) / 1e7);
});

const corners = new Float64Array(2 * 361);
const piece = [0, 0, 0, 0];

/** A filled ellipse; `along` and `across` are its half axes, all whole numbers, `angle` in whole degrees -180..180. */
export function fillEllipse(ink, x, y, along, across, angle, word) {
  const count = ellipseCorners(x, y, along, across, angle < 0 ? angle + 360 : angle);
  outline(ink, count, word);
  fillConvex(ink, corners, count, ONE, word);
}

/** Half widths of a disc's rows, from its middle row outwards. */
export function discRows(radius) {
  const rows = new Int32Array(radius + 1).fill(-1);
  for (let far = radius, near = 0, error = 0, minus = 2 * radius - 1; far >= near; near++) {
    rows[near] = Math.max(rows[near], far);
    rows[far] = Math.max(rows[far], near);
    error += 2 * near + 1;
    if (error <= 0) continue;
    error -= minus;
    minus -= 2;
    far--;
  }
  return rows;
}

export function fillDisc(ink, x, y, rows, word) {
  for (let row = 1 - rows.length; row < rows.length; row++) {
    const half = rows[row < 0 ? -row : row];
    if (half >= 0) fillRow(ink, y + row, x - half, x + half, word);
  }
}

const LINE_END = discRows(1);
const quad = new Float64Array(8);

/** A line two pixels thick with round ends between whole points. */
export function thickLine(ink, x1, y1, x2, y2, word) {
  const dx = x1 - x2;
  const dy = y2 - y1;
  if (dx || dy) {
    const share = ONE / Math.sqrt(dx * dx + dy * dy);
    const over = round(dy * share);
    const down = round(dx * share);
    quad[0] = x1 * ONE + over;
    quad[1] = y1 * ONE + down;
    quad[2] = x1 * ONE - over;
    quad[3] = y1 * ONE - down;
    quad[4] = x2 * ONE - over;
    quad[5] = y2 * ONE - down;
    quad[6] = x2 * ONE + over;
    quad[7] = y2 * ONE + down;
    for (let at = 0, last = 6; at < 8; last = at, at += 2) fixedLine(ink, quad, last, at, word);
    fillConvex(ink, quad, 4, 1, word);
  }
  fillDisc(ink, x1, y1, LINE_END, word);
  fillDisc(ink, x2, y2, LINE_END, word);
}

/** Corners degree by degree, whole, without repeats: their count. */
function ellipseCorners(x, y, along, across, angle) {
  const sine = SINE[angle];
  const cosine = SINE[450 - angle];
  let count = 0;
  for (let degree = 0; degree <= 360; degree++) {
    const u = along * SINE[450 - degree];
    const v = across * SINE[degree];
    const px = round(x + u * cosine - v * sine);
    const py = round(y + u * sine + v * cosine);
    if (count && corners[2 * count - 2] === px && corners[2 * count - 1] === py) continue;
    corners[2 * count] = px;
    corners[2 * count + 1] = py;
    count++;
  }
  return count;
}

function outline(ink, count, word) {
  let x = corners[2 * count - 2];
  let y = corners[2 * count - 1];
  for (let at = 0; at < 2 * count; at += 2) {
    wholeLine(ink, x, y, corners[at], corners[at + 1], word);
    x = corners[at];
    y = corners[at + 1];
  }
}

/** One pixel thick, between whole points. */
function wholeLine(ink, x1, y1, x2, y2, word) {
  if (x1 < 0 || y1 < 0 || x2 < 0 || y2 < 0 || x1 > ink.right || x2 > ink.right || y1 > ink.bottom || y2 > ink.bottom) {
    piece[0] = x1;
    piece[1] = y1;
    piece[2] = x2;
    piece[3] = y2;
    if (!clipLine(piece, ink.right, ink.bottom)) return;
    [x1, y1, x2, y2] = piece;
  }
  if (x2 < x1) stepAlong(ink, x2, y2, x1 - x2, y1 - y2, word);
  else stepAlong(ink, x1, y1, x2 - x1, y2 - y1, word);
}

/** Bresenham's steps to the right from a point on the canvas. */
function stepAlong(ink, x, y, dx, dy, word) {
  let major = 1;
  let minor = dy < 0 ? -ink.width : ink.width;
  let long = dx;
  let short = dy < 0 ? -dy : dy;
  if (short > long) {
    [major, minor] = [minor, major];
    [long, short] = [short, long];
  }
  let at = (y - ink.top) * ink.width + x - ink.left;
  let error = long - 2 * short;
  for (let n = 0; n <= long; n++) {
    ink.words[at] = word;
    const aside = error < 0;
    error -= 2 * short;
    at += major;
    if (aside) {
      error += 2 * long;
      at += minor;
    }
  }
}

/** One pixel thick, between fixed-point corners of `points`. */
function fixedLine(ink, points, from, to, word) {
  piece[0] = points[from];
  piece[1] = points[from + 1];
  piece[2] = points[to];
  piece[3] = points[to + 1];
  if (!clipLine(piece, (ink.right + 1) * ONE - 1, (ink.bottom + 1) * ONE - 1)) return;
  let [x1, y1, x2, y2] = piece;
  const flat = Math.abs(x2 - x1) > Math.abs(y2 - y1);
  if (flat ? x2 < x1 : y2 < y1) [x1, y1, x2, y2] = [x2, y2, x1, y1];
  put(ink, cut(x2 + HALF), cut(y2 + HALF), word);
  if (flat) stepFixed(x1, y1, x2, y2, (x, y) => put(ink, x, y, word));
  else stepFixed(y1, x1, y2, x2, (y, x) => put(ink, x, y, word));
}

/** Whole steps along the first axis from `a1` up to `a2`; the second axis in between. */
function stepFixed(a1, b1, a2, b2, visit) {
  const slope = quotient((b2 - b1) * ONE, (a2 - a1) | 1);
  const start = cut(a1 + HALF);
  const count = cut(a2 - a1);
  for (let n = 0, b = b1 + HALF; n <= count; n++, b += slope) visit(start + n, cut(b));
}

const edges = [
  { corner: 0, step: 0, x: 0, slope: 0, until: 0 },
  { corner: 0, step: 0, x: 0, slope: 0, until: 0 },
];

/** The rows of a convex polygon of `count` corners; `scale` makes fixed-point numbers of them (1 when they are). */
function fillConvex(ink, points, count, scale, word) {
  const delta = scale === 1 ? HALF : 0;
  const rowOf = (corner) => cut(points[2 * corner + 1] * scale + delta);
  let highest = 0;
  let lowest = 0;
  for (let n = 1; n < count; n++) {
    if (points[2 * n + 1] < points[2 * highest + 1]) highest = n;
    if (points[2 * n + 1] > points[2 * lowest + 1]) lowest = n;
  }
  const last = Math.min(rowOf(lowest), ink.bottom);
  let y = rowOf(highest);
  if (count < 3 || last < 0 || y > ink.bottom) return;
  edges.forEach((edge, side) => Object.assign(edge, { corner: highest, step: side ? count - 1 : 1, until: y }));
  let left = count;
  do {
    for (const edge of edges) if (y >= edge.until) left = follow(edge, y, points, count, scale, rowOf, left);
    if (left < 0) return;
    if (y >= 0) fillBetween(ink, y, edges[0].x, edges[1].x, word);
    edges[0].x += edges[0].slope;
    edges[1].x += edges[1].slope;
  } while (++y <= last);
}

/** Takes an edge on to the next corner that lies below row `y`; the number of corners left, -1 after the last. */
function follow(edge, y, points, count, scale, rowOf, left) {
  let from = edge.corner;
  let to = (from + edge.step) % count;
  for (; left-- > 0; from = to, to = (to + edge.step) % count) {
    const rows = rowOf(to) - y;
    if (rows <= 0) continue;
    edge.x = points[2 * from] * scale;
    edge.slope = quotient((points[2 * to] * scale - edge.x) * 2 + rows, 2 * rows);
    edge.until = y + rows;
    edge.corner = to;
    return left;
  }
  return left;
}

function fillBetween(ink, y, x1, x2, word) {
  fillRow(ink, y, cut(Math.min(x1, x2) + HALF), cut(Math.max(x1, x2) + HALF), word);
}

function fillRow(ink, y, x1, x2, word) {
  if (y < 0 || y > ink.bottom || x2 < 0 || x1 > ink.right) return;
  const start = (y - ink.top) * ink.width - ink.left;
  ink.words.fill(word, start + (x1 < 0 ? 0 : x1), start + (x2 > ink.right ? ink.right : x2) + 1);
}

function put(ink, x, y, word) {
  if (x < 0 || y < 0 || x > ink.right || y > ink.bottom) return;
  ink.words[(y - ink.top) * ink.width + x - ink.left] = word;
}
