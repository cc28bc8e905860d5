// What can be done with a board. Each gives a new board that shares what stayed, or the same one. A place is in pixels
// of the picture, a frame is the {x, y, width, height} around a region.

import { isBox, MOST, regionOf, tooMany } from "./board.mjs";
import { gridOf } from "./png.mjs";
import * as spans from "./spans.mjs";

const columns = (count) => Array.from({ length: count }, (_, n) => [share(n / count), 0, share((n + 1) / count), 1]);
const turned = ([left, top, right, bottom]) => [top, left, bottom, right];
const stacked = columns(2).map(turned);

/** One click each: boxes in shares of the picture. */
export const SPLITS = {
  halves: columns(2),
  thirds: columns(3),
  stacked,
  quarters: stacked.flatMap(([, top, , bottom]) => columns(2).map(([left, , right]) => [left, top, right, bottom])),
};

/** Six digits are a hundredth of a pixel of the largest picture. */
function share(value) {
  return Math.round(Math.min(Math.max(value, 0), 1) * 1e6) / 1e6;
}

export const byId = (board, id) => board.regions.find((one) => one.id === id) ?? null;

export const indexOf = (board, id) => board.regions.findIndex((one) => one.id === id);

const withRegions = (board, regions) => ({ ...board, regions });

export function changed(board, id, fields) {
  const at = indexOf(board, id);
  if (at < 0 || Object.keys(fields).every((name) => same(board.regions[at][name], fields[name]))) return board;
  return withRegions(board, board.regions.with(at, { ...board.regions[at], ...fields, id }));
}

const same = (a, b) => a === b || (isBox(a) && isBox(b) && a.every((edge, n) => edge === b[n]));

// ---- regions come, go and change places

/** One more region, the last; {board, id}. */
export function added(board, mask, name = "") {
  if (board.regions.length >= MOST) throw tooMany();
  const region = regionOf(mask, board.regions, name);
  return { board: withRegions(board, [...board.regions, region]), id: region.id };
}

export const removed = (board, id) => withRegions(board, board.regions.filter((one) => one.id !== id));

/** A copy, a little aside where it can be. */
export function duplicated(board, id) {
  const { mask, name } = byId(board, id);
  const made = added(board, mask, name);
  const frame = frameOf(board, mask);
  if (!frame) return made;
  const step = Math.round(Math.min(board.width, board.height) / 16);
  const aside = moved(frame, board, { x: step, y: step });
  const [x, y] = [aside.x - frame.x || -step, aside.y - frame.y || -step];
  return { ...made, board: placed(made.board, made.id, moved(frame, board, { x, y })) };
}

export function reordered(board, id, way) {
  const from = indexOf(board, id);
  const to = from + way;
  if (from < 0 || !(to in board.regions)) return board;
  return withRegions(board, board.regions.toSpliced(from, 1).toSpliced(to, 0, board.regions[from]));
}

/** The regions become these `parts` [{mask, name}]: the n-th region stays the n-th, with all that is kept for it. */
export function laid(board, parts) {
  let next = withRegions(board, board.regions.slice(0, parts.length));
  parts.forEach(({ mask, name }, n) => {
    const { id } = next.regions[n] ?? {};
    if (id) next = changed(next, id, { mask, on: true, ...(name ? { name } : {}) });
    else next = added(next, mask, name).board;
  });
  return next;
}

export const split = (board, name) => laid(board, SPLITS[name].map((mask) => ({ mask })));

// ---- frames

/** Around a mask, in pixels; a box's lies on whole ones. Null around nothing. */
export function frameOf(board, mask) {
  if (isBox(mask)) {
    const [left, right] = [mask[0], mask[2]].map((one) => Math.round(one * board.width));
    const [top, bottom] = [mask[1], mask[3]].map((one) => Math.round(one * board.height));
    return { x: left, y: top, width: right - left, height: bottom - top };
  }
  const bounds = spans.boundsOf(mask);
  return bounds && scaled(bounds, board.width / mask.width, board.height / mask.height);
}

const scaled = ({ x, y, width, height }, across, down) => ({
  x: x * across,
  y: y * down,
  width: width * across,
  height: height * down,
});

