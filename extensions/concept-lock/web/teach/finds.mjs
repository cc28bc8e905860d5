// What the webui finds in pictures: captions, faces to crop to, people to mask. For one picture or for all of them.

import { t, UserError } from "../../stage/i18n.mjs";
import { openMenu } from "../../stage/menu.mjs";
import { load } from "../../stage/pictures.mjs";
import { drawnOf, gridOf } from "../png.mjs";
import * as spans from "../spans.mjs";
import { byKey, boxOf, changed } from "./album.mjs";
import { captionOf, faceIn, peopleIn } from "./host.mjs";

/** `say(sentence)`; `progress(done, of)`, with 0 of 0 at the end. */
export function openFinds(session, host, { say, progress }) {
  /** `find(picture, id)` gives fields of the picture, or null where there is nothing to find. */
  async function each(label, keys, find, nothing) {
    const token = {};
    let missed = 0;
    let trouble = null; // with one picture; the others may go well
    try {
      for (const [n, key] of keys.entries()) {
        progress(n, keys.length);
        const fields = await found(key, find).catch((error) => {
          if (!("values" in error)) throw error;
          trouble = error;
        });
        if (fields) session.edit(t(label), (album) => changed(album, key, fields), token);
        else missed++;
      }
    } finally {
      progress(0, 0);
    }
    if (trouble && missed === keys.length) throw trouble;
    if (missed) say(t(nothing, { count: missed }));
  }

  async function found(key, find) {
    const picture = byKey(session.state, key);
    return picture && find(picture, await host.idOf(picture.source));
  }

  const caption = async (_, id) => ({ caption: await captionOf(id) });

  async function face(_, id) {
    const crop = await faceIn(id);
    return crop && { crop };
  }

  /** Of several people the one who fills most of the crop. */
  async function subject(picture, id) {
    const masks = [];
    for (const mask of await peopleIn(id)) masks.push(drawnOf((await load(mask)).bitmap, gridOf(picture.source)));
    const scale = masks[0] && masks[0].width / picture.source.width;
    const { x, y, width, height } = boxOf(picture);
    const seen = (mask) => {
      const crop = { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
      return cellsOf(spans.less(mask, spans.less(mask, spans.withShape(spans.blank(mask), spans.box(crop, mask)))));
    };
    const best = masks.toSorted((a, b) => seen(b) - seen(a))[0];
    return best && seen(best) > 0 ? { mask: best } : null;
  }

  const WORK = {
    caption: ["Caption", caption, "Pictures without a caption: {count}."],
    faces: ["Crop to the face", face, "Pictures in which no face was found: {count}."],
    subjects: ["Mask the subject", subject, "Pictures in which no person was found: {count}. Paint their masks by hand."],
  };

  /** Asks for which pictures; all of them where there is only one. */
  return async function ask(name, place) {
    const { pictures } = session.state;
    if (!pictures.length) throw new UserError("Add pictures first.");
    const chosen =
      pictures.length === 1
        ? "all"
        : await openMenu(place, [
            { id: "this", label: t("This picture") },
            { id: "all", label: t("All pictures") },
          ]);
    if (!chosen) return;
    const keys = chosen === "all" ? pictures.map(({ key }) => key) : [session.chosen];
    const [label, find, nothing] = WORK[name];
    await each(label, keys, find, nothing);
  };
}

const cellsOf = ({ rows }) =>
  rows.reduce((sum, row) => sum + row.reduce((length, at, n) => length + (n % 2 ? at : -at), 0), 0);
