// Draws a picture with what of it is taught: outside its crop and its mask it is dimmed.

import { deviceTransform } from "../../stage/view.mjs";
import * as spans from "../spans.mjs";
import { boxOf } from "./album.mjs";
import { bucketOf, buckets, keptOf } from "./buckets.mjs";

const DIM = "rgb(10 10 14 / 0.62)";
const STRIPES = [
  [20, 20, 26, 165],
  [196, 44, 92, 165],
]; // RGBA of what does not count
const STRIPE = 12; // cells of the mask
const HARD_FROM = 2; // zoom above which single pixels shall be seen

const veil = { mask: null, canvas: null }; // one for all masks: each would take megabytes for as long as it can be undone

/** What a mask leaves out, as a see-through sheet of its grid, until the next is asked for. */
export function veilOf(mask) {
  const fits = veil.mask?.width === mask.width && veil.mask.height === mask.height;
  if (!fits) {
    veil.canvas ??= document.createElement("canvas");
    [veil.canvas.width, veil.canvas.height] = [mask.width, mask.height];
  }
  const [from, to] = spans.changedRows(fits ? veil.mask : null, mask);
  if (to > from) veil.canvas.getContext("2d").putImageData(striped(mask, from, to), 0, from);
  veil.mask = mask;
  return veil.canvas;
}

function striped({ width, rows }, from, to) {
  const sheet = new ImageData(width, to - from);
  const colours = new Uint32Array(sheet.data.buffer);
  const stripes = new Uint32Array(new Uint8Array(STRIPES.flat()).buffer);
  for (let y = from; y < to; y++) {
    const start = (y - from) * width;
    for (let x = 0; x < width; x++) colours[start + x] = stripes[Math.floor((x + y) / STRIPE) % 2];
    const row = rows[y];
    for (let n = 0; n < row.length; n += 2) colours.fill(0, start + row[n], start + row[n + 1]);
  }
  return sheet;
}

/** The middle of what counts inside a box, as the webui's side finds it; null where nothing does. */
export function middleOf({ source, mask }, box) {
  if (!mask) return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const scale = source.width / mask.width;
  const [left, right] = [box.x / scale, (box.x + box.width) / scale];
  let [cells, across, down] = [0, 0, 0];
  mask.rows.forEach((row, n) => {
    const y = (n + 0.5) * scale;
    if (y < box.y || y > box.y + box.height) return;
    for (let k = 0; k < row.length; k += 2) {
      const [from, to] = [Math.max(row[k], left), Math.min(row[k + 1], right)];
      if (to <= from) continue;
      [cells, across, down] = [cells + to - from, across + ((to - from) * (from + to)) / 2, down + (to - from) * y];
    }
  });
  return cells ? { x: (across / cells) * scale, y: down / cells } : null;
}

/** {bucket, box}: the size a picture is brought to and the part that fills it. */
export function fate(picture, side) {
  const crop = boxOf(picture);
  const bucket = bucketOf(crop, buckets(side));
  return { bucket, box: keptOf(crop, bucket, middleOf(picture, crop) ?? undefined), crop };
}

/** `side`: of the square that it is taught at; `brush`: {x, y, size} or null. */
export function drawPicture(context, surface, view, { picture, bitmap, side, brush }) {
  if (!picture || !bitmap) return;
  const transform = deviceTransform(view, surface.ratio);
  const unit = 1 / view.scale; // a CSS pixel
  context.save();
  context.setTransform(...transform);
  context.imageSmoothingEnabled = view.scale * surface.ratio <= HARD_FROM;
  const { width, height } = picture.source;
  context.drawImage(bitmap, 0, 0, width, height);
  if (picture.mask) context.drawImage(veilOf(picture.mask), 0, 0, width, height);
  const { bucket, box, crop } = fate(picture, side);
  dimmed(context, crop, { width, height });
  framed(context, crop, box, bucket, unit);
  if (brush) ringed(context, brush, unit);
  context.restore();
}

function dimmed(context, box, { width, height }) {
  context.beginPath();
  context.rect(0, 0, width, height);
  context.rect(box.x, box.y, box.width, box.height);
  context.fillStyle = DIM;
  context.fill("evenodd");
}

/** The crop, and where the shape of the training is another one what that keeps of it. */
function framed(context, crop, kept, bucket, unit) {
  outlined(context, crop, unit, []);
  const cut = Math.max(crop.width - kept.width, crop.height - kept.height);
  if (cut > 1.5 * unit) outlined(context, kept, unit, [6 * unit, 5 * unit]);
  const text = `${bucket.width} × ${bucket.height}`;
  context.font = `${12 * unit}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + 12 * unit;
  if (wide > kept.width || 22 * unit > kept.height) return;
  context.fillStyle = "rgb(10 10 14 / 0.7)";
  context.fillRect(kept.x + 6 * unit, kept.y + 6 * unit, wide, 20 * unit);
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, kept.x + 12 * unit, kept.y + 16.5 * unit);
}

function outlined(context, { x, y, width, height }, unit, dash) {
  context.setLineDash(dash);
  for (const [colour, thick] of [["rgb(0 0 0 / 0.55)", 3], ["#fff", 1.25]]) {
    [context.strokeStyle, context.lineWidth] = [colour, thick * unit];
    context.strokeRect(x, y, width, height);
  }
  context.setLineDash([]);
}

function ringed(context, { x, y, size }, unit) {
  for (const [colour, thick] of [["rgb(0 0 0 / 0.6)", 3], ["#fff", 1.25]]) {
    context.beginPath();
    context.arc(x, y, size / 2, 0, 2 * Math.PI);
    [context.strokeStyle, context.lineWidth] = [colour, thick * unit];
    context.stroke();
  }
}
