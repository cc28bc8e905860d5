// Poses for the tests of the pose editor.

import { page } from "./pages.mjs";

const { standing } = await page("pose-editor", "document.mjs");
const { addPart } = await page("pose-editor", "presets.mjs");
const { refAt } = await page("pose-editor", "skeleton.mjs");

/** One standing person with hands, face and feet on 768 × 1024. */
export const fullPerson = () =>
  ["left", "right", "face"].reduce((pose, part) => addPart(pose, 0, part), standing(768, 1024));

export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** A person's joint by its place in the row. */
export function at(person, place) {
  const { part, index } = refAt(place);
  return person[part][index];
}

/** Numbers 0..1 that are the same at every run. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const chance = (random, share) => random() < share;
