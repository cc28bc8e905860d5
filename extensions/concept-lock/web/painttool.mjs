// The tools for drawn masks: a brush, an eraser, and a line around what shall belong to a region. They work on the
// chosen region, and where none is chosen they begin a new one.

import { t, UserError } from "../stage/i18n.mjs";
import * as edit from "./edit.mjs";
import { gridOf } from "./png.mjs";
import * as spans from "./spans.mjs";

const STILL = 3; // CSS pixels between press and release of a corner
const CLOSE = 12; // CSS pixels around the first corner that close the line

/** `size()`: of the brush in pixels; `marks` gets what is seen of the tools (see scene.mjs); `complain(error)`. */
export function paintTools(session, size, marks, complain) {
  let stage = null;
  let held = null; // {token, id, away, last} since the stroke began

  /** The region that is painted on, new where none is chosen. */
  function begin(away) {
    held = { token: {}, away, last: null };
    if (away && !session.region) throw new UserError("Choose a region first.");
    held.made = session.region ? null : edit.added(session.state, spans.blank(gridOf(session.state)));
    held.id = held.made?.id ?? session.chosen;
  }

  function put(shapeOn) {
    const label = held.away ? "Erase" : "Paint";
    const base = held.made && !edit.byId(session.state, held.id) ? held.made.board : session.state;
    session.edit(t(label), () => edit.painted(base, held.id, shapeOn, held.away), held.token);
    if (session.chosen !== held.id) session.choose(held.id);
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
    marks.brush = { ...act.point, size: size() };
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
    double: () => {},
  });

  function drop({ cancelled }) {
    if (cancelled && held) session.history.takeBack(held.token);
    session.history.seal();
    held = null;
  }

  // ---- lasso: a drag is a free line, clicks are corners

  let corners = [];
  let away = false;
  const first = () => corners[0] && stage.toScreen(corners[0]);
  const closes = (at) => corners.length > 2 && Math.hypot(at.x - first().x, at.y - first().y) <= CLOSE;

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
    double: guarded(() => filled(corners)),
    keys: {
      Enter: guarded(() => filled(corners)),
      Escape: () => (corners.length ? lassoed([]) : session.choose(null)),
      Backspace: () => (corners.length ? lassoed(corners.slice(0, -1)) : undefined),
    },
  };

  return { tools: { brush: brush(false), eraser: brush(true), lasso } };
}
