// A view says where a picture lies on the screen, in CSS pixels: screen = turn(picture × scale) + (x, y). The turn is
// in radians, clockwise, about the picture's corner; a view without one is upright.
// Everyone goes through these functions and nobody reads scale, x, y and turn himself.
// `room` is the size of the stage, `ratio` device pixels per CSS pixel; 100 % is one picture pixel per device pixel.

const STOPS = [1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
const KEEP_IN_SIGHT = 64; // CSS pixels of the picture that no pan can push off the stage
const TURN_STEP = Math.PI / 12;

export function toScreen(view, point) {
  const { x, y } = rotated(point, turnOf(view));
  return { x: x * view.scale + view.x, y: y * view.scale + view.y };
}

export function toPicture(view, point) {
  return rotated({ x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale }, -turnOf(view));
}

export const zoomOf = (view, ratio) => view.scale * ratio;

/** In radians, -π..π. */
export const turnOf = (view) => view.turn ?? 0;

/** The whole picture, upright, in the middle of the room less its inset {top, right, bottom, left}. */
export function fit(picture, room, inset = {}) {
  const { top = 0, right = 0, bottom = 0, left = 0 } = inset;
  const width = Math.max(1, room.width - left - right);
  const height = Math.max(1, room.height - top - bottom);
  const scale = Math.min(width / picture.width, height / picture.height);
  return {
    scale,
    x: left + (width - picture.width * scale) / 2,
    y: top + (height - picture.height * scale) / 2,
  };
}

export const panned = (view, dx, dy) => ({ ...view, x: view.x + dx, y: view.y + dy });

/** Larger by `factor`; the picture's point under `at` stays there. */
export const zoomed = (view, at, factor) => ({
  ...view,
  scale: view.scale * factor,
  x: at.x - (at.x - view.x) * factor,
  y: at.y - (at.y - view.y) * factor,
});

/** Turned clockwise by `angle`; the picture's point under `at` stays there. */
export function turned(view, at, angle) {
  const { x, y } = rotated({ x: view.x - at.x, y: view.y - at.y }, angle);
  return { ...view, x: at.x + x, y: at.y + y, turn: wrapped(turnOf(view) + angle) };
}

/** Two fingers went from the points `from` to the points `to`: what was under their middle stays under it. */
export function pinched(view, from, to, { turning = false } = {}) {
  const before = middle(from);
  const after = middle(to);
  const factor = spread(to) / Math.max(spread(from), 1);
  const moved = zoomed(panned(view, after.x - before.x, after.y - before.y), after, factor);
  return turning ? turned(moved, after, twist(from, to)) : moved;
}

/** How far the line between two fingers turned clockwise, -π..π. */
export const twist = (from, to) => wrapped(slope(to) - slope(from));

/** The smallest and the largest scale that make sense for a picture. */
export function limits(picture, room, ratio) {
  const whole = fit(picture, room).scale;
  return { least: Math.min(whole, 1 / ratio) / 4, most: Math.max(whole, STOPS.at(-1) / ratio) };
}

/** The same view with the zoom inside the limits: `at` stays where it is. */
export function limited(view, at, { least, most }) {
  const scale = Math.min(Math.max(view.scale, least), most);
  return scale === view.scale ? view : zoomed(view, at, scale / view.scale);
}

/** The next round zoom above (+1) or below (-1) the present one. */
export function nextStop(zoom, direction) {
  const near = 1.001; // a zoom this close to a stop is that stop
  if (direction > 0) return STOPS.find((stop) => stop > zoom * near) ?? zoom;
  return STOPS.findLast((stop) => stop < zoom / near) ?? zoom;
}

/** The angle to the next multiple of 15 degrees, clockwise (+1) or back (-1). */
export function toNextTurn(turn, direction) {
  const steps = turn / TURN_STEP;
  const near = 1e-6;
  const next = direction > 0 ? Math.floor(steps + near) + 1 : Math.ceil(steps - near) - 1;
  return next * TURN_STEP - turn;
}

/** The same view pushed back until a piece of the picture is in sight. */
export function clamped(view, picture, room) {
  const box = boundsOf(view, picture);
  return panned(
    view,
    reachable(box.x, box.width, room.width) - box.x,
    reachable(box.y, box.height, room.height) - box.y,
  );
}

/** The upright box on the screen around the picture. */
export function boundsOf(view, { width, height }) {
  const corners = [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ].map(([x, y]) => toScreen(view, { x, y }));
  const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

/**
 * Six numbers for context.setTransform. Upright and at quarter turns the picture's corner lands on a whole device
 * pixel: 100 % is an exact copy.
 */
export function deviceTransform(view, ratio) {
  const scale = view.scale * ratio;
  const { x: cos, y: sin } = rotated({ x: scale, y: 0 }, turnOf(view));
  const exact = sin === 0 || cos === 0 ? Math.round : (value) => value;
  return [cos, sin, -sin || 0, cos, exact(view.x * ratio), exact(view.y * ratio)];
}

export const middle = ([a, b]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

const spread = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);

const slope = ([a, b]) => Math.atan2(b.y - a.y, b.x - a.x);

/** Clockwise (y points down); quarter turns exactly. */
function rotated({ x, y }, angle) {
  const quarters = angle / (Math.PI / 2);
  const near = Math.round(quarters);
  if (Math.abs(quarters - near) < 1e-9) return QUARTERS[((near % 4) + 4) % 4](x, y);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return { x: x * cos - y * sin, y: x * sin + y * cos };
}

const QUARTERS = [
  (x, y) => ({ x, y }),
  (x, y) => ({ x: -y || 0, y: x }),
  (x, y) => ({ x: -x || 0, y: -y || 0 }),
  (x, y) => ({ x: y, y: -x || 0 }),
];

/** The same direction, -π..π. */
function wrapped(angle) {
  const turn = angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
  return Math.abs(turn) < 1e-9 ? 0 : turn;
}

function reachable(start, length, room) {
  const keep = Math.min(KEEP_IN_SIGHT, length, room);
  return Math.min(Math.max(start, keep - length), room - keep);
}
