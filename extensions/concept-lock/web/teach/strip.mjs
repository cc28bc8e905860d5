// The pictures of a lesson in their order, small: each as it is taught. One is looked at; they can be dragged.

import { make } from "../../stage/dom.mjs";
import { t } from "../../stage/i18n.mjs";
import { addressOf } from "../../stage/pictures.mjs";
import { boxOf, indexOf, moved, removed } from "./album.mjs";
import { veilOf } from "./overlay.mjs";

const HIGH = 64; // CSS pixels
const LONGEST = 192; // pixels of what is drawn from
const KEYS = { ArrowLeft: -1, ArrowRight: 1 };

/** `place`: a list; `complain(error)`. */
export function openStrip(place, session, { complain }) {
  const small = new WeakMap(); // source -> promise of a bitmap
  const items = new Map(); // key -> {element, canvas, picture}
  let dragged = null; // a key

  const act = {
    remove: (key) => session.edit(t("Remove the picture"), (album) => removed(album, key)),
    move: (key, to) => session.edit(t("Change the order"), (album) => moved(album, key, to)),
  };

  function bitmapOf(source) {
    if (!small.has(source)) small.set(source, shrunk(source).catch(() => void small.delete(source)));
    return small.get(source); // nothing, until the next time, where the webui does not give it
  }

  async function shrunk({ id, blob, width, height }) {
    const bytes = blob ?? (await fetch(addressOf(id, LONGEST), { credentials: "same-origin" }).then((one) => one.blob()));
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    const size = { resizeWidth: Math.max(1, Math.round(width * scale)), resizeHeight: Math.max(1, Math.round(height * scale)) };
    return createImageBitmap(bytes, { ...size, resizeQuality: "high" });
  }

  async function drawn(item, picture) {
    const bitmap = await bitmapOf(picture.source);
    if (!bitmap || item.picture !== picture) return;
    const box = boxOf(picture);
    const scale = bitmap.width / picture.source.width;
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    item.canvas.height = HIGH * ratio;
    item.canvas.width = Math.max(24, Math.min(160, (HIGH * box.width) / box.height)) * ratio;
    const context = item.canvas.getContext("2d");
    const from = (factor) => [box.x * factor, box.y * factor, box.width * factor, box.height * factor];
    const to = [0, 0, item.canvas.width, item.canvas.height];
    context.drawImage(bitmap, ...from(scale), ...to);
    if (picture.mask) context.drawImage(veilOf(picture.mask), ...from(picture.mask.width / picture.source.width), ...to);
  }

  function made(key) {
    const canvas = make("canvas", { "aria-hidden": "true" });
    const number = make("span", { class: "number" });
    const element = make("li", { role: "option", draggable: "true" }, canvas, number);
    element.addEventListener("click", () => session.choose(key));
    element.addEventListener("keydown", (event) => pressed(event, key));
    element.addEventListener("dragstart", (event) => {
      dragged = key;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", "");
    });
    element.addEventListener("dragend", () => (dragged = null));
    element.addEventListener("dragover", (event) => dragged && event.preventDefault());
    element.addEventListener("drop", (event) => {
      if (!dragged) return;
      event.preventDefault();
      act.move(dragged, indexOf(session.state, key));
    });
    return { element, canvas, number, picture: null };
  }

  function pressed(event, key) {
    if (event.key === "Delete" || event.key === "Backspace") act.remove(key);
    else if (event.key in KEYS && (event.ctrlKey || event.metaKey)) act.move(key, indexOf(session.state, key) + KEYS[event.key]);
    else if (event.key in KEYS) session.step(KEYS[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
    items.get(session.chosen)?.element.focus();
  }

  function refresh() {
    const { pictures } = session.state;
    const wanted = new Set(pictures.map(({ key }) => key));
    for (const [key, { element }] of items) if (!wanted.has(key)) (element.remove(), items.delete(key));
    pictures.forEach((picture, n) => {
      if (!items.has(picture.key)) items.set(picture.key, made(picture.key));
      const item = items.get(picture.key);
      if (place.children[n] !== item.element) place.insertBefore(item.element, place.children[n] ?? null);
      describe(item, picture, n);
    });
  }

  function describe(item, picture, n) {
    const here = picture.key === session.chosen;
    item.number.textContent = n + 1;
    item.element.ariaSelected = String(here);
    item.element.tabIndex = here ? 0 : -1;
    item.element.title = picture.caption || t("Without a caption");
    item.element.ariaLabel = `${t("Picture {number}", { number: n + 1 })}: ${item.element.title}`;
    item.element.toggleAttribute("data-captioned", Boolean(picture.caption.trim()));
    if (item.picture !== picture) {
      item.picture = picture;
      drawn(item, picture).catch(complain);
    }
    if (here && item.shown !== session.chosen) item.element.scrollIntoView?.({ block: "nearest", inline: "nearest" });
    item.shown = here ? session.chosen : null;
  }

  session.changed(refresh);
  refresh();
  return { refresh, ...act };
}
