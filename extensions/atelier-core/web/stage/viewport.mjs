// The view of one stage over time: fitted until the user moves it, kept inside its limits.

import { clamped, fit, limited, limits, middle, nextStop, panned, pinched, toNextTurn } from "./view.mjs";
import { toPicture, toScreen, turned, turnOf, twist, zoomed, zoomOf } from "./view.mjs";

const MARGIN = 16; // CSS pixels around a fitted picture
const TWIST = Math.PI / 15; // two fingers turn the picture only after they turned this far: most only want to zoom
const UPRIGHT = Math.PI / 36; // a turn by fingers this close to a quarter becomes it

/** `size`: of the picture; `inset()`: what panels cover of the room; `changed()`: after every move. */
export function openViewport(size, { inset = () => ({}), changed = () => {} } = {}) {
  let view = { scale: 1, x: 0, y: 0 };
  let room = { width: 1, height: 1 };
  let ratio = 1;
  let fitted = true;
  let pinch = null; // {since, turn}: the one going on, and the fingers' turn until now

  function setView(next, follows = false) {
    view = follows ? next : clamped(next, size, room);
    fitted = follows;
    changed();
  }

  const margins = () => {
    const { top = 0, right = 0, bottom = 0, left = 0 } = inset();
    return { top: top + MARGIN, right: right + MARGIN, bottom: bottom + MARGIN, left: left + MARGIN };
  };
  const refit = () => setView(fit(size, room, margins()), true);
  const held = (next, at) => setView(limited(next, at, limits(size, room, ratio)));
  const zoom = (at, factor) => held(zoomed(view, at, factor), at);

  /** The middle of what panels leave free. */
  const centre = () => {
    const { top = 0, right = 0, bottom = 0, left = 0 } = inset();
    return { x: (left + room.width - right) / 2, y: (top + room.height - bottom) / 2 };
  };
  const zoomTo = (wanted) => zoom(centre(), wanted / zoomOf(view, ratio));
  const stepped = (way) => zoomTo(nextStop(zoomOf(view, ratio), way));
  const turn = (way) => setView(turned(view, centre(), toNextTurn(turnOf(view), way)));

  function pinchedTo({ since, from, to }) {
    if (pinch?.since !== since) pinch = { since, turn: 0, turning: false, free: turnOf(view) };
    const angle = twist(from, to);
    pinch.turn += angle;
    const starts = !pinch.turning && Math.abs(pinch.turn) > TWIST;
    if (starts) pinch.turning = true;
    if (pinch.turning && !starts) pinch.free += angle;
    const next = pinched(view, from, to);
    const wanted = pinch.turning ? quartered(pinch.free) : turnOf(view);
    held(turned(next, middle(to), wanted - turnOf(view)), middle(to));
  }

  function seek(point) {
    const at = toScreen(view, point);
    const { top, right, bottom, left } = margins();
    const dx = Math.max(left - at.x, 0) || Math.min(room.width - right - at.x, 0);
    const dy = Math.max(top - at.y, 0) || Math.min(room.height - bottom - at.y, 0);
    if (dx || dy) setView(panned(view, dx, dy));
  }

  return {
    get view() {
      return view;
    },
    get zoom() {
      return zoomOf(view, ratio);
    },
    get size() {
      return size;
    },
    toPicture: (point) => toPicture(view, point),
    toScreen: (point) => toScreen(view, point),
    setView: (next) => setView(next),
    setSize(next) {
      size = next;
      if (fitted) refit();
      else setView(view);
    },
    resized(wide, dense) {
      [room, ratio] = [wide, dense];
      if (fitted) refit();
      else setView(view);
    },
    pan: (dx, dy) => setView(panned(view, dx, dy)),
    zoomAt: zoom,
    pinch: pinchedTo,
    /** Pans as little as brings a point of the picture into what panels leave free. */
    seek,
    fit: refit,
    commands: {
      fit: refit,
      actual: () => zoomTo(1),
      larger: () => stepped(1),
      smaller: () => stepped(-1),
      "turn-left": () => turn(-1),
      "turn-right": () => turn(1),
    },
  };
}

function quartered(angle) {
  const quarter = Math.round(angle / (Math.PI / 2)) * (Math.PI / 2);
  return Math.abs(angle - quarter) < UPRIGHT ? quarter : angle;
}
