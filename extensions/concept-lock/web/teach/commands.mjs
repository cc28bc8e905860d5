// The page's buttons and keys.

import { describeCommands } from "../../stage/dom.mjs";

const GROWTH = 1.25; // of the brush, a press of [ or ]
const ROOMY = "(min-width: 700px)"; // where the panel is open from the start
const TOOL_KEYS = { KeyC: "crop", KeyB: "brush", KeyE: "eraser", KeyH: "hand" };
const FINDS = ["caption", "faces", "subjects"];

/** `parts`: {session, strip, find(name, place), pick(), brush: its size's input, stage(), complain, busy(promise)}. */
export function bindCommands({ session, strip, find, pick, brush, stage, complain, busy }) {
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
    open: pick,
    next: () => session.step(1),
    earlier: () => session.step(-1),
    panel: () => setPanel(!document.body.hasAttribute("data-side")),
    ...Object.fromEntries(FINDS.map((name) => [name, (button) => find(name, below(button))])),
  };

  function below(button) {
    const { left, bottom } = button.getBoundingClientRect();
    return { x: left, y: bottom + 4 };
  }

  function setPanel(on) {
    document.body.toggleAttribute("data-side", on);
    document.querySelector(".head [data-do=panel]").setAttribute("aria-pressed", String(on));
  }

  function resize(factor) {
    const size = Number(brush.value) * factor;
    brush.value = factor > 1 ? Math.ceil(size) : Math.floor(size);
    brush.dispatchEvent(new Event("input"));
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
    BracketLeft: () => resize(1 / GROWTH),
    BracketRight: () => resize(GROWTH),
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
    keys: Object.fromEntries(Object.entries(keys).map(([key, work]) => [key, (event) => run(() => work(event))])),
    describe,
    run,
  };
}
