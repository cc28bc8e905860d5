// The list of layers, the upmost first: eye, lock, order, opacity.

import { dressed, iconButton, make, showEye, slider, titled } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { show } from "../stage/icons.mjs";
import { byId, changed, lowered, raised } from "../stage/layers.mjs";

const EDITED = new Set(["strokes", "objects"]); // kinds that a hand can change, and a lock can protect
const GIVEN = { picture: "Remove the picture", reference: "Remove the reference" }; // layers that hold what was opened

export function openLayers(place, session) {
  const list = make("ul", { class: "rows", "data-list": "layers" });
  place.append(list);
  let shown = null;
  const rows = new Map();

  function refresh() {
    const { layers } = session.state;
    for (const [id, row] of rows) row.bin.hidden = !(id in GIVEN && session.state[id]);
    if (layers === shown) return;
    shown = layers;
    for (const layer of layers) if (!rows.has(layer.id)) rows.set(layer.id, layerRow(layer.id, session));
    const order = layers.toReversed().map(({ id }) => rows.get(id).element);
    if (order.some((element, n) => list.children[n] !== element)) list.replaceChildren(...order);
    for (const layer of layers) rows.get(layer.id).show(layer);
  }

  session.changed((what) => what === "state" && refresh());
  refresh();
  return { refresh: () => ((shown = null), refresh()) };
}

function layerRow(id, session) {
  const now = () => byId(session.state.layers, id);
  const set = (label, fields, merge = null) =>
    session.update(t(label), { layers: changed(session.state.layers, id, fields) }, merge);
  const moved = (way) => session.update(t("Change the order"), { layers: way(session.state.layers, id) });

  const name = make("span", { class: "label" });
  const eye = iconButton("eye", null, () => set("Show or hide the layer", { on: !now().on }));
  const lock = iconButton("unlock", null, () => set("Lock the layer", { locked: !now().locked }));
  const up = iconButton("up", null, () => moved(raised));
  const down = iconButton("down", null, () => moved(lowered));
  const opacity = slider("Opacity", { min: 0, max: 100, step: 1, value: 100 }, (percent) =>
    set("Change the opacity", { opacity: percent / 100 }, `opacity ${id}`),
  );
  opacity.classList.add("opacity");
  const names = [
    [eye, "{name}: show or hide"],
    [lock, "{name}: lock"],
    [up, "{name}: forward"],
    [down, "{name}: backward"],
    [opacity.querySelector("input"), "{name}: opacity"],
  ];
  const bin = iconButton("bin", GIVEN[id] ?? null, () => session.update(t(GIVEN[id]), { [id]: null, padding: null }));
  bin.hidden = !(id in GIVEN && session.state[id]);
  lock.hidden = !EDITED.has(now().kind);
  const element = dressed(make("li", { class: "row" }, make("div", { class: "line" }, eye, name, bin, lock, up, down), opacity));

  function show_(layer) {
    name.textContent = t(layer.name);
    for (const [one, sentence] of names) titled(one, sentence, { name: name.textContent });
    element.toggleAttribute("data-off", !layer.on);
    showEye(eye, layer.on);
    show(lock, layer.locked ? "lock" : "unlock");
    lock.setAttribute("aria-pressed", String(layer.locked));
    const input = opacity.querySelector("input");
    if (document.activeElement !== input) input.value = Math.round(layer.opacity * 100);
  }
  return { element, bin, show: show_ };
}
