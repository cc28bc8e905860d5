// A list of layers, the last one on top: {id, kind, name, on, locked, opacity}, with whatever else a kind keeps there.
// Lists are values: every change gives a new list that shares the layers it did not touch.

import { deviceTransform, zoomOf } from "./view.mjs";

export const KINDS = ["picture", "reference", "strokes", "mask", "objects"];
const HARD_FROM = 2; // zoom above which single pixels shall be seen

/** A whole layer; what is not said is on, free and opaque. */
export const layer = (id, kind, name, more = {}) => ({ id, kind, name, on: true, locked: false, opacity: 1, ...more });

/** The list with a layer at `index`, or on top. An id that is there already gives the same list. */
export function added(list, one, index = list.length) {
  return indexOf(list, one.id) < 0 ? list.toSpliced(index, 0, one) : list;
}

export const removed = (list, id) => (indexOf(list, id) < 0 ? list : list.filter((one) => one.id !== id));

export const raised = (list, id) => movedTo(list, id, indexOf(list, id) + 1);

export const lowered = (list, id) => movedTo(list, id, indexOf(list, id) - 1);

/** The list with the layer at `index`, or at the end that lies nearest. */
export function movedTo(list, id, index) {
  const from = indexOf(list, id);
  const to = Math.min(Math.max(index, 0), list.length - 1);
  if (from < 0 || from === to) return list;
  return list.toSpliced(from, 1).toSpliced(to, 0, list[from]);
}

/** The list with other `fields` in one layer; an opacity is kept between 0 and 1. */
export function changed(list, id, fields) {
  const at = indexOf(list, id);
  if (at < 0 || Object.keys(fields).every((name) => list[at][name] === fields[name])) return list;
  const next = { ...list[at], ...fields, id };
  return list.with(at, { ...next, opacity: Math.min(1, Math.max(0, next.opacity)) });
}

export const byId = (list, id) => list.find((one) => one.id === id) ?? null;

/** The layers that are drawn, the lowest first. */
export const visible = (list) => list.filter(({ on, opacity }) => on && opacity > 0);

/**
 * Draws the visible layers, each by painters[kind](context, layer) in pixels of the picture. A painter that erases
 * must do so on a canvas of its own: the layers below lie on this one.
 */
export function paintLayers(context, surface, view, list, painters) {
  const place = deviceTransform(view, surface.ratio);
  for (const one of visible(list)) {
    context.save();
    context.setTransform(...place);
    context.globalAlpha = one.opacity;
    context.imageSmoothingEnabled = zoomOf(view, surface.ratio) <= HARD_FROM;
    context.imageSmoothingQuality = "high";
    painters[one.kind]?.(context, one);
    context.restore();
  }
}

const indexOf = (list, id) => list.findIndex((one) => one.id === id);
