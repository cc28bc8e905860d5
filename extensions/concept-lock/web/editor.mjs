// The page "Regions": wires the session to the stage, the panel, the webui and the browser's memory.

import { t } from "../stage/i18n.mjs";
import { adorn } from "../stage/icons.mjs";
import { fingerprint, openMemory, placeFor } from "../stage/memory.mjs";
import { announce, busy, complain, openPage, run, went } from "../stage/page.mjs";
import { openStage } from "../stage/shell.mjs";
import { openPictures, sourceById } from "../stage/sources.mjs";
import { openTelling } from "../stage/telling.mjs";
import { openActions } from "./actions.mjs";
import { boardOf, boardText } from "./board.mjs";
import { boxTools } from "./boxtool.mjs";
import { bindCommands } from "./commands.mjs";
import { openFiles } from "./files.mjs";
import "./icons.mjs";
import { paintTools } from "./painttool.mjs";
import { openList, openNumbers } from "./regionlist.mjs";
import { openRegionMenu } from "./regionmenu.mjs";
import { openScene } from "./scene.mjs";
import { KEPT, openSession, started } from "./session.mjs";

const FIELD = "atelier_concept_lock_state"; // of the panel, in which the board is told
const SIZE = { width: 512, height: 512 };
const PATIENCE = 1000; // ms for the panel to say what it wants edited, before it is told what is here
const BARS = { bottom: 64, top: 56 }; // CSS pixels of the stage that lie below the bars
const LOW = matchMedia("(max-height: 499px)");

const part = (name) => document.getElementById(name);
const marks = { snap: [], brush: null, lasso: null };
let arrived = null; // what the panel asked for last; it may come before the page is built
let takeUp = () => {};
let opening = Promise.resolve(); // until what the panel asked for is open
let told = false; // whether the panel said how large the picture is
let small = false; // whether the panel asked for little room
let built;
const whole = new Promise((done) => (built = done)); // the page
let handled = { scale: 0, tool: null }; // what the handles were made for
let stage = null; // it tells of its first change before it is there

adorn(document);
const on = { open: (request) => takeUp((arrived = request)), flush };
const { bridge } = await openPage("concept-lock", import.meta.url, on, renamed);

const session = openSession(started(SIZE));
const actions = openActions(session);
const openMenuAt = openRegionMenu(session, actions, complain);
const framing = boxTools(session, actions, (id, at) => openMenuAt(id, stage.toWindow(at)), marks, complain);
const brush = part("brush-size");
const brushSize = () => Number(brush.value);
const painting = paintTools(session, brushSize, marks, complain);
const scene = openScene(session, marks, brushSize);
const pictures = openPictures(session, scene.bitmaps, { shown: () => stage.redraw(), complain });
const files = openFiles(session, { alone: bridge.alone, sized: () => told, say: announce, complain });
const memory = openMemory(session, { ...KEPT, failed: announce, foreign, begin: () => started(session.state) });
const commands = bindCommands({ session, actions, files, brush, stage: () => stage });
const panels = [
  openList(part("regions"), session, actions, { openMenuFor, run }),
  openNumbers(part("numbers"), session, { openMenuFor }),
];
part("snap").addEventListener("change", (event) => session.set("snap", event.target.checked));
brush.addEventListener("input", () => stage.redraw());

stage = openStage({
  stage: part("stage"),
  canvas: part("canvas"),
  svg: part("handles"),
  size: SIZE,
  inset: () => (isSmall() ? {} : BARS),
  draw: (...args) => scene.draw(...args, { framed: stage?.tool === "move" }),
  tools: { ...framing.tools, ...painting.tools, hand: { cursor: "grab" } },
  keys: commands.keys,
  changed: described,
});
part("stage").addEventListener("pointerleave", () => ((marks.brush = null), stage.redraw()));
/** With the id of the picture behind the regions: a run may begin from it. */
const text = () => boardText(session.state, { picture: session.state.picture?.id ?? null });
const panel = openTelling(session, bridge, { field: FIELD, text, complain });
session.changed(followed);
LOW.addEventListener("change", fitted);

