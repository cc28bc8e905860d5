// The panel beside the stage: caption, crop and mask of the picture that is looked at.

import { dressed, make, slider, textButton, write } from "../../stage/dom.mjs";
import { t } from "../../stage/i18n.mjs";
import { gridOf } from "../png.mjs";
import * as spans from "../spans.mjs";
import { boxOf, changed, cropOf, indexOf, MOST_CAPTION } from "./album.mjs";
import { buckets } from "./buckets.mjs";
import { shaped } from "./cropping.mjs";
import { fate } from "./overlay.mjs";

const BRUSH = { id: "brush-size", min: 4, max: 400, value: 60 }; // pixels of the picture

/** `strip`: {move, remove}; `brushed()` while the brush's size is changed. */
export function openSide(place, session, strip, brushed) {
  const put = (label, fields, merge = null) =>
    session.picture && session.edit(t(label), (album) => changed(album, session.chosen, fields(session.picture)), merge);

  const caption = make("textarea", { rows: 4, maxlength: MOST_CAPTION, "data-t-title": "Caption" });
  caption.addEventListener("input", () => put("Caption", () => ({ caption: caption.value }), `caption ${session.chosen}`));
  caption.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    session.step(event.shiftKey ? -1 : 1);
    caption.focus();
    caption.select();
  });
  const about = make("p", { class: "hint", "data-t": "Say what is not to be learnt: clothes, place, light. Ctrl+Enter goes to the next picture." });

  const shape = make("select", { "data-t-title": "Shape of the crop" });
  shape.addEventListener("change", () => {
    const [width, height] = shape.value.split("×").map(Number);
    if (width) put("Crop", (one) => ({ crop: cropOf(shaped(boxOf(one), width / height), one.source) }));
    shape.value = "";
  });
  const told = make("p", { class: "hint", "aria-live": "polite" });

  const masks = {
    invert: () => put("Invert the mask", ({ mask }) => ({ mask: mask && spans.inverse(mask) })),
    clear: () => put("Remove the mask", () => ({ mask: null })),
    crop: () => put("Mask the crop", masked),
  };
  function masked(one) {
    const grid = gridOf(one.source);
    const scale = grid.width / one.source.width;
    const { x, y, width, height } = boxOf(one);
    const box = { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
    return { mask: spans.withShape(spans.blank(grid), spans.box(box, grid)) };
  }
  const invert = textButton("Invert", masks.invert);
  const clear = textButton("Everything counts", masks.clear);
  const fill = textButton("Mask the crop", masks.crop);
  const mask = make("p", { class: "hint" });

  const whole = textButton("Whole picture", () => put("Use the whole picture", () => ({ crop: null })));
  const order = make(
    "div",
    { class: "buttons" },
    textButton("Earlier", () => strip.move(session.chosen, indexOf(session.state, session.chosen) - 1)),
    textButton("Later", () => strip.move(session.chosen, indexOf(session.state, session.chosen) + 1)),
    textButton("Remove", () => strip.remove(session.chosen)),
  );

  const part = (title, ...children) =>
    make("details", { open: true }, make("summary", { "data-t": title }), make("div", {}, ...children));
  place.append(
    ...[
      part("Caption", caption, about, order),
      part("Crop", make("div", { class: "pair" }, shape, whole), told),
      part("Mask", slider("Brush", BRUSH, brushed), make("div", { class: "buttons" }, invert, fill, clear), mask),
    ].map(dressed),
  );

  function shapes() {
    const head = make("option", { value: "" }, t("Shape"));
    const all = buckets(session.options.size).map(({ width, height }) =>
      make("option", { value: `${width}×${height}` }, `${width} × ${height}`),
    );
    shape.replaceChildren(head, ...all);
  }

  let shown = null; // the picture whose caption the field has

  function refresh(what) {
    const { picture } = session;
    for (const element of place.querySelectorAll("textarea, select, details button")) element.disabled = !picture;
    if (what === "options" || !shape.children.length) shapes();
    if (shown !== session.chosen) caption.value = picture?.caption ?? "";
    else write(caption, picture?.caption ?? "");
    shown = session.chosen;
    whole.disabled = !picture?.crop;
    invert.disabled = clear.disabled = !picture?.mask;
    told.textContent = picture ? fateOf(picture) : "";
    mask.textContent = picture ? t(picture.mask ? "What is striped does not count." : "Paint what counts, or erase what does not.") : "";
  }

  function fateOf(picture) {
    const { bucket, box, crop } = fate(picture, session.options.size);
    const cut = Math.round(100 * (1 - (box.width * box.height) / (crop.width * crop.height)));
    const size = { width: bucket.width, height: bucket.height, cut };
    const small = box.width < bucket.width * 0.75;
    const line = t(cut ? "Taught at {width} × {height}; {cut} % is cut off." : "Taught at {width} × {height}.", size);
    return small ? `${line} ${t("It is enlarged for that and will be soft.")}` : line;
  }

  session.changed(refresh);
  refresh("options");
  return { refresh };
}
