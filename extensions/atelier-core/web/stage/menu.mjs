// A menu at a place of the window. Items: {id, label, key, checked, disabled}, or null for a line between groups.

const EDGE = 8; // CSS pixels that stay free at the edges of the window
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

let open = null; // closes the menu that is open: there is one at a time

/** The upper left corner of a menu of `size` asked for at `at`: beside the point where there is room, else over it. */
export function placed(at, size, room) {
  const fitted = (from, length, whole) => {
    const turnedOver = from + length > whole - EDGE ? from - length : from;
    return Math.max(EDGE, Math.min(turnedOver < EDGE ? from : turnedOver, whole - EDGE - length));
  };
  return { x: fitted(at.x, size.width, room.width), y: fitted(at.y, size.height, room.height) };
}

/** The place in `items` that a key leads to from `index`, or null for a key that leads nowhere. */
export function led(items, index, key) {
  const able = items.flatMap((item, n) => (item && !item.disabled ? [n] : []));
  if (!able.length) return null;
  if (key === "Home") return able[0];
  if (key === "End") return able.at(-1);
  if (key in STEPS) {
    const place = able.indexOf(index);
    if (place < 0) return STEPS[key] > 0 ? able[0] : able.at(-1);
    return able[(place + STEPS[key] + able.length) % able.length];
  }
  if ([...key].length !== 1 || key === " ") return null;
  const starts = able.filter((n) => items[n].label.toLowerCase().startsWith(key.toLowerCase()));
  return starts.find((n) => n > index) ?? starts[0] ?? null;
}

/**
 * The id that is chosen, or null. `x` and `y` in the window. The focus goes back to where it was. A press that is still
 * held when the menu opens, as a finger's long one, clicks nothing when it ends.
 */
export function openMenu({ x, y }, items) {
  open?.();
  const before = document.activeElement;
  const menu = document.createElement("div");
  const buttons = items.map((item) => (item ? buttonOf(item) : line()));
  menu.className = "menu";
  menu.setAttribute("role", "menu");
  menu.append(...buttons);
  document.body.append(menu);
  const corner = placed({ x, y }, menu.getBoundingClientRect(), { width: innerWidth, height: innerHeight });
  menu.style.left = `${corner.x}px`;
  menu.style.top = `${corner.y}px`;
  buttons[led(items, -1, "Home")]?.focus({ preventScroll: true });

  let pressed = false; // since the menu is there
  return new Promise((resolve) => {
    const close = (id = null) => {
      for (const [target, type, listener] of listeners) target.removeEventListener(type, listener, true);
      menu.remove();
      open = null;
      before?.focus?.({ preventScroll: true });
      resolve(id);
    };
    const keyed = (event) => {
      event.stopPropagation();
      if (event.key === "Escape" || event.key === "Tab") {
        event.preventDefault();
        return close();
      }
      const to = led(items, buttons.indexOf(document.activeElement), event.key);
      if (to === null || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      buttons[to].focus({ preventScroll: true });
    };
    const clicked = (event) => {
      if (event.detail > 0 && !pressed) return swallowed(event); // keys click with a detail of 0
      const item = items[buttons.indexOf(event.target.closest("button"))];
      if (item) close(item.id);
    };
    const pointed = (event) => {
      pressed = true;
      if (!menu.contains(event.target)) close();
    };
    const gone = (event) => event.target === window && close(); // not the blur of one of our buttons
    const own = (event) => event.preventDefault(); // no menu of the browser over ours
    const listeners = [
      [window, "keydown", keyed],
      [window, "pointerdown", pointed],
      [window, "blur", gone],
      [window, "resize", gone],
      [window, "click", clicked],
      [menu, "contextmenu", own],
    ];
    for (const [target, type, listener] of listeners) target.addEventListener(type, listener, true);
    open = close;
  });
}

function swallowed(event) {
  event.preventDefault();
  event.stopPropagation();
}

function buttonOf({ label, key, checked, disabled }) {
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("role", checked === undefined ? "menuitem" : "menuitemcheckbox");
  if (checked !== undefined) button.setAttribute("aria-checked", String(Boolean(checked)));
  button.disabled = Boolean(disabled);
  button.tabIndex = -1;
  button.append(label);
  if (key) {
    const hint = document.createElement("kbd");
    hint.textContent = key;
    button.append(hint);
  }
  return button;
}

function line() {
  const rule = document.createElement("hr");
  rule.setAttribute("role", "separator");
  return rule;
}
