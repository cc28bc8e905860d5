// The page that compares the picture before and after the work.

import { attach } from "../stage/gestures.mjs";
import { t } from "../stage/i18n.mjs";
import { command, ZOOM_KEYS } from "../stage/keys.mjs";
import { openPage } from "../stage/page.mjs";
import { PictureError, load, loadFile } from "../stage/pictures.mjs";
import { openSurface } from "../stage/surface.mjs";
import { clamped, fit, limited, limits, middle, nextStop, panned, pinched, zoomed, zoomOf } from "../stage/view.mjs";
import { checkerboard, paint } from "./paint.mjs";
import { dragged, keyed, paneAt, panes } from "./wipe.mjs";

const MARGIN = 16; // CSS pixels around a fitted picture
const NUDGE = 40; // CSS pixels an arrow key pans
const KEYS = {
  ...ZOOM_KEYS,
  " ": "peek",
  KeyB: "peek",
  KeyS: "side",
  KeyP: "pixels",
  ArrowLeft: "right",
  ArrowRight: "left",
  ArrowUp: "down",
  ArrowDown: "up",
};
const ZOOMS = new Set(["larger", "smaller"]); // what goes on while its key is held down
const PANS = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

const part = (name) => document.getElementById(name);
const stage = part("stage");
const handle = part("wipe");

const state = {
  pictures: { before: null, after: null },
  frame: null, // the size both are shown at, in picture pixels
  view: { scale: 1, x: 0, y: 0 },
  fitted: true, // the view follows the window until the user moves it
  share: 0.5,
  grabbed: 0.5, // the share when the handle was grabbed
  side: false,
  pixels: false,
  peek: false,
};
let showing = 0; // counts `show`s: only the latest may end on the stage
let said = null; // what the note says
let checks = null;

const { surface, redraw } = openSurface(part("canvas"), draw, resized);

function layout() {
  const has = { before: Boolean(state.pictures.before), after: Boolean(state.pictures.after) };
  return panes({ ...state, has }, surface.room);
}

function draw(context) {
  if (!state.frame) return context.clearRect(0, 0, surface.device.width, surface.device.height);
  checks ??= checkerboard(context);
  paint(context, surface, { ...state, panes: layout(), checks });
  describe();
}

// ---- the view

function move(view) {
  state.view = clamped(view, state.frame, layout()[0].room);
  state.fitted = false;
  redraw();
}

function zoom(at, factor) {
  const view = zoomed(state.view, at, factor);
  move(limited(view, at, limits(state.frame, layout()[0].room, surface.ratio)));
}

function zoomTo(wanted) {
  const { width, height } = layout()[0].room;
  zoom({ x: width / 2, y: height / 2 }, wanted / zoomOf(state.view, surface.ratio));
}

function fitted() {
  const bottom = part("bar").offsetHeight + 2 * MARGIN;
  const inset = { top: MARGIN, right: MARGIN, bottom, left: MARGIN };
  state.view = fit(state.frame, layout()[0].room, inset);
  state.fitted = true;
  redraw();
}

function resized() {
  if (!state.frame) return;
  if (state.fitted) fitted();
  else state.view = clamped(state.view, state.frame, layout()[0].room);
}

// ---- what the user does

const commands = {
  fit: fitted,
  actual: () => zoomTo(1),
  larger: () => zoomTo(nextStop(zoomOf(state.view, surface.ratio), 1)),
  smaller: () => zoomTo(nextStop(zoomOf(state.view, surface.ratio), -1)),
  side: () => {
    state.side = !state.side;
    fitted();
  },
  pixels: () => {
    state.pixels = !state.pixels;
    redraw();
  },
};

function peek(on) {
  state.peek = on;
  redraw();
}

function wipe(share) {
  state.share = share;
  redraw();
}

const acts = {
  pan: ({ dx, dy }) => move(panned(state.view, dx, dy)),
  zoom: ({ at, factor }) => zoom(inPane(at)(at), factor),
  pinch: ({ from, to }) => pinch(...[from, to].map((pair) => pair.map(inPane(middle(from))))),
  double: fitted,
  grab: () => (state.grabbed = state.share),
  drag: ({ from, at }) => wipe(dragged(state.grabbed, from, at, surface.room.width)),
  drop: ({ cancelled }) => cancelled && wipe(state.grabbed),
};

function pinch(from, to) {
  move(limited(pinched(state.view, from, to), middle(to), limits(state.frame, layout()[0].room, surface.ratio)));
}

/** From the stage's coordinates to those of the pane that `anchor` lies in. */
function inPane(anchor) {
  const { shift } = paneAt(layout(), anchor);
  return ({ x, y }) => ({ x: x - shift.x, y: y - shift.y });
}

