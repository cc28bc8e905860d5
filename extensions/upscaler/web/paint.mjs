// Draws the panes. Both pictures cover the same frame (the size after), so the one before is drawn magnified.

import { deviceTransform, panned } from "../stage/view.mjs";

/** `scene`: {panes, view, frame, pictures: {before, after}, pixels: hard edges where magnified, checks}. */
export function paint(context, { device, ratio }, scene) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, device.width, device.height);
  for (const { which, box, shift } of scene.panes) {
    const picture = scene.pictures[which];
    const place = deviceTransform(panned(scene.view, shift.x, shift.y), ratio);
    context.save();
    context.beginPath();
    context.rect(...deviceBox(box, ratio));
    context.clip();
    checker(context, place, scene);
    const magnified = (place[0] * scene.frame.width) / picture.bitmap.width > 1;
    context.imageSmoothingEnabled = !(scene.pixels && magnified);
    context.imageSmoothingQuality = "high";
    context.setTransform(...place);
    context.drawImage(picture.bitmap, 0, 0, scene.frame.width, scene.frame.height);
    context.restore();
  }
}

/** What transparent pictures lie on: its squares keep their size while the picture is zoomed. */
function checker(context, place, { frame, checks }) {
  context.setTransform(...place);
  context.beginPath();
  context.rect(0, 0, frame.width, frame.height);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = checks;
  context.fill();
}

/** Edges, not sizes, are rounded: neighbours neither overlap nor gape. */
function deviceBox({ x, y, width, height }, ratio) {
  const [left, top, right, bottom] = [x, y, x + width, y + height].map((edge) => Math.round(edge * ratio));
  return [left, top, right - left, bottom - top];
}

export function checkerboard(context) {
  const cell = 8; // device pixels
  const tile = document.createElement("canvas");
  tile.width = tile.height = 2 * cell;
  const squares = tile.getContext("2d");
  squares.fillStyle = "#7d7d80";
  squares.fillRect(0, 0, 2 * cell, 2 * cell);
  squares.fillStyle = "#8b8b8e";
  squares.fillRect(0, 0, cell, cell);
  squares.fillRect(cell, cell, cell, cell);
  return context.createPattern(tile, "repeat");
}
