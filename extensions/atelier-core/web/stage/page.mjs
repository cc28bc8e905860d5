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

/** A sentence that goes away by itself. */
export function announce(text) {
  document.querySelector(".toast")?.remove();
  const toast = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
  toast.setAttribute("role", "status");
  document.body.append(toast);
  setTimeout(() => toast.remove(), READING);
}

function wear(theme) {
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
}
