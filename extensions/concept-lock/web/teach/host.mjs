// The line to the webui: its routes for what can be found in a picture, and the panel, which is told what is taught.

import { UserError } from "../../stage/i18n.mjs";
import { addressOf, upload } from "../../stage/pictures.mjs";
import { routesOf } from "../../stage/routes.mjs";
import { albumText } from "./album.mjs";

const FIELD = "atelier_concept_lock_teach_state";
const QUIET = 250; // ms without an edit after which the panel is told
const lessons = routesOf("concept-lock");
const poses = routesOf("pose-editor");

/** `complain(error)` hears what could not be told. */
export function openHost(session, bridge, { complain }) {
  const held = new WeakMap(); // source -> promise of the id under which the webui holds it now
  const names = new WeakMap(); // source -> that id
  let timer = 0;
  let last = null;

  /** A webui that was started anew has forgotten its pictures: it gets them once more. */
  function idOf(source) {
    if (!held.has(source)) {
      const asked = renewed(source).then((id) => (names.set(source, id), id));
      asked.catch(() => held.delete(source));
      held.set(source, asked);
    }
    return held.get(source);
  }

  async function stateText() {
    await Promise.all(session.state.pictures.map(({ source }) => idOf(source)));
    return albumText(session.state, (source) => names.get(source));
  }

  async function tell() {
    const value = await stateText();
    if (value === last) return;
    last = value;
    bridge.post({ type: "send", field: FIELD, value });
  }

  function changed(what) {
    if (what !== "state" || bridge.alone) return;
    clearTimeout(timer);
    timer = setTimeout(() => tell().catch(complain), QUIET);
  }

  session.changed(changed);
  return {
    idOf,
    tell,
    /** Tells at once what is here now; broken where the panel does not take it: no lesson may begin without. */
    async flush() {
      clearTimeout(timer);
      last = await stateText();
      const answer = await bridge.ask({ type: "send", field: FIELD, value: last });
      if (answer?.ok) return;
      last = null;
      throw new UserError("The panel did not take over the last edits.");
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
