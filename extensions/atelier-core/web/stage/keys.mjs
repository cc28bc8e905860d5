// Which command a key means.

/** How every page's view is zoomed by keys. */
export const ZOOM_KEYS = {
  0: "fit",
  Digit0: "fit",
  1: "actual",
  Digit1: "actual",
  "+": "larger",
  "=": "larger",
  "-": "smaller",
};

const TYPED = /^(TEXTAREA|SELECT)$/;
const PRESSED = /^(BUTTON|SUMMARY|A)$/i; // the space bar and Enter press these
const UNTYPED = /^(checkbox|radio|range|color|button)$/; // inputs that take no text: Ctrl+Z there is the editor's

/**
 * What is bound to a key, or null: "+", " ", "ArrowLeft", "KeyB", with "mod+" (Ctrl or Cmd), "alt+" and "shift+" before
 * it, in this order: "mod+shift+KeyZ". Letters count as printed, and by their place where the layout prints others
 * (Korean, Russian). What is bound without "shift+" holds with Shift too, unless Ctrl or Alt is pressed.
 */
export function command(event, bindings) {
  const { ctrlKey, altKey, metaKey, shiftKey, target } = event;
  const mod = ctrlKey || metaKey;
  if (typing(target, mod)) return null;
  if (PRESSED.test(target?.tagName ?? "") && (event.key === " " || event.key === "Enter")) return null;
  const held = `${mod ? "mod+" : ""}${altKey ? "alt+" : ""}`;
  const prefixes = shiftKey ? [`${held}shift+`] : [held];
  if (shiftKey && !mod && !altKey) prefixes.push("");
  for (const prefix of prefixes) {
    const bound = namesOf(event).find((name) => Object.hasOwn(bindings, prefix + name));
    if (bound !== undefined) return bindings[prefix + bound];
  }
  return null;
}

function typing(target, mod) {
  const tag = target?.tagName ?? "";
  if (target?.isContentEditable || TYPED.test(tag)) return true;
  return tag === "INPUT" && !(mod && UNTYPED.test(target.type));
}

function namesOf({ key, code = "", isComposing }) {
  if (isComposing) return [code];
  if (/^[a-z]$/i.test(key)) return [key, `Key${key.toUpperCase()}`];
  return [key, code];
}
