// What the buttons, keys and menus do with regions.

import { t, UserError } from "../stage/i18n.mjs";
import { boxFor, placed } from "./edit.mjs";
import * as edit from "./edit.mjs";

export const titleOf = (board, id) => {
  const number = edit.indexOf(board, id) + 1;
  const name = edit.byId(board, id)?.name;
  return name ? `${number} · ${name}` : t("Region {number}", { number });
};

export function openActions(session) {
  const needed = (id = session.chosen) => {
    if (!edit.byId(session.state, id)) throw new UserError("Choose a region first.");
    return id;
  };

  function add(mask = boxFor(edit.room(session.state), session.state)) {
    const { board, id } = edit.added(session.state, mask);
    session.edit(t("Add a region"), () => board);
    session.choose(id);
    return id;
  }

  function duplicate(id) {
    const made = edit.duplicated(session.state, needed(id));
    session.edit(t("Duplicate"), () => made.board);
    session.choose(made.id);
  }

  /** Its neighbour is chosen then, so that several can be removed in a row. */
  function remove(id) {
    const at = edit.indexOf(session.state, needed(id));
    const { chosen } = session;
    session.edit(t("Remove the region"), (board) => edit.removed(board, needed(id)));
    const { regions } = session.state;
    if (!session.region && chosen) session.choose(regions[Math.min(at, regions.length - 1)]?.id ?? null);
  }

  function nudge(id, dx, dy) {
    const { mask } = edit.byId(session.state, needed(id));
    const frame = edit.frameOf(session.state, mask);
    const step = edit.stepOf(session.state, mask);
    if (!frame) return;
    const to = edit.moved(frame, session.state, { x: dx * step, y: dy * step });
    session.edit(t("Move the region"), (board) => placed(board, id, to), `nudge ${id}`);
  }

  const simple = (label, change) => (id) => session.edit(t(label), (board) => change(board, needed(id)));

  return {
    add,
    duplicate,
    remove,
    nudge,
    rest: simple("Fill the rest", edit.rest),
    apart: simple("Take it from the others", edit.apart),
    boxed: simple("Make it a box", edit.boxed),
    emptied: simple("Empty it", edit.emptied),
    reorder: (id, way) => session.edit(t("Change the order"), (board) => edit.reordered(board, needed(id), way)),
    describe: (id, fields, label, merge = null) =>
      session.edit(t(label), (board) => edit.changed(board, id, fields), merge),
    toggle(id) {
      const { on } = edit.byId(session.state, needed(id));
      session.edit(t(on ? "Switch it off" : "Switch it on"), (board) => edit.changed(board, needed(id), { on: !on }));
    },
    split(name) {
      session.edit(t("Split the picture"), (board) => edit.split(board, name));
      if (!session.region) session.choose(session.state.regions[0].id);
    },
  };
}
