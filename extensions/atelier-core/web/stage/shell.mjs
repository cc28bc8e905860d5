// An editor's stage: a canvas with handles above it, a view, gestures, keys and tools, wired together.

import { keepFocus } from "./focus.mjs";
import { attach } from "./gestures.mjs";
import { openHandles } from "./handles.mjs";
import { named } from "./i18n.mjs";
import { openKeyboard } from "./keyboard.mjs";
import { ZOOM_KEYS } from "./keys.mjs";
import { hit } from "./select.mjs";
import { openSurface } from "./surface.mjs";
import { openViewport } from "./viewport.mjs";

const REACH = { mouse: 12, pen: 16, touch: 22 }; // CSS pixels around a handle that catch a press
const NUDGE = 40; // CSS pixels an arrow key pans
const KEYS = {
  ...ZOOM_KEYS,
  ",": "turn-left",
  ".": "turn-right",
};
const REPEATING = new Set(["larger", "smaller", "turn-left", "turn-right"]); // what goes on while its key is held down

/**
 * `stage`: the focusable element around `canvas` and `svg`; `size`: of the picture; `inset()`: {top, right, bottom,
 * left} of the stage that panels cover; `draw(context, surface, view)` draws on a cleared canvas, in device pixels;
 * `tools`: name -> tool, the first is taken up; `keys`: as in `command`, to a function (event) or the name of one of
 * the stage's commands; `changed(stage)`: with the next frame after every change of view, size or tool; `root`: where
 * the buttons with data-do (fit, actual, larger, smaller, turn-left, turn-right) and the readout data-read="zoom" are.
 *
 * A tool = {create(stage), destroy(), cursor, keys, gripAt(at, target, device), and what it does on an act: grab, drag,
 * drop, tap, double, hold, menu, hover (see gestures.mjs), nudge, delete, choose, focus (see handles.mjs)}.
 * Acts of the pointer also get `point` (and `start`, where it was grabbed) and `trail` (its `points`) in pixels of the
 * picture; acts of a handle get `handle`, `at` and `point`. Without gripAt a press takes the nearest handle, by its id.
 * Without `double` a double click shows the whole picture.
 */
export function openStage(options) {
  const { stage, canvas, svg, draw, tools = {}, keys = {}, changed = () => {}, inset, root = document } = options;
  const viewport = openViewport(options.size, { inset, changed: renew });
  let handles = [];
  let tool = {};
  let toolName = null;
  let start = null; // where the grip was grabbed, in the picture: the view may move while it is held
  let held = null; // the last act of the drag that goes on
  let stale = true; // something was said that is not so any more

  const {
    surface,
    redraw,
    close: closeSurface,
  } = openSurface(canvas, paint, () => {
    viewport.resized(surface.room, surface.ratio);
  });
  const above = openHandles(svg, { act: handled, name: "Handles" });

  function paint(context) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, surface.device.width, surface.device.height);
    draw(context, surface, viewport.view);
    above.show(handles, viewport.view, surface.room);
    if (stale) describe();
  }

  function describe() {
    stale = false;
    const percent = Math.round(viewport.zoom * 100);
    for (const element of root.querySelectorAll("[data-read=zoom]")) {
      element.textContent = `${percent} %`;
      named(element);
    }
    changed(api);
  }

  function renew() {
    stale = true;
    redraw();
  }

  // ---- pointers

  function handleAt(at, device = "mouse") {
    const onScreen = handles.map((handle) => ({ ...viewport.toScreen(handle), handle }));
    return hit(onScreen, at, REACH[device] ?? REACH.touch)?.handle ?? null;
  }

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
    if (keyboard.space.down && act.act === "pan") keyboard.space.used = true;
    if (act.act in viewActs) return viewActs[act.act](act);
    const told = { ...act, point: viewport.toPicture(act.at) };
    if (act.act === "grab") start = told.point;
    if (act.from) told.start = start;
    if (act.points) told.trail = act.points.map((one) => ({ ...one, ...viewport.toPicture(one) }));
    if (act.act === "double" && !tool.double) return viewport.commands.fit();
    if (act.from && act.act !== "grab" && !held) return null; // its tool was put away meanwhile
    if (act.from) held = act.act === "drop" ? null : told;
    return tool[act.act]?.(told);
  }

  /** A tool that is put away puts back what it holds. */
  function letGo() {
    if (held) tool.drop?.({ ...held, act: "drop", cancelled: true });
    held = null;
    tool.destroy?.();
  }

  // ---- handles, keys, buttons

  function handled(act) {
    if (act.act === "leave") return stage.focus({ preventScroll: true });
    if (act.key === " " && keyboard.space.used) return null;
    const handle = handles.find(({ id }) => id === act.id);
    if (!handle) return null; // gone since the last frame
    if (act.act === "focus") viewport.seek(handle);
    const point = { x: handle.x, y: handle.y };
    return tool[act.act]?.({ ...act, handle, grip: act.id, at: viewport.toScreen(handle), point });
  }

  const keyboard = openKeyboard({
    tables: () => [tool.keys ?? {}, keys, KEYS],
    run: (bound, event) => {
      if (typeof bound === "function") bound(event);
      else if (!event.repeat || REPEATING.has(bound)) viewport.commands[bound]();
    },
    pan: (way, event) => viewport.pan(...way.map((one) => one * NUDGE * (event.shiftKey ? 5 : 1))),
    spaced: dress,
  });

  function dress() {
    stage.style.cursor = keyboard.space.down ? "grab" : (tool.cursor ?? "");
  }

  const clicked = (event) => {
    const name = event.target.closest("[data-do]")?.dataset.do ?? "";
    if (Object.hasOwn(viewport.commands, name)) viewport.commands[name]();
  };

  function setTool(name) {
    if (name === toolName || !Object.hasOwn(tools, name)) return;
    letGo();
    toolName = name;
    tool = tools[name];
    tool.create?.(api);
    dress();
    renew();
  }

  const unfocus = keepFocus(stage, handleAt, above.focus); // before the acts: a menu that a press opens takes the focus
  const detach = attach(stage, {
    act: acted,
    gripAt,
    holds: () => Boolean(tool.hold),
    panning: () => keyboard.space.down,
    hover: true,
    menu: true,
  });
  root.addEventListener("click", clicked);

  function close() {
    letGo();
    detach();
    unfocus();
    root.removeEventListener("click", clicked);
    for (const part of [keyboard, above]) part.close();
    closeSurface();
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
    /** From a place on the stage to one of the window, where menus open. */
    toWindow: ({ x, y }) => ({ x: x + stage.getBoundingClientRect().left, y: y + stage.getBoundingClientRect().top }),
    setTool,
    setSize: viewport.setSize,
    setView: viewport.setView,
    /** Which handles there are (see handles.mjs); they follow the view by themselves. */
    showHandles: (list) => ((handles = list), redraw()),
    focusHandle: above.focus,
    handleAt,
    redraw,
    close,
  };
  setTool(Object.keys(tools)[0]);
  return api;
}
