// Masks as PNGs in base64: written by hand, so that they are grey; read by the browser, which knows them all.

import { UserError } from "../stage/i18n.mjs";
import { pngSize } from "../stage/pictures.mjs";
import { fromBytes, toBytes } from "./spans.mjs";

export const LONGEST = 1024; // cells of a mask's longer side
const LONGEST_SIDE = 8192; // pixels of a PNG that is read
const UNREAD = "The mask is no picture that can be read.";
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY = [8, 0, 0, 0, 0]; // bits, kind, and the usual ways to pack, filter and not interlace
const PIECE = 0x8000; // bytes that String.fromCharCode takes at once

/** The grid of masks for a picture. */
export function gridOf({ width, height }) {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

const written = new WeakMap(); // mask -> a promise of its text: most masks are written many times

export function textOf(mask) {
  if (!written.has(mask)) written.set(mask, pngOf(mask).then(base64));
  return written.get(mask);
}

/** The mask of any PNG: what is opaque where it is see-through at all, else what is light. */
export async function maskOf(text) {
  const bytes = bytesOf(text);
  const { width, height } = pngSize(bytes) ?? {};
  if (!(Math.max(width, height) <= LONGEST_SIDE)) throw new UserError(UNREAD); // before its pixels take memory
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" })).catch(() => null);
  if (!bitmap) throw new UserError(UNREAD);
  return drawnOf(bitmap, gridOf(bitmap));
}

/** A bitmap as a mask on a grid. */
export function drawnOf(bitmap, grid) {
  const context = new OffscreenCanvas(grid.width, grid.height).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, 0, 0, grid.width, grid.height);
  bitmap.close();
  return fromBytes(weightsOf(context.getImageData(0, 0, grid.width, grid.height).data), grid);
}

function weightsOf(pixels) {
  const weights = new Uint8Array(pixels.length / 4);
  const alpha = weights.map((_, n) => pixels[4 * n + 3]);
  if (alpha.some((one) => one < 255)) return alpha;
  return weights.map((_, n) => (299 * pixels[4 * n] + 587 * pixels[4 * n + 1] + 114 * pixels[4 * n + 2]) / 1000);
}

async function pngOf(mask) {
  const { width, height } = mask;
  const bytes = toBytes(mask);
  const filtered = new Uint8Array((width + 1) * height); // each row begins with its filter, none
  for (let y = 0; y < height; y++) filtered.set(bytes.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const head = new Uint8Array([...bigEndian(width), ...bigEndian(height), ...GREY]);
  const parts = [chunk("IHDR", head), chunk("IDAT", await deflated(filtered)), chunk("IEND", new Uint8Array())];
  return new Uint8Array(await new Blob([new Uint8Array(SIGNATURE), ...parts]).arrayBuffer());
}

async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function chunk(kind, data) {
  const named = new Uint8Array([...kind].map((letter) => letter.charCodeAt(0)).concat([...data]));
  return new Uint8Array([...bigEndian(data.length), ...named, ...bigEndian(checksum(named))]);
}

const bigEndian = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let sum = n;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

/** CRC-32 as PNGs have it. */
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}

function bytesOf(text) {
  try {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  } catch {
    throw new UserError(UNREAD);
  }
}
