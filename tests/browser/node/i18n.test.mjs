import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PACK, stage } from "./pages.mjs";

const { chosen, said } = await stage("i18n.mjs");

const path = (relative) => fileURLToPath(new URL(relative, PACK));
const walk = (folder, ending) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(`${folder}/${name}`, "utf8"));

const LITERALS = [
  /\b(?:t|say|told)\(\s*"((?:[^"\\]|\\.)*)"/g,
  /\bdata-t(?:-title)?="([^"]*)"/g,
  /"data-t(?:-title)?": "([^"]*)"/g,
  /"([A-Z][^"\n]*[.!?…])"/g, // any whole sentence
];
const texts = (sources) =>
  new Set(sources.flatMap((source) => LITERALS.flatMap((way) => [...source.matchAll(way)].map((hit) => hit[1]))));
/** Anything in quotes: a text may be looked up through a table. */
const quoted = (sources) =>
  new Set(sources.flatMap((source) => [...source.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map((hit) => hit[1])));
/** Anything that begins as a text does and has several words. */
const phrases = (sources) => [...quoted(sources)].filter((text) => /^[A-Z][a-z]+ /.test(text));
/** The names of a pose's joints, which are put together. */
const joints = async (web) => {
  if (!existsSync(`${web}/skeleton.mjs`)) return [];
  const { nameOf, SIZES } = await import(`${web}/skeleton.mjs`);
  return Object.entries(SIZES).flatMap(([part, size]) =>
    Array.from({ length: size }, (_, index) => nameOf(part, index).text),
  );
};
const korean = (folder) =>
  existsSync(`${folder}/ko.json`) ? JSON.parse(readFileSync(`${folder}/ko.json`, "utf8")) : {};

const shared = path("extensions/atelier-core/web/stage");
const webs = readdirSync(path("extensions")).map((unit) => path(`extensions/${unit}/web`));
const pages = webs.filter((web) => existsSync(`${web}/index.html`));

test("every text of the stage and of the host's side has a Korean one", () => {
  const sources = [...walk(shared, /\.mjs$/), ...walk(path("extensions/atelier-core/javascript"), /\.mjs$/)];
  assert.ok(texts(sources).size >= 8);
  for (const text of texts(sources)) assert.ok(korean(shared)[text], `ko.json of the stage lacks “${text}”`);
});

test("every text of every page has a Korean one", async () => {
  assert.ok(pages.length >= 1);
  for (const web of pages) {
    const table = { ...korean(shared), ...korean(web) };
    const sources = walk(web, /\.(mjs|html)$/);
    const found = new Set([...texts(sources), ...phrases(sources), ...(await joints(web))]);
    const known = quoted(sources);
    assert.ok(found.size >= 10, web);
    for (const text of found) assert.ok(table[text], `${web}: no Korean for “${text}”`);
    for (const text of Object.keys(korean(web))) assert.ok(found.has(text) || known.has(text), `${web}: nobody says “${text}”`);
  }
});

test("translations fill the same names", () => {
  for (const folder of [shared, ...pages]) {
    for (const [english, text] of Object.entries(korean(folder))) {
      const names = (sentence) => (sentence.match(/\{\w+\}/g) ?? []).sort();
      assert.deepEqual(names(text), names(english), english);
    }
  }
});

test("the first language that we speak", () => {
  assert.equal(chosen("ko_KR", "en"), "ko");
  assert.equal(chosen(null, ["fr-FR", "ko-KR", "en"]), "ko");
  assert.equal(chosen("fr", undefined, []), "en");
  assert.equal(chosen("EN-us", ["ko"]), "en");
});

test("sentences with values", () => {
  assert.equal(said({}, "{a} of {b}", { a: 1 }), "1 of {b}");
  assert.equal(said({ "{a} of {b}": "{b} 중 {a}" }, "{a} of {b}", { a: 1, b: 2 }), "2 중 1");
  assert.equal(said({}, "{a}", { a: "{b}", b: 1 }), "{b}");
});
