// What fingers, mouse, wheel and keys mean. `reduce` decides, without a browser; `attach` only listens.
//
// Acts: {act: "pan", dx, dy}  {act: "pinch", from: [a, b], to: [a, b]}  {act: "zoom", at, factor}
//       {act: "tap", at}  {act: "double", at}
//       {act: "grab" | "drag" | "drop", grip, from, at}; a drop may be `cancelled`: put it back where it was grabbed.
// A grip is the name of a thing on the stage that is dragged by itself: a handle, later a joint or a brush.

const SLOP = { mouse: 3, pen: 6, touch: 9 }; // CSS pixels a press may wander and still be a tap
const DOUBLE = { within: 350, near: 24 }; // ms, CSS pixels
const WHEEL_LINE = 16; // CSS pixels, for wheels that count in lines
const WHEEL_PAGE = 400;

export const idle = Object.freeze({ touching: {}, held: null, tapped: null });

/** Gives {state, acts}. Events: {type: "down" | "move" | "up" | "cancel", id, x, y, time, device, grip, button}. */
export function reduce(state, event) {
  if (event.type === "down") return pressed(state, event);
  if (!(event.id in state.touching)) return { state, acts: [] };
  return event.type === "move" ? moved(state, event) : released(state, event);
}

function pressed(state, event) {
  if (event.button > 1) return { state, acts: [] };
  const at = point(event);
  const others = Object.keys(state.touching);
  const touching = { ...state.touching, [event.id]: at };
  if (others.length > 1) return { state: { ...state, touching }, acts: [] };
  if (others.length === 1) {
    const acts = state.held?.kind === "grip" ? [dropped(state.held, state.touching[others[0]], true)] : [];
    return { state: { touching, held: { kind: "pinch", ids: [others[0], String(event.id)] }, tapped: null }, acts };
  }
  const held = { kind: event.grip ? "grip" : "press", id: event.id, grip: event.grip, from: at, device: event.device };
  return {
    state: { ...state, touching, held },
    acts: event.grip ? [{ act: "grab", grip: event.grip, from: at, at }] : [],
  };
}

function moved(state, event) {
  const at = point(event);
  const was = state.touching[event.id];
  const touching = { ...state.touching, [event.id]: at };
  const { held } = state;
  if (held?.kind === "pinch" && held.ids.includes(String(event.id))) {
    const pair = (points) => held.ids.map((id) => points[id]);
    return { state: { ...state, touching }, acts: [{ act: "pinch", from: pair(state.touching), to: pair(touching) }] };
  }
  if (held?.id !== event.id) return { state: { ...state, touching }, acts: [] };
  if (held.kind === "grip") {
    return { state: { ...state, touching }, acts: [{ act: "drag", grip: held.grip, from: held.from, at }] };
  }
  const start = held.kind === "press" ? held.from : was;
  if (held.kind === "press" && distance(at, start) <= (SLOP[held.device] ?? SLOP.touch)) {
    return { state: { ...state, touching }, acts: [] };
  }
  return {
    state: { touching, held: { kind: "pan", id: event.id }, tapped: null },
    acts: [{ act: "pan", dx: at.x - start.x, dy: at.y - start.y }],
  };
}

function released(state, event) {
  const { [event.id]: last, ...touching } = state.touching;
  const { held } = state;
  const cancelled = event.type === "cancel";
  if (held?.kind === "pinch" && held.ids.includes(String(event.id))) {
    const left = held.ids.find((id) => id !== String(event.id));
    return { state: { ...state, touching, held: { kind: "pan", id: Number(left) } }, acts: [] };
  }
  if (held?.id !== event.id) return { state: { ...state, touching }, acts: [] };
  const acts = [];
  let tapped = null;
  if (held.kind === "grip") acts.push(dropped(held, last, cancelled));
  if (held.kind === "press" && !cancelled) {
    const twice =
      state.tapped && event.time - state.tapped.time < DOUBLE.within && distance(last, state.tapped) < DOUBLE.near;
    acts.push({ act: twice ? "double" : "tap", at: last });
    if (!twice) tapped = { ...last, time: event.time };
  }
  return { state: { touching, held: null, tapped }, acts };
}

/** How much a turn of the wheel magnifies. Trackpads send a pinch as a wheel with ctrl, in smaller numbers. */
export function wheelFactor({ deltaY, deltaMode = 0, ctrlKey = false }) {
  const pixels = deltaY * [1, WHEEL_LINE, WHEEL_PAGE][deltaMode];
  return Math.min(2, Math.max(0.5, Math.exp(-pixels * (ctrlKey ? 0.01 : 0.002))));
}

/** The command bound to a key, or null. Letters are found by their place too, so a Korean or Russian layout works. */
export function command({ key, code = "", ctrlKey, altKey, metaKey, target, isComposing }, bindings) {
  const tag = target?.tagName ?? "";
  if (ctrlKey || altKey || metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(tag)) return null;
  if (tag === "BUTTON" && (key === " " || key === "Enter")) return null;
  if (!isComposing && key in bindings) return bindings[key];
  return bindings[code] ?? null;
}

/** Listens on `element` and calls `act` for every act. `gripAt(target, at, device)` names what is under the pointer. */
export function attach(element, { act, gripAt = () => null }) {
  let state = idle;
  const feed = (type) => (event) => {
    const at = local(element, event);
    const grip = type === "down" ? gripAt(event.target, at, event.pointerType) : null;
    const known = {
      type,
      ...at,
      id: event.pointerId,
      time: event.timeStamp,
      device: event.pointerType,
      grip,
      button: event.button,
    };
    const next = reduce(state, known);
    state = next.state;
    if (type === "down" && event.pointerId in state.touching) element.setPointerCapture(event.pointerId);
    next.acts.forEach(act);
  };
  const wheel = (event) => {
    event.preventDefault();
    act({ act: "zoom", at: local(element, event), factor: wheelFactor(event) });
  };
  const listeners = {
    pointerdown: feed("down"),
    pointermove: feed("move"),
    pointerup: feed("up"),
    pointercancel: feed("cancel"),
    wheel,
  };
  for (const [name, listener] of Object.entries(listeners))
    element.addEventListener(name, listener, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
  };
}

function local(element, event) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

const point = ({ x, y }) => ({ x, y });

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

const dropped = (held, at, cancelled) => ({ act: "drop", grip: held.grip, from: held.from, at, cancelled });
