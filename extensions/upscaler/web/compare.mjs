// The page that compares the picture before and after the work.

import { attach, command } from "../stage/gestures.mjs";
import { t } from "../stage/i18n.mjs";
import { openPage } from "../stage/page.mjs";
import { load, loadFile } from "../stage/pictures.mjs";
import { openSurface } from "../stage/surface.mjs";
import { clamped, fit, limited, limits, middle, nextStop, panned, pinched, zoomed, zoomOf } from "../stage/view.mjs";
import { paint } from "./paint.mjs";
import { dragged, keyed, paneAt, panes } from "./wipe.mjs";

const MARGIN = 16; // CSS pixels around a fitted picture
const NUDGE = 40; // CSS pixels an arrow key pans
const KEYS = {
  0: "fit", Digit0: "fit", 1: "actual", Digit1: "actual", "+": "larger", "=": "larger", "-": "smaller",
  " ": "peek", KeyB: "peek", KeyS: "side", KeyP: "pixels",
  ArrowLeft: "right", ArrowRight: "left", ArrowUp: "down", ArrowDown: "up",
};
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
let checks = null;

const { surface, redraw } = openSurface(part("canvas"), draw, resized);

function layout() {
  const has = { before: Boolean(state.pictures.before), after: Boolean(state.pictures.after) };
  return panes({ ...state, has }, surface.room);
}

function draw(context) {
  if (!state.frame) return context.clearRect(0, 0, surface.device.width, surface.device.height);
  checks ??= context.createPattern(checkerboard(), "repeat");
  paint(context, surface, { ...state, panes: layout(), checks });
  describe();
}

// ---- the view

function move(view) {
  state.view = clamped(view, state.frame, layout()[0].box);
  state.fitted = false;
  redraw();
}

function zoom(at, factor) {
  const view = zoomed(state.view, at, factor);
  move(limited(view, at, limits(state.frame, layout()[0].box, surface.ratio)));
}

function zoomTo(wanted) {
  const { width, height } = layout()[0].box;
  zoom({ x: width / 2, y: height / 2 }, wanted / zoomOf(state.view, surface.ratio));
}

function fitted() {
  const below = part("bar").offsetHeight + MARGIN;
  const inset = { top: MARGIN, right: MARGIN, bottom: (stacked() ? 0 : below) + MARGIN, left: MARGIN };
  state.view = fit(state.frame, layout()[0].box, inset);
  state.fitted = true;
  redraw();
}

const stacked = () => state.side && layout().length > 1 && layout()[1].box.y > 0;

function resized() {
  if (state.frame && state.fitted) fitted();
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

function perform(act) {
  if (!state.frame) return;
  const pane = paneAt(layout(), act.at ?? (act.from ? middle(act.from) : { x: 0, y: 0 }));
  const local = ({ x, y }) => ({ x: x - pane.shift.x, y: y - pane.shift.y });
  if (act.act === "pan") move(panned(state.view, act.dx, act.dy));
  if (act.act === "zoom") zoom(local(act.at), act.factor);
  if (act.act === "pinch") pinch(act.from.map(local), act.to.map(local));
  if (act.act === "double" && act.at) fitted();
  if (act.act === "grab") state.grabbed = state.share;
  if (act.act === "drag") wipe(dragged(state.grabbed, act.from, act.at, surface.room.width));
  if (act.act === "drop" && act.cancelled) wipe(state.grabbed);
}

function pinch(from, to) {
  move(limited(pinched(state.view, from, to), middle(to), limits(state.frame, layout()[0].box, surface.ratio)));
}

function listen() {
  const gripAt = (target) => target.closest("[data-grip]")?.dataset.grip ?? null;
  attach(stage, { act: perform, gripAt });
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

const bound = (event) => command({ ...keyOf(event), tag: event.target.tagName }, KEYS);

function keyOf({ key, code, ctrlKey, altKey, metaKey, isComposing }) {
  return { key, code, ctrlKey, altKey, metaKey, isComposing };
}

function pressed(event) {
  const name = bound(event);
  if (!name || !state.frame) return;
  event.preventDefault();
  if (name === "peek") return void (event.repeat || peek(true));
  if (!(name in PANS)) return void (event.repeat && !/larger|smaller/.test(name) ? null : commands[name]());
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
  stage.dataset.show = dividing ? (stacked() ? "stacked" : state.side ? "side" : "wipe") : list[0].which;
  stage.toggleAttribute("data-peek", state.peek && dividing);
  stage.style.setProperty("--line", `${state.side ? 50 : state.share * 100}%`);
  handle.setAttribute("aria-valuenow", share);
  handle.setAttribute("aria-valuetext", t("{share} % of the stage shows the picture before", { share }));
  part("sizes").textContent = sizes(before, after);
  part("reduced").hidden = !(before?.reduced || after?.reduced);
  part("zoom").textContent = `${percent} %`;
  const pressedNow = { side: state.side, pixels: state.pixels, peek: state.peek };
  for (const [name, on] of Object.entries(pressedNow)) document.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", on);
  for (const name of ["side", "peek"]) document.querySelector(`[data-do=${name}]`).disabled = !(before && after);
}

function sizes(before, after) {
  const size = (picture) => `${picture.width}×${picture.height}`;
  if (before && after) return t("before {before} → after {after}", { before: size(before), after: size(after) });
  return size(after ?? before);
}

function note(sentence, kind) {
  const place = part("note");
  place.hidden = !sentence;
  place.textContent = sentence;
  place.dataset.kind = kind ?? "";
  part("bar").hidden = !state.frame;
  stage.hidden = !state.frame;
}

// ---- pictures

/** `sources`: {before, after}, each a function that gives a picture, or null. */
async function show(sources) {
  const turn = ++showing;
  note(t("Loading the picture …"), "wait");
  try {
    const [before, after] = await Promise.all([sources.before?.() ?? null, sources.after?.() ?? null]);
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
  note("");
  if (frame?.width === width && frame.height === height && !state.fitted) redraw();
  else fitted();
}

function complain(error) {
  if (!error.values) throw error; // a fault of ours: the console shall have it whole
  state.frame = null;
  redraw();
  note(t(error.message, error.values), "fault");
}

function showIds(before, after) {
  if (!before && !after) return note(t("The picture before and after the work will appear here."), "hint");
  return show({ before: before && (() => load(before)), after: after && (() => load(after)) });
}

const sample = (name) => () => loadFile(new URL(`sample/${name}.png`, import.meta.url));

function checkerboard() {
  const cell = 8; // device pixels
  const tile = new OffscreenCanvas(2 * cell, 2 * cell);
  const context = tile.getContext("2d");
  context.fillStyle = "#7d7d80";
  context.fillRect(0, 0, 2 * cell, 2 * cell);
  context.fillStyle = "#8b8b8e";
  context.fillRect(0, 0, cell, cell);
  context.fillRect(cell, cell, cell, cell);
  return tile;
}

listen();
const { asked, bridge } = await openPage("upscaler", import.meta.url, { show: ({ before, after }) => showIds(before, after) }, redraw);
if (!showing) {
  if (asked.has("before") || asked.has("after") || !bridge.alone) showIds(asked.get("before"), asked.get("after"));
  else show({ before: sample("before"), after: sample("after") });
}
document.documentElement.dataset.ready = "";
