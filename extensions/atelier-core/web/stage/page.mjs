// What every page does first: its language, its look, and the line to the host.

import { connect } from "./bridge.mjs";
import { chosen, speak, t } from "./i18n.mjs";

const READING = 6000; // ms

/** `home`: the page's import.meta.url. `on`: message type -> what to do. `renamed`: after a change of language. */
export async function openPage(name, home, on = {}, renamed = () => {}) {
  const asked = new URLSearchParams(location.search);
  const folders = [import.meta.url, home];
  let lang = chosen(asked.get("lang"), navigator.languages);
  wear(asked.get("theme"));
  await speak(lang, folders);
  said();

  const host = async (message) => {
    wear(message.theme);
    const told = chosen(message.lang, lang);
    if (told === lang) return;
    lang = told;
    await speak(lang, folders);
    renamed();
  };
  const say = ({ sentence, values }) => announce(t(sentence, values ?? {}));
  return { asked, bridge: connect(name, { host, say, ...on }) };
}

/** What went wrong, as a sentence. */
export function complain(error) {
  if (!("values" in error)) throw error; // a fault of ours: the console shall have it whole
  announce(t(error.message, error.values));
}

let works = 0; // how many things are under way that take a while

/** Shows that something is under way until it is done. */
export function busy(promise) {
  document.body.toggleAttribute("data-busy", ++works > 0);
  promise.finally(() => document.body.toggleAttribute("data-busy", --works > 0));
}

/** Does what a button or a key means: what goes wrong is said, what takes a while is seen. */
export function run(work) {
  try {
    const done = work();
    if (done instanceof Promise) busy(done.catch(complain));
  } catch (error) {
    complain(error);
  }
}

/** The keys of a stage, each done in this way. */
export const running = (keys) =>
  Object.fromEntries(Object.entries(keys).map(([key, work]) => [key, (event) => run(() => work(event))]));

/** Whether it went well; if not, it is said. */
export async function went(work) {
  try {
    await work();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/** A sentence that goes away by itself. */
export function announce(text) {
  const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  said().replaceChildren(toast);
  setTimeout(() => toast.remove(), READING);
}

/** Where sentences are said. Screen readers read what changes in it, not it itself: it must be there before them. */
function said() {
  const there = document.querySelector(".said");
  if (there) return there;
  const made = Object.assign(document.createElement("div"), { className: "said" });
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}

function wear(theme) {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
}
