// The page "Pose and sketch": wires the session to the stage, the panel, the webui and the browser's memory.

import { download } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { adorn } from "../stage/icons.mjs";
import { fingerprint, openMemory, placeFor } from "../stage/memory.mjs";
import { announce, busy, complain, openPage, went } from "../stage/page.mjs";
import { openStage } from "../stage/shell.mjs";
import { openPictures, sourceById, sourceOf } from "../stage/sources.mjs";
import { fit, panned } from "../stage/view.mjs";
import { openActions } from "./actions.mjs";
import { bindCommands } from "./commands.mjs";
import { openComplete, proposals } from "./complete.mjs";
import { readPose } from "./dialects.mjs";
import { blank, standing } from "./document.mjs";
import { drawTools } from "./drawtool.mjs";
import { openFiles } from "./files.mjs";
import { frameOf } from "./grips.mjs";
import { asked, openHost } from "./host.mjs";
import "./icons.mjs";
import { openLayers } from "./layerlist.mjs";
import { openLibrary } from "./library.mjs";
import { openMapPreview } from "./mappreview.mjs";
import { openOptions } from "./options.mjs";
import { drawOverlay } from "./overlay.mjs";
import { openPeople } from "./people.mjs";
import { openPoseMenu } from "./posemenu.mjs";
import { poseTools } from "./posetool.mjs";
import { openScene } from "./scene.mjs";
import { beginning, jointAt, KEPT, openSession } from "./session.mjs";
import { stretched } from "./transform.mjs";

const USUAL = { width: 512, height: 768 }; // where no webui says what its model draws well
const STICKS = ["standard", "wide"];
const PATIENCE = 1000; // ms for the webui's size, and for the panel to say what it wants edited
const BARS = { bottom: 64, top: 60 }; // CSS pixels of the stage that lie below the bars

const part = (name) => document.getElementById(name);
const marks = { marquee: null, snap: [] };
const look = { map: false };
let arrived = null; // what the panel asked for last; it may come before the page is built
let takeUp = () => {};
let opening = Promise.resolve(); // until what the panel asked for is open
let built;
const whole = new Promise((done) => (built = done)); // the page
let handled = { scale: 0, tool: null }; // what the handles were made for
let framed = null; // the strips of the picture that are in sight
let stage = null; // it tells of its first change before it is there

adorn(document);
const on = { open: (request) => takeUp((arrived = request)), flush };
const { bridge } = await openPage("pose-editor", import.meta.url, on, () => renamed());
let size = USUAL; // of a new pose
const sized = bridge.alone ? null : Promise.race([asked("canvas"), tired()]).then(resize, () => {});

const say = announce;
const session = openSession(beginning(first(size.width, size.height, null)));
const actions = openActions(session);
const drawing = drawTools(session, brush, { complain });
const scene = openScene(session, drawing.paint);
const pictures = openPictures(session, scene.bitmaps, { shown: () => stage.redraw(), complain });
const posing = poseTools(session, openPoseMenu(session, actions, inWindow, complain), marks);
const files = openFiles(session, part("stage"), { alone: bridge.alone, say, complain, middle });
const complete = openComplete(session, { say, complain });
const memory = openMemory(session, { ...KEPT, failed: say, foreign, begin });
const commands = bindCommands({ session, actions, look, files, complete, drawing, bridge, stage: () => stage });
const panels = [
  openPeople(part("people"), session, actions, personMenu),
  openOptions(part("options"), session),
  openLayers(part("layers"), session),
  complete,
];
const library = openLibrary(part("library"), session, { alone: bridge.alone, say, complain, give });
panels.push(library);
part("section-library").addEventListener("toggle", () => library.open());

stage = openStage({
  stage: part("stage"),
  canvas: part("canvas"),
  svg: part("handles"),
  size,
  inset: () => ({ bottom: BARS.bottom, top: part("brush").hidden && part("ghostly").hidden ? 0 : BARS.top }),
  draw,
  tools: { pose: posing.pose, marquee: posing.marquee, hand: { cursor: "grab" }, ...drawing.tools },
  keys: commands.keys,
  changed: described,
});
const host = openHost(session, bridge, { drawing: drawing.png, complain });
if (!bridge.alone) {
  const maps = openMapPreview(part("layers"), session, { sketch: host.sketch, complain });
  part("section-layers").addEventListener("toggle", () => maps.open());
}
session.changed(followed);

function resize(told) {
  if (told?.width > 0 && told.height > 0) size = { width: told.width, height: told.height };
}

function tired() {
  return new Promise((done) => setTimeout(done, PATIENCE));
}

// ---- what is seen

function draw(context, surface, view) {
  const drawn = commands.isDrawing(stage.tool);
  const live = drawn ? "strokes" : session.chosen.person;
  scene.draw(context, surface, view, { map: look.map, paper: drawn, live });
  drawOverlay(context, surface, view, overlay());
}

function overlay() {
  const { pose, guides, padding } = session.state;
  const posed = stage.tool === "pose" || stage.tool === "marquee";
  const { refs } = session.chosen;
  return {
    size: pose,
    person: posed && session.person?.on ? session.person : null,
    opened: session.opened,
    ghosts: proposals(session.state),
    frame: posed && refs.length > 1 ? cornersOf(frameOf(pose, refs, stage.view.scale).box) : null,
    marquee: marks.marquee,
    snap: marks.snap,
    guides,
    guided: !posed && stage.tool !== "hand",
    padding,
  };
}

