// The pictures behind the poses: where they come from, and what of them the stage shows.

import { load, PictureError, upload } from "../stage/pictures.mjs";
import { LONGEST_SIDE } from "./document.mjs";

export const PLACES = ["picture", "reference", "map"];

/** Keeps `bitmaps` {picture, reference, map} as the session says; `shown()` after each that came, `complain(error)`. */
export function openPictures(session, bitmaps, { shown, complain }) {
  const loaded = new WeakMap(); // a source of the session -> a promise of its bitmap
  const wanted = {};

  const bitmapOf = (source) => {
    if (!loaded.has(source)) loaded.set(source, decoded(source));
    return loaded.get(source);
  };

  async function put(place, source) {
    if (wanted[place] === source) return;
    wanted[place] = source;
    if (!source) {
      bitmaps[place] = null;
      return shown();
    }
    try {
      const bitmap = await bitmapOf(source);
      if (wanted[place] !== source) return;
      bitmaps[place] = bitmap;
      shown();
    } catch (error) {
      complain(error);
    }
  }

  const refresh = () => Promise.all(PLACES.map((place) => put(place, session.state[place])));
  session.changed((what) => what === "state" && refresh());
  return { refresh };
}

async function decoded({ id, blob }) {
  if (!blob) return (await load(id)).bitmap;
  return createImageBitmap(blob).catch(() => {
    throw new PictureError("The picture is broken and cannot be shown.");
  });
}

/** A source of bytes the user gave; the webui gets them, too, when there is one. */
export async function sourceOf(blob, alone) {
  const bitmap = await decoded({ blob });
  const { width, height } = bitmap;
  bitmap.close();
  if (Math.max(width, height) > LONGEST_SIDE) {
    throw new PictureError("The picture is {width}×{height}; the editor takes up to {most} pixels a side.", {
      ...{ width, height, most: LONGEST_SIDE },
    });
  }
  return { id: alone ? null : (await upload(blob)).id, blob, width, height };
}

/** A source for a picture that the webui holds. */
export async function sourceById(id) {
  const { bitmap, width, height } = await load(id);
  bitmap.close();
  return { id, blob: null, width, height };
}
