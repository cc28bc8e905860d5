// The list of people: colour, name, eye; of the chosen one also concept, prompt, parts and order.

import { make, iconButton, dressed, showEye, titled, write } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { partName } from "./actions.mjs";

const PARTS = ["left", "right", "face", "feet"];

export function openPeople(place, session, actions, openMenuFor) {
  const list = make("ul", { class: "rows", "data-list": "people" });
  const add = make("button", { type: "button", class: "plain", "data-icon": "plus", "data-do": "person" });
  add.append(make("span", { "data-t": "Add a person" }));
  place.append(dressed(list), dressed(make("div", { class: "buttons", style: "margin-top: 8px" }, add)));
  const rows = [];
  let shown = [];

  function refresh() {
    const { people } = session.pose;
    const key = [session.chosen.person, session.opened, ...people.flatMap(traits)];
    if (key.length === shown.length && key.every((one, n) => one === shown[n])) return;
    shown = key;
    while (rows.length > people.length) rows.pop().element.remove();
    while (rows.length < people.length) list.append(added().element);
    people.forEach((person, index) => rows[index].show(person, index === session.chosen.person));
  }

  function added() {
    const row = personRow(rows.length, session, actions, openMenuFor);
    rows.push(row);
    return row;
  }

  session.changed(refresh);
  refresh();
  return { refresh: () => ((shown = []), refresh()) };
}

const traits = (person) => [
  ...[person.name, person.colour, person.on, person.concept, person.prompt],
  ...PARTS.map((part) => person[part].length),
];

function personRow(index, session, actions, openMenuFor) {
  const set = (name, label) => (event) =>
    actions.describe(index, { [name]: event.target.value }, label, `${name} ${index}`);
  const choose = () => session.chosen.person !== index && session.choose(index);

  const colour = make("input", { type: "color", oninput: set("colour", "Change the colour") });
  const swatch = make("label", { class: "swatch" }, colour);
  const name = make("input", { class: "name", maxlength: 200, "data-t-title": "Name", oninput: set("name", "Rename") });
  name.addEventListener("focus", choose);
  const eye = iconButton("eye", null, () => {
    const { on } = session.pose.people[index];
    actions.describe(index, { on: !on }, on ? "Hide the person" : "Show the person");
  });
  const more = iconButton("more", null, (event) => openMenuFor(index, event.currentTarget));
  const names = [
    [eye, "{name}: show or hide"],
    [more, "{name}: more"],
    [colour, "{name}: colour"],
  ];
  const concept = make("input", { maxlength: 200, "data-t-title": "Concept", oninput: set("concept", "Change the concept") });
  const prompt = make("textarea", { maxlength: 4000, rows: 2, "data-t-title": "Prompt", oninput: set("prompt", "Change the prompt") });
  const parts = PARTS.map((part) => partButton(part, index, session, actions));
  const line = make("div", { class: "line", onclick: (event) => event.target === line && choose() }, swatch, name, eye, more);
  const details = make(
    "div",
    { class: "more" },
    concept,
    prompt,
    make("div", { class: "buttons" }, ...parts.map(({ button }) => button)),
  );
  const element = dressed(make("li", { class: "row" }, line, details));

  function show_(person, current) {
    for (const [one, sentence] of names) titled(one, sentence, { name: person.name });
    element.setAttribute("aria-current", current);
    element.toggleAttribute("data-off", !person.on);
    details.hidden = !current;
    colour.value = person.colour;
    write(name, person.name);
    write(concept, person.concept);
    write(prompt, person.prompt);
    concept.placeholder = t("Concept");
    prompt.placeholder = t("Prompt for this person");
    showEye(eye, person.on);
    for (const { refresh } of parts) refresh(person);
  }
  return { element, show: show_ };
}

/** Adds a part; where it is there, opens it, so that each of its joints has a handle. */
function partButton(part, index, session, actions) {
  const button = make("button", {
    type: "button",
    class: "plain part",
    onclick() {
      const has = session.pose.people[index][part].length > 0;
      if (!has) actions.togglePart(index, part);
      if (part !== "feet") session.toggleOpened(part);
    },
  });
  function refresh(person) {
    const has = person[part].length > 0;
    button.textContent = `${has ? "" : "+ "}${partName(part)}`;
    titled(button, has ? "Show the handles of this part" : "Add this part");
    button.setAttribute("aria-pressed", String(has && session.opened.has(part)));
    button.hidden = has && part === "feet"; // they always have handles
  }
  return { button, refresh };
}
