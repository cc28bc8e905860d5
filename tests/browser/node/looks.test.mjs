// Whether what is written can be read in both looks, by WCAG's contrast of luminances.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { STAGE } from "./pages.mjs";

const LEAST = 4.5;
const css = readFileSync(new URL("stage.css", STAGE), "utf8");
const editor = readFileSync(new URL("controls.css", STAGE), "utf8");

/** [red, green, blue, alpha] of "#rrggbb" or "rgb(r g b / a)". */
function colour(text) {
  if (text.startsWith("#")) return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)).concat(1);
  const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
  return [red, green, blue, alpha];
}

const variables = (block) =>
  Object.fromEntries([...block.matchAll(/--([\w]+):\s*(#\w+|rgb\([^)]*\))/g)].map(([, name, text]) => [name, colour(text)]));

const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3]));

function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const blocks = (text, selector) => [...text.matchAll(/([^{}]*)\{([^{}]*)\}/g)].filter(([, head]) => selector.test(head));
const bodyOf = (text, selector) => blocks(text, selector).map(([, , body]) => body);

test("both ways to the dark look are the same look", () => {
  const [system, told] = [/:root:not\(\[data-theme="light"\]\)/, /:root\[data-theme="dark"\]/].map((one) => variables(bodyOf(css, one)[0]));
  assert.ok(Object.keys(told).length > 5);
  assert.deepEqual(system, told);
});

for (const [look, selector] of [
  ["light", /^[^:]*:root\s*$/],
  ["dark", /:root\[data-theme="dark"\]/],
]) {
  test(`texts can be read in the ${look} look`, () => {
    const own = look === "light" ? /^[^:]*\.editor\s*$/ : /data-theme="dark"\] \.editor/;
    const { ground, panel, text, faint, accent, on, field } = { ...variables(bodyOf(css, selector)[0]), ...variables(bodyOf(editor, own)[0]) };
    const plain = over(panel, ground);
    const row = over(on, plain);
    const places = { plain, row, field: over(field, plain), "field of a row": over(field, row) };
    for (const [name, place] of Object.entries(places)) {
      for (const [kind, ink] of Object.entries({ text, faint })) {
        assert.ok(contrast(ink, place) >= LEAST, `${kind} on ${name}: ${contrast(ink, place).toFixed(2)}`);
      }
    }
    for (const place of [plain, row, over(on, ground)]) assert.ok(contrast(accent, place) >= LEAST, contrast(accent, place).toFixed(2));
  });
}
