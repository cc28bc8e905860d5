// The pictures behind the poses: where they come from, and what of them the stage shows.

import { load, PictureError, pngSize, upload } from "../stage/pictures.mjs";
import { LONGEST_SIDE } from "./document.mjs";

const HEAD = 64; // bytes that say how large a PNG claims to be
const PLACES = ["picture", "reference", "map"];

/** Keeps `bitmaps` {picture, reference, map} as the session says; `shown()` after each that came, `complain(error)`. */
export function openPictures(session, bitmaps, { shown, complain }) {
  const wanted = {}; // place -> source

  async function put(place) {
    const source = session.source(place);
    if (wanted[place] === source) return;
    wanted[place] = source;
    const bitmap = source && (await decoded(source).catch(complain));
    if (wanted[place] === source) replace(place, bitmap ?? null);
    else bitmap?.close();
  }

  /** A bitmap is given back as soon as it is not seen: one of 8192 × 8192 pixels takes 256 MB. */
  function replace(place, bitmap) {
    bitmaps[place]?.close();
    bitmaps[place] = bitmap;
    shown();
  }

  const refresh = () => Promise.all(PLACES.map(put));
  session.changed((what) => (what === "state" || what === "map") && refresh());
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
  const claimed = pngSize(new Uint8Array(await blob.slice(0, HEAD).arrayBuffer()));
  if (claimed) refuseVast(claimed); // before its pixels take memory
  const bitmap = await decoded({ blob });
  const { width, height } = bitmap;
  bitmap.close();
  refuseVast({ width, height });
  return { id: alone ? null : (await upload(blob)).id, blob, width, height };
}

function refuseVast({ width, height }) {
  if (Math.max(width, height) <= LONGEST_SIDE) return;
  throw new PictureError("The picture is {width}×{height}; the editor takes up to {most} pixels a side.", {
    ...{ width, height, most: LONGEST_SIDE },
  });
}

/** A source for a picture that the webui holds. */
export async function sourceById(id) {
  const { bitmap, width, height } = await load(id);
  bitmap.close();
  return { id, blob: null, width, height };
}
