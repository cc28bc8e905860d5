// Strokes become pixels on a see-through layer of the picture's size. A layer always holds exactly what painting its
// list of strokes from the first to the last gives, so taking a stroke back gives the very pixels from before it.

import { outline, trace } from "./brush.mjs";
import { flood, pour } from "./fill.mjs";
import { boundsOf } from "./strokes.mjs";

const EVERY = 24; // strokes between two copies of a layer to begin from when strokes are taken back; fills are slow
const MEMORY = 192 * 1024 * 1024; // bytes for such copies

export function paintStroke(context, stroke) {
  if (stroke.tool === "fill") pourInto(context, stroke);
  else shape(context, stroke, outline(stroke));
}

function shape(context, stroke, polygons) {
  context.save();
  context.globalCompositeOperation = stroke.tool === "eraser" ? "destination-out" : "source-over";
  context.globalAlpha = stroke.opacity;
  context.fillStyle = stroke.colour;
  context.beginPath();
  trace(context, polygons);
  context.fill("nonzero");
  context.restore();
}

function pourInto(context, { points: [seed], colour, opacity, tolerance, gap }) {
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  const reached = flood(image, seed, { tolerance, gap });
  if (!reached) return;
  const { x, y, width: across, height: down } = reached.bounds;
  pour(image, reached, colour, opacity);
  context.putImageData(image, 0, 0, x, y, across, down);
}

/** A layer on a context whose canvas has the picture's size. `copy(canvas, into)`: a canvas with the same pixels. */
export const layerOn = (context, copy = copied) => ({ context, copy, strokes: [], snapshots: [], under: null });

/** Makes the layer hold these strokes, by painting no more than it must. */
export function show(layer, strokes) {
  const kept = shared(layer.strokes, strokes);
  let from = kept;
  if (kept < layer.strokes.length) {
    layer.snapshots = layer.snapshots.filter(({ count }) => count <= kept);
    from = rewound(layer);
  }
  for (let index = from; index < strokes.length; index++) {
    paintStroke(layer.context, strokes[index]);
    if ((index + 1) % EVERY === 0 || strokes[index].tool === "fill") remember(layer, index + 1);
  }
  layer.strokes = strokes;
}

/** The stroke in progress, painted on the layer piece by piece: begin with `null`, go on with what came back. */
export function paintLive(layer, live, stroke) {
  if (!live) layer.under = layer.copy(layer.context.canvas, layer.under);
  const { under, bounds, painted } = live ?? { under: layer.under, bounds: null, painted: [] };
  const { points } = stroke;
  const goesOn = points[painted.length - 1] === painted.at(-1);
  if (stroke.tool === "fill" || (goesOn && points.length === painted.length)) return { under, bounds, painted };
  if (!goesOn || stroke.opacity < 1) {
    if (bounds) lay(layer.context, under, bounds); // over the one before it would show twice
    shape(layer.context, stroke, outline(stroke));
    return { under, bounds: inside(boundsOf(stroke), layer), painted: points };
  }
  shape(layer.context, stroke, outline(stroke, painted.length));
  const added = inside(boundsOf(stroke, painted.length), layer);
  return { under, bounds: united(bounds, added), painted: points };
}

/** Takes the stroke in progress off the layer again: `show` then paints it as it is kept, or it was given up. */
export function endLive(layer, live) {
  if (live?.bounds) lay(layer.context, live.under, live.bounds);
}

const shared = (a, b) => {
  const most = Math.min(a.length, b.length);
  for (let index = 0; index < most; index++) if (a[index] !== b[index]) return index;
  return most;
};

/** Back at the last copy, or at an empty layer; the number of strokes on it. */
function rewound({ context, snapshots }) {
  const { width, height } = context.canvas;
  const last = snapshots.at(-1);
  if (last) lay(context, last.image, { x: 0, y: 0, width, height });
  else context.clearRect(0, 0, width, height);
  return last?.count ?? 0;
}

function remember(layer, count) {
  const { width, height } = layer.context.canvas;
  const most = Math.floor(MEMORY / (width * height * 4));
  if (most === 0 || layer.snapshots.some((one) => one.count === count)) return;
  layer.snapshots = [...layer.snapshots, { count, image: layer.copy(layer.context.canvas) }].slice(-most);
}

function lay(context, image, { x, y, width, height }) {
  if (width <= 0 || height <= 0) return;
  context.clearRect(x, y, width, height);
  context.drawImage(image, x, y, width, height, x, y, width, height);
}

function inside({ x, y, width, height }, { context: { canvas } }) {
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  return {
    x: left,
    y: top,
    width: Math.min(canvas.width, x + width) - left,
    height: Math.min(canvas.height, y + height) - top,
  };
}

function united(a, b) {
  if (!a || !b) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

/** `into`: a canvas that may be written over; of 8192 × 8192 pixels each new one takes 256 MB. */
function copied(canvas, into) {
  const copy = into ?? new OffscreenCanvas(canvas.width, canvas.height);
  const context = copy.getContext("2d");
  context.globalCompositeOperation = "copy";
  context.drawImage(canvas, 0, 0);
  return copy;
}
