// The library: presets of bodies, hands and faces, found by words; own ones kept; what lies between two people.

import { dressed, make, slider, textButton, ask } from "../stage/dom.mjs";
import { language, t } from "../stage/i18n.mjs";
import { readPose } from "./dialects.mjs";
import { MOST_TEXT, PoseError, toDocument, toText } from "./document.mjs";
import { asked } from "./host.mjs";
import * as presets from "./presets.mjs";
import { HAND_COLOURS, HAND_EDGES, LIMB_COLOURS, LIMBS } from "./skeleton.mjs";
import { hex } from "./trace.mjs";
import { series, tween } from "./tween.mjs";

const KINDS = { body: "Bodies", hand: "Hands", face: "Faces" };
const SIDES = { right: "Right", left: "Left", both: "Both" };
const SVG = "http://www.w3.org/2000/svg";
const ROOM = 100; // units of a card's drawing

/** `alone`: there is no webui, the page's own few presets must do. `give(name, data)` hands a file to the user. */
export function openLibrary(place, session, { alone, say, complain, give }) {
  const state = { all: [], kind: "body", side: "both", words: "" };
  const search = make("input", { type: "search", "data-t-title": "Search", oninput: () => find(search.value) });
  const tabs = switcher(KINDS, "kind");
  const sides = switcher(SIDES, "side");
  const cards = make("div", { class: "cards" });
  const empty = make("p", { class: "hint", "data-t": "Nothing fits these words." });
  const keep = textButton("Keep this as a preset", () => kept().catch(complain));
  const files = make("input", { type: "file", multiple: true, accept: ".json", hidden: true });
  const imports = textButton("Import files", () => files.click());
  files.addEventListener("change", () => imported([...files.files]).catch(complain));
  const between = betweenPart(session, { say, give });
  place.append(...[search, tabs, sides, cards, empty, make("div", { class: "buttons", style: "margin-top: 8px" }, keep, imports, files), between.element].map(dressed));
  keep.hidden = imports.hidden = alone;

  function switcher(names, field) {
    const buttons = Object.entries(names).map(([value, text]) =>
      make("button", { type: "button", "data-t": text, "data-value": value, onclick: () => set(field, value) }),
    );
    return make("div", { class: "tabs", role: "group" }, ...buttons);
  }

  function set(field, value) {
    state[field] = value;
    refresh();
  }

  function find(words) {
    state.words = words;
    refresh();
  }

  function refresh() {
    for (const [element, field] of [
      [tabs, "kind"],
      [sides, "side"],
    ])
      for (const button of element.children) button.setAttribute("aria-pressed", String(button.dataset.value === state[field]));
    sides.hidden = state.kind !== "hand";
    search.placeholder = t("Search");
    const found = found_(state);
    cards.replaceChildren(...found.map((preset) => card(preset, () => tried(preset))));
    empty.hidden = found.length > 0;
  }

  function tried(preset) {
    try {
      apply(preset);
    } catch (error) {
      complain(error);
    }
  }

  function apply(preset) {
    const { person } = session.chosen;
    if (person === null) return say(t("Choose a person first."));
    const label = nameOf(preset);
    if (preset.kind === "body") return session.edit(label, (pose) => presets.applyBody(pose, person, preset));
    if (preset.kind === "face") return session.edit(label, (pose) => presets.applyFace(pose, person, preset));
    const sides = state.side === "both" ? ["left", "right"] : [state.side];
    return session.edit(label, (pose) => sides.reduce((next, side) => presets.applyHand(next, person, side, preset), pose));
  }

  async function kept() {
    const { person } = session.chosen;
    if (person === null) return say(t("Choose a person first."));
    const given = await ask("Keep this as a preset", [{ name: "name", text: "Name", required: true, maxlength: 80 }], "Keep");
    if (!given) return undefined;
    const part = state.kind === "hand" ? (state.side === "left" ? "left" : "right") : "";
    await asked("keep", { name: given.name, kind: state.kind, document: toText(session.pose), person, part });
    say(t("The preset is kept."));
    return read();
  }

  /** Each file's people become presets of bodies, named after the file. */
  async function imported(given) {
    let [kept, left] = [0, 0];
    for (const file of given) {
      try {
        kept += await importOne(file);
      } catch (error) {
        if (!(error instanceof PoseError)) throw error;
        left++;
      }
    }
    files.value = "";
    say(t("Presets kept: {kept}. Files left out: {left}.", { kept, left }));
    return read();
  }

  async function importOne(file) {
    if (file.size > MOST_TEXT) throw new PoseError("This file is too large for a pose.");
    const { pose } = readPose(await file.text());
    const stem = file.name.replace(/\.[^.]*$/, "");
    for (const person of pose.people.keys()) {
      const name = person ? `${stem} ${person + 1}` : stem;
      await asked("keep", { name, kind: "body", document: toText(pose), person, part: "" });
    }
    return pose.people.length;
  }

  async function read() {
    state.all = alone ? await own() : (await asked("presets")).presets;
    refresh();
  }

  const own = async () => (await (await fetch(new URL("sample/presets.json", import.meta.url))).json()).presets;

  refresh();
  let asking = null;
  return {
    /** Reads the presets when they are first wanted. */
    open: () => (asking ??= read().catch((error) => ((asking = null), complain(error)))),
    refresh() {
      refresh();
      between.refresh();
    },
  };
}

