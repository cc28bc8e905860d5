// A list of strokes as JSON: {atelier_strokes: 1, width, height, strokes: [{tool, colour, size, opacity, points: [x, y, p, …]}]}.

import { rounded } from "./strokes.mjs";

export const LIMITS = { strokes: 20_000, points: 2_000_000, size: 2048, side: 8192, coordinate: 100_000, gap: 64 };
const MOST_TEXT = 64 * 1024 * 1024; // characters: two million points with room
const TOOLS = ["pen", "eraser", "line", "fill"];

/** A sentence for the user: an English template and the values for its {names}. */
export class StrokesError extends Error {
  constructor(text, values = {}) {
    super(text);
    this.values = values;
  }
}

/** The list with one stroke more, or a sentence where it is full. */
export function added(strokes, stroke) {
  refuseMany(strokes.length + 1, pointsIn(strokes) + stroke.points.length);
  return [...strokes, stroke];
}

export const toDocument = (strokes, { width, height }) => ({
  atelier_strokes: 1,
  width,
  height,
  strokes: strokes.map(({ points, ...fields }) => ({ ...fields, points: points.flatMap(({ x, y, p }) => [x, y, p]) })),
});

export function fromText(text) {
  if (text.length > MOST_TEXT) throw new StrokesError("The file of the drawing is too large.");
  try {
    return fromDocument(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new StrokesError("This is not a drawing of Atelier.");
    throw error;
  }
}

/** {width, height, strokes} of such an object; whatever does not fit is a sentence. */
export function fromDocument(object) {
  const { width, height, strokes } = object ?? {};
  if (object?.atelier_strokes !== 1 || !Array.isArray(strokes) || !isSide(width) || !isSide(height)) {
    throw new StrokesError("This is not a drawing of Atelier.");
  }
  const count = strokes.reduce((sum, stroke) => sum + (stroke?.points?.length ?? 0) / 3, 0);
  refuseMany(strokes.length, count);
  return { width, height, strokes: strokes.map(read) };
}

const pointsIn = (strokes) => strokes.reduce((sum, { points }) => sum + points.length, 0);

function refuseMany(strokes, points) {
  if (strokes > LIMITS.strokes) {
    throw new StrokesError("The drawing has {count} strokes; at most {most} are possible.", {
      count: strokes,
      most: LIMITS.strokes,
    });
  }
  if (points > LIMITS.points) {
    throw new StrokesError("The drawing has {count} points; at most {most} are possible.", {
      count: Math.ceil(points),
      most: LIMITS.points,
    });
  }
}

function read(stroke, index) {
  if (!isStroke(stroke)) throw new StrokesError("Stroke {number} of the drawing is damaged.", { number: index + 1 });
  const { tool, colour, size, opacity } = stroke;
  const points = [];
  for (let n = 0; n < stroke.points.length; n += 3) {
    points.push(rounded({ x: stroke.points[n], y: stroke.points[n + 1], p: stroke.points[n + 2] }));
  }
  const own = { tool, colour: colour.toLowerCase(), size, opacity, points };
  return tool === "fill" ? { ...own, tolerance: stroke.tolerance, gap: stroke.gap } : own;
}

const isNumber = (value, least, most) => Number.isFinite(value) && value >= least && value <= most;

const isSide = (value) => Number.isInteger(value) && isNumber(value, 1, LIMITS.side);

function isStroke(stroke) {
  const { tool, colour, size, opacity, points, tolerance, gap } = stroke ?? {};
  const fields =
    TOOLS.includes(tool) &&
    typeof colour === "string" &&
    /^#[0-9a-f]{6}$/i.test(colour) &&
    isNumber(size, 0.1, LIMITS.size) &&
    isNumber(opacity, 0, 1) &&
    (tool !== "fill" || (isNumber(tolerance, 0, 255) && Number.isInteger(gap) && isNumber(gap, 0, LIMITS.gap)));
  return fields && arePoints(points, tool);
}

function arePoints(points, tool) {
  if (!Array.isArray(points) || points.length === 0 || points.length % 3 !== 0) return false;
  if (tool === "fill" && points.length !== 3) return false;
  return points.every((value, n) =>
    n % 3 === 2 ? isNumber(value, 0, 1) : isNumber(value, -LIMITS.coordinate, LIMITS.coordinate),
  );
}
