// A view says where a picture lies on the screen: screen = picture × scale + (x, y), in CSS pixels.
// Everyone goes through these functions and nobody reads scale, x and y himself, so that a turn can join them later.
// `room` is the size of the stage, `ratio` device pixels per CSS pixel; 100 % is one picture pixel per device pixel.

const STOPS = [1 / 16, 1 / 12, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 1 / 2, 2 / 3, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
const KEEP_IN_SIGHT = 64; // CSS pixels of the picture that no pan can push off the stage

export const toScreen = (view, point) => ({ x: point.x * view.scale + view.x, y: point.y * view.scale + view.y });

export const toPicture = (view, point) => ({ x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale });

export const zoomOf = (view, ratio) => view.scale * ratio;

/** The whole picture in the middle of the room less its inset {top, right, bottom, left}. */
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
  scale: view.scale * factor,
  x: at.x - (at.x - view.x) * factor,
  y: at.y - (at.y - view.y) * factor,
});

/** Two fingers went from the points `from` to the points `to`: what was under their middle stays under it. */
export function pinched(view, from, to) {
  const before = middle(from);
  const after = middle(to);
  const factor = spread(to) / Math.max(spread(from), 1);
  return zoomed(panned(view, after.x - before.x, after.y - before.y), after, factor);
}

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

/** The same view pushed back until a piece of the picture is in sight. */
export const clamped = (view, picture, room) => ({
  ...view,
  x: reachable(view.x, picture.width * view.scale, room.width),
  y: reachable(view.y, picture.height * view.scale, room.height),
});

/** Six numbers for context.setTransform. The picture's corner lands on a whole device pixel: 100 % is an exact copy. */
export function deviceTransform(view, ratio) {
  const scale = view.scale * ratio;
  return [scale, 0, 0, scale, Math.round(view.x * ratio), Math.round(view.y * ratio)];
}

export const middle = ([a, b]) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

const spread = ([a, b]) => Math.hypot(a.x - b.x, a.y - b.y);

function reachable(start, length, room) {
  const keep = Math.min(KEEP_IN_SIGHT, length, room);
  return Math.min(Math.max(start, keep - length), room - keep);
}
