// What a pointer or a marquee meets, and the frame around what is chosen. A point is {x, y}, a box {x, y, width,
// height}. All of one call are in the same coordinates: of the screen or of the picture, as the caller likes.

import { t } from "./i18n.mjs";

const GRIPS = { n: [0, -1], e: [1, 0], s: [0, 1], w: [-1, 0], ne: [1, -1], se: [1, 1], sw: [-1, 1], nw: [-1, -1] };
const NAMES = {
  n: "Upper edge",
  e: "Right edge",
  s: "Lower edge",
  w: "Left edge",
  ne: "Upper right corner",
  se: "Lower right corner",
  sw: "Lower left corner",
  nw: "Upper left corner",
};
const LEAST = 0.01; // a frame is never pulled to nothing: what has no size cannot be pulled back

/** The handle nearest to `at` within `reach`, of equals the one on top (later in the list); null if there is none. */
export function hit(handles, at, reach) {
  let best = null;
  let least = reach;
  for (const handle of handles) {
    const away = Math.hypot(handle.x - at.x, handle.y - at.y);
    if (away <= least) [best, least] = [handle, away];
  }
  return best;
}

/** The handles inside a box or a polygon (a list of points). */
export function inside(handles, boxOrPolygon) {
  const within = Array.isArray(boxOrPolygon) ? inPolygon : inBox;
  return handles.filter((handle) => within(handle, boxOrPolygon));
}

/** The smallest box around points; null around none. */
export function boxOf(points) {
  if (!points.length) return null;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The box between two corners, as a marquee is drawn. */
export const boxBetween = (a, b) => boxOf([a, b]);

/** Handles of the frame of a box: "scale-nw" … "scale-w", and "turn", `gap` above the middle of its upper edge. */
export function frameHandles(box, gap = 24) {
  const middle = middleOf(box);
  const scale = Object.entries(GRIPS).map(([side, [x, y]]) => ({
    id: `scale-${side}`,
    name: t(NAMES[side]),
    shape: "square",
    state: "on",
    x: middle.x + (x * box.width) / 2,
    y: middle.y + (y * box.height) / 2,
  }));
  return [...scale, { id: "turn", name: t("Turn"), shape: "turn", state: "on", x: middle.x, y: box.y - gap }];
}

/**
 * What a pull of a frame's handle from its place to the point `to` means: {scaleX, scaleY, angle, about}.
 * `even`: both directions alike; `centred`: about the middle, not the opposite side; `step`: of the angle, radians.
 */
export function framePull(box, id, to, { even = false, centred = false, step = 0 } = {}) {
  const middle = middleOf(box);
  if (id === "turn") return { scaleX: 1, scaleY: 1, angle: stepped(bearing(middle, to), step), about: middle };
  const [x, y] = GRIPS[id.slice("scale-".length)];
  const far = { x: middle.x - (x * box.width) / 2, y: middle.y - (y * box.height) / 2 };
  const about = centred ? middle : far;
  const reach = centred ? 0.5 : 1;
  let scaleX = x && box.width ? Math.max((x * (to.x - about.x)) / (box.width * reach), LEAST) : 1;
  let scaleY = y && box.height ? Math.max((y * (to.y - about.y)) / (box.height * reach), LEAST) : 1;
  if (even) scaleX = scaleY = evenly(x ? scaleX : null, y ? scaleY : null);
  return { scaleX, scaleY, angle: 0, about };
}

const middleOf = (box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

/** From straight up, clockwise, -π..π. */
const bearing = (from, to) => Math.atan2(to.x - from.x, from.y - to.y);

const stepped = (angle, step) => (step ? Math.round(angle / step) * step : angle);

const evenly = (across, along) => (across === null ? along : along === null ? across : Math.max(across, along));

const inBox = (at, { x, y, width, height }) => at.x >= x && at.x <= x + width && at.y >= y && at.y <= y + height;

/** By the even-odd rule: a lasso that crosses itself leaves its inner loop out. */
function inPolygon(at, corners) {
  let within = false;
  for (let n = 0, before = corners.length - 1; n < corners.length; before = n++) {
    const [a, b] = [corners[n], corners[before]];
    const crosses = a.y > at.y !== b.y > at.y && at.x < a.x + ((b.x - a.x) * (at.y - a.y)) / (b.y - a.y);
    if (crosses) within = !within;
  }
  return within;
}
