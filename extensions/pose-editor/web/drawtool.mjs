// The tools that draw: pen, eraser, straight line, fill and vanishing points. Strokes lie on one see-through layer.

import { t } from "../stage/i18n.mjs";
import { byId } from "../stage/layers.mjs";
import { hit } from "../stage/select.mjs";
import { PoseError } from "./document.mjs";
import { blobOf } from "./exports.mjs";
import * as guiding from "./guides.mjs";
import { endLive, layerOn, paintLive, show } from "./strokepaint.mjs";
import { added, begun, extended, finished, pressureOf } from "./strokes.mjs";

const LABELS = { pen: "Draw", eraser: "Erase", line: "Draw a line", fill: "Fill" };
const REACH = 14; // CSS pixels around a vanishing point
const GAP = 2; // pixels: openings of a line up to this wide hold a fill back

/** `brush()`: {colour, size, steadiness 0..1} as the user chose; `complain(error)`. */
export function drawTools(session, brush, { complain }) {
  let stage = null;
  let layer = null; // of the canvas's size, made when it is first drawn on
  let live = null; // {stroke, painted: by strokepaint.mjs, on: the layer it is painted on}
  let turn = 0; // counts what changes on the layer

  function layerOf() {
    const { width, height } = session.pose;
    if (layer?.context.canvas.width === width && layer.context.canvas.height === height) return layer;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    return (layer = layerOn(canvas.getContext("2d")));
  }

  const isEmpty = () => !session.state.strokes.length && !live;

  /** Draws the layer in pixels of the picture. */
  function paint(context) {
    if (isEmpty()) return;
    const drawn = layerOf();
    if (!live) show(drawn, session.state.strokes);
    context.drawImage(drawn.context.canvas, 0, 0);
  }
  paint.key = () => [session.state.strokes, live ? turn : null, session.pose.width, session.pose.height];

  const isLocked = () => byId(session.state.layers, "strokes").locked;

  // ---- strokes

  function grab(tool, act) {
    if (isLocked()) return complain(new PoseError("The layer of strokes is locked."));
    const { colour, size } = brush();
    const kind = act.eraser ? "eraser" : tool;
    const stroke = begun({ ...act.point, p: pressed(act) }, { tool: kind, colour, size, gap: GAP });
    show(layerOf(), session.state.strokes);
    live = { stroke, painted: paintLive(layerOf(), null, stroke), on: layerOf() };
    return changed();
  }

  function drag(act) {
    if (!live) return;
    const points = (act.trail ?? [act.point]).map(({ x, y, pressure }) => ({ x, y, p: pressed({ ...act, pressure }) }));
    const how = { stabiliser: brush().steadiness, zoom: stage.view.scale, guides: session.state.guides };
    live.stroke = extended(live.stroke, points, { ...how, straight: act.shift, steps: act.shift });
    if (live.on === layerOf()) live.painted = paintLive(live.on, live.painted, live.stroke); // else the canvas is another
    changed();
  }

  function drop(act) {
    if (!live) return;
    endLive(live.on, live.painted);
    const { stroke } = live;
    live = null;
    if (!act.cancelled) keep(act.shift || stroke.tool === "line" ? stroke : finished(stroke, { end: endOf(act, stroke) }));
    changed();
  }

  /** A calm brush hangs behind the pointer: where it is let go, it arrives. */
  const endOf = (act, stroke) => (stroke.points.length > 1 ? { ...act.point, p: stroke.points.at(-1).p } : undefined);

  function keep(stroke) {
    try {
      session.update(t(LABELS[stroke.tool]), { strokes: added(session.state.strokes, stroke) });
    } catch (error) {
      complain(error);
    }
  }

  function changed() {
    turn++;
    stage.redraw();
  }

  const pressed = ({ device, pressure }) => pressureOf({ pointerType: device, pressure });

  const tool = (name) => ({
    cursor: "crosshair",
    create: (one) => (stage = one),
    gripAt: () => name,
    grab: (act) => grab(name, act),
    drag,
    drop,
    double: () => {},
  });

  // ---- vanishing points

  const points = () =>
    session.state.guides.vanishing.map((point, n) => ({
      id: `vanishing-${n}`,
      name: t("Vanishing point {number}", { number: n + 1 }),
      ...point,
      shape: "ring",
      state: "on",
      colour: "#46a0ff",
    }));

  const guided = (label, guides, merge = null) => session.update(t(label), { guides }, merge);
  const numberOf = (id) => Number(id.slice("vanishing-".length));

  let pulled = null;
  const vanishing = {
    cursor: "crosshair",
    create: (one) => (stage = one),
    gripAt: (at) => hit(points().map((one) => ({ ...one, ...stage.toScreen(one) })), at, REACH)?.id ?? null,
    grab: () => (pulled = {}),
    drag: ({ grip, point }) =>
      guided("Move a vanishing point", guiding.withPointAt(session.state.guides, numberOf(grip), point), pulled),
    drop: ({ cancelled }) => cancelled && session.history.takeBack(pulled),
    tap: ({ point, shift }) =>
      shift
        ? guided("Set the horizon", guiding.withHorizon(session.state.guides, session.state.guides.horizon === null ? point.y : null))
        : guided("Add a vanishing point", guiding.withPoint(session.state.guides, point)),
    nudge({ id, dx, dy }) {
      const { x, y } = session.state.guides.vanishing[numberOf(id)];
      guided("Move a vanishing point", guiding.withPointAt(session.state.guides, numberOf(id), { x: x + dx, y: y + dy }), id);
    },
    delete: ({ id }) => guided("Remove a vanishing point", guiding.withoutPoint(session.state.guides, numberOf(id))),
    double: () => {},
  };

  return {
    paint,
    tools: { ...Object.fromEntries(["pen", "eraser", "line", "fill"].map((name) => [name, tool(name)])), vanishing },
    handles: () => (stage?.tool === "vanishing" ? points() : []),
    isEmpty,
    wipe: () => session.state.strokes.length && session.update(t("Remove all strokes"), { strokes: [] }),
    /** The strokes as a see-through PNG, without the one in progress. */
    async png() {
      if (!live) show(layerOf(), session.state.strokes);
      return blobOf(live ? copyOf(live.painted.under) : layerOf().context.canvas);
    },
  };
}

function copyOf(image) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas;
}
