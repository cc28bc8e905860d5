// A drawn mask is {width, height, rows}: of each row of its grid the spans that belong to it, [from, to, from, to, …],
// upwards, each without its end. Masks are values: an edit shares the rows that it does not change.

const NONE = Object.freeze([]);
const THINNEST = 0.75; // cells: a finer brush would miss the middles of cells

export const blank = ({ width, height }) => ({ width, height, rows: Array(height).fill(NONE) });

const either = (a, b) => a || b;
const onlyFirst = (a, b) => a && !b;

/** `shape` = {top, rows}: rows from `top` on. */
export const withShape = (mask, shape) => combined(mask, shape, either);
export const withoutShape = (mask, shape) => combined(mask, shape, onlyFirst);

/** Masks of one grid. */
export const united = (a, b) => combined(a, { top: 0, rows: b.rows }, either);
export const less = (a, b) => combined(a, { top: 0, rows: b.rows }, onlyFirst);
export const inverse = (mask) => ({ ...mask, rows: mask.rows.map((row) => swept([0, mask.width], row, onlyFirst)) });

function combined(mask, { top, rows }, keeps) {
  const next = mask.rows.slice();
  rows.forEach((row, n) => {
    const was = mask.rows[top + n];
    if (!was || !row.length) return;
    const made = swept(was, row, keeps);
    if (!same(made, was)) next[top + n] = made;
  });
  return next.some((row, y) => row !== mask.rows[y]) ? { ...mask, rows: next } : mask;
}

function swept(a, b, keeps) {
  const row = [];
  let [n, m, inside] = [0, 0, false];
  while (n < a.length || m < b.length) {
    const x = Math.min(a[n] ?? Infinity, b[m] ?? Infinity);
    if (a[n] === x) n++;
    if (b[m] === x) m++;
    const now = keeps(n % 2 === 1, m % 2 === 1);
    if (now !== inside) row.push(x);
    inside = now;
  }
  return row.length ? row : NONE;
}

const same = (a, b) => a.length === b.length && a.every((x, n) => x === b[n]);

// ---- shapes: what has its middle inside belongs to them

export function box({ x, y, width, height }, grid) {
  const [left, right] = [x, x + width].map((at) => clamp(Math.round(at), grid.width));
  const [top, bottom] = [y, y + height].map((at) => clamp(Math.round(at), grid.height));
  return { top, rows: Array(bottom - top).fill(right > left ? [left, right] : NONE) };
}

/** What a round brush of `radius` covers on its way from `a` to `b`. */
export function stroke(a, b, radius, grid) {
  const r = Math.max(radius, THINNEST);
  const top = clamp(Math.floor(Math.min(a.y, b.y) - r), grid.height);
  const bottom = clamp(Math.ceil(Math.max(a.y, b.y) + r), grid.height);
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const side = { x: (-(b.y - a.y) / length) * r, y: ((b.x - a.x) / length) * r };
  const corners = [plus(a, side), plus(b, side), minus(b, side), minus(a, side)];
  const rows = Array.from({ length: bottom - top }, (_, n) => {
    const middle = top + n + 0.5;
    const edges = [...chord(a, r, middle), ...chord(b, r, middle), ...crossings(corners, middle).map(([x]) => x)];
    return edges.length ? spanned([Math.min(...edges), Math.max(...edges)], grid.width) : NONE;
  });
  return { top, rows };
}

const plus = (a, b) => ({ x: a.x + b.x, y: a.y + b.y });
const minus = (a, b) => ({ x: a.x - b.x, y: a.y - b.y });

function chord(middle, r, y) {
  const half = r ** 2 - (y - middle.y) ** 2;
  return half < 0 ? [] : [middle.x - Math.sqrt(half), middle.x + Math.sqrt(half)];
}

/** A closed line of points; where it runs round more than once is inside, too. */
export function polygon(points, grid) {
  const rows = Array.from({ length: grid.height }, (_, y) => {
    const row = [];
    let round = 0;
    for (const [x, way] of crossings(points, y + 0.5).sort(([a], [b]) => a - b)) {
      if (round === 0 || round + way === 0) row.push(x);
      round += way;
    }
    return row.length ? spanned(row, grid.width) : NONE;
  });
  return { top: 0, rows };
}

/** Where the closed line crosses a level line: [x, 1 | -1 for the way down or up]. */
function crossings(points, y) {
  return points.flatMap((a, n) => {
    const b = points[(n + 1) % points.length];
    if (a.y <= y === b.y <= y) return [];
    return [[a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x), b.y > a.y ? 1 : -1]];
  });
}

