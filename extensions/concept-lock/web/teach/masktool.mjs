// The tools that paint which part of a picture counts.

import { t } from "../../stage/i18n.mjs";
import { gridOf } from "../png.mjs";
import * as spans from "../spans.mjs";
import { byKey, changed } from "./album.mjs";

/** `size()`: of the brush in pixels of the picture; `marks.brush` gets the place of its middle, or null. */
export function maskTools(session, size, marks) {
  let stage = null;
  let held = null; // {token, away, last, key} since the stroke began

  /** What is painted first is all that counts; what is erased first is all that does not. */
  const begun = ({ source, mask }, away) => {
    const blank = spans.blank(gridOf(source));
    return mask ?? (away ? spans.inverse(blank) : blank);
  };

  function brushed(points) {
    const { key, away } = held;
    const picture = byKey(session.state, key);
    if (!picture) return;
    const before = begun(picture, away);
    const scale = before.width / picture.source.width;
    const cells = [held.last ?? points[0], ...points].map(({ x, y }) => ({ x: x * scale, y: y * scale }));
    const join = away ? spans.withoutShape : spans.withShape;
    const radius = (size() / 2) * scale;
    const mask = cells.slice(1).reduce((made, cell, n) => join(made, spans.stroke(cells[n], cell, radius, made)), before);
    session.edit(t(away ? "Erase" : "Paint"), (album) => changed(album, key, { mask }), held.token);
    held.last = points.at(-1);
  }

  function show({ point }) {
    marks.brush = point;
    stage.redraw();
  }

  return (away) => ({
    cursor: "crosshair",
    create: (one) => (stage = one),
    destroy: () => (marks.brush = null),
    gripAt: () => (session.picture ? "paint" : null),
    grab(act) {
      held = { token: {}, away: away !== (act.alt || act.eraser), last: null, key: session.chosen };
      brushed([act.point]);
      show(act);
    },
    drag(act) {
      brushed(act.trail ?? [act.point]);
      show(act);
    },
    drop({ cancelled }) {
      if (cancelled) session.history.takeBack(held.token);
      session.history.seal();
      held = null;
    },
    hover: show,
  });
}
