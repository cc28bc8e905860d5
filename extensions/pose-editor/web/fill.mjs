// Flood fill of an image {width, height, data: RGBA}. What it reaches depends only on the image, the seed and the
// settings, so a fill is kept as its seed and done anew whenever the strokes are painted anew.

const CLEAR = 8; // alpha below which a seed is taken for empty

/**
 * {mask: 1 where it reaches, bounds: {x, y, width, height}, count, clear}, or null for a seed outside. `tolerance`: by how
 * much a channel may differ from the seed's colour. `gap`: openings up to so many pixels wide hold it back. `clear`: the
 * seed was empty; then the mask goes one pixel further, below the soft edge of the lines around.
 */
export function flood(image, seed, { tolerance = 32, gap = 0 } = {}) {
  const { width, height, data } = image;
  const [x, y] = [Math.floor(seed.x), Math.floor(seed.y)];
  if (!(x >= 0 && y >= 0 && x < width && y < height)) return null;
  const open = alike(image, y * width + x, tolerance);
  const margin = Math.ceil(gap / 2);
  let mask = margin > 0 ? closedFill(open, width, height, x, y, margin) : null;
  mask ??= spread(open, width, height, x, y);
  const clear = data[(y * width + x) * 4 + 3] < CLEAR;
  if (clear) mask = grown(mask, width, height, 1, null);
  return { mask, clear, ...extentOf(mask, width, height) };
}

/** Paints a fill into its image: below what is there where the seed was empty, over it otherwise. */
export function pour(image, { mask, bounds, clear }, colour, opacity = 1) {
  const { width, data } = image;
  const paint = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (let y = bounds.y; y < bounds.y + bounds.height; y++) {
    for (let index = y * width + bounds.x; index < y * width + bounds.x + bounds.width; index++) {
      if (mask[index]) blend(data, index * 4, paint, opacity, clear);
    }
  }
}

function blend(data, at, paint, opacity, below) {
  const there = data[at + 3] / 255;
  const [over, under] = below ? [there, opacity * (1 - there)] : [there * (1 - opacity), opacity];
  const alpha = over + under;
  if (alpha === 0) return;
  for (let n = 0; n < 3; n++) data[at + n] = Math.round((data[at + n] * over + paint[n] * under) / alpha);
  data[at + 3] = Math.round(alpha * 255);
}

/** [W × H]: 1 where the colour is the seed's, 0 elsewhere. */
function alike({ width, height, data }, seed, tolerance) {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const open = new Uint8Array(width * height);
  const [r, g, b, a] = data.subarray(seed * 4, seed * 4 + 4);
  let [last, same] = [pixels[seed], 1];
  for (let index = 0; index < open.length; index++) {
    if (pixels[index] !== last) {
      last = pixels[index];
      same = near(data, index * 4, r, g, b, a, tolerance);
    }
    open[index] = same;
  }
  return open;
}

function near(data, at, r, g, b, a, tolerance) {
  if (Math.abs(data[at + 3] - a) > tolerance) return 0;
  if (data[at + 3] <= tolerance && a <= tolerance) return 1; // the colour of nothing is no colour
  const apart = Math.max(Math.abs(data[at] - r), Math.abs(data[at + 1] - g), Math.abs(data[at + 2] - b));
  return apart <= tolerance ? 1 : 0;
}

/** What hangs together with the seed, row by row. */
function spread(open, width, height, x, y) {
  const mask = new Uint8Array(width * height);
  const waiting = [y * width + x];
  while (waiting.length > 0) {
    const index = waiting.pop();
    if (mask[index] || !open[index]) continue;
    const row = index - (index % width);
    let [first, last] = [index, index];
    while (first > row && open[first - 1]) first--;
    while (last < row + width - 1 && open[last + 1]) last++;
    mask.fill(1, first, last + 1);
    if (row > 0) runs(open, mask, first - width, last - width, waiting);
    if (row < (height - 1) * width) runs(open, mask, first + width, last + width, waiting);
  }
  return mask;
}

/** One pixel of each run in a row that is open and not yet reached. */
function runs(open, mask, first, last, waiting) {
  let inside = false;
  for (let index = first; index <= last; index++) {
    const free = open[index] === 1 && mask[index] === 0;
    if (free && !inside) waiting.push(index);
    inside = free;
  }
}

