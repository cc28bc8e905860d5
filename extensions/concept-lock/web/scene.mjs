// Draws what lies on the stage: the picture, the regions in their colours with their numbers, and marks for the hand.

import { openSheets } from "../stage/sheets.mjs";
import { toScreen } from "../stage/view.mjs";
import { isBox } from "./board.mjs";
import * as edit from "./edit.mjs";
import { changedRows, edges } from "./spans.mjs";

const MOST_EDGES = 20000; // pieces; a line of more is no outline any more, and slow
const FILL = { chosen: 0.45, on: 0.3 };
const DASH = [6, 5];
const INK = "#14141a"; // on the regions' light colours

/** `marks`: {snap: lines, brush: its middle | null, lasso: points | null}; `brushSize()` in pixels of the picture. */
export function openScene(session, marks, brushSize) {
  const bitmaps = { picture: null };
  const sheets = openSheets();
  const fills = new Map(); // id of a drawn region -> {mask, colour, canvas}
  const outlines = new WeakMap(); // mask -> its edge as a path

  /** `framed`: the chosen region shows what its handles pull at. */
  function draw(context, surface, view, { framed }) {
    const { state, chosen } = session;
    const items = [ground(context, state), ...state.regions.map((region) => item(region, state, view.scale))];
    sheets.draw(context, surface, view, items, edit.indexOf(state, chosen) + 1 || -1);
    context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
    const at = (place) => toScreen(view, place);
    const pulled = framed && session.region && !isBox(session.region.mask);
    if (pulled) frame(context, at, edit.frameOf(state, session.region.mask));
    for (const region of state.regions) label(context, at, region, state);
    drawMarks(context, at, state, view.scale);
    for (const id of fills.keys()) if (!edit.byId(state, id)) fills.delete(id);
  }

  const item = (region, board, scale) => ({
    key: [region, board.width, board.height, region.id === session.chosen],
    paint(context) {
      context.imageSmoothingEnabled = false;
      fill(context, region, board);
      outline(context, region, board, scale);
    },
  });

  /** The picture fills the board, cut where its shape is another. */
  function ground({ canvas }, { width, height }) {
    const colour = getComputedStyle(canvas).getPropertyValue("--board");
    const { picture } = bitmaps;
    const paint = (context) => {
      context.fillStyle = colour;
      context.fillRect(0, 0, width, height);
      if (!picture) return;
      const scale = Math.max(width / picture.width, height / picture.height);
      const [across, down] = [width / scale, height / scale];
      const [left, top] = [(picture.width - across) / 2, (picture.height - down) / 2];
      context.drawImage(picture, left, top, across, down, 0, 0, width, height);
    };
    return { key: [picture, width, height, colour], paint };
  }

  function fill(context, region, board) {
    if (!region.on) return;
    context.globalAlpha = region.id === session.chosen ? FILL.chosen : FILL.on;
    if (isBox(region.mask)) {
      const { x, y, width, height } = edit.frameOf(board, region.mask);
      context.fillStyle = region.colour;
      context.fillRect(x, y, width, height);
    } else context.drawImage(filled(region), 0, 0, board.width, board.height);
    context.globalAlpha = 1;
  }

  /** A drawn region in its colour; after a stroke only the rows that changed are written. */
  function filled({ id, mask, colour }) {
    const known = fills.get(id);
    if (known?.mask === mask && known.colour === colour) return known.canvas;
    const fits = known?.mask.width === mask.width && known.mask.height === mask.height && known.colour === colour;
    const canvas = fits ? known.canvas : document.createElement("canvas");
    if (!fits) [canvas.width, canvas.height] = [mask.width, mask.height];
    const [from, to] = changedRows(fits ? known.mask : null, mask);
    if (to > from) paintRows(canvas, mask, colour, from, to);
    fills.set(id, { mask, colour, canvas });
    return canvas;
  }

  function outline(context, region, board, scale) {
    const chosen = region.id === session.chosen;
    context.save();
    const path = isBox(region.mask) ? boxPath(edit.frameOf(board, region.mask)) : edgeOf(region.mask);
    if (!path) return context.restore();
    const cell = isBox(region.mask) ? 1 : board.width / region.mask.width;
    if (cell !== 1) context.scale(cell, board.height / region.mask.height);
    const line = 1 / (scale * cell); // a CSS pixel
    context.setLineDash(region.on ? [] : DASH.map((one) => one * line));
    context.lineJoin = "round";
    for (const [width, colour] of [[chosen ? 4.5 : 3, "rgb(0 0 0 / 0.45)"], [chosen ? 2.5 : 1.5, region.colour]]) {
      context.lineWidth = width * line;
      context.strokeStyle = colour;
      context.stroke(path);
    }
    context.restore();
  }

  function edgeOf(mask) {
    if (outlines.has(mask)) return outlines.get(mask);
    const path = new Path2D();
    let count = 0;
    edges(mask, (x1, y1, x2, y2) => {
      if (++count > MOST_EDGES) return;
      path.moveTo(x1, y1);
      path.lineTo(x2, y2);
    });
    outlines.set(mask, count > MOST_EDGES ? null : path);
    return outlines.get(mask);
  }

  function label(context, at, region, board) {
    const place = edit.labelPlace(board, region.mask);
    if (!place) return;
    const { x, y } = at(place);
    const number = `${edit.indexOf(board, region.id) + 1}`;
    context.font = "600 13px system-ui, sans-serif";
    context.textBaseline = "middle";
    const text = region.name ? `${number} · ${region.name.slice(0, 24)}` : number;
    const width = Math.max(26, context.measureText(text).width + 18);
    context.globalAlpha = region.on ? 1 : 0.6;
    context.beginPath();
    context.roundRect(x - width / 2, y - 13, width, 26, 13);
    context.fillStyle = region.colour;
    context.fill();
    context.lineWidth = region.id === session.chosen ? 2.5 : 1;
    context.strokeStyle = region.id === session.chosen ? "#fff" : "rgb(0 0 0 / 0.45)";
    context.stroke();
    context.fillStyle = INK;
    context.textAlign = "center";
    context.fillText(text, x, y + 0.5);
    context.globalAlpha = 1;
  }

  function drawMarks(context, at, board, scale) {
    for (const { x, y } of marks.snap) {
      const ends = [{ x: x ?? 0, y: y ?? 0 }, { x: x ?? board.width, y: y ?? board.height }];
      stroked(context, ends.map(at), { colour: "#ff4fa3", width: 1 });
    }
    if (marks.lasso) {
      stroked(context, marks.lasso.map(at), { dash: DASH });
      circle(context, at(marks.lasso[0]), 5);
    }
    if (marks.brush) circle(context, at(marks.brush), (brushSize() / 2) * scale);
  }

  return { draw, bitmaps };
}

