// A pose as files: JSON, OpenPose JSON, the map as PNG, SVG.

import { download } from "./dom.mjs";
import { openpose } from "./dialects.mjs";
import { PoseError, toText } from "./document.mjs";
import { mapOf } from "./raster.mjs";
import { shapesOf } from "./trace.mjs";

const NAME = "pose";

/** The map as SVG. Ids say what a shape is: P00_J00 a joint of the body, P00_B00 a limb, P00_L00, P00_R00, P00_F00. */
export function svgOf(pose, wide = false) {
  const people = pose.people.map((person, n) => (person.on ? figure(person, n, pose, wide) : ""));
  const { width, height } = pose;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" fill="#000000"/>
${people.join("")}</svg>
`;
}

const LETTERS = { body: "J", left: "L", right: "R", face: "F" };

function figure(person, number, size, wide) {
  const id = `P${two(number)}`;
  const drawn = shapesOf(person, size, wide).map((shape) => `${WRITERS[shape.kind](shape, id)}\n`);
  return `<g id="${id}">\n${drawn.join("")}</g>\n`;
}

const WRITERS = {
  ellipse: ({ x, y, rx, ry, angle, colour, limb }, id) =>
    `<ellipse id="${id}_B${two(limb)}" rx="${short(rx)}" ry="${ry}" transform="translate(${short(x)} ${short(y)}) rotate(${short(angle)})" fill="${colour}"/>`,
  disc: ({ x, y, r, colour, joint: { part, index } }, id) =>
    `<circle id="${id}_${LETTERS[part]}${two(index)}" cx="${short(x)}" cy="${short(y)}" r="${r}" fill="${colour}"/>`,
  line: ({ from, to, width, colour }) =>
    `<line x1="${short(from.x)}" y1="${short(from.y)}" x2="${short(to.x)}" y2="${short(to.y)}" stroke="${colour}" stroke-width="${width}"/>`,
};

const two = (number) => String(number).padStart(2, "0");
const short = (value) => String(Math.round(value * 100) / 100);

/** The map as a PNG of exactly the canvas's size. */
export async function pngOf(pose, wide = false) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [pose.width, pose.height];
  const pixels = mapOf(pose, { stick: wide ? "wide" : "standard" });
  canvas.getContext("2d").putImageData(new ImageData(pixels, pose.width, pose.height), 0, 0);
  return blobOf(canvas);
}

export async function blobOf(canvas) {
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new PoseError("The picture is too large for this browser.");
  return blob;
}

const json = (text) => new Blob([text], { type: "application/json" });

/** What the menu of saving offers: id -> what it does. */
export const writers = {
  json: (pose) => download(`${NAME}.json`, json(toText(pose))),
  openpose: (pose) => download(`${NAME}-openpose.json`, json(JSON.stringify(openpose(pose)))),
  png: async (pose, wide) => download(`${NAME}.png`, await pngOf(pose, wide)),
  svg: (pose, wide) => download(`${NAME}.svg`, new Blob([svgOf(pose, wide)], { type: "image/svg+xml" })),
};

