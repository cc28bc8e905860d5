// The line to the webui: its routes for this editor, and the messages between this page and the panel around it.

import { upload } from "../stage/pictures.mjs";
import { routesOf } from "../stage/routes.mjs";
import { openTelling } from "../stage/telling.mjs";
import { toDocument } from "./document.mjs";

const FIELD = "atelier_pose_editor_state";
const TOLD = ["state", "options"]; // changes that the panel is told
const DRAWN = 400; // ms after the last stroke after which the drawing is given to the webui

export const asked = routesOf("pose-editor");

/**
 * Tells the panel what is edited. `drawing()`: a PNG of the strokes, null where there are none; `complain(error)` hears
 * what could not be given. What failed is tried again with the next change.
 */
export function openHost(session, bridge, { drawing, complain }) {
  const sketch = { id: null, given: session.state.strokes };
  let giving = Promise.resolve();
  let drawn = 0;

  const text = async () =>
    JSON.stringify({
      pose: toDocument(session.pose),
      picture: session.state.picture?.id ?? null,
      sketch: session.state.strokes.length ? sketch.id : null,
      ghosts: session.state.ghosts,
      padding: session.state.padding,
      stick: session.options.stick,
    });

  const panel = openTelling(session, bridge, { field: FIELD, text, complain, of: TOLD });

  /** One after the other: an older drawing that takes longer must not come to lie over a newer one. */
  function give() {
    clearTimeout(drawn);
    drawn = 0;
    giving = giving.then(given, given);
    return giving;
  }

  async function given() {
    while (sketch.given !== session.state.strokes) {
      const { strokes } = session.state;
      const bytes = strokes.length ? await drawing() : null;
      const id = bytes && (await upload(bytes)).id;
      if (strokes === session.state.strokes) Object.assign(sketch, { id, given: strokes });
    }
  }

  const giveAndTell = () => give().then(panel.tell, complain);

  session.changed((what) => {
    if (!TOLD.includes(what) || bridge.alone || session.state.strokes === sketch.given) return;
    clearTimeout(drawn);
    drawn = setTimeout(giveAndTell, DRAWN);
  });
  return {
    writeTo: panel.writeTo,
    /** The id of the drawing as it is now; null without strokes. */
    async sketch() {
      await give();
      return session.state.strokes.length ? sketch.id : null;
    },
    /** Gives and tells at once what is here now; broken where the panel does not take it: no run may begin without. */
    async flush() {
      await give();
      await panel.flush();
    },
  };
}
