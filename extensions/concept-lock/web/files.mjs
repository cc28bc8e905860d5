// What comes in and goes out as files: boards, pictures, and poses, whose people become regions.

import { download } from "../stage/dom.mjs";
import { t, UserError } from "../stage/i18n.mjs";
import { openIntake } from "../stage/intake.mjs";
import { workOf } from "../stage/memory.mjs";
import { load } from "../stage/pictures.mjs";
import { routesOf } from "../stage/routes.mjs";
import { sourceOf } from "../stage/sources.mjs";
import { boardOf, boardText, MOST, MOST_TEXT, parsed } from "./board.mjs";
import { laid } from "./edit.mjs";
import { drawnOf, gridOf } from "./png.mjs";

const POSE_EDITOR = "pose-editor";
const people = routesOf(POSE_EDITOR);

/** Whether one is the other larger or smaller, to a pixel. */
const sameShape = (a, b) =>
  Math.abs(a.width * b.height - b.width * a.height) <= Math.max(a.width, a.height, b.width, b.height);

/** `alone`: no webui; `sized()`: the panel says how large the picture is; `say(sentence)`, `complain(error)`. */
export function openFiles(session, { alone, sized, say, complain }) {
  const input = document.getElementById("file");
  let opening = Promise.resolve();

  /** One after the other: what was opened last is what is there in the end. */
  const inTurn = (work) => (opening = opening.then(() => work().catch(complain)));

  function openAll(files) {
    for (const file of files) inTurn(() => openOne(file));
    return opening;
  }

  async function openOne(file) {
    if (file.type.startsWith("image/")) return openPicture(await sourceOf(file, alone));
    if (file.size > MOST_TEXT) throw new UserError("This file is too large for a board.");
    return openText(await file.text());
  }

  /** A board, or what the webui knows as a pose. */
  async function openText(text) {
    if ("atelier_board" in Object(parsed(text))) return take(await boardOf(text));
    return takePeople(text);
  }

  function take({ width, height, regions }) {
    const size = sized() ? {} : { width, height };
    session.edit(t("Open a board"), (board) => ({ ...board, ...size, regions }));
    session.choose(regions[0]?.id ?? null);
  }

  /** Where the panel does not say how large the picture will be, it is as large as this one. */
  function openPicture(picture) {
    const size = sized() ? {} : { width: picture.width, height: picture.height };
    session.edit(t("Open a picture"), (board) => ({ ...board, ...size, picture }));
  }

  async function takePeople(pose) {
    const { regions } = await people("regions", { document: pose });
    if (!regions.length) throw new UserError("There is nobody in this pose.");
    const grid = gridOf(session.state);
    const parts = [];
    let shape = session.state; // of the pose
    for (const { name, mask } of regions.slice(0, MOST)) {
      const { bitmap, width, height } = await load(mask);
      shape = { width, height };
      parts.push({ name, mask: drawnOf(bitmap, grid) });
    }
    session.edit(t("Regions from the poses"), (board) => laid(board, parts));
    session.choose(session.state.regions[0].id);
    const count = regions.length;
    const said = [
      !sameShape(shape, session.state) && t("The pose is for a picture of another shape: its people were stretched."),
      count > MOST && t("The pose has {count} people; the first {most} became regions.", { count, most: MOST }),
    ];
    if (said.some(Boolean)) say(said.filter(Boolean).join(" "));
  }

  /** The pose that the pose editor kept last. */
  async function fromPoses() {
    if (alone) throw new UserError("Only the webui can do this.");
    const { pose } = (await workOf(POSE_EDITOR)) ?? {};
    if (!pose?.people?.length) throw new UserError("Pose somebody in the pose editor first, or drop a pose file here.");
    const editor = await import("../pose-editor/document.mjs").catch(() => null);
    if (!editor) throw new UserError("The pose editor is not installed.");
    return takePeople(editor.toText(pose));
  }

  const pasted = (text) => /^\s*\{/.test(text) && inTurn(() => openText(text));

  openIntake(document.getElementById("stage"), input, { files: openAll, text: pasted });
  return {
    pick: () => input.click(),
    openText,
    fromPoses,
    removePicture: () => session.edit(t("Remove the picture"), (board) => ({ ...board, picture: null })),
    async save() {
      download("regions.json", new Blob([await boardText(session.state)], { type: "application/json" }));
    },
  };
}
