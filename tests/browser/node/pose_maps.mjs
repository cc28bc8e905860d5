// Draws pose documents, one a line on stdin: their maps as RGB bytes, one after the other, on stdout. The map is drawn
// twice, at once and put together from persons drawn alone; where the two differ the first pixel is marked.

import { createInterface } from "node:readline";
import { page } from "./pages.mjs";

const { fromDocument } = await page("pose-editor", "document.mjs");
const { mapOf, personRaster } = await page("pose-editor", "raster.mjs");

const MARK = [1, 2, 3];

for await (const line of createInterface({ input: process.stdin })) {
  const { stick, document } = JSON.parse(line);
  const pose = fromDocument(document);
  const map = mapOf(pose, { stick });
  const same = together(pose, stick).equals(new Uint8Array(map.buffer));
  process.stdout.write(rgb(map, same));
}

function together(pose, stick) {
  const map = Buffer.alloc(pose.width * pose.height * 4);
  for (let at = 3; at < map.length; at += 4) map[at] = 255;
  for (const person of pose.people) lay(map, pose.width, personRaster(person, pose.width, pose.height, { stick }));
  return map;
}

function lay(map, width, { x, y, width: wide, height: high, data }) {
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const from = (row * wide + column) * 4;
      if (data[from + 3]) map.set(data.subarray(from, from + 4), ((y + row) * width + x + column) * 4);
    }
  }
}

function rgb(map, same) {
  const bytes = Buffer.alloc((map.length / 4) * 3);
  for (let pixel = 0; pixel < map.length / 4; pixel++) bytes.set(map.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  if (!same) bytes.set(MARK);
  return bytes;
}
