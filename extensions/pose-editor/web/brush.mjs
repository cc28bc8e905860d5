// The shape of a stroke: for each of its pieces the hull of the two round tips at its ends. All run the same way round,
// so filled as one path (non-zero) they are one shape without seams, however the stroke crosses itself.

import { widthOf } from "./strokes.mjs";

const ROUND = 0.1; // pixels by which a polygon may miss a circle

/** Polygons as flat lists of numbers [x, y, x, y, …]. `from`: only the pieces that end at this point or later. */
export function outline(stroke, from = 0) {
  const { points } = stroke;
  if (stroke.tool === "fill" || points.length === 0) return [];
  if (points.length === 1) return [disc(tip(stroke, points[0]))];
  const pieces = [];
  for (let index = Math.max(1, from); index < points.length; index++) {
    pieces.push(piece(tip(stroke, points[index - 1]), tip(stroke, points[index])));
  }
  return pieces;
}

/** Puts the polygons into the current path of a context or into a Path2D. */
export function trace(path, polygons) {
  for (const polygon of polygons) {
    path.moveTo(polygon[0], polygon[1]);
    for (let n = 2; n < polygon.length; n += 2) path.lineTo(polygon[n], polygon[n + 1]);
    path.closePath();
  }
}

const tip = (stroke, { x, y, p }) => ({ x, y, r: widthOf(stroke, p) / 2 });

const disc = (round) => arc([], round, 0, 2 * Math.PI);

/** Half of it round one tip, then half of it round the other; the sides are their common tangents. */
function piece(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length <= Math.abs(a.r - b.r)) return disc(a.r > b.r ? a : b); // one lies in the other
  const along = Math.atan2(b.y - a.y, b.x - a.x);
  const side = Math.acos((a.r - b.r) / length);
  const flat = arc([], b, along - side, along + side);
  return arc(flat, a, along + side, along + 2 * Math.PI - side);
}

function arc(flat, { x, y, r }, from, to) {
  const step = r > ROUND ? 2 * Math.acos(1 - ROUND / r) : Math.PI / 2;
  const count = Math.max(2, Math.ceil((to - from) / step));
  for (let n = 0; n <= count; n++) {
    const angle = from + ((to - from) * n) / count;
    flat.push(x + r * Math.cos(angle), y + r * Math.sin(angle));
  }
  return flat;
}
