// The webui's routes of a unit.

import { UserError } from "./i18n.mjs";

const ROUTES = new URL("../../../v1/", import.meta.url); // pages/<digest>/stage/ -> atelier/

/** `asked(verb, body)` gives what the route answers; a UserError with the webui's sentence, or ours without an answer. */
export const routesOf = (unit) =>
  async function asked(verb, body = null) {
    const how = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const address = new URL(`${unit}/${verb}`, ROUTES);
    const answer = await fetch(address, { credentials: "same-origin", ...how }).catch(() => null);
    if (!answer) throw new UserError("The webui does not answer. Your edits stay in this page.");
    const told = await answer.json().catch(() => null);
    if (answer.ok && told !== null) return told;
    if (typeof told?.error === "string") throw new UserError(told.error);
    throw new UserError("The webui could not do this (error {status}).", { status: answer.status });
  };
