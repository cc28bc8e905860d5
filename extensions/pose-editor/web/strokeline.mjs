// The line of a stroke: made smooth between the places a pointer reported, and freed of points that do not show.

const DETAIL = 3; // pixels between the points of a smooth curve
const CORNER = Math.cos((60 * Math.PI) / 180); // a sharper turn is meant
const TOLERANCE = 0.3; // pixels
const CHUNK = 4096; // points simplified together: bounds the time for a stroke without end

/** A smooth curve through all the points; corners stay corners. */
export function smoothed(points) {
  if (points.length < 3) return points;
  const curve = [points[0]];
  for (let index = 1; index < points.length; index++) {
    curve.push(...between(points, index), points[index]);
  }
  return curve;
}

/** Fewer points: neither the line nor its edges (`radiusOf` a point) move by more than `tolerance`. */
export function simplified(points, radiusOf = () => 0, tolerance = TOLERANCE) {
  const flat = points.map((point) => [point.x, point.y, radiusOf(point)]);
  const kept = new Uint8Array(points.length);
  for (let from = 0; from < points.length; from += CHUNK)
    keep(flat, from, Math.min(from + CHUNK, points.length - 1), kept, tolerance);
  return points.filter((_, index) => kept[index]);
}

/** Ramer, Douglas and Peucker's way, without recursion. */
function keep(flat, first, last, kept, tolerance) {
  kept[first] = kept[last] = 1;
  const open = [[first, last]];
  while (open.length > 0) {
    const [from, to] = open.pop();
    let [farthest, most] = [-1, tolerance];
    for (let index = from + 1; index < to; index++) {
      const apart = distance(flat[index], flat[from], flat[to]);
      if (apart > most) [farthest, most] = [index, apart];
    }
    if (farthest < 0) continue;
    kept[farthest] = 1;
    open.push([from, farthest], [farthest, to]);
  }
}

/** From a point to the piece from a to b, each of {x, y, radius}. */
function distance(point, a, b) {
  let [dot, length] = [0, 0];
  for (let n = 0; n < 3; n++) {
    dot += (point[n] - a[n]) * (b[n] - a[n]);
    length += (b[n] - a[n]) ** 2;
  }
  const share = length > 0 ? Math.min(1, Math.max(0, dot / length)) : 0;
  return Math.hypot(...[0, 1, 2].map((n) => point[n] - a[n] - share * (b[n] - a[n])));
}

/** Points on the cubic curve from the point before `index` to it. */
function between(points, index) {
  const [a, b] = [points[index - 1], points[index]];
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  const count = Math.floor(length / DETAIL);
  if (count < 1) return [];
  const [out, into] = [tangent(points, index - 1, b, a), tangent(points, index, b, a)];
  const third = length / 3;
  const first = { x: a.x + out.x * third, y: a.y + out.y * third };
  const second = { x: b.x - into.x * third, y: b.y - into.y * third };
  return Array.from({ length: count }, (_, n) => cubic(a, first, second, b, (n + 1) / (count + 1)));
}

/** The direction of the curve at a point; at an end or a corner that of the piece from a to b itself. */
function tangent(points, index, b, a) {
  const own = direction(a, b);
  if (index === 0 || index === points.length - 1) return own;
  const [before, after] = [direction(points[index - 1], points[index]), direction(points[index], points[index + 1])];
  if (before.x * after.x + before.y * after.y < CORNER) return own;
  return direction({ x: 0, y: 0 }, { x: before.x + after.x, y: before.y + after.y });
}

function direction(a, b) {
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  return { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
}

function cubic(a, first, second, b, t) {
  const [u, v] = [1 - t, t];
  const mixed = (axis) =>
    u ** 3 * a[axis] + 3 * u * u * v * first[axis] + 3 * u * v * v * second[axis] + v ** 3 * b[axis];
  return { x: mixed("x"), y: mixed("y"), p: u * a.p + v * b.p };
}
