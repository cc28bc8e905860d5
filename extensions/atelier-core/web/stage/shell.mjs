// An editor's stage: a canvas with handles above it, a view, gestures, keys and tools, wired together.

import { attach, command } from "./gestures.mjs";
import { openHandles } from "./handles.mjs";
import { t } from "./i18n.mjs";
import { hit } from "./select.mjs";
import { openSurface } from "./surface.mjs";
import { openViewport } from "./viewport.mjs";

const REACH = { mouse: 12, pen: 16, touch: 22 }; // CSS pixels around a handle that catch a press
const NUDGE = 40; // CSS pixels an arrow key pans
const KEYS = {
  0: "fit",
  Digit0: "fit",
  1: "actual",
  Digit1: "actual",
  "+": "larger",
  "=": "larger",
  "-": "smaller",
  ",": "turn-left",
  ".": "turn-right",
};
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const REPEATING = new Set(["larger", "smaller", "turn-left", "turn-right"]);

/**
 * `stage`: the focusable element around `canvas` and `svg`; `size`: of the picture; `inset()`: {top, right, bottom, left}
 * of the stage that panels cover; `draw(context, surface, view)` draws on a cleared canvas, in device pixels;
 * `tools`: name -> tool, the first is taken up; `keys`: as in `command`, to a function (event) or the name of one of the
 * stage's commands; `changed(stage)` after every change of view, size or tool; `root`: where the buttons with data-do are.
 *
 * A tool = {create(stage), destroy(), cursor, keys, gripAt(at, target, device), and what it does on an act: grab, drag,
 * drop, tap, double, hold, menu, hover (see gestures.mjs), nudge, delete, choose, focus (see handles.mjs)}, all optional.
 * Acts of the pointer also get `point` (and `start`, where it was grabbed) and `trail` (its `points`) in pixels of the
 * picture. Without gripAt a press takes the nearest handle. Without `double` a double click shows the whole picture.
 */
