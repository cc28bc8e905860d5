// Where the wipe line stands and which part of the stage shows which picture.
// `share` is the line's place, from 0 (left) to 1.

const STEP = 0.01;
const LONG_STEP = 0.1;

export const inside = (share) => Math.min(1, Math.max(0, share));

/** The line after a drag of its handle: it keeps its distance to the pointer. */
export const dragged = (share, from, at, width) => inside(share + (at.x - from.x) / width);

/** The line after a key on its handle, or null for a key that means nothing here. */
export function keyed(share, key, shiftKey) {
  const step = shiftKey ? LONG_STEP : STEP;
  const moves = {
    ArrowLeft: -step,
    ArrowDown: -step,
    ArrowRight: step,
    ArrowUp: step,
    PageDown: -LONG_STEP,
    PageUp: LONG_STEP,
    Home: -1,
    End: 1,
  };
  return key in moves ? inside(Math.round((share + moves[key]) * 1000) / 1000) : null;
}

/**
 * The parts of the stage: {which: "before" | "after", box, shift, room}, in CSS pixels. In a pane the picture lies at
 * view + shift, clipped to the box, and a view is fitted to the room. `has` says which pictures there are; with only
 * one of them it fills the stage. `peek`: only the one before, everywhere.
 */
export function panes({ side, share, peek, has }, room) {
  const whole = { x: 0, y: 0, ...room };
  if (!has.before || !has.after) return [pane(has.after ? "after" : "before", whole, whole)];
  const second = peek ? "before" : "after";
  if (side) return halves(room).map((half, index) => pane(["before", second][index], half, half));
  return split(whole, room.width * share).map((part, index) => pane(["before", second][index], part, whole));
}

/** The pane under a point; the last one for a point on no pane. */
export const paneAt = (list, { x, y }) =>
  list.find(({ box }) => x < box.x + box.width && y < box.y + box.height) ?? list.at(-1);

const pane = (which, box, { x, y, width, height }) => ({ which, box, shift: { x, y }, room: { width, height } });

function split({ x, y, width, height }, at) {
  return [
    { x, y, width: at, height },
    { x: at, y, width: width - at, height },
  ];
}

function halves({ width, height }) {
  if (width >= height) return split({ x: 0, y: 0, width, height }, width / 2);
  const half = height / 2; // a phone held upright: one above the other
  return [
    { x: 0, y: 0, width, height: half },
    { x: 0, y: half, width, height: half },
  ];
}
