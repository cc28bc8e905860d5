// A structure map of the drawing or of the picture as a layer, made anew by the webui after every change.

import { dressed, make } from "../stage/dom.mjs";
import { asked } from "./host.mjs";

const PATIENCE = 600; // ms after the last change

/** `sketch()`: the id of the drawing at the webui, null without strokes. */
export function openMapPreview(place, session, { sketch, complain }) {
  const select = make("select", { "data-t-title": "Show a structure map", onchange: () => renew() });
  place.append(dressed(make("label", { class: "field" }, make("span", { "data-t": "Live map" }), select)));
  let timer = 0;
  let turn = 0; // counts requests: only the latest may be shown
  let shown = { strokes: session.state.strokes, picture: session.state.picture };
  let asking = null;

  async function renew() {
    clearTimeout(timer);
    const mine = ++turn;
    shown = { strokes: session.state.strokes, picture: session.state.picture };
    if (!select.value) return session.showMap(null);
    try {
      const drawing = await sketch();
      const picture = drawing ?? session.state.picture?.id;
      const made = picture && (await asked("map", { picture, map: select.value, drawn: drawing !== null }));
      if (mine === turn) session.showMap(made ? { id: made.id, blob: null } : null);
    } catch (error) {
      complain(error);
    }
  }

  function followed(what) {
    const { strokes, picture } = session.state;
    if (what !== "state" || !select.value || (strokes === shown.strokes && picture === shown.picture)) return;
    if (picture !== shown.picture) session.showMap(null); // it is one of another picture
    clearTimeout(timer);
    timer = setTimeout(renew, PATIENCE);
  }

  async function read() {
    const { maps } = await asked("maps");
    const none = make("option", { value: "", "data-t": "None" });
    select.replaceChildren(dressed(none), ...maps.map(({ name, title }) => make("option", { value: name }, title)));
  }

  session.changed(followed);
  return {
    /** Reads which maps there are when that is first wanted. */
    open: () => (asking ??= read().catch((error) => ((asking = null), complain(error)))),
  };
}
