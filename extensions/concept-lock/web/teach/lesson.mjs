// The page of a lesson: how far it is, its loss, its sample pictures, and what it left. Begun here or elsewhere.

import { ask, dressed, make, textButton, titled } from "../../stage/dom.mjs";
import { t } from "../../stage/i18n.mjs";
import { announce, complain, openPage } from "../../stage/page.mjs";
import { addressOf } from "../../stage/pictures.mjs";
import { clock, curve } from "./curve.mjs";
import { openWatch } from "./watch.mjs";

const USE = "atelier_concept_lock_teach_use";
const SIZE = { width: 400, height: 90 };
const STATES = { running: "Running", paused: "Resting", finished: "At its end", damaged: "Damaged" };
const SVG = "http://www.w3.org/2000/svg";

const part = (name) => document.getElementById(name);
let regions = 0; // of the tab, that can use what was taught
let uses = 0;
let failing = false;

const on = { open: ({ options }) => opened(JSON.parse(options || "{}")) };
const { bridge } = await openPage("concept-lock-lesson", new URL("..", import.meta.url), on, () => shown(watch.now));
const watch = openWatch({ changed: shown, failed });

function opened(options) {
  regions = options.regions ?? 0;
  if (options.name) run(watch.choose(options.name));
  else shown(watch.now);
}

const run = (promise) => promise.catch(complain);

function failed(error) {
  if (!failing) complain(error); // said once, not at every look
  failing = true;
}

// ---- what is seen

function shown(now) {
  failing = false;
  const { lessons, lesson } = now;
  part("none").hidden = lessons.length > 0;
  part("lesson").hidden = !lesson;
  listed(lessons, lesson?.name);
  if (!lesson) return;
  part("stands").textContent = standing(lesson);
  const share = lesson.steps ? lesson.step / lesson.steps : 0;
  part("done").value = share;
  part("trouble").textContent = lesson.trouble ?? "";
  part("trouble").hidden = !lesson.trouble;
  drawn(lesson);
  dress(part("acts"), actsOf(lesson), [lesson.name, lesson.state]);
  dress(part("taught"), taughtOf(lesson), [lesson.name, lesson.state, lesson.preview, regions]);
  dress(part("samples"), samplesOf(lesson), [lesson.name, ...lesson.samples.map(({ id }) => id)]);
}

/** New children only where what they show is another thing: a button that is pressed must not be exchanged. */
function dress(place, children, key) {
  const text = JSON.stringify([key, document.documentElement.lang]);
  if (place.dataset.shown === text) return;
  place.dataset.shown = text;
  place.replaceChildren(...children);
  dressed(place);
}

function listed(lessons, name) {
  const select = part("lessons");
  const wanted = lessons.map((one) => make("option", { value: one.name }, `${one.name} · ${t(STATES[one.state])}`));
  dress(select, wanted, lessons.map((one) => [one.name, one.state]));
  if (name) select.value = name;
  part("choice").hidden = lessons.length < 2;
}

function standing({ name, state, step, steps, note, left, loss }) {
  if (state === "damaged") return `${name} · ${t(STATES[state])}`;
  if (state === "running" && !step && !loss) return `${name} · ${note || t("It waits for its turn.")}`;
  const parts = [`${name} · ${t(STATES[state])}`, t("step {step} of {steps}", { step, steps })];
  if (state === "running" && left !== null) parts.push(t("{time} left", { time: clock(left) }));
  if (loss !== null) parts.push(t("loss {loss}", { loss: loss.toFixed(4) }));
  return parts.join(" · ");
}

function drawn({ losses }) {
  const found = curve(losses, SIZE);
  part("curve").hidden = !found;
  if (!found) return;
  const svg = part("curve").querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${SIZE.width} ${SIZE.height}`);
  for (const name of ["steps", "line"]) {
    const path = svg.querySelector(`.${name}`) ?? svg.appendChild(document.createElementNS(SVG, "path"));
    path.setAttribute("class", name);
    path.setAttribute("d", found[name]);
  }
  part("high").textContent = found.high.toFixed(4);
  part("low").textContent = found.low.toFixed(4);
  svg.setAttribute("aria-label", t("Loss over {count} steps, now {loss}", { count: losses.length, loss: losses.at(-1).toFixed(4) }));
}

const ACTS = {
  running: ["Pause", "Stop and keep"],
  paused: ["Resume", "Stop and keep", "Discard"],
  finished: ["Forget"],
  damaged: ["Discard"],
};

function actsOf({ name, state }) {
  const work = {
    Pause: () => wished("pause", name, state),
    "Stop and keep": () => wished("stop", name, state),
    Resume: () => run(watch.act("resume", name)),
    Discard: () => forgotten("Discard this lesson and what it has learnt?", "Discard", name),
    Forget: () => forgotten("Forget this lesson? Its file stays.", "Forget", name),
  };
  return ACTS[state].map((one) => textButton(one, work[one]));
}

function wished(verb, name, state) {
  if (state === "running") announce(t("At its next step."));
  return run(watch.act(verb, name));
}

async function forgotten(question, yes, name) {
  if (await ask(question, [], yes)) run(watch.act("discard", name));
}

function samplesOf({ samples }) {
  return samples.toReversed().map(({ id, file }) => {
    const step = String(Number(file.replace(/\D/g, "")));
    const image = make("img", { src: addressOf(id, 320).href, alt: t("Sample picture at step {step}", { step }), loading: "lazy" });
    return make("a", { href: addressOf(id).href, target: "_blank" }, image, make("span", {}, step));
  });
}

// ---- what it left

function taughtOf({ name, state, taught, preview, noun }) {
  if (state === "running" || !taught) return []; // its preview is still drawn
  const lines = [
    make("b", {}, taught.file),
    make("p", {}, t("Call it “{trigger}”.", { trigger: taught.card.triggers })),
    typeof taught.drift === "number" ? make("p", { class: "hint" }, drifted(taught.drift, noun)) : null,
  ];
  const image = preview && make("a", { href: addressOf(preview).href, target: "_blank" }, make("img", { src: addressOf(preview, 320).href, alt: t("Preview") }));
  const rows = Array.from({ length: regions }, (_, n) => useButton(name, n));
  if (rows.length) rows.unshift(make("span", { class: "label", "data-t": "Use in region" }));
  return [make("div", { class: "left" }, image || null), make("div", {}, ...lines, make("div", { class: "buttons" }, ...rows))];
}

function drifted(drift, noun) {
  const percent = (100 * drift).toFixed(drift < 0.1 ? 1 : 0);
  if (!noun) return t("Without its word the model answers {percent} % otherwise than before.", { percent });
  return t("To “{noun}” alone the model answers {percent} % otherwise than before.", { percent, noun });
}

function useButton(name, region) {
  const attributes = { type: "button", class: "plain", onclick: () => run(used(name, region)) };
  const button = make("button", attributes, String(region + 1));
  titled(button, "Use in region {n}", { n: region + 1 });
  return button;
}

async function used(name, region) {
  const value = JSON.stringify({ region, name, turn: ++uses });
  const answer = await bridge.ask({ type: "send", field: USE, value });
  announce(t(answer?.ok ? "Region {n} uses “{name}” now." : "The panel did not take it over.", { n: region + 1, name }));
}

part("lessons").addEventListener("change", () => run(watch.choose(part("lessons").value)));
await watch.look();
document.documentElement.dataset.ready = "";
