// What menus, keys and the panel do with people and joints: each is one entry of the history.

import { t } from "../stage/i18n.mjs";
import { colourOf, standing } from "./document.mjs";
import * as edit from "./edit.mjs";
import { parentOf, refsOf } from "./grips.mjs";
import { jointAt } from "./session.mjs";
import { BELOW, mirrorOf, placeOf, refAt } from "./skeleton.mjs";
import * as transform from "./transform.mjs";

const PART_NAMES = { left: "left hand", right: "right hand", face: "face", feet: "feet" };
export const partName = (part) => t(PART_NAMES[part]);

export function openActions(session) {
  const refs = () => session.chosen.refs;
  const index = () => session.chosen.person;
  const edited = (label, change, merge) => session.edit(label, change, merge);

  function addPerson(at = null) {
    const { width, height, people } = session.pose;
    transform.checkRoom(session.pose);
    const tall = Math.min(height * 0.86, width * 1.9);
    const [made] = standing(width, height, { height: tall, at: at ?? free(session.pose) }).people;
    const name = t("Person {number}", { number: people.length + 1 });
    edited(t("Add a person"), (pose) => ({ ...pose, people: [...pose.people, { ...made, name, colour: colourOf(people.length) }] }));
    session.choose(people.length);
  }

  function remove(person = index()) {
    if (person === null) return;
    session.rearrange(
      t("Remove the person"),
      (pose) => transform.remove(pose, person),
      (one) => (one === person ? null : one > person ? one - 1 : one),
    );
    session.choose(session.pose.people.length ? Math.max(0, person - 1) : null);
  }

  function duplicate(person = index()) {
    if (person === null) return;
    session.rearrange(
      t("Duplicate"),
      (pose) => transform.duplicate(pose, person),
      (one) => (one > person ? one + 1 : one),
    );
    session.choose(person + 1);
  }

  /** `way`: 1 towards the front (drawn later), -1 towards the back. */
  function reorder(person, way) {
    const to = person + way;
    if (!(to in session.pose.people)) return;
    const order = session.pose.people.map((_, n) => n);
    [order[person], order[to]] = [order[to], order[person]];
    session.rearrange(
      t("Change the order"),
      (pose) => transform.reorder(pose, order),
      (one) => (one === person ? to : one === to ? person : one),
    );
    session.choose(to);
  }

  const describe = (person, fields, label, merge = null) =>
    edited(t(label), (pose) => ({ ...pose, people: pose.people.with(person, { ...pose.people[person], ...fields }) }), merge);

  function togglePart(person, part) {
    if (!session.pose.people[person][part].length) {
      return edited(t("Add {part}", { part: partName(part) }), (pose) => transform.addPart(pose, person, part));
    }
    const ghosts = session.state.ghosts.filter((ghost) => ghost.person !== person || ghost.part !== part);
    const pose = transform.removePart(session.pose, person, part);
    return session.update(t("Remove {part}", { part: partName(part) }), { pose, ghosts });
  }

  /** `below`: with all that hangs from them. */
  function turnOn(list, on, below = false) {
    if (list.length) edited(on ? t("Show") : t("Hide"), (pose) => edit.setOn(pose, list, on, below));
  }

  /** What is chosen is hidden, or shown again when all of it is hidden already. */
  function toggleShown(list = refs()) {
    turnOn(list, list.every((ref) => !jointAt(session.pose, ref).on));
  }

  function togglePinned(list = refs()) {
    if (!list.length) return;
    const locked = !list.every((ref) => jointAt(session.pose, ref).locked);
    edited(locked ? t("Pin") : t("Unpin"), (pose) => edit.setLocked(pose, list, locked));
  }

  function nudge(dx, dy) {
    const list = refs().length ? refs() : index() === null ? [] : refsOf(session.pose, index());
    if (list.length) edited(t("Move"), (pose) => transform.moveMany(pose, list, dx, dy), "nudge");
  }

  function flip(person = index(), part = null) {
    if (person === null) return;
    const pose = transform.flip(session.pose, person, part);
    exchanged(t("Flip"), pose, (ghost) => ghost.person === person && transform.changesSide(part, ghost));
  }

  function swapSides(person = index()) {
    if (person === null) return;
    exchanged(t("Swap left and right"), transform.swapSides(session.pose, person), (ghost) => ghost.person === person);
  }

  /** A pose in which the proposals that `changes` says are joints of the other side. */
  function exchanged(label, pose, changes) {
    if (pose === session.pose) return;
    const mirrored = (ghost) => ({ ...ghost, ...mirrorOf(ghost.part, ghost.index) });
    const ghosts = session.state.ghosts.map((ghost) => (changes(ghost) ? mirrored(ghost) : ghost));
    session.update(label, { pose, ghosts });
  }

  return {
    addPerson,
    remove,
    duplicate,
    reorder,
    describe,
    togglePart,
    toggleShown,
    togglePinned,
    nudge,
    turnOn,
    flip,
    swapSides,
    all: () => index() !== null && session.choose(index(), refsOf(session.pose, index())),
    limb: (ref) => session.choose(ref.person, limbOf(session.pose, ref)),
  };
}

/** A joint and all that hangs from it. */
export const limbOf = (pose, ref) =>
  [ref, ...BELOW[placeOf(ref)].map((place) => ({ person: ref.person, ...refAt(place) }))].filter(
    (one) => jointAt(pose, one)?.on,
  );

/** Whether a joint ends a limb that can be shortened. */
export const hasLength = (ref) => ref.part !== "face" && parentOf(ref) !== null;

/** A place where nobody stands yet: the widest gap between the people's middles. */
export function free({ width, height, people }) {
  const middles = people.map(({ body }) => body[1].x).sort((a, b) => a - b);
  if (!middles.length) return { x: width / 2, y: height / 2 };
  const edges = [0, ...middles.map((x) => Math.min(Math.max(x, 0), width)), width];
  const gaps = edges.slice(1).map((edge, n) => ({ x: (edge + edges[n]) / 2, size: edge - edges[n] }));
  const best = gaps.reduce((a, b) => (b.size > a.size ? b : a));
  return { x: best.x, y: height / 2 };
}
