// Points and directions in the plane, y downwards; angles in radians, positive clockwise as seen.

export const plus = (a, b) => ({ x: a.x + b.x, y: a.y + b.y });
export const minus = (a, b) => ({ x: a.x - b.x, y: a.y - b.y });
export const times = (a, factor) => ({ x: a.x * factor, y: a.y * factor });
export const dot = (a, b) => a.x * b.x + a.y * b.y;
export const cross = (a, b) => a.x * b.y - a.y * b.x;
export const length = (a) => Math.hypot(a.x, a.y);
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
export const angleOf = (a) => Math.atan2(a.y, a.x);
export const towards = (angle, far = 1) => ({ x: far * Math.cos(angle), y: far * Math.sin(angle) });
export const between = (a, b, share) => ({ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share });

/** The direction of `a`, or `other` where it has none. */
export const unit = (a, other = { x: 0, y: 1 }) => (length(a) > 1e-9 ? times(a, 1 / length(a)) : other);

/** The angle within -π..π. */
export const wrapped = (angle) => angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));

export const clamped = (value, least, most) => Math.min(Math.max(value, least), most);

/** The middle of points, or null of none. */
export function meanOf(points) {
  if (!points.length) return null;
  return times(points.reduce(plus), 1 / points.length);
}

/** What a turn by `angle` about `from`, then a shift of `from` to `to`, makes of a point. */
export function carrier(from, to, angle = 0) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return ({ x, y }) => ({
    x: to.x + (x - from.x) * c - (y - from.y) * s,
    y: to.y + (x - from.x) * s + (y - from.y) * c,
  });
}
