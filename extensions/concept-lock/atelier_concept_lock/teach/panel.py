"""The part of the tab in which a concept is taught: a page of its pictures, settings, and a page of its lesson."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from typing import Any, Literal

import gradio as gr
from atelier_core.api.pictures import source
from atelier_core.args import parse
from atelier_core.errors import UserError
from atelier_core.host import Host
from atelier_core.sides import first_side
from atelier_core.ui import widgets
from atelier_core.units import loaded

from . import run, shown
from .crops import Source
from .intake import sources_on_page
from .options import TeachArgs

ID = "atelier_concept_lock_teach"
PICTURES_HEIGHT, LESSON_HEIGHT = 580, 540  # CSS pixels of the two pages
LARGEST = 1536  # pixels
STAMPS = count(1)
TAUGHT = (
    "name", "trigger", "noun", "preset", "kind", "rank", "steps", "rate", "text_rate", "size", "batch", "prior",
    "conv_rank", "slot", "flip", "shuffle", "recompute", "sample_every", "sample_prompt", "seed",
)  # fmt: skip
Row = tuple[Any, Any]  # of a region in the tab: its list of files, its trigger words


def build(host: Host, rows: Sequence[Row] = (), choices: Callable[[Host], list[Any]] = lambda host: []) -> None:
    """`rows`: of the regions that can use what was taught; `choices`: what their lists of files offer."""
    t, tag, side = host.translate, ID, min(LARGEST, first_side(host))
    with gr.Accordion(t("Teach a concept from a few pictures"), open=False, elem_id=tag):
        state, use = widgets.hidden_text(f"{tag}_state"), widgets.hidden_text(f"{tag}_use")
        pictures = gr.HTML(_pictures(host, side), elem_id=f"{tag}_view")
        with gr.Row():
            with gr.Column(scale=6, min_width=320):
                made = _settings(host, side)
            with gr.Column(scale=5, min_width=320):
                with gr.Row():
                    ask, begin = _button(t("Estimate"), "estimate"), _button(t("Start"), "run", "primary")
                gr.HTML(elem_id=f"{tag}_progress")
                said = gr.HTML(elem_id=f"{tag}_said")
                lesson = gr.HTML(_lesson(host, len(rows)), elem_id=f"{tag}_lesson_view")
    inputs = [state, *(made[name] for name in TAUGHT)]
    widgets.run_click(ask, host, partial(_estimated, host), inputs, [said], f"{tag}_progress")
    begin.click(fn=partial(_started, host, len(rows)), inputs=inputs, outputs=[lesson, said])
    made["size"].change(fn=partial(_pictures, host), inputs=[made["size"]], outputs=[pictures])
    offered = use.change(fn=lambda: [widgets.offer(choices(host)) for _ in rows], outputs=[row[0] for row in rows])
    # gradio 3 shows only what its list has offered before
    offered.then(fn=partial(_used, host, len(rows)), inputs=[use], outputs=[part for row in rows for part in row])


def _button(label: str, name: str, variant: Literal["primary", "secondary"] = "secondary") -> gr.Button:
    """What is seen lets the page send its last edits and then presses the button that is given back."""
    seen = gr.Button(label, variant=variant, elem_id=f"{ID}_{name}_first")
    widgets.page_click(seen, f"window.atelier.submitAfter('{ID}_progress', '{ID}_page', '{ID}_{name}')")
    return gr.Button(name, elem_id=f"{ID}_{name}", elem_classes=["atelier-hidden"])


def _pictures(host: Host, size: float) -> str:
    return _page(host, "page", "teach/index.html", PICTURES_HEIGHT, {"size": int(size)})


def _lesson(host: Host, regions: int, name: str = "") -> str:
    return _page(host, "lesson", "teach/lesson.html", LESSON_HEIGHT, {"name": name, "regions": regions})


def _page(host: Host, name: str, file: str, height: int, options: Mapping[str, Any]) -> str:
    opened = {"document": None, "picture": None, "options": json.dumps(options), "stamp": next(STAMPS)}
    return widgets.page_html(host, loaded.units["concept-lock"], f"{ID}_{name}", height, opened, file=file)


def _settings(host: Host, side: int) -> dict[str, Any]:
    t, tag = host.translate, ID
    made: dict[str, Any] = {}

    def number(name: str, value: float, label: str, info: str = "") -> None:
        made[name] = gr.Number(value, label=label, info=info or None, elem_id=f"{tag}_{name}")

    with gr.Row():
        made["name"] = gr.Textbox(label=t("Name of the concept"), elem_id=f"{tag}_name")
        made["trigger"] = gr.Textbox(label=t("Trigger word"), info=t("Empty: the name."), elem_id=f"{tag}_trigger")
        made["noun"] = gr.Textbox(label=t("What it is one of"), info=t("woman, cat, …"), elem_id=f"{tag}_noun")
    with gr.Row():
        presets = [(t("Face"), "face"), (t("Character"), "character"), (t("Style"), "style")]
        presets.append((t("For composition"), "composition"))
        made["preset"] = widgets.dropdown(
            presets, value="character", label=t("What is taught"), elem_id=f"{tag}_preset"
        )
        kinds = [(t("LoRA"), "lora"), (t("Words alone (textual inversion)"), "words")]
        made["kind"] = widgets.dropdown(kinds, value="lora", label=t("As"), elem_id=f"{tag}_kind")
    says = gr.HTML(_says(host, "character", "lora"), elem_id=f"{tag}_preset_says")
    for one in (made["preset"], made["kind"]):
        one.change(fn=partial(_says, host), inputs=[made["preset"], made["kind"]], outputs=[says])
    open_ = t("0: as the preset says")
    with gr.Row():
        number("rank", 0, t("Rank"), open_)
        number("steps", 0, t("Steps of the training"), open_)
        number("rate", 0, t("Learning rate"), open_)
        number("text_rate", 0, t("Rate of the text encoder"), t("0: it is not trained"))
    with gr.Row():
        made["size"] = gr.Slider(64, LARGEST, side, step=64, label=t("Size in pixels"), elem_id=f"{tag}_size")
        widgets.internal(made["size"])  # that of the checkpoint of today
        made["batch"] = gr.Slider(1, 16, 1, step=1, label=t("Pictures in a step"), elem_id=f"{tag}_batch")
    label, info = (
        t("Keep what the model knows of the noun"),
        t("-1: as the preset says. The webui draws pictures for it."),
    )
    made["prior"] = gr.Slider(-1, 4, -1, step=0.05, label=label, info=info, elem_id=f"{tag}_prior")
    with gr.Accordion(t("More"), open=False):
        number("conv_rank", 0, t("Rank on convolutions (LoCon)"))
        number("slot", 0, t("Slot, for composition"), t("Concepts of different slots share no direction."))
        made["flip"] = gr.Checkbox(False, label=t("Show the pictures mirrored too"), elem_id=f"{tag}_flip")
        label = t("Shuffle what stands between a caption's commas")
        made["shuffle"] = gr.Checkbox(True, label=label, elem_id=f"{tag}_shuffle")
        ways = [(t("automatic"), "auto"), (t("on"), "on"), (t("off"), "off")]
        label = t("Compute blocks anew to save memory")
        made["recompute"] = widgets.dropdown(ways, value="auto", label=label, elem_id=f"{tag}_recompute")
        number("sample_every", 100, t("Steps between two sample pictures"), t("0: none on the way"))
        made["sample_prompt"] = gr.Textbox(label=t("Prompt of the sample pictures"), elem_id=f"{tag}_sample_prompt")
        number("seed", 1, t("Seed"))
    return made


def _says(host: Host, preset: str, kind: str) -> str:
    return widgets.sentence(shown.preset(preset, kind, host.translate))


def _asked(state: str, values: Sequence[Any]) -> tuple[TeachArgs, list[Source]]:
    given = {name: value for name, value in zip(TAUGHT, values, strict=True) if value is not None}
    args = parse(TeachArgs, {**given, "name": str(given.get("name", "")).strip()})
    return args, sources_on_page(state, source)


def _estimated(host: Host, state: str, *values: Any) -> tuple[str]:
    told, t = run.estimate(host, *_asked(state, values)), host.translate
    line = widgets.sentence(shown.estimated(told, t))
    fault = t("That will not fit: take a smaller size or batch, or let blocks be computed anew.")
    return (line if told.fits else line + widgets.sentence(fault, "error"),)


def _started(host: Host, regions: int, state: str, *values: Any) -> tuple[Any, str]:
    """The lesson goes on by itself: it outlives this page, which asks how far it is."""
    try:
        name = run.prepared(host, *_asked(state, values))
        run.in_background(host, name)
    except UserError as error:
        return gr.update(), widgets.sentence(error.told(host.translate), "error")
    return _lesson(host, regions, name), ""


def _used(host: Host, regions: int, text: str) -> tuple[Any, ...]:
    """What the lesson's page writes: {region: from 0, name}. The region gets the file and its trigger words."""
    updates = [gr.update() for _ in range(2 * regions)]
    told = json.loads(text or "{}")
    if told.get("region") in range(regions):
        card = run.card(host, told["name"])
        at = 2 * told["region"]
        updates[at : at + 2] = [gr.update(value=card.files[0]), gr.update(value=card.triggers)]
    return tuple(updates)