function paintRows(canvas, mask, colour, from, to) {
  const image = new ImageData(mask.width, to - from);
  const pixels = new Uint32Array(image.data.buffer);
  const [red, green, blue] = [1, 3, 5].map((n) => parseInt(colour.slice(n, n + 2), 16));
  image.data.set([red, green, blue, 255]);
  const [ink] = pixels; // as this machine orders bytes
  pixels[0] = 0;
  for (let y = from; y < to; y++) {
    const row = mask.rows[y];
    const start = (y - from) * mask.width;
    for (let n = 0; n < row.length; n += 2) pixels.fill(ink, start + row[n], start + row[n + 1]);
  }
  canvas.getContext("2d").putImageData(image, 0, from);
}

function boxPath({ x, y, width, height }) {
  const path = new Path2D();
  path.rect(x, y, width, height);
  return path;
}

function frame(context, at, around) {
  if (!around) return;
  const { x, y, width, height } = around;
  const corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]];
  stroked(context, corners.map(([left, top]) => at({ x: left, y: top })), { dash: DASH, width: 1 });
}

/** Light on dark, so that it is seen on any picture. */
function stroked(context, points, { colour = "#fff", width = 1.5, dash = [] }) {
  context.beginPath();
  points.forEach(({ x, y }, n) => (n ? context.lineTo(x, y) : context.moveTo(x, y)));
  shaded(context, colour, width, dash);
}

function circle(context, { x, y }, radius) {
  context.beginPath();
  context.arc(x, y, Math.max(1, radius), 0, 2 * Math.PI);
  shaded(context, "#fff", 1.5, []);
}

function shaded(context, colour, width, dash) {
  context.lineWidth = width + 2;
  context.strokeStyle = "rgb(0 0 0 / 0.4)";
  context.stroke();
  context.setLineDash(dash);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}
