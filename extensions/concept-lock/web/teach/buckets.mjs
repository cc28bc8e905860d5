// The sizes that pictures are brought to for a training, as the webui's side computes them (teach/crops.py).

const STEP = 64; // pixels

const whole = (value) => Math.floor(value / STEP) * STEP;

/** All shapes of at most side² pixels, from half to twice the side, in whole steps. */
export function buckets(side) {
  const [least, most] = [Math.max(STEP, whole(Math.floor(side / 2))), whole(2 * side)];
  const found = new Map();
  for (let width = least; width <= most; width += STEP) {
    const height = Math.min(most, whole(Math.floor((side * side) / width)));
    if (height < least) continue;
    found.set(`${width}×${height}`, { width, height });
    found.set(`${height}×${width}`, { width: height, height: width });
  }
  return [...found.values()].sort((a, b) => a.width - b.width || a.height - b.height);
}

/** The nearest in shape; of equals the largest. */
export function bucketOf(size, among) {
  const off = (one) => Math.abs(Math.log((one.width / one.height) * (size.height / size.width)));
  const area = (one) => one.width * one.height;
  return among.reduce((best, one) => {
    const nearer = off(one) - off(best);
    return nearer < -1e-9 || (nearer < 1e-9 && area(one) > area(best)) ? one : best;
  });
}

/** The part of a box that fills its bucket, about `middle` as far as there is room; both in pixels of the picture. */
export function keptOf(box, bucket, middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 }) {
  const scale = Math.max(bucket.width / box.width, bucket.height / box.height);
  const [width, height] = [bucket.width / scale, bucket.height / scale];
  const place = (at, start, room, length) => Math.min(Math.max(at - length / 2, start), start + room - length);
  return { x: place(middle.x, box.x, box.width, width), y: place(middle.y, box.y, box.height, height), width, height };
}
