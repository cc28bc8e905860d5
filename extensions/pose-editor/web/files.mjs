// Files that come in: by the button, dropped on the stage, or from the clipboard.

import { t } from "../stage/i18n.mjs";
import { openIntake } from "../stage/intake.mjs";
import { openMenu } from "../stage/menu.mjs";
import { sourceOf } from "../stage/sources.mjs";
import { readPose } from "./dialects.mjs";
import { fromDocument, MOST_TEXT, PoseError } from "./document.mjs";
import { asked } from "./host.mjs";
import { stretched } from "./transform.mjs";

/** Whether one picture is the other larger or smaller: a pose of one belongs on the other, to a pixel. */
const sameShape = (a, b) => Math.abs(a.width * b.height - b.width * a.height) <= Math.max(a.width, a.height, b.width, b.height);

/** `alone`: no webui; `say(sentence)`, `complain(error)`; `middle()`: where in the window a question shall appear. */
export function openFiles(session, stageElement, { alone, say, complain, middle }) {
  const input = document.getElementById("file");

  let opening = Promise.resolve();

  /** One after the other: what was opened last is what is there in the end. */
  function openAll(files) {
    for (const file of files) opening = opening.then(() => openOne(file).catch(complain));
    return opening;
  }

  async function openOne(file) {
    if (file.type.startsWith("image/") && !/svg/.test(file.type)) return openPicture(file);
    if (file.size > MOST_TEXT) throw new PoseError("This file is too large for a pose.");
    const text = await file.text();
    if (/^\s*<(\?xml|svg|!)/.test(text)) return openAnswer(await asked("read", { text }));
    return openText(text);
  }

  function openText(text) {
    const { width, height } = session.state.picture ?? {};
    const { pose, notes } = readPose(text, width ? { width, height } : null);
    take(pose, notes);
  }

  const openAnswer = ({ document: written, notes }) => take(fromDocument(written), notes ?? []);

  function take(pose, notes) {
    const { picture } = session.state;
    const kept = picture !== null && sameShape(picture, pose);
    const placed = kept ? stretched(pose, picture) : pose;
    session.update(t("Open a pose"), { pose: placed, picture: kept ? picture : null, ghosts: [], padding: null });
    session.choose(pose.people.length ? 0 : null);
    for (const note of notes.slice(0, 1)) say(typeof note === "string" ? t(note) : t(note.text, note.values));
  }

  async function openPicture(file) {
    const chosen = await openMenu(middle(), [
      { id: "picture", label: t("Use as the picture") },
      { id: "reference", label: t("Use as a reference above it") },
      { id: "skeleton", label: t("Read the pose from its colours"), disabled: alone },
    ]);
    if (!chosen) return;
    const source = await sourceOf(file, alone);
    if (chosen === "skeleton") return openAnswer(await asked("read", { picture: source.id }));
    if (chosen === "reference") return session.update(t("Open a reference"), { reference: source });
    setPicture(source);
  }

  /** The canvas gets the picture's size. Who stood there to begin with makes room; whom somebody posed stays. */
  function setPicture(source) {
    const people = session.history.canUndo ? session.pose.people : [];
    const pose = { ...session.pose, width: source.width, height: source.height, people };
    session.update(t("Open a picture"), { picture: source, pose, padding: null });
  }

  function pasted(text) {
    if (!/^\s*[[{]/.test(text)) return;
    try {
      openText(text);
    } catch (error) {
      complain(error);
    }
  }

  openIntake(stageElement, input, { files: openAll, text: pasted });
  return { pick: () => input.click(), openText, setPicture };
}
