// How edits behave, and how long the chosen limb is.

import { check, dressed, make, slider } from "../stage/dom.mjs";
import { t } from "../stage/i18n.mjs";
import { hasLength } from "./actions.mjs";
import * as edit from "./edit.mjs";
import { jointName } from "./grips.mjs";

const SWITCHES = {
  lengths: "Keep the lengths of limbs",
  limits: "Joints bend as a body does",
  mirror: "Move the other side too",
  snap: "Snap to other joints",
};

export function openOptions(place, session) {
  const switches = Object.entries(SWITCHES).map(([name, text]) =>
    check(text, session.options[name], (on) => session.set(name, on)),
  );
  const thick = check("Thick limbs (xinsir SDXL)", false, (on) => session.set("stick", on ? "wide" : "standard"));
  const title = make("p", { class: "hint" });
  let held = null; // {pose, ref, token}: what the slider began with
  const length = slider("Length of the limb", { min: 5, max: 200, step: 1, value: 100 }, slid);
  const input = length.querySelector("input");
  place.append(...[...switches, thick, title, length].map(dressed));

  function slid(percent, done) {
    const [ref] = session.chosen.refs;
    if (!ref) return;
    held ??= { pose: session.pose, ref, token: {} };
    const label = t("Shorten {joint}", { joint: jointName(held.ref) });
    session.edit(label, () => edit.foreshorten(held.pose, held.ref, percent / 100), held.token);
    if (!done) return;
    held = null;
    input.value = 100;
  }

  function refresh() {
    if (held) return;
    thick.querySelector("input").checked = session.options.stick === "wide";
    const [ref, second] = session.chosen.refs;
    const fits = Boolean(ref) && !second && hasLength(ref);
    length.hidden = !fits;
    title.textContent = fits ? t("Chosen: {joint}", { joint: jointName(ref) }) : t("Choose a joint to change its limb.");
    if (!session.chosen.refs.length) input.value = 100;
  }

  session.changed((what) => what !== "state" && refresh());
  refresh();
  return { refresh };
}
