// The line to the panel around this page: the board goes into its hidden field.

import { UserError } from "../stage/i18n.mjs";
import { boardText } from "./board.mjs";

const FIELD = "atelier_concept_lock_state";
const QUIET = 250; // ms without an edit after which the panel is told

/** Tells the panel what is edited; `complain(error)`. What was not taken is told again with the next change. */
export function openHost(session, bridge, { complain }) {
  let field = FIELD;
  let timer = 0;
  let last = null; // what was told
  let telling = Promise.resolve();

  /** One after the other: an older board whose masks take longer must not come to lie over a newer one. */
  function inTurn(work) {
    telling = telling.then(work, work);
    return telling;
  }

  /** With the id of the picture behind the regions: a run may begin from it. */
  const said = () => boardText(session.state, { picture: session.state.picture?.id ?? null });
  const message = (value) => ({ type: "send", field, value });

  async function tell() {
    const value = await said();
    if (value === last) return;
    last = value;
    bridge.post(message(value));
  }

  function changed(what) {
    if (what !== "state" || bridge.alone) return;
    clearTimeout(timer);
    timer = setTimeout(() => inTurn(tell).catch(complain), QUIET);
  }

  session.changed(changed);
  return {
    /** The panel's textbox that is told, where it is not the usual one. */
    writeTo: (name) => (field = name),
    /** Tells at once what is here now; broken where the panel does not take it: no run may begin without. */
    flush: () =>
      inTurn(async () => {
        clearTimeout(timer);
        last = await said();
        const answer = await bridge.ask(message(last));
        if (answer?.ok) return;
        last = null;
        throw new UserError("The panel did not take over the last edits.");
      }),
  };
}
