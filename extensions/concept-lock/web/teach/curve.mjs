// The loss of a lesson as a line: each step, and what lies behind their scatter.

const KEEP = 0.95; // of the running mean, a step

/** A running mean that begins unbiased. */
export function smooth(losses, keep = KEEP) {
  let [total, weight] = [0, 0];
  return losses.map((one) => {
    [total, weight] = [total * keep + one * (1 - keep), weight * keep + (1 - keep)];
    return total / weight;
  });
}

const AROUND = 0.6; // of the mean's own range, above and below it

/**
 * {steps, line, low, high}: paths for an SVG of width × height, and the values at its lower and upper edge. They show
 * how the mean goes: steps that scatter farther leave the picture.
 */
export function curve(losses, { width, height }) {
  if (losses.length < 2) return null;
  const mean = smooth(losses);
  const [least, most] = [Math.min, Math.max].map((of) => mean.reduce((a, b) => of(a, b)));
  const room = AROUND * (most - least) || Math.abs(most) / 2 || 1;
  const [low, high] = [least - room, most + room];
  const place = (value, n) => {
    const x = (n * width) / (losses.length - 1);
    const y = height - ((value - low) / (high - low)) * height;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const path = (values) => `M${thinned(values, width).map(([n, value]) => place(value, n)).join("L")}`;
  return { steps: path(losses), line: path(mean), low, high };
}

/** At most about a point for each pixel, the last one always. */
function thinned(values, width) {
  const every = Math.max(1, Math.floor(values.length / width));
  const last = values.length - 1;
  return values.flatMap((value, n) => (n % every === 0 || n === last ? [[n, value]] : []));
}

/** 3725 -> "1:02:05", 65 -> "1:05" */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
