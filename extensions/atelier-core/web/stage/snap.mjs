// Pulls a point to what lies near it.

/**
 * {x, y, to}: the point, moved to the nearest of what is within `reach`, and `to` says to what: {kind, …}, or null.
 * points: [{x, y}]; lines: [{x}] upright, [{y}] level or [{from, to}] through two; grid: its step or {step, x, y};
 * angles: {from, step}: rays from a point, `step` in radians. Points win over lines, these over angles and the grid.
 */
export function snapped(point, { points = [], lines = [], grid = null, angles = null }, reach) {
  const found =
    nearest(point, points, reach) ??
    onLines(point, lines, reach) ??
    (angles && onRay(point, angles, reach)) ??
    (grid && onGrid(point, typeof grid === "number" ? { step: grid } : grid, reach));
  return found ?? { x: point.x, y: point.y, to: null };
}

/**
 * {x, y, lines}: where a box {x, y, width, height} comes to lie when, across and down alike, the nearest of its two edges
 * and its middle is pulled to an upright {x} or level {y} line within `reach`, and to which lines.
 */
export function snappedBox({ x, y, width, height }, lines, reach) {
  const across = pulled("x", [x, x + width / 2, x + width], lines, reach);
  const down = pulled("y", [y, y + height / 2, y + height], lines, reach);
  return { x: x + across.by, y: y + down.by, lines: [across.line, down.line].filter(Boolean) };
}

function pulled(axis, places, lines, reach) {
  let best = { by: 0, line: null };
  let least = reach;
  for (const line of lines.filter((one) => axis in one)) {
    for (const place of places) {
      const by = line[axis] - place;
      if (Math.abs(by) < least || (!best.line && Math.abs(by) === least)) [best, least] = [{ by, line }, Math.abs(by)];
    }
  }
  return best;
}

function nearest(point, points, reach) {
  let best = null;
  let least = reach;
  for (const one of points) {
    const away = Math.hypot(one.x - point.x, one.y - point.y);
    if (away <= least) [best, least] = [one, away];
  }
  return best && { x: best.x, y: best.y, to: { kind: "point", point: best } };
}

/** On the nearest line, or where an upright and a level one cross when both are near. */
function onLines(point, lines, reach) {
  const feet = lines
    .map((line) => ({ line, foot: footOn(line, point) }))
    .map((one) => ({ ...one, away: Math.hypot(one.foot.x - point.x, one.foot.y - point.y) }))
    .filter(({ away }) => away <= reach)
    .sort((a, b) => a.away - b.away);
  if (!feet.length) return null;
  const upright = feet.find(({ line }) => "x" in line)?.line;
  const level = feet.find(({ line }) => "y" in line)?.line;
  if (upright && level) return { x: upright.x, y: level.y, to: { kind: "crossing", lines: [upright, level] } };
  return { ...feet[0].foot, to: { kind: "line", line: feet[0].line } };
}

function footOn(line, point) {
  if ("x" in line) return { x: line.x, y: point.y };
  if ("y" in line) return { x: point.x, y: line.y };
  const along = { x: line.to.x - line.from.x, y: line.to.y - line.from.y };
  return projected(line.from, along, point);
}

function onRay(point, { from, step }, reach) {
  const angle = Math.round(Math.atan2(point.y - from.y, point.x - from.x) / step) * step;
  const foot = projected(from, { x: Math.cos(angle), y: Math.sin(angle) }, point);
  const away = Math.hypot(foot.x - point.x, foot.y - point.y);
  return away <= reach ? { ...foot, to: { kind: "angle", angle } } : null;
}

function onGrid(point, { step, x = 0, y = 0 }, reach) {
  const at = { x: x + Math.round((point.x - x) / step) * step, y: y + Math.round((point.y - y) / step) * step };
  return Math.hypot(at.x - point.x, at.y - point.y) <= reach ? { ...at, to: { kind: "grid" } } : null;
}

/** The point of the line through `from` along `along` that lies nearest to `point`. */
function projected(from, along, point) {
  const length = along.x ** 2 + along.y ** 2 || 1;
  const share = ((point.x - from.x) * along.x + (point.y - from.y) * along.y) / length;
  return { x: from.x + share * along.x, y: from.y + share * along.y };
}
