// Pictures travel to and from the webui by its REST routes, as bytes with an id.

import { isPictureId } from "./bridge.mjs";
import { UserError } from "./i18n.mjs";

const ROUTE = new URL("../../../v1/core/pictures", import.meta.url); // pages/<digest>/stage/ -> atelier/
const LARGEST = 8192; // pixels a side; beyond, a browser may refuse to decode or to draw
const REDUCED = 4096;
const PNG_HEAD = 24; // bytes: signature, chunk length, "IHDR", width, height

const SENTENCES = {
  401: "The webui asks for a login. Log in and load this page again.",
  403: "The webui asks for a login. Log in and load this page again.",
  404: "This picture is no longer there. Make it once more.",
  413: "The picture is too large for the webui.",
  other: "The webui could not give the picture (error {status}).",
};

export class PictureError extends UserError {}

export function addressOf(id, longest) {
  if (!isPictureId(id)) throw new PictureError("This is not a picture of the webui.");
  const address = new URL(`${ROUTE.href}/${id}`);
  if (longest) address.searchParams.set("longest", longest);
  return address;
}

/** {bitmap, width, height, reduced}: the picture's own width and height, also where the bitmap is a reduced copy. */
export async function load(id) {
  const whole = await decoded(addressOf(id), LARGEST);
  if (whole.bitmap) return whole;
  const copy = await decoded(addressOf(id, REDUCED), Infinity);
  if (!copy.bitmap) throw new PictureError("The picture is broken and cannot be shown.");
  return { ...copy, width: whole.width ?? copy.width, height: whole.height ?? copy.height, reduced: true };
}

/** A picture of the page itself, such as a sample. */
export async function loadFile(address) {
  const picture = await decoded(address, Infinity);
  if (!picture.bitmap) throw new PictureError("The picture is broken and cannot be shown.");
  return picture;
}

/** Gives bytes to the webui: {id, width, height}. */
export async function upload(bytes) {
  const answer = await asked(ROUTE, {
    method: "POST",
    body: bytes,
    headers: { "Content-Type": "application/octet-stream" },
  });
  return answer.json();
}

/** The size a PNG claims in its first bytes, or null. */
export function pngSize(bytes) {
  if (bytes.length < PNG_HEAD) return null;
  const head = new DataView(bytes.buffer, bytes.byteOffset, PNG_HEAD);
  if (head.getUint32(0) !== 0x89504e47 || head.getUint32(12) !== 0x49484452) return null;
  return { width: head.getUint32(16), height: head.getUint32(20) };
}

/** The decoded picture, without a bitmap when it is longer than `longest` or when the browser cannot read it. */
async function decoded(address, longest) {
  const answer = await asked(address);
  const reader = answer.body.getReader();
  const pieces = [];
  let claimed = null;
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    pieces.push(piece.value);
    if (pieces.length > 1) continue;
    claimed = pngSize(piece.value);
    if (claimed && Math.max(claimed.width, claimed.height) > longest) {
      await reader.cancel();
      return claimed;
    }
  }
  const bitmap = await createImageBitmap(new Blob(pieces)).catch(() => null);
  if (!bitmap) return { ...claimed };
  const { width, height } = bitmap;
  if (Math.max(width, height) <= longest) return { bitmap, width, height, reduced: false };
  bitmap.close();
  return { width, height };
}

async function asked(address, how) {
  const answer = await fetch(address, { credentials: "same-origin", ...how }).catch(() => null);
  if (!answer) throw new PictureError("The webui does not answer. Is it still running?");
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({})); // our routes say {"error": one sentence}
  if (typeof told?.error === "string") throw new PictureError(told.error);
  throw new PictureError(SENTENCES[answer.status] ?? SENTENCES.other, { status: answer.status });
}
