// The page's buttons and keys.

import { ask, describeCommands, setPanel } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { openMenu } from "../stage/menu.mjs";
import { run, running } from "../stage/page.mjs";
import { panned, turnOf } from "../stage/view.mjs";
import { PoseError, side } from "./document.mjs";
import { steer, writers } from "./exports.mjs";

const PAN = 40; // CSS pixels
const NARROW = "(max-width: 620px)";
const DRAWING = new Set(["pen", "eraser", "line", "fill"]);
const TOOL_KEYS = {
  KeyV: "pose",
  KeyM: "marquee",
  KeyH: "hand",
  KeyB: "pen",
  KeyE: "eraser",
  KeyL: "line",
  KeyG: "fill",
  KeyW: "vanishing",
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `parts`: {session, actions, look, files, complete, drawing, bridge, stage()}. */
export function bindCommands(parts) {
  const { session, actions, look, files, complete, drawing } = parts;
  const { history } = session;
  const element = (name) => document.querySelector(`[data-do="${name}"]`);

  const commands = {
    undo: () => history.undo(),
    redo: () => history.redo(),
    open: () => files.pick(),
    export: save,
    detect: () => complete.detect(),
    complete: () => complete.complete(),
    accept: () => complete.accept(),
    reject: () => complete.discard(),
    presets: showLibrary,
    size: resize,
    map: () => setMap(!look.map),
    panel: () => setPanel(),
    person: () => actions.addPerson(),
    wipe: () => drawing.wipe(),
  };

  function setMap(on) {
    look.map = on;
    element("map").setAttribute("aria-pressed", String(on));
    parts.stage().redraw();
  }

  function showLibrary() {
    setPanel(true);
    const section = document.getElementById("section-library");
    section.open = true;
    section.scrollIntoView({ block: "start" });
    section.querySelector("input").focus({ preventScroll: true });
  }

  async function save() {
    const box = element("export").getBoundingClientRect();
    const id = await openMenu({ x: box.left, y: box.bottom + 4 }, [
      { id: "json", label: t("Pose (JSON)") },
      { id: "openpose", label: t("OpenPose JSON") },
      { id: "png", label: t("Map (PNG)") },
      { id: "svg", label: t("Map (SVG)") },
      ...(parts.bridge.alone ? [] : [null, ...units().map(({ id, tab, unit }) => ({ id, label: unitName(tab, unit) }))]),
    ]);
    const chosen = units().find((one) => one.id === id);
    if (chosen) await steer(parts.bridge, session.pose, session.options.stick, chosen.tab, chosen.unit);
    else if (id) await writers[id](session.pose, session.options.stick);
  }

  const unitName = (tab, unit) => t("To ControlNet unit {number} of {tab}", { number: unit + 1, tab });
  const units = () =>
    ["txt2img", "img2img"].flatMap((tab) => [0, 1, 2].map((unit) => ({ id: `${tab} ${unit}`, tab, unit })));

  async function resize() {
    if (session.state.picture) throw new PoseError("The canvas is as large as its picture. Remove the picture in the layers first.");
    const { width, height } = session.pose;
    const limits = { type: "number", required: true, min: 1, max: 8192 };
    const given = await ask("Size of the canvas", [
      { name: "width", text: "Width", value: width, ...limits },
      { name: "height", text: "Height", value: height, ...limits },
    ]);
    if (!given) return;
    const size = { width: side(Number(given.width)), height: side(Number(given.height)) };
    session.edit(t("Size of the canvas"), (pose) => (size.width === width && size.height === height ? pose : { ...pose, ...size }));
  }

  function arrow(event) {
    const [x, y] = ARROWS[event.key];
    const far = event.shiftKey ? 10 : 1;
    const stage = parts.stage();
    if (!session.chosen.refs.length) return stage.setView(panned(stage.view, -x * PAN * far ** 0.7, -y * PAN * far ** 0.7));
    const turn = -turnOf(stage.view);
    return actions.nudge(far * (x * Math.cos(turn) - y * Math.sin(turn)), far * (x * Math.sin(turn) + y * Math.cos(turn)));
  }

  const tool = (name) => parts.stage().setTool(name);
  const order = (way) => session.chosen.person !== null && actions.reorder(session.chosen.person, way);
  const keys = {
    ...Object.fromEntries(Object.entries(TOOL_KEYS).map(([key, name]) => [key, () => tool(name)])),
    ...Object.fromEntries(Object.keys(ARROWS).map((key) => [key, arrow])),
    "mod+KeyZ": commands.undo,
    "mod+shift+KeyZ": commands.redo,
    "mod+KeyY": commands.redo,
    "mod+KeyO": commands.open,
    "mod+KeyS": commands.export,
    "mod+KeyD": () => actions.duplicate(),
    "mod+KeyA": () => actions.all(),
    "mod+Delete": () => actions.remove(),
    "mod+Backspace": () => actions.remove(),
    Delete: () => actions.toggleShown(),
    Backspace: () => actions.toggleShown(),
    PageUp: () => order(1),
    PageDown: () => order(-1),
    Escape: () => session.choose(session.chosen.refs.length ? session.chosen.person : null),
    KeyA: commands.person,
    KeyF: () => actions.flip(),
    KeyK: () => actions.togglePinned(),
    KeyP: commands.map,
    Backslash: commands.panel,
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.tool) tool(button.dataset.tool);
    const name = button?.dataset.do;
    if (name in commands) run(commands[name]);
  });
  if (!matchMedia(NARROW).matches) setPanel(true);

  /** What of the buttons depends on what is going on. */
  function describe(current) {
    describeCommands(history, current);
    document.getElementById("brush").hidden = !DRAWING.has(current);
    document.getElementById("size").textContent = `${session.pose.width} × ${session.pose.height}`;
  }

  return {
    keys: running(keys),
    describe,
    isDrawing: (current) => DRAWING.has(current),
  };
}
