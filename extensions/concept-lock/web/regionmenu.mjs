// The menu of a region, and of the stage beside them.

import { t } from "../stage/i18n.mjs";
import { openMenu } from "../stage/menu.mjs";
import { isBox } from "./board.mjs";
import * as edit from "./edit.mjs";

/** Gives a function that opens the menu of region `id`, or of none (null), at a place of the window; `complain(error)`. */
export const openRegionMenu = (session, actions, complain) =>
  async function show(id, place) {
    if (id !== null) session.choose(id);
    const chosen = await openMenu(place, id === null ? emptyItems() : regionItems(id));
    if (chosen === null || (id !== null && !edit.byId(session.state, id))) return;
    try {
      run(chosen, id);
    } catch (error) {
      complain(error);
    }

    function regionItems() {
      const { mask, on } = edit.byId(session.state, id);
      const at = edit.indexOf(session.state, id);
      return [
        { id: "rest", label: t("Fill the rest"), key: "F" },
        { id: "apart", label: t("Take it from the others"), disabled: session.state.regions.length < 2 },
        { id: "boxed", label: t("Make it a box"), disabled: isBox(mask) },
        { id: "emptied", label: t("Empty it") },
        null,
        { id: "duplicate", label: t("Duplicate"), key: "Ctrl+D", disabled: session.isFull },
        { id: "toggle", label: t(on ? "Switch it off" : "Switch it on") },
        { id: "front", label: t("Forward"), key: "PgUp", disabled: at === session.state.regions.length - 1 },
        { id: "back", label: t("Backward"), key: "PgDn", disabled: at === 0 },
        null,
        { id: "remove", label: t("Remove the region"), key: "Delete" },
      ];
    }

    function emptyItems() {
      return [
        { id: "add", label: t("Add a region"), disabled: session.isFull },
        { id: "unchosen", label: t("Choose none: the brush begins a new one"), key: "Esc", disabled: session.isFull },
        { id: "undo", label: t("Undo"), key: "Ctrl+Z", disabled: !session.history.canUndo },
      ];
    }

    function run(name) {
      const own = {
        front: () => actions.reorder(id, 1),
        back: () => actions.reorder(id, -1),
        add: () => actions.add(),
        unchosen: () => session.choose(null),
        undo: () => session.history.undo(),
      };
      return (own[name] ?? actions[name])(id);
    }
  };