// ---- what is seen

function followed() {
  commands.describe(stage.tool);
  const { width, height, regions } = session.state;
  if (stage.size.width !== width || stage.size.height !== height) stage.setSize({ width, height });
  part("empty").hidden = regions.length > 0;
  showHandles();
}

function showHandles() {
  handled = { scale: stage.view.scale, tool: stage.tool };
  stage.showHandles(framing.handles());
}

/** Which handles there is room for depends on the zoom. */
function described(one) {
  commands.describe(one.tool);
  part("stage").dataset.tool = one.tool;
  if (stage && (one.view.scale !== handled.scale || one.tool !== handled.tool)) showHandles();
}

function isSmall() {
  return small || LOW.matches;
}

function fitted() {
  document.body.toggleAttribute("data-small", isSmall());
  stage.commands.fit();
}

function renamed() {
  for (const panel of panels) panel.refresh();
  followed();
}

function foreign() {
  announce(t("These regions were changed in another tab. What is changed last is kept."));
}

function openMenuFor(id, button) {
  const box = button.getBoundingClientRect();
  return openMenuAt(id, { x: box.left, y: box.bottom + 4 });
}

// ---- what is opened

/** Tells the panel what is here; false when it did not take it. */
const tell = () => went(panel.flush);

/** Before a run: what the panel asked for is open, and what it then holds is told. */
async function flush() {
  await whole;
  await opening;
  return tell();
}

/** What the panel wants edited. The same request once more, as after a reload, goes on with what was kept. */
async function open(request) {
  const options = JSON.parse(request.options || "{}"); // {width, height} of the picture, {field} to tell, {small}
  if (options.field) panel.writeTo(options.field);
  small = Boolean(options.small);
  told = Boolean(options.width && options.height);
  fitted();
  await memory.use(placeFor(KEPT.name, null, options.field), { passing: Boolean(options.field) });
  const mark = fingerprint(JSON.stringify([request.document, request.picture, request.options, request.stamp]));
  if (!memory.beganWith(mark) && (await went(() => put(request, told ? options : null)))) memory.note(mark);
  chooseOne();
}

const chooseOne = () => session.region ?? session.choose(session.state.regions[0]?.id ?? null);

/** Without a document the regions stay, without a picture the one that lies behind them. */
async function put({ document: text, picture }, asked) {
  const board = text ? await boardOf(text) : null;
  const source = picture ? await sourceById(picture) : session.state.picture;
  const { width, height } = asked ?? board ?? (picture ? source : session.state);
  const { regions } = board ?? session.state;
  const next = { ...session.state, width, height, regions, picture: source };
  if (Object.keys(next).every((name) => next[name] === session.state[name])) return;
  const opened = Boolean(board || picture);
  if (!opened && session.history.beginWith(next)) return;
  session.edit(t(opened ? "Open" : "Change the size"), () => next, opened ? null : "size");
}

const found = arrived ? false : await memory.use(memory.last());
if (found) chooseOne();
await pictures.refresh();
fitted();
followed();
/** One after the other: what was asked for last is what is there in the end. */
takeUp = (request) => {
  const done = opening.then(() => open(request));
  opening = done.catch(() => {});
  busy(done.then(tell));
};
if (arrived) takeUp(arrived);
else if (!bridge.alone) setTimeout(() => arrived || tell(), PATIENCE);
built();

/** For tests: the board, the view, a place of the picture in the window, the history. */
window.atelierEditor = {
  state: () => session.state,
  chosen: () => session.chosen,
  view: () => ({ ...stage.view, zoom: stage.zoom }),
  seen: (place) => stage.toWindow(stage.toScreen(place)),
  history: session.history,
  open: (text) => files.openText(text),
};
document.documentElement.dataset.ready = "";
