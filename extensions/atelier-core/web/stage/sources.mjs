// The pictures behind what is edited: where they come from, and what of them the stage shows.
// A source = {id, blob, width, height}: id null where the webui does not have it, blob null where only the webui does.

import { load, PictureError, pngSize, upload } from "./pictures.mjs";

const HEAD = 64; // bytes that say how large a PNG claims to be
const LONGEST_SIDE = 8192;

/** Keeps `bitmaps` {place: bitmap} as session.source(place) says; `shown()` after each that came, `complain(error)`. */
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

  const refresh = () => Promise.all(Object.keys(bitmaps).map(put));
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

/** As JSON can hold it: what the webui has. */
export const lean = (source) => (source?.id ? { ...source, blob: null } : null);
