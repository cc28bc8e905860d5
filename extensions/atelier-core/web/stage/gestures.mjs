// What fingers, mouse, pen and wheel mean. `reduce` decides, without a browser; `attach` only listens.
//
// Acts: {act: "pan", dx, dy}  {act: "pinch", since, from, to}: pairs of points  {act: "zoom", at, factor}
//       {act: "tap", at}  {act: "double", at}
//       {act: "grab" | "drag" | "drop", grip, from, at}; a drop may be `cancelled`: put it back where it was grabbed.
//       {act: "hold", at, grip}: a still finger or pen   {act: "menu", at, grip}: the right button
//       {act: "hover", at}: a mouse or pen above the stage
// A grip is the name of a thing on the stage that is dragged by itself: a handle, a joint or a brush.
// All but pan, pinch and zoom also carry the event's manner {device, pressure 0..1, shift, alt, ctrl, eraser}, and a drag
// `points`: every place since the last act, [{x, y, pressure, time}].

const SLOP = { mouse: 3, pen: 6, touch: 9 }; // CSS pixels a press may wander and still be a tap
const DOUBLE = { within: 350, near: 24 }; // ms, CSS pixels
const HOLD = 600; // ms
const WHEEL_LINE = 16; // CSS pixels, for wheels that count in lines
const WHEEL_PAGE = 400;
const BUTTON = { middle: 1, right: 2, eraser: 5 }; // the far end of a pen is a button

export const idle = Object.freeze({ touching: {}, held: null, tapped: null });

/**
 * Gives {state, acts}. Events: {type: "down" | "move" | "up" | "cancel" | "hold" | "menu", id, x, y, time, device,
 * grip, button, panning, manner, points}; `panning`: this press moves the picture, whatever lies under it.
 */
export function reduce(state, event) {
  if (event.type === "down") return pressed(state, event);
  if (!(event.id in state.touching)) return { state, acts: [] };
  if (event.type === "hold") return stayed(state, event);
  if (event.type === "menu") return menu(state, event, state.held?.grip);
  return event.type === "move" ? moved(state, event) : released(state, event);
}

function pressed(state, event) {
  const others = Object.keys(state.touching);
  if (event.button === BUTTON.right && !others.length) return { state, acts: [menuAt(event, event.grip)] };
  if (event.button > BUTTON.middle && event.button !== BUTTON.eraser) return { state, acts: [] };
  if (state.held?.device === "pen" && event.device === "touch") return { state, acts: [] }; // the hand below the pen
  const at = point(event);
  const touching = { ...state.touching, [event.id]: at };
  if (others.length > 1) return { state: { ...state, touching }, acts: [] };
  if (others.length === 1) {
    const acts = state.held?.kind === "grip" ? [dropped(state.held, state.touching[others[0]], true, event)] : [];
    return { state: { touching, held: pinching([others[0], String(event.id)], touching), tapped: null }, acts };
  }
  const panning = event.panning || event.button === BUTTON.middle;
  const grip = panning ? null : (event.grip ?? null);
  const kind = grip ? "grip" : panning ? "hand" : "press";
  return {
    state: { ...state, touching, held: { kind, id: event.id, grip, from: at, device: event.device } },
    acts: grip ? [{ act: "grab", grip, from: at, at, ...event.manner }] : [],
  };
}

function moved(state, event) {
  const at = point(event);
  const was = state.touching[event.id];
  const touching = { ...state.touching, [event.id]: at };
  const { held } = state;
  const next = { state: { ...state, touching }, acts: [] };
  if (held?.kind === "pinch" && held.ids.includes(String(event.id))) {
    const pair = (points) => held.ids.map((id) => points[id]);
    return { ...next, acts: [{ act: "pinch", since: held.since, from: pair(state.touching), to: pair(touching) }] };
  }
  if (held?.id !== event.id || held.kind === "spent") return next;
  const still = !held.moved && distance(at, held.from ?? was) <= (SLOP[held.device] ?? SLOP.touch);
  if (held.kind === "grip") {
    const points = event.points ? { points: event.points } : {};
    const drag = { act: "drag", grip: held.grip, from: held.from, at, ...event.manner, ...points };
    return { state: { ...state, touching, held: { ...held, moved: !still } }, acts: [drag] };
  }
  if (held.kind === "press" && still) return next;
  const start = held.kind === "pan" ? was : held.from;
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
  if (held.kind === "grip") acts.push(dropped(held, last, cancelled, event));
  if (held.kind === "press" && !cancelled) {
    const twice =
      state.tapped && event.time - state.tapped.time < DOUBLE.within && distance(last, state.tapped) < DOUBLE.near;
    acts.push({ act: twice ? "double" : "tap", at: last, ...event.manner });
    if (!twice) tapped = { ...last, time: event.time };
  }
  return { state: { touching, held: null, tapped }, acts };
}

