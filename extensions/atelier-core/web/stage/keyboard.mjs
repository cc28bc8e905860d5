// The keys of an editor's stage, wherever in the page the focus is.

import { command } from "./keys.mjs";

const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }; // the picture goes

/**
 * `tables()`: bindings, the first that knows a key wins; `run(bound, event)`; `pan(way, event)`: an arrow nobody bound.
 * `space`: {down, used}: while the space bar is down every press moves the picture; `spaced()` when that changes.
 */
export function openKeyboard({ tables, run, pan, spaced }, self = window) {
  const space = { down: false, used: false };

  function pressed(event) {
    if (event.defaultPrevented || event.target?.closest?.("dialog")) return; // a question's keys are its own
    const bound = tables().reduce((found, table) => found ?? command(event, table), null);
    if (bound !== null) {
      event.preventDefault();
      return run(bound, event);
    }
    const way = command(event, ARROWS);
    if (way) (event.preventDefault(), pan(way, event));
    if (command(event, { " ": true })) (event.preventDefault(), hold(true));
  }

  function hold(down) {
    if (down === space.down) return;
    space.down = down;
    if (down) space.used = false;
    spaced();
  }

  const released = (event) => event.key === " " && hold(false);
  const away = () => hold(false);
  const listeners = { keydown: pressed, keyup: released, blur: away };
  for (const [type, listener] of Object.entries(listeners)) self.addEventListener(type, listener);
  const close = () => {
    for (const [type, listener] of Object.entries(listeners)) self.removeEventListener(type, listener);
  };
  return { space, close };
}
