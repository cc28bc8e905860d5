// The pictograms of all pages: what an element with data-icon shows before its text. Drawn on a field of 24 × 24.

const PATHS = {
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  open: "M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  export: "M12 4v11M7.5 10.5 12 15l4.5-4.5M5 19.5h14",
  panel: "M4 5h16v14H4zM15 5v14",
  hand: "M8 13V6.5a1.5 1.5 0 0 1 3 0V11V4.5a1.5 1.5 0 0 1 3 0V11V6a1.5 1.5 0 0 1 3 0v8c0 4-2 6.5-5.5 6.5-3 0-4.3-1.5-5.5-3.8L4.3 13a1.5 1.5 0 0 1 2.5-1.6L8 13",
  eraser: "M8.5 19.5 4 15a1.5 1.5 0 0 1 0-2l8.5-8.5a1.5 1.5 0 0 1 2 0L20 10a1.5 1.5 0 0 1 0 2l-7.5 7.5zM8.5 19.5H20M8.3 8.7l7 7",
  bin: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7",
  smaller: "M6 12h12",
  larger: "M6 12h12M12 6v12",
  fit: "M4 9V5h5M15 5h5v4M20 15v4h-5M9 19H4v-4",
  left: "M4.5 9.5a8 8 0 1 1-.3 5M4 4.5v5h5",
  right: "M19.5 9.5a8 8 0 1 0 .3 5M20 4.5v5h-5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9a3 3 0 1 0 0 6 3 3 0 1 0 0-6",
  shut: "M3 10c2 3 5 5 9 5s7-2 9-5M5.5 13l-2 2.5M18.5 13l2 2.5M12 15v3.5",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 6.8-1.2",
  up: "m6 14.5 6-6 6 6",
  down: "m6 9.5 6 6 6-6",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  search: "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 1 0 0-12M15 15l5 5",
  plus: "M12 5v14M5 12h14",
};

/** Pictograms of one page alone: name -> path. */
export const addIcons = (paths) => void Object.assign(PATHS, paths);

const SVG = "http://www.w3.org/2000/svg";

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "path"));
  svg.firstChild.setAttribute("d", PATHS[name]);
  return svg;
}

/** Gives every element below `root` that asks for one its pictogram. */
export function adorn(root) {
  for (const element of root.querySelectorAll("[data-icon]")) show(element, element.dataset.icon);
}

/** The pictogram of an element, changed only where it is another one. */
export function show(element, name) {
  if (element.firstElementChild?.dataset?.shown === name) return;
  const old = element.firstElementChild;
  const next = icon(name);
  next.dataset.shown = name;
  if (old?.tagName === "svg") old.replaceWith(next);
  else element.prepend(next);
}