const cornersOf = ({ x, y, width, height }) =>
  [
    { x, y },
    { x: x + width, y },
    { x: x + width, y: y + height },
    { x, y: y + height },
  ].map(stage.toScreen);

function followed() {
  commands.describe(stage.tool);
  const { width, height } = session.pose;
  if (stage.size.width !== width || stage.size.height !== height) stage.setSize({ width, height });
  part("empty").hidden = session.pose.people.length > 0 || session.state.strokes.length > 0;
  reframed();
  showHandles();
}

/** What the picture shall grow by comes into sight when it is first known. */
function reframed() {
  const { padding } = session.state;
  const grown = padding !== null && framed === null;
  framed = padding;
  if (!grown) return;
  const { width, height } = session.pose;
  const whole = { width: width + padding.left + padding.right, height: height + padding.top + padding.bottom };
  const view = fit(whole, stage.surface.room, { top: BARS.top + 12, bottom: BARS.bottom + 12, left: 16, right: 16 });
  stage.setView(panned(view, padding.left * view.scale, padding.top * view.scale));
}

function showHandles() {
  handled = { scale: stage.view.scale, tool: stage.tool };
  stage.showHandles([...posing.handles(), ...drawing.handles()]);
}

/** Handles depend on the zoom: hands and faces get theirs when they are large enough. */
function described(one) {
  commands.describe(one.tool);
  part("stage").dataset.tool = one.tool;
  if (stage && (one.view.scale !== handled.scale || one.tool !== handled.tool)) showHandles();
}

function renamed() {
  for (const panel of panels) panel.refresh();
  showHandles();
}

// ---- what is said

function foreign() {
  say(t("This pose was changed in another tab. What is changed last is kept."));
}

function give(name, text) {
  download(name, new Blob([text], { type: "application/json" }));
}

// ---- places

function inWindow({ x, y }) {
  const box = part("stage").getBoundingClientRect();
  return { x: x + box.left, y: y + box.top };
}

function middle() {
  const box = part("stage").getBoundingClientRect();
  return { x: box.left + box.width / 2 - 100, y: box.top + box.height / 3 };
}

function personMenu(person, button) {
  const box = button.getBoundingClientRect();
  const { left, top } = part("stage").getBoundingClientRect();
  return posing.menuOf(person, { x: box.left - left, y: box.bottom - top });
}

function brush() {
  return {
    colour: part("brush-colour").value,
    size: Number(part("brush-size").value),
    steadiness: Number(part("brush-steady").value) / 100,
  };
}

// ---- what is opened

/** Tells the panel what is here; false when it did not take it. */
const told = () => went(host.flush);

/** Before a run: what the panel asked for is open, and what it then holds is told. */
async function flush() {
  await whole;
  await opening;
  return told();
}

/** What the panel wants edited. The same request once more, as after a reload, goes on with what was kept. */
async function open(request) {
  const { document: text, picture } = request;
  const options = JSON.parse(request.options || "{}"); // {width, height} of the canvas, {field} to tell, {stick}
  if (options.field) host.writeTo(options.field);
  if (STICKS.includes(options.stick)) session.set("stick", options.stick);
  await sized;
  await memory.use(placeFor(KEPT.name, picture, options.field), { passing: Boolean(options.field) });
  const mark = fingerprint(JSON.stringify([text, picture, request.options, request.stamp]));
  if (memory.beganWith(mark)) return;
  try {
    const source = picture ? await sourceById(picture) : null;
    const given = source ?? (options.width && options.height ? options : null);
    const { width, height } = given ?? size;
    const { pose, notes } = text ? readPose(text, source) : { pose: first(width, height, picture), notes: [] };
    const fitted = given ? stretched(pose, { width, height }) : pose;
    session.update(t("Open"), { ...beginning(fitted), layers: session.state.layers, picture: source });
    memory.note(mark);
    session.choose(pose.people.length ? 0 : null);
    if (notes.length) say(t(notes[0].text ?? notes[0], notes[0].values));
  } catch (error) {
    complain(error);
  }
}

/** A picture shall be looked at first; an empty canvas gets somebody to begin with. */
function first(width, height, picture) {
  return picture ? blank(width, height) : standing(width, height);
}

/** Where nothing is kept; layers stay as they were set. */
function begin() {
  return { ...beginning(first(size.width, size.height, null)), layers: session.state.layers };
}

async function sample() {
  const answer = await fetch(new URL("sample/room.png", import.meta.url));
  const source = await sourceOf(await answer.blob(), true);
  session.history.beginWith({ ...session.state, picture: source }); // unless somebody was faster
}

if (!arrived) await sized;
const found = arrived ? false : await memory.use(memory.last());
if (!found && !arrived && bridge.alone) await sample();
await pictures.refresh();
followed();
/** One after the other: what was asked for last is what is there in the end. */
takeUp = (request) => {
  const done = opening.then(() => open(request));
  opening = done.catch(() => {});
  busy(done.then(told));
};
if (arrived) takeUp(arrived);
else if (!bridge.alone) setTimeout(() => arrived || told(), PATIENCE);
built();

/** For tests and benches: the pose, the view, where a joint is on the screen, the history, the canvas's size. */
window.atelierEditor = {
  pose: () => session.pose,
  state: () => session.state,
  view: () => ({ ...stage.view, zoom: stage.zoom }),
  select: (ref) => session.choose(ref?.person ?? null, ref ? [ref] : []),
  joint: (ref) => inWindow(stage.toScreen(jointAt(session.pose, ref))),
  history: session.history,
  size: () => stage.size,
  open: (text) => files.openText(text),
};
document.documentElement.dataset.ready = "";