/** From places along a row to its cells. */
const spanned = (places, width) => tidied(places.map((x) => clamp(Math.ceil(x - 0.5), width)));

/** Without spans of no length; spans that touch become one. */
function tidied(edges) {
  const row = [];
  for (let n = 0; n + 1 < edges.length; n += 2) {
    if (edges[n] === edges[n + 1]) continue;
    if (row.at(-1) === edges[n]) row.pop();
    else row.push(edges[n]);
    row.push(edges[n + 1]);
  }
  return row.length ? row : NONE;
}

const clamp = (value, most) => Math.min(Math.max(value, 0), most);

// ---- the whole mask

/** What lies in the box `from` is moved and stretched into the box `to`, cell by nearest cell, on a grid. */
export function stretched(mask, from, to, grid = mask) {
  const [across, down] = [to.width / from.width, to.height / from.height];
  const edge = (x) => clamp(Math.ceil((x - from.x) * across + to.x - 0.5), grid.width);
  const made = new Map(); // rows that stay neighbours stay shared
  const rows = Array.from({ length: grid.height }, (_, y) => {
    const row = mask.rows[Math.floor((y + 0.5 - to.y) / down + from.y)] ?? NONE;
    if (!made.has(row)) made.set(row, tidied(row.map(edge)));
    return made.get(row);
  });
  return { width: grid.width, height: grid.height, rows };
}

export const whole = ({ width, height }) => ({ x: 0, y: 0, width, height });

export const onGrid = (mask, grid) =>
  mask.width === grid.width && mask.height === grid.height ? mask : stretched(mask, whole(mask), whole(grid), grid);

export const holds = (mask, x, y) => mask.rows[Math.floor(y)]?.findLastIndex((at) => at <= x) % 2 === 0;

/** {x, y, width, height} around all of it; null around nothing. */
export function boundsOf({ rows }) {
  const top = rows.findIndex((row) => row.length);
  if (top < 0) return null;
  const bottom = rows.findLastIndex((row) => row.length) + 1;
  let [left, right] = [Infinity, -Infinity];
  for (const row of rows.filter(({ length }) => length)) {
    left = Math.min(left, row[0]);
    right = Math.max(right, row.at(-1));
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** A place inside: the middle of all cells or, where that lies outside, of the widest span; null in nothing. */
export function placeIn(mask) {
  let [cells, across, down, widest] = [0, 0, 0, { length: 0 }];
  mask.rows.forEach((row, y) => {
    for (let n = 0; n < row.length; n += 2) {
      const [length, middle] = [row[n + 1] - row[n], (row[n] + row[n + 1]) / 2];
      [cells, across, down] = [cells + length, across + length * middle, down + length * (y + 0.5)];
      if (length > widest.length) widest = { length, x: middle, y: y + 0.5 };
    }
  });
  if (!cells) return null;
  const mean = { x: across / cells, y: down / cells };
  return holds(mask, mean.x, mean.y) ? mean : { x: widest.x, y: widest.y };
}

/** Calls `line(x1, y1, x2, y2)` for each piece of the edge between inside and outside. */
export function edges({ rows }, line) {
  for (let y = 0; y <= rows.length; y++) {
    const [above, row] = [rows[y - 1] ?? NONE, rows[y] ?? NONE];
    for (const x of row) line(x, y, x, y + 1);
    if (above === row) continue;
    const parts = swept(above, row, (a, b) => a !== b);
    for (let n = 0; n < parts.length; n += 2) line(parts[n], y, parts[n + 1], y);
  }
}

/** The rows in which a mask is another than `before`, null or on the same grid: [first, end], equal where none is. */
export function changedRows(before, { rows }) {
  const isNew = (row, y) => row !== before?.rows[y];
  return [Math.max(0, rows.findIndex(isNew)), rows.findLastIndex(isNew) + 1];
}

// ---- pixels

/** One byte a cell, 255 inside. */
export function toBytes({ width, height, rows }) {
  const bytes = new Uint8Array(width * height);
  rows.forEach((row, y) => {
    for (let n = 0; n < row.length; n += 2) bytes.fill(255, y * width + row[n], y * width + row[n + 1]);
  });
  return bytes;
}

/** What is light, from 128 on, is inside. */
export function fromBytes(bytes, { width, height }) {
  const rows = Array.from({ length: height }, (_, y) => {
    const row = [];
    for (let x = 0; x < width; x++) {
      const inside = bytes[y * width + x] >= 128;
      if (inside !== (row.length % 2 === 1)) row.push(x);
    }
    if (row.length % 2) row.push(width);
    return row.length ? row : NONE;
  });
  return { width, height, rows };
}
