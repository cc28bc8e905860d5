"""The upscaler's tab, and its entry in the Extras tab."""

from __future__ import annotations

import html
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from atelier_core import picture
from atelier_core.api.pictures import store
from atelier_core.args import from_infotext, read_entries, split_infotext
from atelier_core.entries import ExtrasEntry
from atelier_core.errors import UserError
from atelier_core.host import Host
from atelier_core.ui import widgets
from atelier_core.units import loaded
from PIL import Image

from . import run
from .options import FORMATS, LABEL, SIDES, UpscaleArgs

ID = "atelier_upscaler"
PAGE_HEIGHT = 600  # pixels
NAMES = tuple(f.name for f in fields(UpscaleArgs) if f.name != "picture")


def build(host: Host) -> None:
    t = host.translate
    with gr.Row(elem_id=f"{ID}_panel"):
        with gr.Column(scale=4, min_width=320):
            files, taken = _source(host)
            controls = _controls(host)
            with gr.Row():
                start = gr.Button(t("Upscale"), variant="primary", elem_id=f"{ID}_run")
                stop = gr.Button(t("Interrupt"), elem_id=f"{ID}_interrupt")
            again = gr.Button(t("Settings from the picture"), size="sm", elem_id=f"{ID}_restore")
        with gr.Column(scale=7, min_width=320):
            gr.HTML(elem_id=f"{ID}_progress")
            page = gr.HTML(_page(host), elem_id=f"{ID}_view")
            results = gr.HTML(elem_id=f"{ID}_results")
            widgets.to_buttons(host, ID)
    values = [controls[name] for name in NAMES]
    widgets.run_click(start, host, partial(_run, host), [files, taken, *values], [page, results], f"{ID}_progress")
    stop.click(fn=host.interrupt, inputs=[], outputs=[])
    restore = partial(_restored, host)
    again.click(fn=restore, inputs=[files, taken], outputs=[*values, results], show_progress=False)
    for source in (files, taken):
        source.change(fn=partial(_opened, host), inputs=[files, taken], outputs=[page, results])


def _source(host: Host) -> tuple[gr.File, gr.Textbox]:
    t = host.translate
    files = gr.File(label=t("Pictures"), file_count="multiple", height=140, elem_id=f"{ID}_files")
    taken = widgets.hidden_text(f"{ID}_taken")
    widgets.from_buttons(host, ID)
    return files, taken


def _controls(host: Host) -> dict[str, Any]:
    made = _model_and_size(host)
    t = host.translate
    joining = [(t("Fast"), "fast"), (t("Exact: as if in one piece, slower"), "exact")]
    made["mode"] = gr.Radio(joining, value="fast", label=t("Joining of tiles"), elem_id=f"{ID}_mode")
    with gr.Accordion(t("More"), open=False):
        made["tile"] = gr.Slider(0, 1024, 0, step=32, label=t("Tile size (0: from free memory)"), elem_id=f"{ID}_tile")
        numbers = [(t("Automatic"), "auto"), ("fp32", "fp32"), ("bf16", "bf16"), ("fp16", "fp16")]
        made["precision"] = gr.Radio(numbers, value="auto", label=t("Precision"), elem_id=f"{ID}_precision")
        made["format"] = gr.Radio(list(FORMATS), value="png", label=t("File format"), elem_id=f"{ID}_format")
    return made


def _model_and_size(host: Host, prefix: str = ID) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}
    with gr.Row():
        made["model"] = _model(host, prefix)
        refresh = gr.Button("↻", elem_id=f"{prefix}_refresh", min_width=40, scale=0, elem_classes=["tool"])
        refresh.click(fn=lambda: gr.update(choices=run.model_names(host)), inputs=[], outputs=[made["model"]])
    targets = [(t("By factor"), "factor"), (t("To a size"), "size"), (t("To a long side"), "long side")]
    made["target"] = gr.Radio(targets, value="factor", label=t("Size of the result"), elem_id=f"{prefix}_target")
    made["factor"] = gr.Slider(1, 16, 4, step=0.05, label=t("Factor"), elem_id=f"{prefix}_factor")
    with gr.Row(visible=False) as size:
        made["width"] = gr.Number(3840, precision=0, label=t("Width"), elem_id=f"{prefix}_width", min_width=80)
        made["height"] = gr.Number(2160, precision=0, label=t("Height"), elem_id=f"{prefix}_height", min_width=80)
        fits = [(t("Inside"), "inside"), (t("Crop"), "crop"), (t("Stretch"), "stretch")]
        made["fit"] = gr.Radio(fits, value="inside", label=t("If the shape differs"), elem_id=f"{prefix}_fit")
    with gr.Row(visible=False) as side:
        made["long_side"] = gr.Radio(list(SIDES), value="4K", label=t("Long side"), elem_id=f"{prefix}_long_side")
    made["target"].change(fn=_visible, inputs=[made["target"]], outputs=[made["factor"], size, side])
    return made


