// Draws a scene of items {key, paint(context)}, in pixels of the picture. What does not move is kept as two finished
// sheets, below and above the item being edited: a drag draws one item anew, however many there are.

import { deviceTransform, zoomOf } from "./view.mjs";

const HARD_FROM = 2; // zoom above which single pixels shall be seen

/** `key`: values that change with what an item draws; `live`: the index of the one being edited, -1 for none. */
export function openSheets() {
  const sheets = [blank(), blank()];

  function draw(context, surface, view, items, live = -1) {
    const zoom = zoomOf(view, surface.ratio);
    const place = { transform: deviceTransform(view, surface.ratio), zoom, device: surface.device };
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, surface.device.width, surface.device.height);
    stack(context, sheets[0], place, live < 0 ? items : items.slice(0, live));
    if (live >= 0) paintAll(context, place, [items[live]]);
    if (live >= 0) stack(context, sheets[1], place, items.slice(live + 1));
  }

  return { draw };
}

/** Draws items; from the second time that nothing of them has changed, as one finished sheet. */
function stack(context, sheet, place, items) {
  if (!items.length) return;
  const key = [place.device.width, place.device.height, ...place.transform, ...items.flatMap((item) => item.key)];
  if (!same(sheet.key, key)) {
    Object.assign(sheet, { key, done: false });
    return paintAll(context, place, items);
  }
  if (!sheet.done) finish(sheet, place, items);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(sheet.canvas, 0, 0);
}

function finish(sheet, place, items) {
  sheet.canvas ??= document.createElement("canvas");
  sheet.canvas.width = place.device.width;
  sheet.canvas.height = place.device.height;
  paintAll(sheet.canvas.getContext("2d"), place, items);
  sheet.done = true;
}

function paintAll(context, { transform, zoom }, items) {
  for (const { paint } of items) {
    context.save();
    context.setTransform(...transform);
    context.imageSmoothingEnabled = zoom <= HARD_FROM;
    paint(context);
    context.restore();
  }
}

const blank = () => ({ key: [], canvas: null, done: false });

export const same = (a, b) => a.length === b.length && a.every((one, n) => one === b[n]);
