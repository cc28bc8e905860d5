// Draws what lies on the stage: the picture, its layers and the exact map of every person. What does not move is kept
// as two finished sheets, below and above the person being edited: a drag draws one person anew, however many there are.

import { visible } from "../stage/layers.mjs";
import { openSheets, same } from "../stage/sheets.mjs";
import { zoomOf } from "../stage/view.mjs";
import { boxOf, personRaster } from "./raster.mjs";
import { tracePerson } from "./trace.mjs";

const LARGEST = 6e6; // pixels of one person's raster; beyond, and
const ALTOGETHER = 24e6; // beyond this for all of them, people are traced instead
const PAPER = "#ffffff";
const NIGHT = "#000000";

/** `strokesOn(context)`: draws the strokes in pixels of the picture; its `key()` changes with what it draws. */
export function openScene(session, strokesOn) {
  const bitmaps = { picture: null, reference: null, map: null };
  const rasters = [];
  const sheets = openSheets();

  function ground({ map, paper }) {
    const white = !map && !bitmaps.picture && (paper || session.state.strokes.length > 0);
    const colour = white ? PAPER : NIGHT;
    return { person: null, key: [colour], paint: (context) => fill(context, colour, session.pose) };
  }

  function people(layer, zoom) {
    const all = session.pose.people;
    rasters.length = Math.min(rasters.length, all.length);
    return all.flatMap((person, index) => (person.on ? [figure(person, index, layer, zoom)] : []));
  }

  const figure = (person, index, layer, zoom) => ({
    person: index,
    key: [person, layer.opacity, session.options.stick],
    paint(context) {
      context.globalAlpha = layer.opacity;
      const raster = rasterOf(person, index);
      if (raster && zoom > 0.25) return void (raster.canvas && context.drawImage(raster.canvas, raster.x, raster.y));
      tracePerson(context, person, session.pose, session.options.stick);
    },
  });

  function rasterOf(person, index) {
    const { width, height, people: all } = session.pose;
    const { stick } = session.options;
    const key = [person, width, height, stick];
    const slot = (rasters[index] ??= { key: [], canvas: null, x: 0, y: 0 });
    if (same(slot.key, key)) return slot.traced ? null : slot;
    slot.key = key;
    const box = boxOf(person, width, height, { stick });
    slot.traced = box.width * box.height > Math.min(LARGEST, ALTOGETHER / all.length);
    if (slot.traced) return null;
    return Object.assign(slot, put(slot, personRaster(person, width, height, { stick })));
  }

  function image(layer) {
    const bitmap = bitmaps[layer.id];
    if (!bitmap || !session.source(layer.id)) return [];
    const { width, height } = layer.id === "map" ? session.pose : session.state[layer.id];
    const paint = (context) => {
      context.globalAlpha = layer.opacity;
      context.drawImage(bitmap, 0, 0, width, height);
    };
    return [{ person: null, key: [bitmap, layer.opacity, width, height], paint }];
  }

  const drawing = (layer) => [
    {
      person: "strokes",
      key: [...strokesOn.key(), layer.opacity],
      paint(context) {
        context.globalAlpha = layer.opacity;
        strokesOn(context);
      },
    },
  ];

  const painters = { picture: image, reference: image, strokes: drawing, objects: people };

  /** `look`: {map: nothing but the map, paper: white where there is no picture, live: what changes in every frame}. */
  function draw(context, surface, view, look) {
    const zoom = zoomOf(view, surface.ratio);
    const layers = visible(session.state.layers).filter(({ kind }) => !look.map || kind === "objects");
    const shown = look.map ? layers.map((layer) => ({ ...layer, opacity: 1 })) : layers;
    const items = [ground(look), ...shown.flatMap((layer) => painters[layer.kind](layer, zoom))];
    const at = items.findIndex(({ person }) => person === look.live);
    sheets.draw(context, surface, view, items, at);
  }

  return { draw, bitmaps };
}

/** Puts pixels on a slot's canvas, which is made anew only where it is too small or far too large. */
function put(slot, { x, y, width, height, data }) {
  if (!width || !height) return { x, y, canvas: null };
  const old = slot.canvas;
  const fits = old && old.width >= width && old.height >= height && old.width * old.height < 4 * width * height;
  const canvas = fits ? old : document.createElement("canvas");
  if (!fits) [canvas.width, canvas.height] = [Math.ceil(width * 1.25), Math.ceil(height * 1.25)];
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.putImageData(new ImageData(data, width, height), 0, 0);
  return { x, y, canvas };
}

function fill(context, colour, { width, height }) {
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
}
