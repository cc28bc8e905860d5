// A stroke, in pixels of the picture:
// {tool: "pen" | "eraser" | "line" | "fill", colour: "#rrggbb", size: px at full pressure, opacity: 0..1,
//  points: [{x, y, p: pressure 0..1}]}, and for "fill", whose one point is its seed, {tolerance: 0..255, gap: px}.
// Strokes are never mutated. The order of a list of strokes is the order of painting.

import { PoseError } from "./document.mjs";
import { none, snapped, STEP } from "./guides.mjs";
import { simplified, smoothed } from "./strokeline.mjs";

const STRING = 60; // CSS pixels: how far a fully stabilised brush is pulled behind the pointer
const CLOSEST = 0.3; // pixels: nearer points say nothing new
const THINNEST = 0.15; // of the size, at no pressure
const CURVE = 0.8; // of pressure: below 1 a light touch already counts

const MOST_STROKES = 20_000;
const MOST_POINTS = 2_000_000;
const DEFAULTS = { tool: "pen", colour: "#000000", size: 4, opacity: 1 };
const FILLED = { tolerance: 32, gap: 0 };

/** The list with one stroke more, or a sentence where it is full. */
export function added(strokes, stroke) {
  const points = strokes.reduce((sum, one) => sum + one.points.length, stroke.points.length);
  refuseMany("The drawing has {count} strokes; at most {most} are possible.", strokes.length + 1, MOST_STROKES);
  refuseMany("The drawing has {count} points; at most {most} are possible.", points, MOST_POINTS);
  return [...strokes, stroke];
}

function refuseMany(sentence, count, most) {
  if (count > most) throw new PoseError(sentence, { count, most });
}

/** A new stroke at a point; `options`: its own fields. */
export function begun(at, options = {}) {
  const { tool, colour, size, opacity, tolerance, gap } = { ...DEFAULTS, ...FILLED, ...options };
  const stroke = { tool, colour, size, opacity, points: [rounded(at)] };
  return tool === "fill" ? { ...stroke, tolerance, gap } : stroke;
}

/**
 * The stroke drawn on to `points`. With `stabiliser` (0..1) the brush hangs on a string: it stays while the pointer is
 * nearer than the string is long and is pulled straight behind it otherwise, so a hand that trembles draws a calm
 * line whatever the rate of its events; `zoom` is CSS pixels per picture pixel. A line, and any stroke with `straight`,
 * is only its two ends; it follows the vanishing points of `guides`, and steps of 15 degrees with `steps`.
 */
export function extended(stroke, points, how = {}) {
  if (stroke.tool === "fill" || points.length === 0) return stroke;
  if (stroke.tool === "line" || how.straight) return straightened(stroke, points.at(-1), how);
  const added = pulled(stroke.points.at(-1), points, how);
  return added.length > 0 ? { ...stroke, points: [...stroke.points, ...added] } : stroke;
}

/** The stroke as it is kept: smooth, rounded, freed of points that do not show. `end`: it is drawn on to there. */
export function finished(stroke, { end } = {}) {
  if (stroke.tool === "fill" || stroke.tool === "line") return stroke;
  const whole = end ? extended(stroke, [end]) : stroke;
  const radius = (point) => widthOf(stroke, point.p) / 2;
  return { ...whole, points: simplified(smoothed(whole.points), radius).map(rounded) };
}

/** How wide a stroke is where it is pressed so hard. */
export const widthOf = ({ size }, pressure) => size * (THINNEST + (1 - THINNEST) * Math.max(0, pressure) ** CURVE);

/** A pen presses; mouse and finger always fully. */
export const pressureOf = ({ pointerType, pressure }) => (pointerType === "pen" ? pressure : 1);

/** The whole pixels a stroke can touch: {x, y, width, height}; null for a fill, which may reach anywhere. */
export function boundsOf(stroke, from = 0) {
  if (stroke.tool === "fill") return null;
  const edge = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (let index = from; index < stroke.points.length; index++) {
    const { x, y, p } = stroke.points[index];
    const reach = widthOf(stroke, p) / 2 + 1; // a soft edge
    edge.left = Math.min(edge.left, x - reach);
    edge.top = Math.min(edge.top, y - reach);
    edge.right = Math.max(edge.right, x + reach);
    edge.bottom = Math.max(edge.bottom, y + reach);
  }
  const [x, y] = [Math.floor(edge.left), Math.floor(edge.top)];
  return { x, y, width: Math.ceil(edge.right) - x, height: Math.ceil(edge.bottom) - y };
}

/** Coordinates in tenths of a pixel, pressure in hundredths. */
const rounded = ({ x, y, p = 1 }) => ({
  x: Math.round(x * 10) / 10,
  y: Math.round(y * 10) / 10,
  p: Math.round(Math.min(1, Math.max(0, p)) * 100) / 100,
});

function straightened(stroke, to, { guides = none, steps = false }) {
  const [first] = stroke.points;
  const line = snapped({ from: first, to }, guides, { step: steps ? STEP : 0 });
  return { ...stroke, points: [{ ...first, p: 1 }, rounded({ ...line.to, p: 1 })] };
}

function pulled(tip, points, { stabiliser = 0, zoom = 1 }) {
  const string = (stabiliser * STRING) / zoom;
  const added = [];
  for (const { x, y, p } of points) {
    const distance = Math.hypot(x - tip.x, y - tip.y);
    if (distance - string <= CLOSEST) continue;
    const share = (distance - string) / distance;
    tip = { x: tip.x + (x - tip.x) * share, y: tip.y + (y - tip.y) * share, p }; // rounded, many small steps drift
    added.push(tip);
  }
  return added;
}
