// The list of regions in the panel, and their numbers in the head of the page, which are seen where the panel is not.

import { dressed, iconButton, make, showEye, textButton, titled, write } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { titleOf } from "./actions.mjs";
import * as edit from "./edit.mjs";

/** `openMenuFor(id, button)`; `run(work)` says what goes wrong. */
export function openList(place, session, actions, { openMenuFor, run }) {
  const list = make("ul", { class: "rows", "data-list": "regions" });
  const adds = () => run(() => actions.add());
  const add = make("button", { type: "button", class: "plain", "data-icon": "plus", onclick: adds });
  add.append(make("span", { "data-t": "Add a region" }));
  const rest = textButton("Fill the rest", () => run(() => actions.rest()));
  place.append(dressed(list), dressed(make("div", { class: "buttons", style: "margin-top: 8px" }, add, rest)));
  const rows = new Map(); // id -> row

  function refresh() {
    const { regions } = session.state;
    for (const [id, { element }] of rows) if (!edit.byId(session.state, id)) rows.delete(id), element.remove();
    const row = (id) => rows.get(id) ?? regionRow(id, session, actions, { openMenuFor, run });
    for (const { id } of regions) rows.set(id, row(id));
    const order = regions.map(({ id }) => rows.get(id).element);
    if (order.some((element, n) => list.children[n] !== element)) list.replaceChildren(...order);
    for (const region of regions) rows.get(region.id).show(region);
    add.disabled = session.isFull;
    rest.disabled = !session.region;
  }

  session.changed(refresh);
  refresh();
  return { refresh };
}

function regionRow(id, session, actions, { openMenuFor, run }) {
  const choose = () => session.chosen !== id && session.choose(id);
  const set = (name, label) => (event) =>
    actions.describe(id, { [name]: event.target.value }, label, `${name} ${id}`);
  const number = make("span");
  const colour = make("input", { type: "color", oninput: set("colour", "Change the colour") });
  const swatch = make("label", { class: "number" }, number, colour);
  const name = make("input", { class: "name", maxlength: 200, oninput: set("name", "Rename"), onfocus: choose });
  const eye = iconButton("eye", null, () => run(() => actions.toggle(id)));
  const more = iconButton("more", null, (event) => openMenuFor(id, event.currentTarget));
  const names = [
    [colour, "{name}: colour"],
    [name, "{name}: name"],
    [eye, "{name}: on or off"],
    [more, "{name}: more"],
  ];
  const pressed = (event) => event.target === line && choose();
  const line = make("div", { class: "line", onclick: pressed }, swatch, name, eye, more);
  const element = dressed(make("li", { class: "row" }, line));

  function show(region) {
    const title = titleOf(session.state, id);
    for (const [one, sentence] of names) titled(one, sentence, { name: title });
    element.setAttribute("aria-current", String(id === session.chosen));
    element.toggleAttribute("data-off", !region.on);
    number.textContent = edit.indexOf(session.state, id) + 1;
    swatch.style.setProperty("--colour", region.colour);
    colour.value = region.colour;
    write(name, region.name);
    name.placeholder = t("Region {number}", { number: number.textContent });
    showEye(eye, region.on);
  }
  return { element, show };
}

/** The numbers, and a plus: with nothing chosen, what is drawn becomes a new region. */
export function openNumbers(place, session, { openMenuFor }) {
  const plus = iconButton("plus", "Paint a new region", () => session.choose(null), "N");
  place.append(plus);
  dressed(place);

  function refresh() {
    const { regions } = session.state;
    const buttons = [...place.querySelectorAll(".number")];
    while (buttons.length > regions.length) buttons.pop().remove();
    while (buttons.length < regions.length) buttons.push(added());
    regions.forEach((region, n) => {
      buttons[n].dataset.region = region.id;
      buttons[n].textContent = n + 1;
      buttons[n].style.setProperty("--colour", region.colour);
      buttons[n].setAttribute("aria-pressed", String(region.id === session.chosen));
      titled(buttons[n], "{name}: choose", { name: titleOf(session.state, region.id) });
      buttons[n].toggleAttribute("data-off", !region.on);
    });
    plus.disabled = session.isFull;
    plus.setAttribute("aria-pressed", String(!session.region));
  }

  function added() {
    const button = make("button", { type: "button", class: "number" });
    const id = () => button.dataset.region;
    const menu = () => openMenuFor(id(), button);
    button.addEventListener("click", () => (session.chosen === id() ? menu() : session.choose(id())));
    button.addEventListener("contextmenu", (event) => (event.preventDefault(), menu()));
    plus.before(button);
    return button;
  }

  session.changed(refresh);
  refresh();
  return { refresh };
}
