// Handles above a canvas: each can be seen, focused, named by a screen reader, and moved by keys.
// A handle = {id, name, x, y (pixels of the picture), shape: "dot" | "square" | "ring" | "turn",
//             state: "on" | "off" | "ghost" | "locked" | "chosen", colour, small: for dense places}.
// Acts: {act: "nudge", id, dx, dy} in pixels of the picture  {act: "delete" | "choose" | "menu", id, shift}
//       {act: "focus", id}: the keyboard came to it  {act: "leave"}

import { t } from "./i18n.mjs";
import { toScreen, turnOf } from "./view.mjs";

const SVG = "http://www.w3.org/2000/svg";
const STEP = 1; // pixels of the picture an arrow key moves
const LONG_STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const ACTS = { Delete: "delete", Backspace: "delete", Enter: "choose", ContextMenu: "menu" };

const SHAPES = {
  dot: ["circle", { r: 6 }],
  ring: ["circle", { r: 7 }],
  square: ["rect", { x: -5, y: -5, width: 10, height: 10, rx: 1.5 }],
  turn: ["path", { d: "M-5.5-2.4A6 6 0 1 1-6 .8M-7-6l1.3 3.8L-1.9-3.5" }],
};

/** What a key on a focused handle means: an act without its id, {act: "go", by: ±1}, or null. */
export function keyed({ key, shiftKey, ctrlKey, altKey, metaKey }, view) {
  if (key === "F10" && shiftKey) return { act: "menu", key };
  if (key === "Tab") return { act: "go", by: shiftKey ? -1 : 1 };
  if (ctrlKey || altKey || metaKey) return null;
  if (key === "Escape") return { act: "leave" };
  if (key in ACTS) return { act: ACTS[key], key, shift: shiftKey === true };
  if (!(key in ARROWS)) return null;
  const [dx, dy] = ARROWS[key].map((way) => way * (shiftKey ? LONG_STEP : STEP));
  return { act: "nudge", ...alongScreen(view, dx, dy) };
}

/** The way on the picture that looks like (dx, dy) on the screen, of the same length in pixels of the picture. */
function alongScreen(view, dx, dy) {
  const turn = turnOf(view);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)].map((one) => (Math.abs(one) < 1e-9 ? 0 : one));
  return { dx: dx * cos + dy * sin || 0, dy: dy * cos - dx * sin || 0 };
}

/** What a handle shows, as attributes: those that are equal to the last ones are not written again. */
export function looks(handle, view) {
  const { x, y } = toScreen(view, handle);
  const place = `translate(${Math.round(x * 100) / 100} ${Math.round(y * 100) / 100})`;
  const turn = handle.shape === "square" && turnOf(view) ? ` rotate(${(turnOf(view) * 180) / Math.PI})` : "";
  return {
    transform: place + turn,
    "aria-label": handle.name,
    "aria-pressed": String(handle.state === "chosen"),
    "data-state": handle.state ?? "on",
    "data-size": handle.small ? "small" : "normal",
    style: handle.colour ? `--colour: ${handle.colour}` : "",
  };
}

/** `svg` lies over the canvas and covers it. `act` hears what keys do; `name` (a key of i18n.mjs) names the group. */
export function openHandles(svg, { act, name }) {
  const nodes = new Map(); // id -> {element, shape, written, handle}
  let order = [];
  let view = { scale: 1, x: 0, y: 0 };
  let current = null; // the id that Tab comes to
  const group = made("g", { role: "group", "data-t-title": name, "aria-label": t(name) });
  svg.append(group);

  /** Handles beyond the edges are there, too: the keyboard reaches them. */
  function show(list, seen) {
    view = seen;
    const ids = list.map(({ id }) => id);
    const orphan = swept(new Set(ids));
    order = ids;
    if (!order.includes(current)) current = order[Math.min(Math.max(orphan, 0), order.length - 1)] ?? null;
    list.forEach(place);
    if (orphan >= 0 && !focus(current)) act({ act: "leave" });
  }

  /** Removes what is no longer wanted; gives the place of the one that had the focus, or -1. */
  function swept(wanted) {
    let orphan = -1;
    for (const [id, { element }] of nodes) {
      if (wanted.has(id)) continue;
      if (element === svg.ownerDocument.activeElement) orphan = order.indexOf(id);
      element.remove();
      nodes.delete(id);
    }
    return orphan;
  }

  function place(handle, n) {
    const node = nodes.get(handle.id) ?? added(handle);
    node.handle = handle;
    const shape = handle.shape ?? "dot";
    if (node.shape !== shape) reshape(node, shape);
    write(node, { ...looks(handle, view), tabindex: handle.id === current ? "0" : "-1" });
    if (group.children[n] !== node.element) moved(node.element, n);
  }

  function added(handle) {
    const element = made("g", { class: "handle", role: "button" });
    element.dataset.handle = handle.id;
    element.append(made("circle", { class: "reach" }), made("circle", { class: "halo", r: 11 }));
    const node = { element, shape: null, written: {}, handle };
    nodes.set(handle.id, node);
    return node;
  }

  function reshape(node, shape) {
    const [tag, attributes] = SHAPES[shape];
    if (node.shape) node.element.lastChild.remove();
    node.element.append(made(tag, { class: "mark", ...attributes }));
    node.element.dataset.shape = node.shape = shape;
  }

  /** A node that moves loses the focus. */
  function moved(element, n) {
    const focused = svg.ownerDocument.activeElement;
    group.insertBefore(element, group.children[n] ?? null);
    if (focused === element) element.focus({ preventScroll: true });
  }

  function made(tag, attributes) {
    const element = svg.ownerDocument.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  }

  /** Focuses a handle; false when there is none of this id. */
  function focus(id) {
    const node = nodes.get(id);
    if (!node) return false;
    const before = nodes.get(current);
    if (before) write(before, { ...before.written, tabindex: "-1" });
    current = id;
    write(node, { ...node.written, tabindex: "0" });
    node.element.focus({ preventScroll: true });
    return true;
  }

  const idOf = (event) => event.target.closest?.("[data-handle]")?.dataset.handle ?? null;

  function pressed(event) {
    const id = idOf(event);
    const meant = id !== null && keyed(event, view);
    if (!meant) return;
    if (meant.act === "go") {
      const next = order[order.indexOf(id) + meant.by];
      if (next === undefined) return; // the first or last: Tab goes on to the rest of the page
      focus(next);
      act({ act: "focus", id: next });
    } else act(meant.act === "leave" ? meant : { ...meant, id });
    event.preventDefault();
    event.stopPropagation();
  }

  /** The space bar chooses when it comes up: until then it may still be the hand that moves the picture. */
  function released(event) {
    const id = idOf(event);
    if (id !== null && event.key === " ") act({ act: "choose", id, key: " ", shift: event.shiftKey === true });
  }

  svg.addEventListener("keydown", pressed);
  svg.addEventListener("keyup", released);
  return {
    show,
    focus,
    close() {
      svg.removeEventListener("keydown", pressed);
      svg.removeEventListener("keyup", released);
      group.remove();
    },
  };
}

function write(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (node.written[key] !== value) node.element.setAttribute(key, value);
  }
  node.written = attributes;
}
