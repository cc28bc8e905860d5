// English sentences are the keys; a table maps them to another language. What has no entry stays English.

const LANGUAGES = ["en", "ko"];
let words = {};
let spoken = "en";

/** The first language we speak among what the address asks, what the host told, and what the browser prefers. */
export function chosen(...asked) {
  for (const tag of asked.flat()) {
    const language = String(tag ?? "")
      .toLowerCase()
      .split(/[-_]/)[0];
    if (LANGUAGES.includes(language)) return language;
  }
  return "en";
}

/** The sentence in a language, its {names} filled. */
export function said(table, sentence, values = {}) {
  const text = table[sentence] || sentence;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const t = (sentence, values) => said(words, sentence, values);

export const language = () => spoken;

/** A sentence for the user: an English template and the values for its {names}. */
export class UserError extends Error {
  constructor(text, values = {}) {
    super(text);
    this.values = values;
  }
}

/** Speaks `wanted` from now on; `folders` are addresses that hold a <language>.json, later ones win. */
export async function speak(wanted, folders) {
  const tables =
    wanted === "en" ? [] : await Promise.all(folders.map((folder) => table(new URL(`${wanted}.json`, folder))));
  words = Object.assign({}, ...tables);
  spoken = wanted;
  document.documentElement.lang = wanted;
  label(document);
}

/** Writes the texts of elements with data-t (what they say) and data-t-title (tooltip and name; data-key: its key). */
export function label(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-title]")) named(element);
}

/** Names one such element; what it reads out (data-read) is part of its name. */
export function named(element) {
  const { tTitle, key, read } = element.dataset;
  if (!tTitle) return;
  const name = t(tTitle);
  element.title = key ? `${name} (${key})` : name;
  element.setAttribute("aria-label", read && element.textContent ? `${element.textContent}: ${name}` : name);
}

async function table(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok ? answer.json() : {};
}
