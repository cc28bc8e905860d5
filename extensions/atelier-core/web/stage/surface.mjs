// A canvas that has exactly one pixel for each pixel of the screen, drawn at most once per frame.

/** `draw(context, surface)` after every change; surface = {room: size in CSS pixels, device: in its own, ratio}. */
export function openSurface(canvas, draw, resized = () => {}) {
  const context = canvas.getContext("2d");
  const surface = { room: { width: 1, height: 1 }, device: { width: 1, height: 1 }, ratio: 1 };
  let frame = 0;

  const paint = () => {
    frame = 0;
    draw(context, surface);
  };
  const redraw = () => (frame ||= requestAnimationFrame(paint));

  const measure = ([entry]) => {
    const { inlineSize: width, blockSize: height } = entry.contentBoxSize[0];
    if (!width || !height) return; // out of sight, as in a tab that is not open: the view waits as it is
    const exact = entry.devicePixelContentBoxSize?.[0]; // Safari before 18 has none
    surface.ratio = window.devicePixelRatio;
    surface.room = { width, height };
    canvas.width = surface.device.width = whole(exact?.inlineSize, width * surface.ratio);
    canvas.height = surface.device.height = whole(exact?.blockSize, height * surface.ratio);
    resized(surface);
    paint(); // at once: a resized canvas is empty, waiting for the next frame would flicker
  };
  const observer = new ResizeObserver(measure);
  try {
    observer.observe(canvas, { box: "device-pixel-content-box" });
  } catch {
    observer.observe(canvas);
  }
  return { surface, redraw, close: () => (observer.disconnect(), cancelAnimationFrame(frame)) };
}

/** The browser's count of device pixels, unless it contradicts the ratio (as under a phone emulation). */
const whole = (told, computed) => (Math.abs(told - computed) < 1 ? told : Math.round(computed));
