// A board: {width, height, regions}, for a picture of that size. A region = {id, name, colour, on, mask}; its mask is a
// box [left, top, right, bottom] in shares of the picture, or drawn (spans.mjs). Boards are values.

import { UserError } from "../stage/i18n.mjs";
import { maskOf, textOf } from "./png.mjs";

export const MOST = 4; // regions: the panel has a row for each
export const MOST_TEXT = 8 * 2 ** 20; // characters of a file
const VERSION = 1;
const LONGEST_SIDE = 8192;
const LONGEST_NAME = 200;
const COLOURS = ["#e6a23c", "#409eff", "#67c23a", "#f56cb0", "#b37feb", "#36cfc9", "#f56c6c", "#bae637"];
const NO_BOARD = "This is not a board of regions.";

export const HALVES = [
  [0, 0, 0.5, 1],
  [0.5, 0, 1, 1],
];

/** Two people side by side. */
export const beginning = (size) => {
  const board = { width: size.width, height: size.height, regions: [] };
  const regions = HALVES.map((mask, n) => ({ id: `r${n + 1}`, name: "", colour: COLOURS[n], on: true, mask }));
  return { ...board, regions };
};

/** A region that no document has had: what is kept for another one must not fall to it. */
export function regionOf(mask, regions, name = "") {
  const colour = COLOURS.find((one) => regions.every((other) => other.colour !== one)) ?? COLOURS[0];
  const id = `r${[...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("")}`;
  return { id, name, colour, on: true, mask };
}

export const tooMany = () => new UserError("A picture takes up to {most} regions.", { most: MOST });

export const isBox = (mask) => Array.isArray(mask);

/** The JSON text of a board; masks as PNGs. `more`: what else is told with it. */
export async function boardText({ width, height, regions }, more = {}) {
  const written = await Promise.all(
    regions.map(async ({ id, name, colour, on, mask }) => {
      return { id, name, colour, on, mask: isBox(mask) ? mask : await textOf(mask) };
    }),
  );
  return JSON.stringify({ atelier_board: VERSION, width, height, regions: written, ...more });
}

/** Reads such a text, or one that left out what has a usual value. `read(text)` gives the mask of a PNG. */
export async function boardOf(text, read = maskOf) {
  const found = parsed(text);
  if (found?.atelier_board !== VERSION || !isSide(found.width) || !isSide(found.height)) throw new UserError(NO_BOARD);
  if (!Array.isArray(found.regions)) throw new UserError(NO_BOARD);
  if (found.regions.length > MOST) throw tooMany();
  const regions = [];
  for (const one of found.regions) regions.push(await regionFrom(one, regions, read));
  return { width: found.width, height: found.height, regions };
}

export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(NO_BOARD);
  }
}

const isSide = (value) => Number.isInteger(value) && value >= 1 && value <= LONGEST_SIDE;

async function regionFrom(found, before, read) {
  const usual = regionOf(null, before);
  const { id, name, colour, on, mask } = { ...usual, ...found };
  const texts = [id, name, colour].every((one) => typeof one === "string" && one.length <= LONGEST_NAME);
  const known = before.some((other) => other.id === id);
  const fits = texts && id && !known && typeof on === "boolean" && /^(#[0-9a-f]{6})?$/i.test(colour);
  if (!fits) throw new UserError(NO_BOARD);
  const drawn = typeof mask === "string" ? await read(mask) : boxFrom(mask);
  return { id, name, colour: colour.toLowerCase() || usual.colour, on, mask: drawn };
}

function boxFrom(edges) {
  const whole = isBox(edges) && edges.length === 4 && edges.every((one) => one >= 0 && one <= 1);
  if (!whole || edges[0] >= edges[2] || edges[1] >= edges[3]) throw new UserError(NO_BOARD);
  return edges.map(Number);
}
