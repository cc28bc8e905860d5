// The tool that crops: a frame with handles, which catches the shapes that a training knows.

import { t } from "../../stage/i18n.mjs";
import { frameHandles } from "../../stage/select.mjs";
import { boxOf, changed, cropOf } from "./album.mjs";
import { buckets } from "./buckets.mjs";
import { drawn, pulled, shifted } from "./cropping.mjs";

const SNAP = 8; // CSS pixels
const STILL = 3; // CSS pixels a press may wander
const INSIDE = "inside";
const OUTSIDE = "outside";

export function cropTool(session) {
  let stage = null;
  let held = null; // {picture: as it was, token, moved} since the drag began

  const put = (label, { key, source }, box, merge) =>
    session.edit(t(label), (album) => changed(album, key, { crop: cropOf(box, source) }), merge);
  const within = (box, { x, y }) => x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height;
  const ratios = () => buckets(session.options.size).map(({ width, height }) => width / height);

  function gripAt(at, target, device) {
    if (!session.picture) return null;
    const handle = stage.handleAt(at, device);
    if (handle) return handle.id;
    const { crop } = session.picture;
    return crop && within(boxOf(session.picture), stage.toPicture(at)) ? INSIDE : OUTSIDE;
  }

  function drag(act) {
    held.moved ||= Math.hypot(act.at.x - act.from.x, act.at.y - act.from.y) > STILL;
    if (held.moved) put("Crop", held.picture, next(act), held.token);
  }

  function next({ grip, start, point, shift, ctrl }) {
    const size = held.picture.source;
    const box = boxOf(held.picture);
    const by = { x: point.x - start.x, y: point.y - start.y };
    if (grip === INSIDE) return shifted(box, by, size);
    const how = { even: shift, ratios: ctrl ? [] : ratios(), reach: SNAP / stage.view.scale };
    if (grip === OUTSIDE) return drawn(start, point, size, how);
    const handle = frameHandles(box).find(({ id }) => id === grip);
    const to = { x: handle.x + by.x, y: handle.y + by.y };
    return pulled(box, grip.slice("scale-".length), to, size, how);
  }

  function nudge({ id, dx, dy }) {
    const side = id.slice("scale-".length);
    const box = boxOf(session.picture);
    const handle = frameHandles(box).find((one) => one.id === id);
    const to = { x: handle.x + dx, y: handle.y + dy };
    put("Crop", session.picture, pulled(box, side, to, session.picture.source), `crop ${session.chosen} ${side}`);
  }

  return {
    cursor: "crosshair",
    create: (one) => (stage = one),
    gripAt,
    grab: () => (held = { picture: session.picture, token: {}, moved: false }),
    drag,
    drop({ cancelled }) {
      if (cancelled) session.history.takeBack(held.token);
      session.history.seal();
      held = null;
    },
    nudge,
    delete: () => put("Use the whole picture", session.picture, boxOf({ ...session.picture, crop: null })),
    handles: () => (session.picture ? frameHandles(boxOf(session.picture)).filter(({ id }) => id !== "turn") : []),
  };
}
