// Guides for straight lines: vanishing points that lines run to, a horizon for them, and steps of 15 degrees.
// guides = {vanishing: [{x, y}], horizon: y or null}, in pixels of the picture; a point may lie outside of it.

const PULL = 6; // degrees: a line this near to a vanishing point's direction takes it
const NEAR_HORIZON = 24; // pixels: a vanishing point this near to the horizon is put on it
export const STEP = 15; // degrees
export const MOST_POINTS = 8;

export const none = Object.freeze({ vanishing: [], horizon: null });

/**
 * The line as the guides want it: {from, to, by: "vanishing" | "step" | null, vanishing: its index or null}. The end goes
 * to the nearest place on the direction taken. Vanishing points come first; with `step` 0 nothing else is taken.
 */
export function snapped({ from, to }, guides = none, { step = STEP, pull = PULL } = {}) {
  const way = { x: to.x - from.x, y: to.y - from.y };
  if (way.x === 0 && way.y === 0) return { from, to, by: null, vanishing: null };
  const angle = Math.atan2(way.y, way.x);
  const index = nearestPoint(from, angle, guides.vanishing, (pull * Math.PI) / 180);
  if (index !== null) {
    const point = guides.vanishing[index];
    const along = Math.atan2(point.y - from.y, point.x - from.x);
    return { from, to: projected(from, way, along), by: "vanishing", vanishing: index };
  }
  if (!step) return { from, to, by: null, vanishing: null };
  const unit = (step * Math.PI) / 180;
  return { from, to: projected(from, way, Math.round(angle / unit) * unit), by: "step", vanishing: null };
}

export const withPoint = (guides, point) =>
  guides.vanishing.length < MOST_POINTS
    ? { ...guides, vanishing: [...guides.vanishing, settled(guides.horizon, point)] }
    : guides;

export const withPointAt = (guides, index, point) => ({
  ...guides,
  vanishing: guides.vanishing.map((old, at) => (at === index ? settled(guides.horizon, point) : old)),
});

export const withoutPoint = (guides, index) => ({
  ...guides,
  vanishing: guides.vanishing.filter((_, at) => at !== index),
});

/** The horizon moved to `y`, or taken away with null; the points on it move along. */
export const withHorizon = (guides, y) => ({
  horizon: y,
  vanishing: guides.vanishing.map((point) =>
    y !== null && point.y === guides.horizon ? { ...point, y } : settled(y, point),
  ),
});

const settled = (horizon, { x, y }) => ({
  x,
  y: horizon !== null && Math.abs(y - horizon) <= NEAR_HORIZON ? horizon : y,
});

function nearestPoint(from, angle, points, pull) {
  let [nearest, least] = [null, pull];
  points.forEach((point, index) => {
    const way = { x: point.x - from.x, y: point.y - from.y };
    if (Math.hypot(way.x, way.y) < 0.5) return; // the line begins in it
    const apart = between(angle, Math.atan2(way.y, way.x));
    if (apart <= least) [nearest, least] = [index, apart];
  });
  return nearest;
}

/** The angle between two directions, either way along them: 0 to a right angle. */
function between(a, b) {
  const apart = Math.abs(a - b) % Math.PI;
  return Math.min(apart, Math.PI - apart);
}

function projected(from, way, angle) {
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  const length = way.x * x + way.y * y;
  return { x: from.x + x * length, y: from.y + y * length };
}
