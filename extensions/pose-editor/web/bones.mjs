// Where bones go: pure geometry of points and lengths.

import { angleOf, clamped, distance, length, minus, plus, towards } from "./vectors.mjs";

const ENOUGH = 0.01; // pixels
const MOST_ROUNDS = 40;

/** Two bones from `root` towards `to`, stretched straight when it is too far; `side`: sign of the turn between them. */
export function twoBones(root, to, [first, second], side) {
  const apart = distance(root, to);
  const reach = clamped(apart, Math.abs(first - second), first + second);
  const angle = apart > 1e-9 ? angleOf(minus(to, root)) : Math.PI / 2;
  const cosine = (first * first + reach * reach - second * second) / (2 * first * reach);
  const open = first * reach > 1e-9 ? Math.acos(clamped(cosine, -1, 1)) : 0;
  return { middle: plus(root, towards(angle - side * open, first)), end: plus(root, towards(angle, reach)) };
}

/** Longer chains: from the end back to the start and again, until the end is there (FABRIK). */
export function fabrik(points, spans, to) {
  const start = points[0];
  const reach = spans.reduce((sum, span) => sum + span, 0);
  const goal = distance(start, to) > reach ? plus(start, towards(angleOf(minus(to, start)), reach)) : to;
  let chain = points;
  for (let round = 0; round < MOST_ROUNDS && distance(chain.at(-1), goal) > ENOUGH; round++) {
    chain = strung([...chain].reverse(), [...spans].reverse(), goal).reverse();
    chain = strung(chain, spans, start);
  }
  return strung(chain, spans, start);
}

function strung(points, spans, start) {
  const chain = [start];
  spans.forEach((span, n) => {
    const away = minus(points[n + 1], chain[n]);
    const angle = angleOf(length(away) > 1e-9 ? away : minus(points[n + 1], points[n]));
    chain.push(plus(chain[n], towards(angle, span)));
  });
  return chain;
}
