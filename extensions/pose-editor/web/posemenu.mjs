// The menu of a joint, of a person, and of the empty stage.

import { t } from "../stage/i18n.mjs";
import { openMenu } from "../stage/menu.mjs";
import { partName } from "./actions.mjs";
import { MOST_PEOPLE } from "./document.mjs";
import { jointAt } from "./session.mjs";
import { L_WRIST, R_WRIST } from "./skeleton.mjs";
import { HEAD } from "./transform.mjs";

const ADDABLE = ["left", "right", "face", "feet"];
const LINE = null;
const FLIPS = { left: "Flip the hand", right: "Flip the hand", head: "Flip the head" };

/** `place(at)`: from the stage to the window; `complain(error)`: what could not be done. */
export function openPoseMenu(session, actions, place, complain) {
  return async function show(ref, person, at, point) {
    if (person !== null && person !== session.chosen.person) session.choose(person);
    if (ref && !session.chosen.refs.length) session.choose(ref.person, [ref]);
    const items = ref ? jointItems(ref) : person !== null ? personItems(person) : emptyItems();
    const chosen = await openMenu(place(at), items);
    if (chosen === null || (person !== null && !(person in session.pose.people))) return;
    try {
      runs(chosen, ref, person, point);
    } catch (error) {
      complain(error);
    }
  };

  function jointItems(ref) {
    const { on, locked } = jointAt(session.pose, ref);
    const part = flippable(ref, session.pose.people[ref.person]);
    return [
      { id: "hide", label: on ? t("Hide") : t("Show"), key: "Delete" },
      { id: "hide-limb", label: on ? t("Hide the limb from here") : t("Show the limb from here") },
      { id: "pin", label: locked ? t("Unpin") : t("Pin"), key: "K" },
      { id: "limb", label: t("Choose the limb from here") },
      ...(part ? [{ id: "flip-part", label: t(FLIPS[part]) }] : []),
      LINE,
      ...personItems(ref.person),
    ];
  }

  function personItems(person) {
    const parts = session.pose.people[person];
    const count = session.pose.people.length;
    return [
      { id: "all", label: t("Choose all of it"), key: "Ctrl+A" },
      { id: "duplicate", label: t("Duplicate"), key: "Ctrl+D", disabled: count >= MOST_PEOPLE },
      { id: "flip", label: t("Flip"), key: "F" },
      { id: "swap", label: t("Swap left and right") },
      { id: "front", label: t("Forward"), key: "PgUp", disabled: person === count - 1 },
      { id: "back", label: t("Backward"), key: "PgDn", disabled: person === 0 },
      LINE,
      ...ADDABLE.map((part) => ({ id: `part-${part}`, label: capital(partName(part)), checked: parts[part].length > 0 })),
      LINE,
      { id: "remove", label: t("Remove the person"), key: "Ctrl+Delete" },
    ];
  }

  function emptyItems() {
    return [
      { id: "add", label: t("Add a person here"), disabled: session.pose.people.length >= MOST_PEOPLE },
      { id: "undo", label: t("Undo"), key: "Ctrl+Z", disabled: !session.history.canUndo },
    ];
  }

  function runs(chosen, ref, person, point) {
    if (chosen.startsWith("part-")) return actions.togglePart(person, chosen.slice("part-".length));
    const list = session.chosen.refs.length ? session.chosen.refs : [ref];
    return {
      hide: () => actions.toggleShown(list),
      "hide-limb": () => actions.turnOn([ref], !jointAt(session.pose, ref).on, true),
      pin: () => actions.togglePinned(list),
      limb: () => actions.limb(ref),
      all: actions.all,
      duplicate: () => actions.duplicate(person),
      "flip-part": () => actions.flip(person, flippable(ref, session.pose.people[person])),
      flip: () => actions.flip(person),
      swap: () => actions.swapSides(person),
      front: () => actions.reorder(person, 1),
      back: () => actions.reorder(person, -1),
      remove: () => actions.remove(person),
      add: () => actions.addPerson(point),
      undo: session.history.undo,
    }[chosen]();
  }
}

/** The hand or the head that a joint is of; null for all others. A wrist is of its hand. */
function flippable({ part, index }, person) {
  if (part === "face" || (part === "body" && HEAD.includes(index))) return "head";
  const hand = part === "body" ? { [L_WRIST]: "left", [R_WRIST]: "right" }[index] : part;
  return (hand === "left" || hand === "right") && person[hand].length ? hand : null;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
