// The page of the pictures of a lesson: wires the session to the stage, the strip, the panel, the webui and the memory.

import { t, UserError } from "../../stage/i18n.mjs";
import { addIcons, adorn } from "../../stage/icons.mjs";
import { openIntake } from "../../stage/intake.mjs";
import { openMemory } from "../../stage/memory.mjs";
import { announce, busy, complain, openPage, went } from "../../stage/page.mjs";
import { openStage } from "../../stage/shell.mjs";
import { openPictures, sourceOf } from "../../stage/sources.mjs";
import "../icons.mjs";
import { added, beginning, KEPT, MOST, pictureOf } from "./album.mjs";
import { bindCommands } from "./commands.mjs";
import { cropTool } from "./croptool.mjs";
import { openFinds } from "./finds.mjs";
import { openHost } from "./host.mjs";
import { maskTools } from "./masktool.mjs";
import { drawPicture } from "./overlay.mjs";
import { openSession } from "./session.mjs";
import { openSide } from "./side.mjs";
import { openStrip } from "./strip.mjs";

const SIZE = { width: 512, height: 512 };
const BAR = 64; // CSS pixels of the stage that lie below its bar
const IMAGE = /^image\/(?!svg)/;

addIcons({
  crop: "M7 3v14h14M3 7h14v14",
  back: "m14.5 6-6 6 6 6",
  on: "m9.5 6 6 6-6 6",
  face: "M12 4a7.5 7.5 0 1 0 0 15 7.5 7.5 0 1 0 0-15M9.2 10h.01M14.8 10h.01M9 14c1.8 1.6 4.2 1.6 6 0",
  mask: "M12 3.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 1 0 0-7M5 20c.4-5 3-7.5 7-7.5s6.6 2.5 7 7.5z",
  caption: "M4 6h16M4 11h16M4 16h9",
});

const part = (name) => document.getElementById(name);
const marks = { brush: null };
const bitmaps = { picture: null };
let taking = Promise.resolve(); // until the files that came are taken
let stage = null;
let host = null;
let size = null; // what the panel teaches at; it may come before the page is built
let built;
const whole = new Promise((done) => (built = done)); // the page

adorn(document);
const on = { open: ({ options }) => sized(JSON.parse(options || "{}").size), flush };
const { bridge } = await openPage("concept-lock-teach", new URL("..", import.meta.url), on, renamed);

const session = openSession();
const brushSize = () => Number(part("brush-size").value);
const masking = maskTools(session, brushSize, marks);
const cropping = cropTool(session);
const pictures = openPictures(session, bitmaps, { shown: () => stage.redraw(), complain });
host = openHost(session, bridge, { complain });
const strip = openStrip(part("strip"), session, { complain });
const side = openSide(part("panel"), session, strip, () => stage.redraw());
const find = openFinds(session, host, { say: announce, progress });
const memory = openMemory(session, { ...KEPT, failed: announce, foreign, begin: beginning });
const pick = () => part("file").click();
const commands = bindCommands({
  ...{ session, strip, find, pick },
  brush: part("brush-size"),
  stage: () => stage,
});
openIntake(part("stage"), part("file"), { files: takeIn, text: () => {} });

stage = openStage({
  stage: part("stage"),
  canvas: part("canvas"),
  svg: part("handles"),
  size: SIZE,
  inset: () => ({ bottom: BAR }),
  draw: (context, surface, view) => {
    const brush = marks.brush && { ...marks.brush, size: brushSize() };
    const { picture, options } = session;
    drawPicture(context, surface, view, { picture, bitmap: bitmaps.picture, side: options.size, brush });
  },
  tools: { crop: cropping, brush: masking(false), eraser: masking(true), hand: { cursor: "grab" } },
  keys: commands.keys,
  changed: (one) => {
    commands.describe(one.tool);
    part("stage").dataset.tool = one.tool;
    if (stage) showHandles();
  },
});
part("stage").addEventListener("pointerleave", () => ((marks.brush = null), stage.redraw()));
session.changed(followed);

// ---- what is seen

function followed(what) {
  if (what !== "options") pictures.refresh();
  const { width, height } = session.source() ?? SIZE;
  if (stage.size.width !== width || stage.size.height !== height) {
    stage.setSize({ width, height });
    stage.commands.fit();
  }
  part("empty").hidden = session.state.pictures.length > 0;
  part("strip").hidden = !session.state.pictures.length;
  document.body.toggleAttribute("data-empty", !session.state.pictures.length);
  commands.describe(stage.tool);
  showHandles();
  stage.redraw();
}

function showHandles() {
  stage.showHandles(stage.tool === "crop" ? cropping.handles() : []);
}

function renamed() {
  side.refresh("options");
  strip.refresh();
  followed("options");
}

function progress(done, of) {
  part("progress").textContent = of ? `${done + 1} / ${of}` : "";
}

function foreign() {
  announce(t("These pictures were changed in another tab. What is changed last is kept."));
}

// ---- what comes in

/** One after the other, in the order in which they came. */
function takeIn(files) {
  taking = taking.then(() => taken(files)).catch(complain);
  return busy(taking);
}

/** Files of the user. Those that are no pictures are counted; where none was taken, why is said. */
async function taken(files) {
  const images = files.filter(({ type }) => IMAGE.test(type));
  const token = {};
  let [first, refused, trouble] = [null, files.length - images.length, null];
  try {
    for (const [n, file] of images.entries()) {
      progress(n, images.length);
      const source = await taught(file).catch((error) => {
        if (!("values" in error)) throw error;
        trouble = error;
      });
      if (source) first = put(source, token, first);
      else refused++;
    }
  } finally {
    progress(0, 0);
  }
  if (trouble && !first) throw trouble;
  const why = trouble ? ` ${t(trouble.message, trouble.values)}` : "";
  if (refused) announce(t("Files that could not be taken as pictures: {count}.", { count: refused }) + why);
}

async function taught(file) {
  if (session.state.pictures.length < MOST) return sourceOf(file, bridge.alone);
  throw new UserError("A lesson takes up to {most} pictures.", { most: MOST });
}

function put(source, token, first) {
  const picture = pictureOf(source);
  session.edit(t("Add pictures"), (album) => added(album, [picture]), token);
  if (!first) session.choose(picture.key);
  return first ?? picture;
}

function sized(given) {
  size = given ?? size;
  if (host && size) session.set("size", size);
}

/** Before a lesson: what is here is told. */
async function flush() {
  await whole;
  return went(host.flush);
}

await memory.use(KEPT.name);
sized();
if (!session.chosen && session.state.pictures.length) session.choose(session.state.pictures[0].key);
await pictures.refresh();
followed("state");
if (!bridge.alone) busy(host.tell());
built();

/** For tests: the album, the picture that is looked at, the view, a place of the picture in the window, the history. */
window.atelierAlbum = {
  state: () => session.state,
  chosen: () => session.picture,
  view: () => ({ ...stage.view, zoom: stage.zoom }),
  seen: (place) => stage.toWindow(stage.toScreen(place)),
  history: session.history,
};
document.documentElement.dataset.ready = "";
