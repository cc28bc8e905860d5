// A pose as files: JSON, OpenPose JSON, the map as PNG, SVG.

import { download } from "../stage/dom.mjs";
import { upload } from "../stage/pictures.mjs";
import { openpose } from "./dialects.mjs";
import { PoseError, toText } from "./document.mjs";
import { mapOf } from "./raster.mjs";
import { svgOf } from "./svg.mjs";

const NAME = "pose";

/** The map as a PNG of exactly the canvas's size. */
export async function pngOf(pose, stick = "standard") {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [pose.width, pose.height];
  const pixels = mapOf(pose, { stick });
  canvas.getContext("2d").putImageData(new ImageData(pixels, pose.width, pose.height), 0, 0);
  return blobOf(canvas);
}

export async function blobOf(canvas) {
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!blob) throw new PoseError("The picture is too large for this browser.");
  return blob;
}

const json = (text) => new Blob([text], { type: "application/json" });

/** The map into unit `unit` (from 0) of the webui's own ControlNet in one of its tabs. */
export async function steer(bridge, pose, stick, tab, unit) {
  const { id } = await upload(await pngOf(pose, stick));
  const answer = await bridge.ask({ type: "control", picture: id, tab, unit });
  if (!answer?.ok) throw new PoseError("The webui has no ControlNet unit {number} in {tab}.", { number: unit + 1, tab });
}

/** What the menu of saving offers: id -> what it does. */
export const writers = {
  json: (pose) => download(`${NAME}.json`, json(toText(pose))),
  openpose: (pose) => download(`${NAME}-openpose.json`, json(JSON.stringify(openpose(pose)))),
  png: async (pose, stick) => download(`${NAME}.png`, await pngOf(pose, stick)),
  svg: (pose, stick) => download(`${NAME}.svg`, new Blob([svgOf(pose, stick)], { type: "image/svg+xml" })),
};