/** A press that stayed where it was: it is no tap any more, and what it holds is put back. */
function stayed(state, event) {
  const { held: press } = state;
  if (press?.id !== event.id || !/^(press|grip)$/.test(press.kind) || press.moved) return { state, acts: [] };
  return spent(state, event, { act: "hold", at: state.touching[event.id], grip: press.grip, ...event.manner });
}

function menu(state, event, grip) {
  return state.held?.id === event.id ? spent(state, event, menuAt(event, grip)) : { state, acts: [] };
}

function spent(state, event, act) {
  const { held: press } = state;
  const back = press.kind === "grip" ? [dropped(press, state.touching[event.id], true, event)] : [];
  return { state: { ...state, held: { kind: "spent", id: press.id }, tapped: null }, acts: [...back, act] };
}

const menuAt = (event, grip) => ({ act: "menu", at: point(event), grip: grip ?? null, ...event.manner });

const pinching = (ids, touching) => ({ kind: "pinch", ids, since: ids.map((id) => touching[id]) });

/** How much a turn of the wheel magnifies. Trackpads send a pinch as a wheel with ctrl, in smaller numbers. */
export function wheelFactor({ deltaY, deltaMode = 0, ctrlKey = false }) {
  const pixels = deltaY * [1, WHEEL_LINE, WHEEL_PAGE][deltaMode];
  return Math.min(2, Math.max(0.5, Math.exp(-pixels * (ctrlKey ? 0.01 : 0.002))));
}

/**
 * Listens on `element` and calls `act` for every act; gives a function that ends it. `gripAt(target, at, device)`
 * names what is under the pointer, `holds(grip)` says whether a still press there means something of its own,
 * `panning()` whether every press moves the picture (the space bar is down). Nobody is told of hovering without
 * `hover`, and the browser keeps its own menu without `menu`.
 */
export function attach(element, { act, gripAt = () => null, holds, panning, hover, menu: menus }) {
  let state = idle;
  let timer = 0;

  const step = (event) => {
    const next = reduce(state, event);
    state = next.state;
    next.acts.forEach(act);
  };

  const waitFor = (known) => {
    clearTimeout(timer);
    if (known.device === "mouse" || !holds?.(known.grip)) return;
    timer = setTimeout(() => step({ ...known, type: "hold" }), HOLD);
  };

  const feed = (type) => (event) => {
    const at = local(element, event);
    if (type === "move" && hover && !(event.pointerId in state.touching)) return hovered(event, at);
    const grip = type === "down" ? gripAt(event.target, at, event.pointerType) : null;
    const known = { type, ...at, ...facts(event), grip, panning: type === "down" && Boolean(panning?.()) };
    if (type === "move") known.points = trail(element, event);
    step(known);
    if (type === "down" && event.pointerId in state.touching) element.setPointerCapture(event.pointerId);
    if (type === "down") waitFor(known);
    else if (type !== "move") clearTimeout(timer);
  };

  const hovered = (event, at) => event.pointerType !== "touch" && act({ act: "hover", at, ...manner(event) });

  const wheel = (event) => {
    event.preventDefault();
    act({ act: "zoom", at: local(element, event), factor: wheelFactor(event) });
  };

  /** The right button is known from its press; here come a Mac's Ctrl+click and a phone's own long press. */
  const context = (event) => {
    if (!menus) return;
    event.preventDefault();
    const asked = event.ctrlKey && event.button === 0 && event.pointerType !== "touch";
    if (asked) step({ type: "menu", ...local(element, event), ...facts(event) });
  };

  const listeners = {
    pointerdown: feed("down"),
    pointermove: feed("move"),
    pointerup: feed("up"),
    pointercancel: feed("cancel"),
    contextmenu: context,
    wheel,
  };
  for (const [name, listener] of Object.entries(listeners))
    element.addEventListener(name, listener, { passive: false });
  return () => {
    clearTimeout(timer);
    for (const [name, listener] of Object.entries(listeners)) element.removeEventListener(name, listener);
  };
}

const facts = (event) => ({
  id: event.pointerId ?? 1, // Firefox and Safari send a contextmenu without one; theirs is the mouse
  time: event.timeStamp,
  device: event.pointerType ?? "mouse",
  button: event.button,
  manner: manner(event),
});

/** A mouse presses with 0.5. */
const manner = (event) => ({
  device: event.pointerType ?? "mouse",
  pressure: event.pressure ?? 0,
  shift: event.shiftKey,
  alt: event.altKey,
  ctrl: event.ctrlKey || event.metaKey,
  eraser: event.button === BUTTON.eraser || (event.buttons & 32) !== 0,
});

function trail(element, event) {
  const all = event.getCoalescedEvents?.() ?? [];
  const places = all.length ? all : [event];
  return places.map((one) => ({ ...local(element, one), pressure: one.pressure, time: one.timeStamp }));
}

function local(element, event) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

const point = ({ x, y }) => ({ x, y });

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

const dropped = (held, at, cancelled, { manner: how }) => ({
  act: "drop",
  grip: held.grip,
  from: held.from,
  at,
  cancelled,
  ...how,
});
