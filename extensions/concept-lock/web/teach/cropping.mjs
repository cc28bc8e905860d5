// Boxes for crops: moved, pulled and shaped inside a picture. All in pixels of the picture.

import { framePull } from "../../stage/select.mjs";
import { LEAST } from "./album.mjs";

const clamp = (value, least, most) => Math.min(Math.max(value, least), Math.max(least, most));

/** The box inside the picture, whole where it fits. */
export function inside({ x, y, width, height }, size) {
  const [w, h] = [clamp(width, LEAST, size.width), clamp(height, LEAST, size.height)];
  return { x: clamp(x, 0, size.width - w), y: clamp(y, 0, size.height - h), width: w, height: h };
}

export const shifted = (box, by, size) => inside({ ...box, x: box.x + by.x, y: box.y + by.y }, size);

/** `side`: "n" … "sw". The side that is not pulled stays. `ratios`: shapes that catch within `reach` pixels. */
export function pulled(box, side, to, size, { even = false, ratios = [], reach = 0 } = {}) {
  const at = { x: clamp(to.x, 0, size.width), y: clamp(to.y, 0, size.height) };
  const { scaleX, scaleY, about } = framePull(box, `scale-${side}`, at, { even });
  const shape = { width: Math.max(box.width * scaleX, LEAST), height: Math.max(box.height * scaleY, LEAST) };
  const caught = even ? shape : snappedShape(shape, side, ratios, reach);
  const room = {
    width: side.includes("w") ? about.x : size.width - (side.includes("e") ? about.x : box.x),
    height: side.includes("n") ? about.y : size.height - (side.includes("s") ? about.y : box.y),
  };
  const fits = caught.width <= room.width + 1e-6 && caught.height <= room.height + 1e-6;
  const { width, height } = fits ? caught : shape;
  const x = side.includes("w") ? about.x - width : side.includes("e") ? about.x : box.x;
  const y = side.includes("n") ? about.y - height : side.includes("s") ? about.y : box.y;
  return inside({ x, y, width, height }, size);
}

/** A new box from one corner to the other; `how` as in `pulled`, even ones are square. */
export function drawn(from, to, size, how = {}) {
  const corner = { x: clamp(from.x, 0, size.width), y: clamp(from.y, 0, size.height) };
  const [west, north] = [to.x < corner.x, to.y < corner.y];
  const box = { x: corner.x - (west ? LEAST : 0), y: corner.y - (north ? LEAST : 0), width: LEAST, height: LEAST };
  return pulled(box, (north ? "n" : "s") + (west ? "w" : "e"), to, size, how);
}

/** A side that is pulled goes to the nearest shape; of a corner its width does. */
function snappedShape(shape, side, ratios, reach) {
  const across = /[ew]/.test(side);
  let [best, least] = [shape, reach];
  for (const ratio of ratios) {
    const wanted = across ? { ...shape, width: shape.height * ratio } : { ...shape, height: shape.width / ratio };
    const away = across ? Math.abs(wanted.width - shape.width) : Math.abs(wanted.height - shape.height);
    if (away <= least) [best, least] = [wanted, away];
  }
  return best;
}

/** The largest box of a shape in the middle of another. */
export function shaped(box, ratio) {
  const width = Math.min(box.width, box.height * ratio);
  const height = width / ratio;
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}