const nameOf = ({ name }) => name[language()] ?? name.en;

const found_ = ({ all, kind, words }) => all.filter((preset) => preset.kind === kind && matches(preset, words));

/** Whether each word is a piece of a name or a tag, in either language. */
export function matches({ name, tags = [] }, words) {
  const text = [...Object.values(name), ...tags].join(" ").toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function card(preset, click) {
  const name = nameOf(preset);
  const button = make("button", { type: "button", title: name, onclick: click }, make("span", {}, name));
  button.prepend(drawingOf(preset));
  return button;
}

function drawingOf({ kind, points }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${ROOM} ${ROOM}`);
  svg.setAttribute("aria-hidden", "true");
  const placed = fitted(points);
  const lines = { body: LIMBS, hand: HAND_EDGES, face: [] }[kind];
  const colours = { body: LIMB_COLOURS, hand: HAND_COLOURS }[kind];
  lines.forEach(([a, b], n) => placed[a] && placed[b] && svg.append(stroke(placed[a], placed[b], hex(colours[n]))));
  if (kind === "face") for (const point of placed.filter(Boolean)) svg.append(dot(point));
  return svg;
}

function fitted(points) {
  const there = points.filter(Boolean);
  const [xs, ys] = [there.map(([x]) => x), there.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = (ROOM - 12) / Math.max(width, height, 1e-6);
  const [dx, dy] = [(ROOM - width * scale) / 2, (ROOM - height * scale) / 2];
  return points.map((point) => point && [(point[0] - left) * scale + dx, (point[1] - top) * scale + dy]);
}

function stroke([x1, y1], [x2, y2], colour) {
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(name, value.toFixed(1));
  line.style.cssText = `stroke: ${colour}; stroke-width: 5`;
  return line;
}

function dot([x, y]) {
  const circle = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: x, cy: y, r: 1.6 })) circle.setAttribute(name, value.toFixed(1));
  circle.style.cssText = "fill: currentColor; stroke: none";
  return circle;
}

// ---- between two people

function betweenPart(session, { say, give }) {
  const from = make("select", { "data-t-title": "From" });
  const to = make("select", { "data-t-title": "To" });
  const count = make("input", { type: "number", min: 2, max: 64, value: 8, "data-t-title": "Frames" });
  let held = null; // {pose, token, a, b}
  const share = slider("Between", { min: 0, max: 100, value: 0 }, slid);
  const input = share.querySelector("input");
  const element = make(
    "details",
    { class: "between" },
    make("summary", { "data-t": "Between two people" }),
    make("label", { class: "field" }, make("span", { "data-t": "From" }), from),
    make("label", { class: "field" }, make("span", { "data-t": "To" }), to),
    share,
    make("label", { class: "field" }, make("span", { "data-t": "Frames" }), count),
    make("div", { class: "buttons" }, textButton("Save the frames", save)),
  );

  const chosen = () => [from, to].map((select) => session.pose.people[Number(select.value)]);

  function slid(percent, done) {
    const index = Number(from.value);
    if (!held) {
      const [a, b] = chosen();
      if (!a || !b) return;
      held = { token: {}, a, b };
    }
    const { a, b, token } = held;
    const between = tween(a, b, percent / 100);
    session.edit(t("Between two people"), (pose) => ({ ...pose, people: pose.people.with(index, between) }), token);
    if (done) [held, input.value] = [null, 0];
  }

  function save() {
    const [a, b] = chosen();
    if (!a || !b || a === b) return say(t("Choose two people."));
    const frames = series(a, b, Math.min(64, Math.max(2, Number(count.value) || 2)));
    const poses = frames.map((person) => toDocument({ ...session.pose, people: [person] }));
    return give("pose-frames.json", JSON.stringify(poses));
  }

  function refresh() {
    const names = session.pose.people.map(({ name }) => name);
    element.hidden = names.length < 2;
    for (const [select, usual] of [
      [from, 0],
      [to, 1],
    ]) {
      const was = select.length < 2 ? String(usual) : select.value;
      select.replaceChildren(...names.map((name, n) => make("option", { value: n, selected: String(n) === was }, name)));
    }
  }

  let known = null;
  session.changed(() => {
    const names = session.pose.people.map(({ name }) => name).join("\n");
    if (names !== known) refresh();
    known = names;
  });
  refresh();
  return { element, refresh };
}
