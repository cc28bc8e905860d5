// Completes a cut-off person: what lies beyond the frame is proposed, moved by hand, taken or discarded.

import { t } from "../stage/i18n.mjs";
import { fromDocument, PoseError, toText } from "./document.mjs";
import * as edit from "./edit.mjs";
import { parentOf } from "./grips.mjs";
import { asked } from "./host.mjs";
import { jointAt } from "./session.mjs";

const PATIENCE = 300; // ms after the last move of the slider

/** Whom the webui found nobody has named yet: they are called as the page calls people. */
const unnamed = (found) => fromDocument({ ...found, people: found.people.map((one) => ({ ...one, name: "" })) });

/** `say(sentence)`: a short message; `busy(promise)`: shows that something is going on. */
export function openComplete(session, { say, complain }) {
  const part = (name) => document.getElementById(name);
  let timer = 0;
  let turn = 0; // counts questions and decisions: an answer to an older one is not wanted any more
  let last = ""; // what was said of the frame

  const needed = () => {
    const { picture } = session.state;
    if (!picture) throw new PoseError("Open a picture first.");
    if (!picture.id) throw new PoseError("Only the webui can do this.");
    return picture.id;
  };

  /** The webui's answer; null when the picture, or what the user wants, became another meanwhile. */
  async function answered(verb, body) {
    const [mine, { picture }] = [++turn, session.state];
    const answer = await asked(verb, body);
    return mine === turn && picture === session.state.picture ? answer : null;
  }

  function sayAll(sentences) {
    if (sentences.length) say(sentences.join(" "));
    return sentences;
  }

  /** Gives what was said. */
  async function detect() {
    const answer = await answered("detect", { picture: needed() });
    if (!answer) return [];
    session.update(t("Detect"), { pose: unnamed(answer.document), ghosts: answer.ghosts ?? [], padding: null });
    session.choose(session.pose.people.length ? 0 : null);
    return sayAll(sentencesOf(answer));
  }

  async function complete() {
    const picture = needed();
    const found = session.pose.people.length ? [] : await detect();
    if (session.state.picture?.id !== picture) return;
    const body = { picture, document: toText(session.pose), margin: Number(part("margin").value) };
    const answer = await answered("complete", body);
    if (!answer) return;
    const { ghosts, padding } = answer;
    session.update(t("Complete"), { pose: fromDocument(answer.document), ghosts: ghosts ?? [], padding: padding ?? null });
    const sentences = sentencesOf(answer);
    last = sentences.join();
    if (sentences.length) sayAll([...found, ...sentences]);
  }

  /** The frame for another margin; the proposals stay where they are. What was said of it is not said again. */
  async function reframe() {
    const body = { picture: needed(), document: toText(session.pose), margin: Number(part("margin").value) };
    const answer = await answered("complete", body);
    if (!answer) return;
    session.update(t("Change the margin"), { padding: answer.padding ?? null }, "margin");
    const sentences = sentencesOf(answer);
    if (sentences.join() !== last) sayAll(sentences);
    last = sentences.join();
  }

  function decided() {
    clearTimeout(timer);
    turn++;
  }

  function accept() {
    decided();
    session.update(t("Take all"), { ghosts: [] });
  }

  function discard() {
    decided();
    const pose = edit.setOn(session.pose, session.state.ghosts, false);
    session.update(t("Discard"), { pose, ghosts: [], padding: null });
  }

  function refresh() {
    const { ghosts, padding } = session.state;
    part("ghostly").hidden = !ghosts.length && !padding;
    part("ghost-text").textContent = ghosts.length
      ? t("{count} joints proposed: drag them into place.", { count: ghosts.length })
      : t("The picture grows by the hatched strips.");
    document.querySelector("[data-do=accept]").disabled = !ghosts.length;
  }

  part("margin").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => reframe().catch(complain), PATIENCE);
  });
  session.changed((what) => what === "state" && refresh());
  refresh();
  return { detect, complete, accept, discard, refresh };
}

/** What the webui wants said: sentences of its own, or ones of ours with their values. */
function sentencesOf({ said, notes }) {
  const sentences = [said ?? [], notes ?? []].flat().filter(Boolean);
  return sentences.map((one) => (typeof one === "string" ? t(one) : t(one.text, one.values)));
}

/** What the overlay draws of the proposals: joint, parent and confidence of each. */
export const proposals = ({ pose, ghosts }) =>
  ghosts.flatMap((ghost) => {
    const joint = jointAt(pose, ghost);
    const parent = parentOf(ghost);
    if (!joint?.on) return [];
    const above = parent && jointAt(pose, parent);
    return [{ joint, parent: above?.on ? above : null, confidence: ghost.confidence }];
  });
