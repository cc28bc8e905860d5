// The page's buttons and keys.

import { describeCommands } from "../stage/dom.mjs";
import { panned, turnOf } from "../stage/view.mjs";
import { SPLITS } from "./edit.mjs";

const PAN = 40; // CSS pixels
const GROWTH = 1.25; // of the brush, a press of [ or ]
const ROOMY = "(min-width: 900px) and (min-height: 500px)"; // where the panel is open from the start
const PAINTING = new Set(["brush", "eraser"]);
const TOOL_KEYS = { KeyV: "move", KeyR: "box", KeyB: "brush", KeyE: "eraser", KeyL: "lasso", KeyH: "hand" };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** `parts`: {session, actions, files, brush: its size's input, stage(), complain, busy(promise)}. */
export function bindCommands({ session, actions, files, brush, stage, complain, busy }) {
  const { history } = session;

  const run = (work) => {
    try {
      const done = work();
      if (done instanceof Promise) busy(done.catch(complain));
    } catch (error) {
      complain(error);
    }
  };

  const commands = {
    undo: () => history.undo(),
    redo: () => history.redo(),
    open: () => files.pick(),
    save: () => files.save(),
    poses: () => files.fromPoses(),
    unpicture: () => files.removePicture(),
    rest: () => actions.rest(),
    panel: () => setPanel(!document.body.hasAttribute("data-side")),
    ...Object.fromEntries(Object.keys(SPLITS).map((name) => [`split-${name}`, () => actions.split(name)])),
  };

  function setPanel(on) {
    document.body.toggleAttribute("data-side", on);
    document.querySelector(".head [data-do=panel]").setAttribute("aria-pressed", String(on));
  }

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

  function resize(factor) {
    const size = Number(brush.value) * factor;
    brush.value = factor > 1 ? Math.ceil(size) : Math.floor(size);
    brush.dispatchEvent(new Event("input"));
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
    BracketLeft: () => resize(1 / GROWTH),
    BracketRight: () => resize(GROWTH),
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
    keys: Object.fromEntries(Object.entries(keys).map(([key, work]) => [key, (event) => run(() => work(event))])),
    describe,
    run,
  };
}
