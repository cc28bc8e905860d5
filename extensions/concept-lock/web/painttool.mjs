// The tools for drawn masks: a brush, an eraser, and a line around what shall belong to a region. They work on the
// chosen region, and where none is chosen they begin a new one.

import { t, UserError } from "../stage/i18n.mjs";
import { tooMany } from "./board.mjs";
import * as edit from "./edit.mjs";
import { gridOf } from "./png.mjs";
import * as spans from "./spans.mjs";

const STILL = 3; // CSS pixels between press and release of a corner
const CLOSE = 12; // CSS pixels around the first corner that close the line

/** `size()`: of the brush in pixels; `marks` gets what is seen of the tools (see scene.mjs); `complain(error)`. */
export function paintTools(session, size, marks, complain) {
  let stage = null;
  let held = null; // {token, id, away, last} since the stroke began; no id until it meets the picture

  function begin(away) {
    held = { token: {}, away, last: null, id: session.region?.id ?? null };
    if (away && !held.id) throw new UserError("Choose a region first.");
    if (!held.id && session.isFull) throw tooMany();
  }

  function put(shapeOn) {
    session.edit(t(held.away ? "Erase" : "Paint"), (board) => (held.id ? on : onNew)(board, shapeOn), held.token);
    if (session.chosen !== held.id && edit.byId(session.state, held.id)) session.choose(held.id);
  }

  const on = (board, shapeOn) => edit.painted(board, held.id, shapeOn, held.away);

  /** On a new region; what goes by outside the picture makes none. */
  function onNew(board, shapeOn) {
    const { board: more, id } = edit.added(board, spans.blank(gridOf(board)));
    const next = edit.painted(more, id, shapeOn);
    if (next === more) return board;
    held.id = id;
    return next;
  }

  const guarded = (work) => (act) => {
    try {
      work(act);
    } catch (error) {
      held = null;
      complain(error);
    }
  };

  // ---- brush and eraser

  function brushed(points) {
    put((grid, toCell) => {
      const radius = ((size() / 2) * grid.width) / session.state.width;
      const cells = [held.last ?? points[0], ...points].map(toCell);
      const strokes = cells.slice(1).map((cell, n) => spans.stroke(cells[n], cell, radius, grid));
      return strokes.length === 1 ? strokes[0] : gathered(strokes, grid);
    });
    held.last = points.at(-1);
  }

  const gathered = (strokes, grid) => ({ top: 0, rows: strokes.reduce(spans.withShape, spans.blank(grid)).rows });

  function show(act) {
    marks.brush = act.point;
    stage.redraw();
  }

  const brush = (away) => ({
    cursor: "crosshair",
    create: (one) => (stage = one),
    destroy: () => (marks.brush = null),
    gripAt: () => "paint",
    grab: guarded((act) => {
      begin(away !== (act.alt || act.eraser));
      brushed([act.point]);
      show(act);
    }),
    drag: guarded((act) => {
      show(act);
      if (held) brushed(act.trail ?? [act.point]);
    }),
    drop,
    hover: show,
  });

  function drop({ cancelled }) {
    if (cancelled && held) session.history.takeBack(held.token);
    session.history.seal();
    held = null;
  }

  // ---- lasso: a drag is a free line, clicks are corners

  let corners = [];
  let away = false;
  const near = (at, corner, reach) => {
    const { x, y } = stage.toScreen(corner);
    return Math.hypot(at.x - x, at.y - y) <= reach;
  };
  /** A press on the first corner, or the second one of a double click. */
  const closes = (at) => corners.length > 2 && (near(at, corners[0], CLOSE) || near(at, corners.at(-1), STILL));

  function lassoed(next) {
    corners = next;
    marks.lasso = next.length ? next : null;
    stage?.redraw();
  }

  function filled(points) {
    lassoed([]);
    if (points.length < 3) return;
    begin(away);
    put((grid, toCell) => spans.polygon(points.map(toCell), grid));
    drop({});
  }

  const lasso = {
    cursor: "crosshair",
    create: (one) => (stage = one),
    destroy: () => lassoed([]),
    gripAt: () => "lasso",
    grab(act) {
      if (!corners.length) away = act.alt || act.eraser;
      held = { kept: corners, free: false };
    },
    drag(act) {
      if (!held) return;
      held.free ||= Math.hypot(act.at.x - act.from.x, act.at.y - act.from.y) > STILL;
      if (held.free) lassoed([...(corners.length ? corners : [act.start]), ...(act.trail ?? [act.point])]);
    },
    drop: guarded((act) => {
      const { kept, free } = held ?? {};
      held = null;
      if (act.cancelled) return lassoed(kept ?? []);
      if (closes(act.at) && !free) return filled(corners);
      if (!free) return lassoed([...corners, act.point]);
      if (!kept.length) filled(corners); // one free line is whole; one between corners goes on
    }),
    hover({ point }) {
      if (!corners.length) return;
      marks.lasso = [...corners, point];
      stage.redraw();
    },
    keys: {
      Enter: guarded(() => filled(corners)),
      Escape: () => (corners.length ? lassoed([]) : session.choose(null)),
      Backspace: () => (corners.length ? lassoed(corners.slice(0, -1)) : undefined),
    },
  };

  return { tools: { brush: brush(false), eraser: brush(true), lasso } };
}
