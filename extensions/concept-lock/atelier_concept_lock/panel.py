"""The concept lock's tab: regions on a page with a prompt and concepts each, the webui's files, and the report."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import gradio as gr
from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.args import from_infotext, parse, read_entries, split_infotext
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.sides import first_side
from atelier_core.ui import widgets
from PIL import Image

from . import rows, run, tables
from .always import panel as always
from .always import run as lock_run
from .board import Board, beginning, board_of
from .cards import in_prompt
from .draft import run as drafting
from .draft.options import DraftArgs
from .merging import panel as merging
from .options import REGIONS, LockArgs
from .stage import panel as stage
from .teach import panel as teaching

ALWAYS = always.ALWAYS
ID = "atelier_concept_lock"
HEIGHT = 620  # CSS pixels
PLAIN = (
    *("negative", "width", "height", "steps", "cfg", "sampler", "scheduler", "seed", "batch", "count", "denoise"),
    "measure",
)
DRAFTED = ("prompt", "negative", "width", "height", "cfg", "sampler", "scheduler", "seed")
CONTROLS = ("way", "prompt", *PLAIN, *rows.NAMES, *lock_run.OF_LOCK)
FROM_HOST = {"Steps": "steps", "Sampler": "sampler", "Schedule type": "scheduler", "CFG scale": "cfg", "Seed": "seed"}


def build(host: Host) -> None:
    t, side = host.translate, first_side(host)
    parts: dict[str, Any] = {name: widgets.hidden_text(f"{ID}_{name}") for name in ("state", "taken")}
    parts["page"] = gr.HTML(stage.page(host, ID, HEIGHT, None, Extent(side, side)), elem_id=f"{ID}_view")
    with gr.Row():
        parts["look"] = gr.Button(t("Draft regions from their prompts"), size="sm", elem_id=f"{ID}_look")
        parts["draft"] = gr.Button("draft", elem_id=f"{ID}_draft", elem_classes=["atelier-hidden"])
        gr.HTML(elem_id=f"{ID}_draft_progress")
    parts["drafted"] = gr.HTML(elem_id=f"{ID}_drafted")
    with gr.Row(elem_id=f"{ID}_panel"):
        with gr.Column(scale=6, min_width=320):
            controls = _words(host)
            controls |= stage.region_rows(host, ID, parts["state"])
        with gr.Column(scale=5, min_width=320):
            controls |= _settings(host, side)
            parts |= _results(host)
    lists = [controls[name] for name in rows.NAMES if name.startswith("file")]
    lists += merging.build(host, stage.choices)
    teaching.build(host, [(controls[f"file{n}_0"], controls[f"triggers{n}_0"]) for n in range(REGIONS)], stage.choices)
    _shelf(host, lists)
    _wire(host, parts, controls)


def _results(host: Host) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}
    with gr.Row():
        made["start"] = gr.Button(t("Generate"), variant="primary", elem_id=f"{ID}_generate")
        made["stop"] = gr.Button(t("Interrupt"), elem_id=f"{ID}_interrupt")
    made["run"] = gr.Button("run", elem_id=f"{ID}_run", elem_classes=["atelier-hidden"])
    gr.HTML(elem_id=f"{ID}_progress")
    made["results"] = gr.HTML(elem_id=f"{ID}_results")
    widgets.to_buttons(host, ID)
    label = t("Start picture, or a result whose settings come back")
    made["files"] = gr.File(label=label, height=150, elem_id=f"{ID}_open")
    widgets.from_buttons(host, ID)
    return made


def _wire(host: Host, parts: Mapping[str, Any], controls: Mapping[str, Any]) -> None:
    values, page = [controls[name] for name in CONTROLS], parts["page"]
    for seen, real, bar, run_it, said in (
        ("start", "run", "progress", _run, "results"),
        ("look", "draft", "draft_progress", _drafted, "drafted"),
    ):
        widgets.page_click(parts[seen], f"window.atelier.submitAfter('{ID}_{bar}', '{ID}_page', '{ID}_{real}')")
        inputs, outputs = [parts["state"], *values], [page, parts[said]]
        widgets.run_click(parts[real], host, partial(run_it, host), inputs, outputs, f"{ID}_{bar}")
    parts["stop"].click(fn=host.interrupt, inputs=[], outputs=[])
    files, taken, shown = parts["files"], parts["taken"], [page, *values, parts["results"]]
    files.upload(fn=lambda given: _opened(host, given, ""), inputs=[files], outputs=shown)
    taken.change(fn=lambda given: _opened(host, None, given), inputs=[taken], outputs=shown)
    sides = [controls[name] for name in ("width", "height")]
    widgets.let_go(sides, partial(_resized, host), [page])


def _words(host: Host) -> dict[str, Any]:
    t = host.translate
    ways = [(t("A new picture"), "new"), (t("From the picture"), "picture")]
    made: dict[str, Any] = {"way": gr.Radio(ways, value="new", label=t("What is made"), elem_id=f"{ID}_way")}
    made["denoise"] = gr.Slider(
        0, 1, 0.75, step=0.01, label=t("Denoising strength"), elem_id=f"{ID}_denoise", visible=False
    )
    label = t("Prompt of the whole picture")
    made["prompt"] = gr.Textbox(label=label, lines=2, elem_id=f"{ID}_prompt")
    made["negative"] = gr.Textbox(label=t("Negative prompt"), lines=1, elem_id=f"{ID}_negative")
    made["way"].change(
        fn=lambda way: gr.update(visible=way == "picture"), inputs=[made["way"]], outputs=[made["denoise"]]
    )
    return made


def _settings(host: Host, side: int) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}

    def slider(name: str, least: float, most: float, value: float, step: float, label: str) -> None:
        made[name] = gr.Slider(least, most, value, step=step, label=label, elem_id=f"{ID}_{name}", min_width=200)

    samplers, schedulers = list(host.samplers()), list(host.schedulers())
    with gr.Row():
        made["sampler"] = gr.Dropdown(
            samplers, value=samplers[0], label=t("Sampling method"), elem_id=f"{ID}_sampler", min_width=120
        )
        made["scheduler"] = gr.Dropdown(
            schedulers, value=schedulers[0], label=t("Schedule type"), elem_id=f"{ID}_scheduler", min_width=120
        )
    with gr.Row():
        slider("width", 64, 2048, side, 8, t("Width"))
        slider("height", 64, 2048, side, 8, t("Height"))
    for name in ("width", "height"):  # those of the checkpoint of today, not of the one when the webui first started
        widgets.internal(made[name])
    with gr.Row():
        slider("steps", 1, 150, 20, 1, t("Sampling steps"))
        slider("cfg", 1, 30, 7, 0.5, t("CFG scale"))
    with gr.Row():
        made["seed"] = gr.Number(-1, precision=0, label=t("Seed"), elem_id=f"{ID}_seed", min_width=120)
        slider("batch", 1, 8, 1, 1, t("Batch size"))
        slider("count", 1, 16, 1, 1, t("Batch count"))
    made |= always.of_lock(host, ID)
    label = t("Measure the indirect share (one more picture per concept)")
    made["measure"] = gr.Checkbox(False, label=label, elem_id=f"{ID}_measure")
    return made


def _shelf(host: Host, lists: Sequence[Any]) -> None:
    with gr.Accordion(host.translate("LoRA files"), open=False, elem_id=f"{ID}_shelf"):
        refresh = gr.Button(host.translate("Look again"), size="sm", elem_id=f"{ID}_refresh")
        table = gr.HTML(elem_id=f"{ID}_files")

    def looked() -> tuple[Any, ...]:
        return (_table(host), *(widgets.offer(stage.choices(host)) for _ in lists))

    refresh.click(fn=looked, inputs=[], outputs=[table, *lists])


def _table(host: Host) -> str:
    found = run.listed(host)
    if not found:
        return widgets.sentence(host.translate("There are no LoRAs in the webui's folder."))
    return tables.files(found, host.translate)


def _resized(host: Host, width: float, height: float) -> str:
    """The page keeps its regions: what the panel knows of them may be older by now."""
    return stage.page(host, ID, HEIGHT, None, Extent(int(width), int(height)))


def _board(state: str, size: Extent) -> Board:
    return replace(board_of(state), size=size) if state else beginning(size)


# ---- opening


def _opened(host: Host, file: Any, taken: str) -> tuple[Any, ...]:
    """A picture came: it lies behind the regions, and the controls get what its infotext says."""
    same = [gr.update() for _ in CONTROLS]
    if not file and not taken:
        return gr.update(), *same, ""
    try:
        given = widgets.file_path(file) or source(taken)
        seen = picture.read(given)
        found, board, notes = _said(host, seen.texts.get("parameters", ""))
    except UserError as error:
        return gr.update(), *same, widgets.sentence(error.told(host.translate), "error")
    if "width" not in found:
        found |= {"width": seen.extent.width, "height": seen.extent.height}
    size = Extent(found["width"], found["height"])
    key = store.put(given)
    told = [stage.updated(host, name, found[name]) if name in found else gr.update() for name in CONTROLS]
    said = "".join(widgets.sentence(note) for note in notes)
    return stage.page(host, ID, HEIGHT, board, size, picture=key), *told, said


def _said(host: Host, infotext: str) -> tuple[dict[str, Any], Board | None, tuple[str, ...]]:
    words, settings = split_infotext(infotext)
    entries = read_entries(settings)
    locked = lock_run.lock_in(host, entries)
    if locked is None:
        return {}, None, ()
    lock, notes = locked
    prompt, _, negative = words.partition("\nNegative prompt:")
    size = lock_run.size_in(entries)
    own = {f" {name}": entries[key] for key, name in FROM_HOST.items() if key in entries}
    found = {**from_infotext("", LockArgs, own), "prompt": prompt.strip(), "negative": negative.strip()}
    found |= {"width": size.width, "height": size.height, **rows.values_from(lock)}
    found |= {name: getattr(lock, name) for name in lock_run.OF_LOCK}
    return found, rows.board_from(lock, size), notes


# ---- drafting


def _drafted(host: Host, state: str, *values: Any) -> tuple[Any, str]:
    """The regions keep their ids, their rows with them."""
    given = {name: widgets.chosen(value) for name, value in zip(CONTROLS, values, strict=True)}
    size = Extent(int(given["width"]), int(given["height"]))
    board = _board(state, size)
    lock = rows.lock_from_rows(board, given)
    prompts = json.dumps([in_prompt(region.prompt, region.cards) for region in lock.regions])
    plain = {name: given[name] for name in DRAFTED if given[name] not in (None, "")}
    made = drafting.draft(host, parse(DraftArgs, {**plain, "prompts": prompts}))
    places = zip(board.regions, made.board.regions, strict=True)
    board = Board(size, tuple(replace(old, mask=new.mask, on=True) for old, new in places))
    key = store.put(_png(made.picture))
    return stage.page(host, ID, HEIGHT, board, size, picture=key), "".join(widgets.sentence(n) for n in made.notes)


def _png(made: Image.Image) -> bytes:
    stream = io.BytesIO()
    made.save(stream, "PNG")
    return stream.getvalue()


# ---- running


def _run(host: Host, state: str, *values: Any) -> tuple[Any, str]:
    given = {name: widgets.chosen(value) for name, value in zip(CONTROLS, values, strict=True)}
    behind = board_of(state).picture if state else ""
    args, init = _args(given, state), _start(given, behind)
    done = run.generate(host, args, init)
    keys = [store.put(path) for path in done.paths]
    pictures = "".join(_shown(key, path.name) for key, path in zip(keys, done.paths, strict=True))
    told = tables.report(done.report.to_json(), host.translate)
    notes = "".join(widgets.sentence(note) for note in (*done.notes, *done.report.remarks(host.translate)))
    page = widgets.page_html(
        host, stage.unit(), f"{ID}_page", HEIGHT, before=behind or None, after=keys[-1] if keys else None
    )
    return page, f"<div class='atelier-results'>{pictures}</div>{told}{notes}"


def _args(given: Mapping[str, Any], state: str) -> LockArgs:
    size = Extent(int(given["width"]), int(given["height"]))
    lock = lock_run.lock_from({**given, "state": state}, size)
    plain = {name: given[name] for name in PLAIN if given[name] not in (None, "")}
    return parse(LockArgs, {**plain, "lock": replace(lock, prompt=given["prompt"] or "").text()})


def _start(given: Mapping[str, Any], behind: str) -> Image.Image | None:
    if given["way"] != "picture":
        return None
    if not behind:
        raise UserError("Choose a picture first.")
    size = int(given["width"]), int(given["height"])
    return picture.read(source(behind)).to_pil().convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _shown(key: str, name: str) -> str:
    at, safe = f"atelier/v1/core/pictures/{key}", html.escape(name)
    image = f'<a href="{at}" target="_blank"><img src="{at}?longest=768" alt="{safe}" loading="lazy"></a>'
    return f"<figure class='atelier-result'>{image}<figcaption>{safe}</figcaption></figure>"
