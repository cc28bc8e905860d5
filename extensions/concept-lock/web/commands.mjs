// The page's buttons and keys.

import { describeCommands, scale, setPanel } from "../stage/dom.mjs";
import { run, running } from "../stage/page.mjs";
import { panned, turnOf } from "../stage/view.mjs";
import { SPLITS } from "./edit.mjs";

const PAN = 40; // CSS pixels
const GROWTH = 1.25; // of the brush, a press of [ or ]
const ROOMY = "(min-width: 900px) and (min-height: 500px)"; // where the panel is open from the start
const PAINTING = new Set(["brush", "eraser"]);
const TOOL_KEYS = { KeyV: "move", KeyR: "box", KeyB: "brush", KeyE: "eraser", KeyL: "lasso", KeyH: "hand" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `parts`: {session, actions, files, brush: its size's input, stage()}. */
export function bindCommands({ session, actions, files, brush, stage }) {
  const { history } = session;

  const commands = {
    undo: () => history.undo(),
    redo: () => history.redo(),
    open: () => files.pick(),
    save: () => files.save(),
    poses: () => files.fromPoses(),
    unpicture: () => files.removePicture(),
    rest: () => actions.rest(),
    panel: () => setPanel(),
    ...Object.fromEntries(Object.keys(SPLITS).map((name) => [`split-${name}`, () => actions.split(name)])),
  };

  /** Along the screen, however the picture is turned. */
  function arrow(event) {
    const [x, y] = ARROWS[event.key];
    const far = event.shiftKey ? 10 : 1;
    const { view, setView } = stage();
    if (!session.region) return setView(panned(view, -x * PAN * Math.sqrt(far), -y * PAN * Math.sqrt(far)));
    const turn = -turnOf(view);
    const [dx, dy] = [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)];
    return actions.nudge(session.chosen, far * Math.round(dx), far * Math.round(dy));
  }

  const keys = {
    ...Object.fromEntries(Object.entries(TOOL_KEYS).map(([key, name]) => [key, () => stage().setTool(name)])),
    ...Object.fromEntries(Object.keys(ARROWS).map((key) => [key, arrow])),
    "mod+KeyZ": commands.undo,
    "mod+shift+KeyZ": commands.redo,
    "mod+KeyY": commands.redo,
    "mod+KeyO": commands.open,
    "mod+KeyS": commands.save,
    "mod+KeyD": () => actions.duplicate(),
    Delete: () => actions.remove(),
    Backspace: () => actions.remove(),
    PageUp: () => actions.reorder(session.chosen, 1),
    PageDown: () => actions.reorder(session.chosen, -1),
    Escape: () => session.choose(null),
    KeyF: commands.rest,
    KeyN: () => session.choose(null),
    BracketLeft: () => scale(brush, 1 / GROWTH),
    BracketRight: () => scale(brush, GROWTH),
    Backslash: commands.panel,
  };

  document.addEventListener("click", (event) => {
    const { tool, do: name } = event.target.closest("button")?.dataset ?? {};
    if (tool) stage().setTool(tool);
    if (name in commands) run(commands[name]);
  });
  setPanel(matchMedia(ROOMY).matches);

  function describe(tool) {
    describeCommands(history, tool);
    document.getElementById("brush").hidden = !PAINTING.has(tool);
    document.getElementById("lassoing").hidden = tool !== "lasso";
    document.getElementById("size").textContent = `${session.state.width} × ${session.state.height}`;
    document.querySelector("[data-do=unpicture]").hidden = !session.state.picture;
  }

  return {
    keys: running(keys),
    describe,
  };
}
