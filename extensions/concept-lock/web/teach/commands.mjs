// The page's buttons and keys.

import { describeCommands, scale, setPanel } from "../../stage/dom.mjs";
import { run, running } from "../../stage/page.mjs";

const GROWTH = 1.25; // of the brush, a press of [ or ]
const ROOMY = "(min-width: 700px)"; // where the panel is open from the start
const TOOL_KEYS = { KeyC: "crop", KeyB: "brush", KeyE: "eraser", KeyH: "hand" };
const FINDS = ["caption", "faces", "subjects"];

/** `parts`: {session, strip, find(name, place), pick(), brush: its size's input, stage()}. */
export function bindCommands({ session, strip, find, pick, brush, stage }) {
  const { history } = session;

  const commands = {
    undo: () => history.undo(),
    redo: () => history.redo(),
    open: pick,
    next: () => session.step(1),
    earlier: () => session.step(-1),
    panel: () => setPanel(),
    ...Object.fromEntries(FINDS.map((name) => [name, (button) => find(name, below(button))])),
  };

  function below(button) {
    const { left, bottom } = button.getBoundingClientRect();
    return { x: left, y: bottom + 4 };
  }

  const keys = {
    ...Object.fromEntries(Object.entries(TOOL_KEYS).map(([key, name]) => [key, () => stage().setTool(name)])),
    "mod+KeyZ": commands.undo,
    "mod+shift+KeyZ": commands.redo,
    "mod+KeyY": commands.redo,
    "mod+KeyO": commands.open,
    PageDown: commands.next,
    PageUp: commands.earlier,
    Delete: () => session.chosen && strip.remove(session.chosen),
    BracketLeft: () => scale(brush, 1 / GROWTH),
    BracketRight: () => scale(brush, GROWTH),
    Backslash: commands.panel,
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const { tool, do: name } = button?.dataset ?? {};
    if (tool) stage().setTool(tool);
    if (Object.hasOwn(commands, name ?? "")) run(() => commands[name](button));
  });
  setPanel(matchMedia(ROOMY).matches);

  function describe(tool) {
    describeCommands(history, tool);
    for (const name of FINDS) document.querySelector(`[data-do=${name}]`).disabled = !session.picture;
  }

  return {
    keys: running(keys),
    describe,
  };
}