export function openStage(options) {
  const { stage, canvas, svg, draw, tools = {}, keys = {}, changed = () => {}, inset, root = document } = options;
  const viewport = openViewport(options.size, { inset, changed: () => redraw() });
  const spacebar = { down: false, used: false };
  let handles = [];
  let tool = {};
  let toolName = null;
  let start = null; // where the grip was grabbed, in the picture: the view may move while it is held

  const { surface, redraw: paintSoon, close: closeSurface } = openSurface(canvas, paint, resized);
  const shown = openHandles(svg, { act: handled, name: t("Handles") });

  function paint(context) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, surface.device.width, surface.device.height);
    draw(context, surface, viewport.view);
    shown.show(handles, viewport.view, surface.room);
  }

  function resized() {
    viewport.resized(surface.room, surface.ratio);
  }

  function redraw() {
    paintSoon();
    describe();
  }

  function describe() {
    const percent = Math.round(viewport.zoom * 100);
    for (const element of root.querySelectorAll("[data-read=zoom]")) element.textContent = `${percent} %`;
    stage.style.cursor = spacebar.down ? "grab" : (tool.cursor ?? "");
    changed(api);
  }

  // ---- pointers

  const handleAt = (at, device = "mouse") =>
    hit(
      handles.map((handle) => ({ ...viewport.toScreen(handle), handle })),
      at,
      REACH[device] ?? REACH.touch,
    )?.handle ?? null;

  function gripAt(target, at, device) {
    if (tool.gripAt) return tool.gripAt(at, target, device);
    return handleAt(at, device)?.id ?? null;
  }

  const viewActs = {
    pan: ({ dx, dy }) => viewport.pan(dx, dy),
    pinch: (act) => viewport.pinch(act),
    zoom: ({ at, factor }) => viewport.zoomAt(at, factor),
  };

  function acted(act) {
    if (spacebar.down && act.act === "pan") spacebar.used = true;
    if (act.act in viewActs) return viewActs[act.act](act);
    const told = { ...act, point: viewport.toPicture(act.at) };
    if (act.act === "grab") start = told.point;
    if ("from" in act) told.start = start;
    if (act.points) told.trail = act.points.map((one) => ({ ...one, ...viewport.toPicture(one) }));
    if (act.act === "double" && !tool.double) return viewport.fit();
    return tool[act.act]?.(told);
  }

  /** The browser would focus whatever catches the pointer; the handle that is pressed or the stage shall have it. */
  function focused(event) {
    if (event.target.closest?.("button, input, select, textarea, a")) return;
    event.preventDefault();
    const at = local(event);
    const handle = handleAt(at, event.pointerType);
    if (!(handle && shown.focus(handle.id))) stage.focus({ preventScroll: true });
  }

  function local(event) {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // ---- handles and keys

  function handled(act) {
    if (act.act === "choose" && act.key === " " && spacebar.used) return;
    if (act.act === "leave") return stage.focus({ preventScroll: true });
    const handle = handles.find(({ id }) => id === act.id);
    if (act.act === "focus") viewport.seek(handle);
    const at = viewport.toScreen(handle);
    tool[act.act]?.({ ...act, handle, grip: act.id, at, point: { x: handle.x, y: handle.y } });
  }

  const commands = {
    ...viewport.commands,
    pan: ([x, y], event) => viewport.pan(...[x, y].map((way) => way * NUDGE * (event.shiftKey ? 5 : 1))),
  };

  function keyed(event) {
    if (event.defaultPrevented) return;
    if (event.key === " ") return space(event, true);
    const bound = command(event, tool.keys ?? {}) ?? command(event, keys) ?? command(event, KEYS);
    const arrow = bound === null && command(event, ARROWS);
    if (!bound && !arrow) return;
    event.preventDefault();
    if (arrow) return commands.pan(arrow, event);
    if (typeof bound === "function") return bound(event);
    if (!event.repeat || REPEATING.has(bound)) commands[bound]?.();
  }

  function space(event, down) {
    if (down && command(event, { " ": true }) === null) return;
    if (down) event.preventDefault();
    if (down && !spacebar.down) spacebar.used = false;
    spacebar.down = down;
    describe();
  }

  const released = (event) => event.key === " " && space(event, false);
  const left = () => space({ key: " " }, false);

  // ---- wiring

  function setTool(name) {
    if (name === toolName || !(name in tools)) return;
    tool.destroy?.();
    toolName = name;
    tool = tools[name];
    tool.create?.(api);
    redraw();
  }

  const pressed = (event) => {
    const name = event.target.closest?.("[data-do]")?.dataset.do;
    if (Object.hasOwn(viewport.commands, name ?? "")) viewport.commands[name]();
  };

  const detach = attach(stage, {
    act: acted,
    gripAt,
    holds: () => Boolean(tool.hold),
    panning: () => spacebar.down,
    hover: true,
    menu: true,
  });
  const listeners = [
    [stage, "pointerdown", focused],
    [root, "click", pressed],
    [window, "keydown", keyed],
    [window, "keyup", released],
    [window, "blur", left],
  ];
  for (const [target, type, listener] of listeners) target.addEventListener(type, listener);

  function close() {
    tool.destroy?.();
    detach();
    shown.close();
    closeSurface();
    for (const [target, type, listener] of listeners) target.removeEventListener(type, listener);
  }

  const api = {
    get view() {
      return viewport.view;
    },
    get zoom() {
      return viewport.zoom;
    },
    get size() {
      return viewport.size;
    },
    get tool() {
      return toolName;
    },
    surface,
    commands: viewport.commands,
    toPicture: viewport.toPicture,
    toScreen: viewport.toScreen,
    setTool,
    setSize: viewport.setSize,
    setView: viewport.setView,
    /** Which handles there are, in pixels of the picture (see handles.mjs); they follow the view by themselves. */
    showHandles: (list) => ((handles = list), redraw()),
    focusHandle: (id) => shown.focus(id),
    handleAt,
    redraw,
    close,
  };
  setTool(Object.keys(tools)[0]);
  return api;
}
