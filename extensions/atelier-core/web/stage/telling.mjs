// Tells the panel around a page what is edited, in a hidden field: soon after an edit, and at once before a run.

import { UserError } from "./i18n.mjs";

const QUIET = 250; // ms without an edit after which the panel is told

/**
 * `text()`: a promise of what is told; `of`: the session's changes that it depends on; `complain(error)`. What was not
 * taken is told again with the next change.
 */
export function openTelling(session, bridge, { field, text, complain, of = ["state"] }) {
  let timer = 0;
  let last = null; // what was told
  let telling = Promise.resolve();

  /** One after the other: an older text that takes longer must not come to lie over a newer one. */
  function inTurn(work) {
    telling = telling.then(work, work);
    return telling;
  }

  const message = (value) => ({ type: "send", field, value });

  async function told() {
    const value = await text();
    if (value === last) return;
    last = value;
    bridge.post(message(value));
  }

  const tell = () => inTurn(told).catch(complain);

  session.changed((what) => {
    if (!of.includes(what) || bridge.alone) return;
    clearTimeout(timer);
    timer = setTimeout(soon, QUIET);
  });
  const soon = () => {
    timer = 0;
    tell();
  };
  /** What is pressed next lies around the page, and may read the field at once. */
  const left = () => {
    if (!timer) return;
    clearTimeout(timer);
    soon();
  };
  globalThis.document?.documentElement.addEventListener("pointerleave", left);
  globalThis.addEventListener?.("blur", left);
  return {
    tell,
    /** The panel's textbox that is told, where it is not the usual one. */
    writeTo: (name) => (field = name),
    /** Tells what is here now; broken where the panel does not take it: no run may begin without. */
    flush: () =>
      inTurn(async () => {
        clearTimeout(timer);
        timer = 0;
        last = await text();
        const answer = await bridge.ask(message(last));
        if (answer?.ok) return;
        last = null;
        throw new UserError("The panel did not take over the last edits.");
      }),
  };
}