/** On whole pixels, inside the picture, and not nothing. */
export function settled({ x, y, width, height }, board) {
  const within = (from, to, most) => {
    const start = Math.min(Math.max(Math.round(from), 0), most - 1);
    return [start, Math.min(Math.max(Math.round(to), start + 1), most)];
  };
  const [left, right] = within(x, x + width, board.width);
  const [top, bottom] = within(y, y + height, board.height);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export const boxFor = ({ x, y, width, height }, board) =>
  [x / board.width, y / board.height, (x + width) / board.width, (y + height) / board.height].map(share);

/** A frame that is moved stays in the picture. */
export const moved = ({ x, y, width, height }, board, by) => ({
  x: Math.min(Math.max(x + by.x, 0), board.width - width),
  y: Math.min(Math.max(y + by.y, 0), board.height - height),
  width,
  height,
});

/** The region with its frame at another place and of another size; `mask`: its own at the beginning of a drag. */
export function placed(board, id, frame, mask = byId(board, id).mask) {
  if (isBox(mask)) return changed(board, id, { mask: boxFor(settled(frame, board), board) });
  const bounds = spans.boundsOf(mask);
  if (!bounds) return board;
  const to = scaled(frame, mask.width / board.width, mask.height / board.height);
  const still = ["width", "height"].every((side) => Math.abs(to[side] - bounds[side]) < 1e-6);
  const cells = still ? { ...bounds, x: Math.round(to.x), y: Math.round(to.y) } : settled(to, mask);
  const stays = Object.keys(bounds).every((name) => bounds[name] === cells[name]);
  return changed(board, id, { mask: stays ? mask : spans.stretched(mask, bounds, cells) });
}

/** How far one press of an arrow goes: a pixel, or a cell where those are larger. */
export const stepOf = (board, mask) => (isBox(mask) ? 1 : board.width / mask.width);

// ---- painting

/** Any mask as a drawn one, on the board's present grid. */
export function drawnOf(board, mask) {
  const grid = gridOf(board);
  if (!isBox(mask)) return spans.onGrid(mask, grid);
  const cells = scaled(frameOf(board, mask), grid.width / board.width, grid.height / board.height);
  return spans.withShape(spans.blank(grid), spans.box(cells, grid));
}

/** `shapeOn(grid, toCell)` gives what is added to the region, or taken away; `toCell(place)`. */
export function painted(board, id, shapeOn, away = false) {
  const grid = gridOf(board);
  const toCell = ({ x, y }) => ({ x: (x * grid.width) / board.width, y: (y * grid.height) / board.height });
  const region = byId(board, id);
  if (!region) return board; // taken away meanwhile
  const shape = shapeOn(grid, toCell);
  const mask = drawnOf(board, region.mask);
  return changed(board, id, { mask: away ? spans.withoutShape(mask, shape) : spans.withShape(mask, shape) });
}

export const emptied = (board, id) => changed(board, id, { mask: spans.blank(gridOf(board)) });

/** The region becomes all that no other one has. */
export function rest(board, id) {
  const others = board.regions.filter((one) => one.id !== id && one.on);
  return changed(board, id, { mask: tidy(board, leftBy(board, others)) });
}

function leftBy(board, regions) {
  const taken = regions.reduce((sum, { mask }) => spans.united(sum, drawnOf(board, mask)), spans.blank(gridOf(board)));
  return spans.inverse(taken);
}

/** What the region covers, no other one does. */
export function apart(board, id) {
  const own = drawnOf(board, byId(board, id).mask);
  const regions = board.regions.map((one) => {
    if (one.id === id) return one;
    const mask = drawnOf(board, one.mask);
    const left = spans.less(mask, own);
    return left === mask ? one : { ...one, mask: tidy(board, left) };
  });
  return withRegions(board, regions);
}

/** The box around what is drawn. */
export function boxed(board, id) {
  const frame = frameOf(board, byId(board, id).mask);
  return frame ? changed(board, id, { mask: boxFor(settled(frame, board), board) }) : board;
}

/** What fills its frame is a box. */
function tidy(board, mask) {
  const bounds = spans.boundsOf(mask);
  const isFull = (row) => row.length === 2 && row[1] - row[0] === bounds.width;
  const full = bounds && mask.rows.slice(bounds.y, bounds.y + bounds.height).every(isFull);
  return full ? boxFor(settled(frameOf(board, mask), board), board) : mask;
}

// ---- places

/** The frame of the largest part that is left over, for a region that is added without being drawn. */
export function room(board) {
  const left = frameOf(board, leftBy(board, board.regions));
  const enough = left && left.width >= board.width / 8 && left.height >= board.height / 8;
  const middle = { x: board.width / 4, y: board.height / 4, width: board.width / 2, height: board.height / 2 };
  return settled(enough ? left : middle, board);
}

export function holds(board, mask, { x, y }) {
  if (isBox(mask)) {
    const frame = frameOf(board, mask);
    return x >= frame.x && x < frame.x + frame.width && y >= frame.y && y < frame.y + frame.height;
  }
  return spans.holds(mask, (x * mask.width) / board.width, (y * mask.height) / board.height);
}

/** The regions at a place, the upmost first. */
export const at = (board, place) => board.regions.filter(({ mask }) => holds(board, mask, place)).toReversed();

/** Where a region's number is written; null in nothing. */
export function labelPlace(board, mask) {
  if (isBox(mask)) {
    const { x, y, width, height } = frameOf(board, mask);
    return { x: x + width / 2, y: y + height / 2 };
  }
  const place = spans.placeIn(mask);
  return place && { x: (place.x * board.width) / mask.width, y: (place.y * board.height) / mask.height };
}

/** What edges and middles are pulled to: the picture's edges, halves and thirds, and the edges of other regions. */
export function linesBeside(board, id) {
  const others = board.regions.filter((one) => one.id !== id && one.on).map(({ mask }) => frameOf(board, mask));
  const shares = [0, 1 / 3, 1 / 2, 2 / 3, 1];
  const frames = others.filter(Boolean);
  const xs = [...shares.map((one) => one * board.width), ...frames.flatMap(({ x, width }) => [x, x + width])];
  const ys = [...shares.map((one) => one * board.height), ...frames.flatMap(({ y, height }) => [y, y + height])];
  return [...new Set(xs)].map((x) => ({ x })).concat([...new Set(ys)].map((y) => ({ y })));
}
