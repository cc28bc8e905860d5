// Small pieces of the page. Names and texts are English keys; `label` of i18n.mjs says them in the page's language.

import { label, t } from "./i18n.mjs";
import { adorn, show } from "./icons.mjs";

/** An element with attributes, listeners (on…) and children; null children are left out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A button that shows a pictogram; without a title it is named later. */
export const iconButton = (icon, title, click, key = null) =>
  make("button", { type: "button", "data-icon": icon, "data-t-title": title, "data-key": key, onclick: click });

export const textButton = (text, click) =>
  make("button", { type: "button", class: "plain", "data-t": text, onclick: click });

/** A switch with its text. */
export function check(text, on, change) {
  const input = make("input", { type: "checkbox", checked: on, onchange: () => change(input.checked) });
  return make("label", { class: "check" }, make("span", { "data-t": text }), input);
}

/** A slider with its text. `attributes`: min, max, step, value; `slid(value, done)` while and after it moves. */
export function slider(text, attributes, slid) {
  const input = make("input", { type: "range", ...attributes });
  input.addEventListener("input", () => slid(Number(input.value), false));
  input.addEventListener("change", () => slid(Number(input.value), true));
  return make("label", { class: "slide" }, make("span", { "data-t": text }), input);
}

/** A button as an eye that is open or shut. */
export function showEye(button, open) {
  show(button, open ? "eye" : "shut");
  button.setAttribute("role", "switch");
  button.setAttribute("aria-checked", String(open));
  button.classList.toggle("filled", !open);
}

/** Says the texts of new elements and draws their pictograms. */
export function dressed(element) {
  adorn(element);
  label(element);
  return element;
}

/** Sets what a field shows, unless the user is writing in it. */
export function write(field, value) {
  if (document.activeElement !== field && field.value !== value) field.value = value;
}

/** A question with fields; the fields' values, or null. `fields`: [{name, text, type, value, …attributes}]. */
export function ask(title, fields, yes = "OK") {
  const inputs = fields.map(({ text, name, ...attributes }) =>
    make("label", { class: "field" }, make("span", { "data-t": text }), make("input", { name, ...attributes })),
  );
  const buttons = make(
    "div",
    { class: "buttons" },
    make("button", { value: "", formnovalidate: true, "data-t": "Cancel" }),
    make("button", { value: "yes", class: "filled", "data-t": yes }),
  );
  const form = make("form", { method: "dialog" }, make("h2", { "data-t": title }), ...inputs, buttons);
  const dialog = make("dialog", { "aria-label": t(title) }, form);
  document.body.append(dressed(dialog));
  dialog.showModal();
  form.querySelector("input")?.select();
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    if (form.reportValidity()) dialog.close("yes");
  });
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = Object.fromEntries(new FormData(form));
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? given : null);
    });
  });
}

/** A slider by a factor larger or smaller, at least by one. */
export function scale(input, factor) {
  const value = Number(input.value) * factor;
  input.value = factor > 1 ? Math.ceil(value) : Math.floor(value);
  input.dispatchEvent(new Event("input"));
}

/** Opens the panel at the side, or closes it. */
export function setPanel(on = !document.body.hasAttribute("data-side")) {
  document.body.toggleAttribute("data-side", on);
  document.querySelector(".head [data-do=panel]").setAttribute("aria-pressed", String(on));
}

/** Gives a file to the user. */
export function download(name, blob) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export const titled = (element, sentence, values) => {
  element.title = t(sentence, values);
  element.setAttribute("aria-label", element.title);
};

/** What the buttons of undo and redo would do, and which tool is taken up. */
export function describeCommands(history, tool) {
  const titles = {
    undo: [history.canUndo, t("Undo"), history.undoLabel],
    redo: [history.canRedo, t("Redo"), history.redoLabel],
  };
  for (const [name, [can, text, label]] of Object.entries(titles)) {
    const button = document.querySelector(`[data-do="${name}"]`);
    button.disabled = !can;
    button.title = can ? `${text}: ${label} (${button.dataset.key})` : text;
  }
  for (const button of document.querySelectorAll("button[data-tool]"))
    button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
}
