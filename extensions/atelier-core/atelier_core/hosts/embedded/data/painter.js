// Paints a mask over the start picture of the tab inpaint. Strokes lie on a canvas of the picture's own size; after each
// of them the mask goes to the server as an opaque picture, and its id into the hidden textbox of the panel.
(() => {
  "use strict";
  const PLACE = "img2maskimg";
  const PICTURES = "atelier/v1/core/pictures";
  const INK = "rgb(99, 102, 241)";

  let strokes = []; // {size, erases, points: [[x, y], …]} in pixels of the picture
  let canvas = null;
  let shown = ""; // src of the picture that the strokes belong to
  let sent = 0;

  const find = (id) => document.getElementById(id);
  const picture = () => [...(find(PLACE)?.querySelectorAll("img") ?? [])].find((one) => one.naturalWidth > 1);
  const size = () => Number(find("img2img_brush")?.querySelector("input")?.value) || 40;
  const erases = () => Boolean(find("img2img_erase")?.querySelector("input")?.checked);

  /** Where the picture really is inside its element, which may be wider or higher. */
  function box(image) {
    const frame = image.getBoundingClientRect();
    const scale = Math.min(frame.width / image.naturalWidth, frame.height / image.naturalHeight);
    const width = image.naturalWidth * scale;
    const height = image.naturalHeight * scale;
    return { left: frame.left + (frame.width - width) / 2, top: frame.top + (frame.height - height) / 2, width, height, scale };
  }

  function fit() {
    const image = picture();
    if (!image || !canvas) return;
    const home = canvas.offsetParent?.getBoundingClientRect();
    if (!home) return;
    const at = box(image);
    Object.assign(canvas.style, {
      left: `${at.left - home.left}px`,
      top: `${at.top - home.top}px`,
      width: `${at.width}px`,
      height: `${at.height}px`,
    });
  }

  function draw(stroke, ink) {
    ink.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
    ink.lineWidth = stroke.size;
    ink.lineCap = ink.lineJoin = "round";
    ink.strokeStyle = INK;
    ink.beginPath();
    const [first, ...rest] = stroke.points;
    ink.moveTo(...first);
    for (const point of rest.length ? rest : [first]) ink.lineTo(...point);
    ink.stroke();
  }

  function redraw() {
    const ink = canvas.getContext("2d");
    ink.clearRect(0, 0, canvas.width, canvas.height);
    for (const stroke of strokes) draw(stroke, ink);
  }

  function tell(value) {
    const field = find("img2img_mask")?.querySelector("textarea, input");
    if (!field || field.value === value) return;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** White where something is painted, black elsewhere. */
  async function send() {
    const turn = ++sent;
    if (!strokes.some((stroke) => !stroke.erases)) return tell("");
    const whole = new OffscreenCanvas(canvas.width, canvas.height);
    const ink = whole.getContext("2d");
    ink.drawImage(canvas, 0, 0);
    ink.globalCompositeOperation = "source-in";
    ink.fillStyle = "white";
    ink.fillRect(0, 0, whole.width, whole.height);
    ink.globalCompositeOperation = "destination-over";
    ink.fillStyle = "black";
    ink.fillRect(0, 0, whole.width, whole.height);
    const answer = await fetch(PICTURES, { method: "POST", body: await whole.convertToBlob({ type: "image/png" }) });
    if (answer.ok && turn === sent) tell((await answer.json()).id);
  }

  function point(event) {
    const at = box(picture());
    return [(event.clientX - at.left) / at.scale, (event.clientY - at.top) / at.scale];
  }

  function down(event) {
    if (event.button > 0) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    strokes.push({ size: size() / box(picture()).scale, erases: erases(), points: [point(event)] });
    redraw();
  }

  function move(event) {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const points = event.getCoalescedEvents?.() ?? [];
    for (const one of points.length ? points : [event]) strokes.at(-1).points.push(point(one));
    redraw();
  }

  function up(event) {
    if (canvas.hasPointerCapture(event.pointerId)) canvas.releasePointerCapture(event.pointerId);
    send();
  }

  function mount(image) {
    canvas?.remove();
    canvas = document.createElement("canvas");
    canvas.className = "atelier-painter";
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    find(PLACE).append(canvas);
    canvas.addEventListener("pointerdown", down);
    canvas.addEventListener("pointermove", move);
    canvas.addEventListener("pointerup", up);
    canvas.addEventListener("pointercancel", up);
    strokes = [];
    shown = image.src;
    tell("");
    fit();
  }

  function look() {
    const image = picture();
    if (!image && canvas) {
      canvas.remove();
      canvas = null;
      shown = "";
      strokes = [];
      tell("");
    }
    if (image && (image.src !== shown || !canvas.isConnected)) mount(image);
    fit();
  }

  window.atelierPainter = {
    undo: () => canvas && (strokes.pop(), redraw(), send()),
    clear: () => canvas && ((strokes = []), redraw(), send()),
  };
  setInterval(look, 300); // gradio swaps pictures and tabs in its own time, and a look costs nothing
})();
