// The pictures of a lesson, in order: {pictures: [{key, source, caption, crop, mask}]}. A crop is [left, top, right,
// bottom] in shares of the picture, null for all of it; a mask is drawn (spans.mjs) on the picture's grid, null where all
// of it counts. Albums are values.

import { lean } from "../../stage/sources.mjs";
import { textOf } from "../png.mjs";

export const MOST = 200; // pictures
export const LEAST = 32; // pixels a side that a crop keeps
export const MOST_CAPTION = 2000; // letters
const DIGITS = 1e5; // a crop's precision: finer than a pixel

export const beginning = () => ({ pictures: [] });

/** How the memory keeps the work. */
export const KEPT = {
  name: "concept-lock-teach",
  fields: Object.keys(beginning()),
  lean: ({ pictures }) => ({
    pictures: pictures.filter(({ source }) => source.id).map((one) => ({ ...one, source: lean(one.source) })),
  }),
};

const newKey = () => [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("");

export const pictureOf = (source, caption = "") => ({ key: newKey(), source, caption, crop: null, mask: null });

export const indexOf = (album, key) => album.pictures.findIndex((one) => one.key === key);

export const byKey = (album, key) => album.pictures[indexOf(album, key)] ?? null;

export const added = (album, pictures) => ({ pictures: [...album.pictures, ...pictures] });

export const removed = (album, key) => ({ pictures: album.pictures.filter((one) => one.key !== key) });

/** The album with other `fields` in one picture. */
export function changed(album, key, fields) {
  const at = indexOf(album, key);
  if (at < 0 || Object.keys(fields).every((name) => album.pictures[at][name] === fields[name])) return album;
  return { pictures: album.pictures.with(at, { ...album.pictures[at], ...fields }) };
}

/** The picture at another place in the order. */
export function moved(album, key, to) {
  const from = indexOf(album, key);
  const at = Math.min(Math.max(to, 0), album.pictures.length - 1);
  if (from < 0 || from === at) return album;
  return { pictures: album.pictures.toSpliced(from, 1).toSpliced(at, 0, album.pictures[from]) };
}

/** A crop as a box in pixels. */
export function boxOf({ source, crop }) {
  const [left, top, right, bottom] = crop ?? [0, 0, 1, 1];
  const { width, height } = source;
  return { x: left * width, y: top * height, width: (right - left) * width, height: (bottom - top) * height };
}

/** A box in pixels as a crop; null where it is the whole picture. */
export function cropOf({ x, y, width, height }, size) {
  const shares = [x / size.width, y / size.height, (x + width) / size.width, (y + height) / size.height];
  const crop = shares.map((one) => Math.round(Math.min(Math.max(one, 0), 1) * DIGITS) / DIGITS);
  return crop.join() === "0,0,1,1" ? null : crop;
}

/** What the panel is told; `idOf(source)`: of the picture as the webui holds it now, or a promise of it. */
export async function albumText({ pictures }, idOf = ({ id }) => id) {
  const told = pictures.map(async ({ source, caption, crop, mask }) => {
    return { id: await idOf(source), caption, crop, mask: mask && (await textOf(mask)) };
  });
  return JSON.stringify({ atelier_pictures: 1, pictures: await Promise.all(told) });
}
