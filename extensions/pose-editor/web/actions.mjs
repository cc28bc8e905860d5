// What menus, keys and the panel do with people and joints: each is one entry of the history.

import { t } from "../stage/i18n.mjs";
import { MOST_PEOPLE, PoseError, standing } from "./document.mjs";
import * as edit from "./edit.mjs";
import { parentOf, refsOf } from "./grips.mjs";
import { jointAt } from "./session.mjs";
import { BELOW, placeOf, refAt } from "./skeleton.mjs";
import * as transform from "./transform.mjs";

const PART_NAMES = { left: "left hand", right: "right hand", face: "face", feet: "feet" };
export const partName = (part) => t(PART_NAMES[part]);

export function openActions(session) {
  const refs = () => session.chosen.refs;
  const index = () => session.chosen.person;
  const edited = (label, change, merge) => session.edit(label, change, merge);

  function addPerson(at = null) {
    const { width, height, people } = session.pose;
    if (people.length >= MOST_PEOPLE) {
      throw new PoseError("{count} people are too many; a pose holds {most}.", { count: people.length + 1, most: MOST_PEOPLE });
    }
    const tall = Math.min(height * 0.86, width * 1.9);
    const made = standing(width, height, { height: tall, at: at ?? free(session.pose), number: people.length });
    const name = t("Person {number}", { number: people.length + 1 });
    edited(t("Add a person"), (pose) => ({ ...pose, people: [...pose.people, { ...made, name }] }));
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
    if (person === null || session.pose.people.length >= MOST_PEOPLE) return;
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
    if (session.pose.people[person][part].length) {
      const ghosts = session.state.ghosts.filter((ghost) => ghost.person !== person || ghost.part !== part);
      const people = session.pose.people.with(person, { ...session.pose.people[person], [part]: [] });
      return session.update(t("Remove {part}", { part: partName(part) }), { pose: { ...session.pose, people }, ghosts });
    }
    return edited(t("Add {part}", { part: partName(part) }), (pose) => transform.addPart(pose, person, part));
  }

  function turnOn(list, on) {
    if (!list.length) return;
    const label = on ? t("Show") : t("Hide");
    edited(label, (pose) => list.reduce((next, ref) => edit.setOn(next, ref, on), pose));
  }

  /** What is chosen is hidden, or shown again when all of it is hidden already. */
  function toggleShown(list = refs()) {
    turnOn(list, list.every((ref) => !jointAt(session.pose, ref).on));
  }

  function togglePinned(list = refs()) {
    if (!list.length) return;
    const locked = !list.every((ref) => jointAt(session.pose, ref).locked);
    edited(locked ? t("Pin") : t("Unpin"), (pose) => list.reduce((next, ref) => edit.setLocked(next, ref, locked), pose));
  }

  function nudge(dx, dy) {
    const list = refs().length ? refs() : index() === null ? [] : refsOf(session.pose, index());
    if (list.length) edited(t("Move"), (pose) => transform.moveMany(pose, list, dx, dy), "nudge");
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
    flip: (person = index(), part = null) => person !== null && edited(t("Flip"), (pose) => transform.flip(pose, person, part)),
    swapSides: (person = index()) => person !== null && edited(t("Swap left and right"), (pose) => transform.swapSides(pose, person)),
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
  const gaps = edges.slice(1).map((edge, n) => {
    const border = n === 0 || n === edges.length - 2;
    return { x: border ? (n === 0 ? edge / 3 : (edge + 2 * width) / 3) : (edge + edges[n]) / 2, size: (edge - edges[n]) / (border ? 1.5 : 2) };
  });
  const best = gaps.reduce((a, b) => (b.size > a.size ? b : a));
  return { x: best.x, y: height / 2 };
}
