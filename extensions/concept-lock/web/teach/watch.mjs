// Which lesson is looked at and how far it is: asked of the webui again and again while somebody can see it.

import { routesOf } from "../../stage/routes.mjs";

const SOON = 1000; // ms between two looks at a lesson that runs
const LATER = 3000; // ms at one that rests, and at the list
const UNREAD = { step: 0, steps: 0, losses: [], loss: null, left: null, samples: [], taught: null, preview: null };

/** What was written last, of those that run if any does. */
export function newest(lessons) {
  const whole = lessons.filter(({ state }) => state !== "damaged");
  const running = whole.filter(({ state }) => state === "running");
  return (running.length ? running : whole).toSorted((a, b) => b.changed - a.changed)[0]?.name ?? null;
}

/** Which lesson is looked at next: one that has just begun, unless the one at hand runs; else the one at hand. */
export function next(name, before, lessons) {
  const runs = (list) => new Set(list.filter(({ state }) => state === "running").map((one) => one.name));
  const [was, now] = [runs(before), runs(lessons)];
  const begun = lessons.filter((one) => now.has(one.name) && !was.has(one.name));
  if (begun.length && !now.has(name)) return newest(begun);
  return lessons.some((one) => one.name === name) ? name : newest(lessons);
}

/** All losses, with those that came: a lesson that lost some steps in a crash begins anew. */
export const joined = (losses, since, told) => (told.step < since ? null : [...losses.slice(0, since), ...told.losses]);

/** `changed(now)` after each look: {lessons, lesson: as the webui tells it, with all losses, or null}; `failed(error)`. */
export function openWatch({ changed, failed }) {
  const ask = routesOf("concept-lock");
  let name = null;
  let losses = [];
  let now = { lessons: [], lesson: null };
  let timer = 0;
  let turn = 0; // an answer to an older question is not wanted any more

  const isSeen = () => !document.hidden && document.documentElement.clientHeight > 0;

  async function look() {
    const mine = ++turn;
    clearTimeout(timer);
    try {
      if (isSeen()) await asked(mine);
    } catch (error) {
      if (mine === turn) failed(error);
    }
    if (mine === turn) timer = setTimeout(look, now.lesson?.state === "running" || !isSeen() ? SOON : LATER);
  }

  async function asked(mine) {
    const { lessons } = await ask("lessons");
    if (mine !== turn) return;
    choosing(next(name, now.lessons, lessons));
    const told = name && (await toldOf(lessons.find((one) => one.name === name)));
    if (mine !== turn) return;
    took({ lessons, told });
  }

  const toldOf = (glance) =>
    glance.state === "damaged" ? { ...UNREAD, ...glance } : ask("lesson", { name, since: losses.length });

  function took({ lessons, told }) {
    const all = told && joined(losses, losses.length, told);
    losses = all ?? [];
    if (told && !all) return void setTimeout(look);
    now = { lessons: lessons ?? now.lessons, lesson: told ? { ...told, losses } : null };
    changed(now);
  }

  function choosing(wanted) {
    if (wanted !== name) losses = [];
    name = wanted;
  }

  document.addEventListener("visibilitychange", look);
  return {
    look,
    get now() {
      return now;
    },
    choose(wanted) {
      choosing(wanted);
      return look();
    },
    /** "pause", "resume", "stop" or "discard", for the lesson that was seen: another may be looked at by now. */
    async act(verb, seen) {
      await ask(verb, { name: seen });
      return look();
    },
  };
}
