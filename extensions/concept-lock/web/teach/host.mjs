// The line to the webui: its routes for what can be found in a picture, and the panel, which is told what is taught.

import { UserError } from "../../stage/i18n.mjs";
import { addressOf, upload } from "../../stage/pictures.mjs";
import { routesOf } from "../../stage/routes.mjs";
import { openTelling } from "../../stage/telling.mjs";
import { albumText } from "./album.mjs";

const FIELD = "atelier_concept_lock_teach_state";
const lessons = routesOf("concept-lock");
const poses = routesOf("pose-editor");

/** `complain(error)` hears what could not be told. */
export function openHost(session, bridge, { complain }) {
  let held = new WeakMap(); // source -> promise of the id under which the webui holds it now

  /** A webui that was started anew has forgotten its pictures, and one that got many the oldest: it gets them once more. */
  function idOf(source) {
    if (!held.has(source)) {
      const asked = renewed(source);
      asked.catch(() => held.delete(source));
      held.set(source, asked);
    }
    return held.get(source);
  }

  const panel = openTelling(session, bridge, { field: FIELD, text: () => albumText(session.state, idOf), complain });
  return {
    idOf,
    tell: panel.tell,
    /** Tells at once what is here now, once the webui holds all of it. */
    flush() {
      held = new WeakMap();
      return panel.flush();
    },
  };
}

async function renewed({ id, blob }) {
  const stop = new AbortController();
  const answer = id && (await fetch(addressOf(id), { credentials: "same-origin", signal: stop.signal }).catch(() => null));
  stop.abort(); // whether it is there is all that was asked
  if (answer?.ok) return id;
  if (blob) return (await upload(blob)).id;
  throw new UserError("The webui no longer holds one of these pictures. Remove it and add it again.");
}

/** What the webui's caption model says of a picture. */
export const captionOf = async (id) => (await lessons("caption", { picture: id })).caption;

/** The box of the largest face as a crop, or null. */
export const faceIn = async (id) => (await lessons("face", { picture: id })).crop;

/** The ids of masks, one for each person of a picture. Found by the pose editor, which may not be here. */
export async function peopleIn(id) {
  try {
    const { document: pose } = await poses("detect", { picture: id });
    const { regions } = await poses("regions", { document: JSON.stringify(pose) });
    return regions.map(({ mask }) => mask);
  } catch (error) {
    if (error.values?.status !== 404) throw error;
    throw new UserError("The pose editor, which finds people, is not here. Paint the mask by hand.");
  }
}
