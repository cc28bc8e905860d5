// The tools for frames: one chooses, moves and resizes regions of any kind, the other draws new boxes.

import { t } from "../stage/i18n.mjs";
import { boxBetween, frameHandles, framePull } from "../stage/select.mjs";
import { snapped, snappedBox } from "../stage/snap.mjs";
import { titleOf } from "./actions.mjs";
import { tooMany } from "./board.mjs";
import * as edit from "./edit.mjs";

const SNAP = 7; // CSS pixels
const STILL = 3; // CSS pixels a press may wander and still only choose
const ROOMY = 56; // CSS pixels of a side from which on it has a handle in its middle
const REGION = "region-";

const idOf = (grip) => (grip.startsWith(REGION) ? grip.slice(REGION.length) : null);
const sideOf = (grip) => (grip.startsWith("scale-") ? grip.slice("scale-".length) : null);

/** `openMenu(id | null, at)`; `marks.snap` gets the lines that something was pulled to; `complain(error)`. */
export function boxTools(session, actions, openMenu, marks, complain) {
  let stage = null;
  let held = null; // {token, moved, …} since the drag began

  const reach = () => SNAP / stage.view.scale;
  const begun = (more) => ({ token: {}, moved: false, ...more });
  const put = (label, change) => session.edit(t(label), change, held.token);

  const wandered = ({ at, from }) => Math.hypot(at.x - from.x, at.y - from.y) > STILL;

  function ended({ cancelled }) {
    marks.snap = [];
    if (cancelled) session.history.takeBack(held.token);
    session.history.seal();
    held = null;
    stage.redraw();
  }

  /** The chosen region first: what lies below others can be moved, too. */
  function gripAt(at, target, device) {
    const handle = stage.handleAt(at, device);
    if (handle) return handle.id;
    const found = edit.at(session.state, stage.toPicture(at));
    const id = (found.find((one) => one.id === session.chosen) ?? found.find(({ on }) => on) ?? found[0])?.id;
    return id ? REGION + id : null;
  }

  // ---- move and resize

  function grab({ grip, point }) {
    const id = idOf(grip) ?? session.chosen;
    const { mask } = edit.byId(session.state, id);
    held = begun({ id, mask, frame: edit.frameOf(session.state, mask), from: point, was: session.chosen });
    if (session.chosen !== id) session.choose(id);
  }

  function drag(act) {
    held.moved ||= wandered(act);
    if (!held.moved || !held.frame) return;
    const side = sideOf(act.grip);
    const frame = side ? pulled(side, act) : shifted(act);
    put(side ? "Resize the region" : "Move the region", (board) => edit.placed(board, held.id, frame, held.mask));
    stage.redraw();
  }

  function shifted({ point, shift, ctrl }) {
    const [dx, dy] = [point.x - held.from.x, point.y - held.from.y];
    const by = shift ? (Math.abs(dx) > Math.abs(dy) ? { x: dx, y: 0 } : { x: 0, y: dy }) : { x: dx, y: dy };
    const frame = edit.moved(held.frame, session.state, by);
    marks.snap = [];
    if (!session.options.snap || ctrl) return frame;
    const free = (line) => !shift || ("x" in line ? by.x : by.y) !== 0;
    const { x, y, lines } = snappedBox(frame, edit.linesBeside(session.state, held.id).filter(free), reach());
    marks.snap = lines;
    return edit.moved({ ...frame, x, y }, session.state, { x: 0, y: 0 });
  }

  function pulled(side, act) {
    const handle = frameHandles(held.frame).find(({ id }) => id === act.grip);
    const wanted = { x: handle.x + act.point.x - held.from.x, y: handle.y + act.point.y - held.from.y };
    const to = caught(wanted, held.id, act, side);
    const { scaleX, scaleY, about } = framePull(held.frame, act.grip, to, { even: act.shift, centred: act.alt });
    return {
      x: about.x + (held.frame.x - about.x) * scaleX,
      y: about.y + (held.frame.y - about.y) * scaleY,
      width: held.frame.width * scaleX,
      height: held.frame.height * scaleY,
    };
  }

  /** Pulled to lines that the side can reach, unless Ctrl is held. */
  function caught(point, id, { ctrl }, side = "nw") {
    marks.snap = [];
    if (!session.options.snap || ctrl) return point;
    const across = /[ew]/.test(side);
    const down = /[ns]/.test(side);
    const lines = edit.linesBeside(session.state, id).filter((line) => ("x" in line ? across : down));
    const { x, y, to } = snapped(point, { lines }, reach());
    marks.snap = to?.lines ?? (to ? [to.line] : []);
    return { x, y };
  }

  function drop(act) {
    const { moved, id, was } = held;
    ended(act);
    if (!moved && !act.cancelled && was === id && idOf(act.grip)) below(act.point);
  }

  /** A press on what was chosen already goes to the region below. */
  function below(point) {
    const ids = edit.at(session.state, point).map(({ id }) => id);
    session.choose(ids[(ids.indexOf(session.chosen) + 1) % ids.length] ?? session.chosen);
  }

  function nudge({ id: grip, dx, dy }) {
    const side = sideOf(grip);
    if (!side) return actions.nudge(idOf(grip), dx, dy);
    const { id, mask } = session.region;
    const frame = edit.frameOf(session.state, mask);
    const step = edit.stepOf(session.state, mask);
    const [x, y] = [/[ew]/.test(side) ? dx * step : 0, /[ns]/.test(side) ? dy * step : 0];
    const [west, north] = [side.includes("w"), side.includes("n")];
    const to = {
      x: frame.x + (west ? x : 0),
      y: frame.y + (north ? y : 0),
      width: frame.width + (west ? -x : x),
      height: frame.height + (north ? -y : y),
    };
    if (to.width < 1 || to.height < 1) return;
    session.edit(t("Resize the region"), (board) => edit.placed(board, id, to), `nudge ${id} ${side}`);
  }

  const menu = ({ grip, at }) => openMenu(grip && (idOf(grip) ?? session.chosen), at);

  const move = {
    cursor: "default",
    create: (one) => (stage = one),
    gripAt,
    grab,
    drag,
    drop,
    tap: () => session.choose(null),
    nudge,
    delete: ({ id }) => actions.remove(idOf(id) ?? session.chosen),
    choose: ({ id }) => idOf(id) && session.choose(idOf(id)),
    hold: menu,
    menu,
  };

  // ---- draw

  function drawn(act) {
    const { start, id } = held;
    const board = session.state;
    let to = caught(act.point, id, act);
    const [dx, dy] = [to.x - start.x, to.y - start.y];
    const side = Math.max(Math.abs(dx), Math.abs(dy));
    if (act.shift) to = { x: start.x + side * (Math.sign(dx) || 1), y: start.y + side * (Math.sign(dy) || 1) };
    const from = act.alt ? { x: 2 * start.x - to.x, y: 2 * start.y - to.y } : start;
    return edit.boxFor(edit.settled(boxBetween(from, to), board), board);
  }

  function added(before, mask) {
    const { board, id } = edit.added(before, mask);
    held.id = id;
    return board;
  }

  const box = {
    cursor: "crosshair",
    create: (one) => (stage = one),
    gripAt: () => "box",
    grab(act) {
      if (session.isFull) return complain(tooMany());
      held = begun({ id: null, start: caught(act.point, null, act) });
    },
    drag(act) {
      if (!held) return;
      held.moved ||= wandered(act);
      if (!held.moved) return;
      const mask = drawn(act);
      put("Draw a region", (board) => (held.id ? edit.changed(board, held.id, { mask }) : added(board, mask)));
      if (session.chosen !== held.id) session.choose(held.id);
    },
    drop(act) {
      if (!held) return;
      const { id } = held;
      ended(act);
      if (id && !act.cancelled) stage.setTool("move");
    },
    menu: ({ at, point }) => openMenu(edit.at(session.state, point)[0]?.id ?? null, at),
  };

  function handles() {
    if (stage?.tool !== "move") return [];
    const { state, chosen } = session;
    return state.regions.flatMap(({ id, mask, colour }) => {
      const place = edit.labelPlace(state, mask);
      if (!place) return [];
      const looks = { shape: "dot", colour, state: id === chosen ? "chosen" : "on" };
      const label = { id: REGION + id, name: titleOf(state, id), ...place, ...looks };
      return id === chosen ? [label, ...frame(edit.frameOf(state, mask))] : [label];
    });
  }

  function frame(around) {
    const roomy = { x: around.width * stage.view.scale >= ROOMY, y: around.height * stage.view.scale >= ROOMY };
    const wanted = ({ id }) => id !== "turn" && (sideOf(id).length === 2 || roomy[/[ns]/.test(sideOf(id)) ? "x" : "y"]);
    return frameHandles(around).filter(wanted);
  }

  return { tools: { move, box }, handles };
}