function listen() {
  const gripAt = (target) => target.closest("[data-grip]")?.dataset.grip ?? null;
  attach(stage, { act: (act) => state.frame && acts[act.act]?.(act), gripAt });
  stage.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    event.preventDefault(); // the browser would focus whatever catches the pointer
    (grip ? handle : stage).focus({ preventScroll: true });
  });
  handle.addEventListener("keydown", (event) => {
    const share = keyed(state.share, event.key, event.shiftKey);
    if (share === null || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    wipe(share);
  });
  window.addEventListener("keydown", pressed);
  window.addEventListener("keyup", (event) => bound(event) === "peek" && peek(false));
  window.addEventListener("blur", () => peek(false));
  for (const button of document.querySelectorAll("[data-do]")) {
    if (button.dataset.do === "peek") holdable(button);
    else button.addEventListener("click", () => state.frame && commands[button.dataset.do]());
  }
}

const bound = (event) => command(event, KEYS);

function pressed(event) {
  const name = bound(event);
  if (!name || !state.frame) return;
  event.preventDefault();
  if (name === "peek") return void (event.repeat || peek(true));
  if (name in commands) return void ((event.repeat && !ZOOMS.has(name)) || commands[name]());
  const [x, y] = PANS[name].map((way) => way * NUDGE * (event.shiftKey ? 5 : 1));
  move(panned(state.view, x, y));
}

function holdable(button) {
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    peek(true);
  });
  for (const end of ["pointerup", "pointercancel", "blur", "keyup"]) button.addEventListener(end, () => peek(false));
  button.addEventListener("keydown", (event) => /^( |Enter)$/.test(event.key) && peek(true));
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on a touch screen
}

// ---- what the page says

function describe() {
  const { before, after } = state.pictures;
  const list = layout();
  const dividing = list.length > 1;
  const percent = Math.round(zoomOf(state.view, surface.ratio) * 100);
  const share = Math.round(state.share * 1000) / 10;
  stage.dataset.show = dividing ? arrangement(list) : list[0].which;
  stage.toggleAttribute("data-peek", state.peek && dividing);
  stage.style.setProperty("--line", `${state.side ? 50 : state.share * 100}%`);
  handle.setAttribute("aria-valuenow", share);
  handle.setAttribute("aria-valuetext", t("{share} % of the stage shows the picture before", { share }));
  part("sizes").textContent = sizes(before, after);
  part("reduced").hidden = !(before?.reduced || after?.reduced);
  part("zoom").textContent = `${percent} %`;
  const pressedNow = { side: state.side, pixels: state.pixels, peek: state.peek };
  for (const [name, on] of Object.entries(pressedNow))
    document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", on);
  for (const name of ["side", "peek"]) document.querySelector(`[data-do=${name}]`).disabled = !(before && after);
}

function arrangement([, second]) {
  if (!state.side) return "wipe";
  return second.box.y > 0 ? "stacked" : "side";
}

function sizes(before, after) {
  const size = (picture) => `${picture.width}×${picture.height}`;
  if (before && after) return t("Before {before} → after {after}", { before: size(before), after: size(after) });
  return size(after ?? before);
}

/** `sentence` is a function, so that it can be said again in another language. */
function note(sentence, kind = "") {
  said = sentence;
  part("note").hidden = !sentence;
  part("note").textContent = sentence?.() ?? "";
  part("note").dataset.kind = kind;
  part("bar").hidden = stage.hidden = !state.frame;
}

function renamed() {
  note(said, part("note").dataset.kind);
  redraw();
}

// ---- pictures

/** `sources`: {before, after}, each a function that gives a picture, or null. */
async function show(sources) {
  const turn = ++showing;
  note(() => t("Loading the picture …"), "wait");
  try {
    const [before, after] = await Promise.all([sources.before && sources.before(), sources.after && sources.after()]);
    if (turn === showing) place({ before, after });
    else [before, after].forEach((picture) => picture?.bitmap.close());
  } catch (error) {
    if (turn === showing) complain(error);
  }
}

function place(pictures) {
  const { frame } = state;
  for (const old of Object.values(state.pictures)) old?.bitmap.close();
  state.pictures = pictures;
  const { width, height } = pictures.after ?? pictures.before;
  state.frame = { width, height };
  note(null);
  if (frame?.width === width && frame.height === height && !state.fitted) redraw();
  else fitted();
}

function complain(error) {
  if (!(error instanceof PictureError)) throw error; // a fault of ours: the console shall have it whole
  clear(() => t(error.message, error.values), "fault");
}

function clear(sentence, kind) {
  showing++; // what is still loading comes too late
  state.frame = null;
  note(sentence, kind);
}

function showIds(before, after) {
  if (!before && !after) return clear(() => t("The picture before and after the work will appear here."), "hint");
  const done = after && after !== before; // a picture that was only opened stands for both
  return show({ before: before && (() => load(before)), after: done && (() => load(after)) });
}

const sample = (name) => () => loadFile(new URL(`sample/${name}.png`, import.meta.url));

listen();
const { asked, bridge } = await openPage(
  "upscaler",
  import.meta.url,
  { show: ({ before, after }) => showIds(before, after) },
  renamed,
);
if (!showing) {
  if (asked.has("before") || asked.has("after") || !bridge.alone) showIds(asked.get("before"), asked.get("after"));
  else show({ before: sample("before"), after: sample("after") });
}
document.documentElement.dataset.ready = "";
