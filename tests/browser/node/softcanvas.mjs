// A canvas in plain arithmetic, as far as strokes need one: polygons by their pixels' middles, four ways to compose.

const MODES = {
  "source-over": (over, under) => [over, under * (1 - over)],
  "destination-over": (over, under) => [over * (1 - under), under],
  "destination-out": (over, under) => [0, under * (1 - over)],
};

export function softCanvas(width, height) {
  const canvas = { width, height, data: new Uint8ClampedArray(width * height * 4) };
  const context = contextOf(canvas);
  canvas.getContext = () => context;
  return canvas;
}

export function softCopy(canvas) {
  const copy = softCanvas(canvas.width, canvas.height);
  copy.data.set(canvas.data);
  return copy;
}

function contextOf(canvas) {
  const { width, height, data } = canvas;
  const initial = { globalCompositeOperation: "source-over", globalAlpha: 1, fillStyle: "#000000" };
  const kept = [];
  let path = [];
  const set = (x, y, colour, alpha) => {
    const at = (y * width + x) * 4;
    const [over, under] = MODES[context.globalCompositeOperation](alpha, data[at + 3] / 255);
    const sum = over + under;
    for (let n = 0; n < 3; n++) data[at + n] = sum ? (colour[n] * over + data[at + n] * under) / sum : 0;
    data[at + 3] = sum * 255;
  };
  const each = (x, y, across, down, act) => {
    for (let row = Math.max(0, y); row < Math.min(height, y + down); row++) {
      for (let column = Math.max(0, x); column < Math.min(width, x + across); column++) act(column, row);
    }
  };
  const paint = () => [1, 3, 5].map((n) => parseInt(context.fillStyle.slice(n, n + 2), 16));
  const context = {
    canvas,
    ...initial,
    save: () => kept.push(Object.fromEntries(Object.keys(initial).map((name) => [name, context[name]]))),
    restore: () => Object.assign(context, kept.pop()),
    clearRect: (x, y, across, down) =>
      each(x, y, across, down, (column, row) =>
        data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 4),
      ),
    fillRect: (x, y, across, down) =>
      each(x, y, across, down, (column, row) => set(column, row, paint(), context.globalAlpha)),
    beginPath: () => (path = []),
    moveTo: (x, y) => path.push([x, y]),
    lineTo: (x, y) => path.at(-1).push(x, y),
    closePath: () => {},
    fill: () =>
      each(0, 0, width, height, (x, y) => wound(path, x + 0.5, y + 0.5) && set(x, y, paint(), context.globalAlpha)),
    drawImage: (image, x, y, across, down) =>
      each(x, y, across, down, (column, row) => {
        const at = (row * width + column) * 4;
        set(column, row, image.data.subarray(at, at + 3), image.data[at + 3] / 255);
      }),
    getImageData: () => ({ width, height, data: data.slice() }),
    putImageData: (image, _x, _y, x, y, across, down) =>
      each(x, y, across, down, (column, row) => {
        const at = (row * width + column) * 4;
        data.set(image.data.subarray(at, at + 4), at);
      }),
  };
  return context;
}

/** How often the polygons run round a point, more one way than the other: not 0 is inside. */
export function wound(polygons, x, y) {
  let count = 0;
  for (const polygon of polygons) {
    for (let n = 0; n < polygon.length; n += 2) {
      const [ax, ay] = [polygon[n], polygon[n + 1]];
      const [bx, by] = [polygon[(n + 2) % polygon.length], polygon[(n + 3) % polygon.length]];
      if (ay <= y === by <= y) continue;
      const right = ax + ((y - ay) / (by - ay)) * (bx - ax) > x;
      if (right) count += by > ay ? 1 : -1;
    }
  }
  return count;
}