/** The fill where the lines are thicker by `margin`, then grown back; null where the seed's room is too narrow for it. */
function closedFill(open, width, height, x, y, margin) {
  const wide = narrowed(open, width, height, margin);
  const start = firstWide(open, wide, width, height, y * width + x, 2 * margin);
  if (start === null) return null;
  const core = spread(wide, width, height, start % width, Math.floor(start / width));
  const mask = grown(core, width, height, margin, open);
  return mask[y * width + x] ? mask : null;
}

/** Open only where all within `margin` is open: a square of it. The border of the image is no line. */
function narrowed(open, width, height, margin) {
  const rows = new Uint8Array(open.length);
  for (let row = 0; row < open.length; row += width) shrink(open, rows, row, 1, width, margin);
  const both = new Uint8Array(open.length);
  for (let column = 0; column < width; column++) shrink(rows, both, column, width, height, margin);
  return both;
}

function shrink(open, result, start, step, count, margin) {
  let since = margin + 1; // steps since the last line behind
  for (let n = 0, at = start; n < count; n++, at += step) {
    since = open[at] ? since + 1 : 0;
    result[at] = since > margin ? 1 : 0;
  }
  since = margin + 1;
  for (let n = count - 1, at = start + n * step; n >= 0; n--, at -= step) {
    since = open[at] ? since + 1 : 0;
    if (since <= margin) result[at] = 0;
  }
}

/** The first wide place on the ways of at most `far` steps through what is open. */
function firstWide(open, wide, width, height, seed, far) {
  const seen = new Set([seed]);
  let edge = [seed];
  for (let step = 0; step <= far && edge.length > 0; step++) {
    const found = edge.find((index) => wide[index]);
    if (found !== undefined) return found;
    edge = edge
      .flatMap((index) => neighbours(index, width, height))
      .filter((index) => open[index] && !seen.has(index) && seen.add(index));
  }
  return null;
}

function neighbours(index, width, height) {
  const [x, y] = [index % width, Math.floor(index / width)];
  const around = [];
  if (x > 0) around.push(index - 1);
  if (x < width - 1) around.push(index + 1);
  if (y > 0) around.push(index - width);
  if (y < height - 1) around.push(index + width);
  return around;
}

/** The mask grown by `steps` pixels: over what is `within`, there over corners too, or else over whatever is beside it. */
function grown(mask, width, height, steps, within) {
  const wider = mask.slice();
  let edge = rim(mask, width, height);
  for (let step = 0; step < steps && edge.length > 0; step++) edge = ring(wider, width, height, edge, within);
  return wider;
}

/** The pixels of a mask that have a neighbour outside of it. */
function rim(mask, width, height) {
  const found = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0, index = y * width; x < width; x++, index++) {
      if (!mask[index]) continue;
      const inner =
        (x === 0 || mask[index - 1]) &&
        (x === width - 1 || mask[index + 1]) &&
        (y === 0 || mask[index - width]) &&
        (y === height - 1 || mask[index + width]);
      if (!inner) found.push(index);
    }
  }
  return found;
}

function ring(mask, width, height, edge, within) {
  const added = [];
  const take = (index) => {
    if (mask[index] || (within && !within[index])) return;
    mask[index] = 1;
    added.push(index);
  };
  for (const index of edge) {
    const [x, y] = [index % width, Math.floor(index / width)];
    const across = [x > 0 ? -1 : 0, x < width - 1 ? 1 : 0].filter(Boolean);
    const down = [y > 0 ? -width : 0, y < height - 1 ? width : 0].filter(Boolean);
    for (const step of [...across, ...down]) take(index + step);
    if (!within) continue;
    for (const a of across) for (const d of down) take(index + a + d);
  }
  return added;
}

function extentOf(mask, width, height) {
  let [left, right, top, bottom, count] = [width, -1, height, -1, 0];
  for (let y = 0; y < height; y++) {
    const first = mask.indexOf(1, y * width);
    if (first < 0) break;
    if (first >= (y + 1) * width) {
      y = Math.floor(first / width) - 1;
      continue;
    }
    const last = mask.lastIndexOf(1, (y + 1) * width - 1);
    left = Math.min(left, first - y * width);
    right = Math.max(right, last - y * width);
    top = Math.min(top, y);
    bottom = y;
    for (let index = first; index <= last; index++) count += mask[index];
  }
  return { bounds: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }, count };
}