def _visible(target: str) -> tuple[Any, ...]:
    return tuple(gr.update(visible=target == one) for one in ("factor", "size", "long side"))


def _model(host: Host, prefix: str) -> gr.Dropdown:
    names = run.model_names(host)
    return gr.Dropdown(names, value=names[-1], label=host.translate("Upscale model"), elem_id=f"{prefix}_model")


def _page(host: Host, **show: Any) -> str:
    return widgets.page_html(host, loaded.units["upscaler"], f"{ID}_page", PAGE_HEIGHT, **show)


def _opened(host: Host, files: Any, taken: str) -> tuple[str, str]:
    """A picture was chosen: show it, and say what is special about it."""
    try:
        chosen = _chosen(files, taken)
        if not chosen:
            return _page(host), ""
        first = picture.read(chosen[0][1])
        key = store.put(chosen[0][1])
    except UserError as error:
        return _page(host), widgets.sentence(error.told(host.translate), "error")
    return _page(host, before=key), "".join(widgets.sentence(host.translate(note)) for note in first.notes)


def _chosen(files: Any, taken: str) -> list[tuple[str, bytes | Path]]:
    """Name and source of each picture: the uploaded files, else the one taken from another tab."""
    paths = widgets.file_paths(files)
    if paths:
        return [(path.stem, path) for path in paths]
    return [("taken", store.get(taken))] if taken else []


def _run(host: Host, files: Any, taken: str, *values: Any) -> tuple[Any, ...]:
    args = run.given(dict(zip(NAMES, values, strict=True)))
    chosen = _chosen(files, taken)
    if not chosen:
        raise UserError("Choose a picture first.")
    lines: list[str] = []
    page: Any = gr.update()
    for name, source, done in run.upscale_many(host, chosen, args):
        if isinstance(done, UserError):
            lines.append(widgets.sentence(f"{name}: {done.told(host.translate)}", "error"))
            continue
        key = store.put(done.path)
        page = _page(host, before=store.put(source), after=key)
        lines.append(_result(host, done, key))
    return page, "".join(lines)


def _result(host: Host, done: run.Done, key: str) -> str:
    size = done.path.stat().st_size / 2**20
    name = html.escape(done.path.name)
    link = f'<a href="atelier/v1/core/pictures/{key}" download="{name}">{name}</a>'
    head = f"<p class='atelier-result'>{link} · {done.extent.width} × {done.extent.height} · {size:.1f} MB</p>"
    return head + "".join(widgets.sentence(line) for line in done.notes)


def _restored(host: Host, files: Any, taken: str) -> tuple[Any, ...]:
    """The settings that an earlier result carries in its infotext, into the controls."""
    try:
        found = _settings_in(_chosen(files, taken))
    except UserError as error:
        return (*(gr.update() for _ in NAMES), widgets.sentence(error.told(host.translate), "error"))
    return (*(gr.update(value=found[name]) if name in found else gr.update() for name in NAMES), "")


def _settings_in(chosen: list[tuple[str, bytes | Path]]) -> dict[str, Any]:
    if not chosen:
        raise UserError("Choose a picture first.")
    infotext = picture.read(chosen[0][1]).texts.get("parameters", "")
    found = from_infotext(LABEL, UpscaleArgs, read_entries(split_infotext(infotext)[1]))
    if not found:
        raise UserError("This picture carries no settings of the upscaler.")
    return found


def _extras_controls(host: Host) -> dict[str, Any]:
    prefix = f"{ID}_extras"
    with gr.Accordion(host.translate("Atelier upscaler"), open=False, elem_id=prefix):
        on = gr.Checkbox(False, label=host.translate("Upscale with Atelier"), elem_id=f"{prefix}_on")
        return {"on": on, **_model_and_size(host, prefix)}


def _extras(host: Host, image: Image.Image, values: dict[str, Any]) -> tuple[Image.Image, dict[str, str]]:
    if not values.pop("on", False):
        return image, {}
    return run.upscale_pil(host, image, run.given(values))


EXTRAS = ExtrasEntry("Atelier upscaler", 900, _extras_controls, _extras)
