// What is being edited: one value with its history, and beside it what is chosen and how edits behave.
// The value: {pose, ghosts, strokes, guides, layers, padding, picture, reference}. It is never mutated.

import { openHistory } from "../stage/history.mjs";
import { layer } from "../stage/layers.mjs";
import { lean } from "../stage/sources.mjs";

const LAYERS = [
  layer("picture", "picture", "Picture"),
  layer("reference", "reference", "Reference", { opacity: 0.5 }),
  layer("map", "reference", "Structure map"),
  layer("strokes", "strokes", "Strokes"),
  layer("pose", "objects", "Poses"),
];

/** `ghosts`: [{person, part, index, confidence}], joints of the pose that are only proposed. */
export const beginning = (pose) => ({
  pose,
  ghosts: [],
  strokes: [],
  guides: { vanishing: [], horizon: null },
  layers: LAYERS,
  padding: null, // {left, top, right, bottom}: pixels the picture shall grow by
  picture: null, // {id, blob, width, height}: what lies behind; id null where the webui does not have it
  reference: null,
});

/** How the memory keeps the work. */
export const KEPT = {
  name: "pose-editor",
  fields: Object.keys(beginning({ people: [] })),
  lean: (state) => ({ ...state, picture: lean(state.picture), reference: lean(state.reference) }),
};

export function openSession(first) {
  const history = openHistory(first);
  const listeners = new Set();
  const tell = (what) => listeners.forEach((listener) => listener(what));

  const session = {
    history,
    chosen: { person: first.pose.people.length ? 0 : null, refs: [] },
    map: null, // the structure map that is shown, a source as the pictures are: made of them, so it is no edit
    opened: new Set(), // "left", "right", "face": parts of the chosen person with handles at any zoom
    options: { lengths: true, limits: false, mirror: false, snap: false, stick: "standard" },
    get state() {
      return history.state;
    },
    get pose() {
      return history.state.pose;
    },
    get person() {
      return history.state.pose.people[session.chosen.person] ?? null;
    },
    /** The source of what a layer shows. */
    source: (layer) => (layer === "map" ? session.map : history.state[layer]),
    /** `merge`: see the history; `fields` of the value become others. */
    update: (label, fields, merge = null) => history.push({ ...history.state, ...fields }, label, { merge }),
    /** `change`: pose -> pose. The same pose changes nothing. */
    edit(label, change, merge = null) {
      const pose = change(history.state.pose);
      if (pose !== history.state.pose) session.update(label, { pose }, merge);
    },
    /** An edit after which people stand elsewhere in the list: `place` gives a person's new index, or null. */
    rearrange(label, change, place) {
      const ghosts = history.state.ghosts.flatMap((ghost) => {
        const person = place(ghost.person);
        return person === null ? [] : [{ ...ghost, person }];
      });
      session.update(label, { pose: change(history.state.pose), ghosts });
    },
    choose(person, refs = []) {
      if (person !== session.chosen.person) session.opened = new Set();
      session.chosen = { person, refs };
      tell("chosen");
    },
    toggleOpened(part) {
      session.opened = new Set(session.opened);
      if (!session.opened.delete(part)) session.opened.add(part);
      tell("chosen");
    },
    set(name, value) {
      session.options = { ...session.options, [name]: value };
      tell("options");
    },
    showMap(source) {
      if (source === session.map) return;
      session.map = source;
      tell("map");
    },
    /** Calls the listener with what changed: "state", "chosen", "options" or "map". */
    changed: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
  };
  history.changed(() => {
    session.chosen = valid(session.chosen, history.state.pose);
    tell("state");
  });
  return session;
}

export const sameRef = (a, b) => a.person === b.person && a.part === b.part && a.index === b.index;

export const idOf = ({ person, part, index }) => `${person}:${part}:${index}`;

export function refOf(id) {
  const [person, part, index] = id.split(":");
  return { person: Number(person), part, index: Number(index) };
}

export const jointAt = (pose, { person, part, index }) => pose.people[person]?.[part][index] ?? null;

/** What of a choice is still there. */
function valid({ person, refs }, pose) {
  if (!pose.people.length) return { person: null, refs: [] };
  const kept = refs.filter((ref) => jointAt(pose, ref));
  return { person: person === null ? null : Math.min(person, pose.people.length - 1), refs: kept };
}
