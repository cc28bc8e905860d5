"""The part of the tab in which a concept is taught: pictures and captions, settings, lessons and their state."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
from atelier_core.api.pictures import store
from atelier_core.args import parse
from atelier_core.errors import UserError
from atelier_core.host import Host
from atelier_core.ui import widgets

from . import run
from .teach import shown
from .teach.crops import Source
from .teach.intake import sources_from_files
from .teach.options import TeachArgs

ID = "atelier_concept_lock_teach"
TAUGHT = (
    "name", "trigger", "noun", "preset", "kind", "rank", "steps", "rate", "text_rate", "size", "batch", "prior",
    "conv_rank", "slot", "faces", "flip", "recompute", "sample_every", "sample_prompt", "seed",
)  # fmt: skip


def build(host: Host) -> None:
    t, tag = host.translate, ID
    with gr.Accordion(t("Teach a concept from a few pictures"), open=False, elem_id=tag), gr.Row():
        with gr.Column(scale=6, min_width=320):
            files = gr.File(file_count="multiple", file_types=["image"], label=t("Pictures"), elem_id=f"{tag}_files")
            label = t("Captions, one line for each picture: what is not to be learnt")
            captions = gr.Textbox(label=label, lines=4, elem_id=f"{tag}_captions")
            ask = gr.Button(t("Caption by the webui"), size="sm", elem_id=f"{tag}_caption")
            made = _taught_settings(host, tag)
        with gr.Column(scale=5, min_width=320):
            with gr.Row():
                measure = gr.Button(t("Estimate"), elem_id=f"{tag}_estimate")
                start = gr.Button(t("Start"), variant="primary", elem_id=f"{tag}_run")
            lesson = gr.Dropdown(run.lesson_names(host), label=t("Lesson"), elem_id=f"{tag}_lesson")
            with gr.Row():
                pause = gr.Button(t("Pause"), size="sm", elem_id=f"{tag}_pause")
                again = gr.Button(t("Resume"), size="sm", elem_id=f"{tag}_resume")
                stop = gr.Button(t("Stop and keep"), size="sm", elem_id=f"{tag}_stop")
                look = gr.Button(t("Look again"), size="sm", elem_id=f"{tag}_look")
            bars = [f"{tag}_{name}" for name in ("progress", "resuming", "measuring", "reading")]
            for bar in bars:
                gr.HTML(elem_id=bar)
            about = gr.HTML(elem_id=f"{tag}_shown")
            said = gr.HTML(elem_id=f"{tag}_said")
    inputs = [files, captions, *(made[name] for name in TAUGHT)]
    widgets.run_click(ask, host, partial(_captioned, host), [files], [captions, said], bars[3])
    widgets.run_click(measure, host, partial(_estimated, host), inputs, [about, said], bars[2])
    widgets.run_click(start, host, partial(_started, host), inputs, [about, said], bars[0])
    widgets.run_click(again, host, partial(_resumed, host), [lesson], [about, said], bars[1])
    pause.click(fn=partial(_wished, host, "pause"), inputs=[lesson], outputs=[said])
    stop.click(fn=partial(_wished, host, "stop"), inputs=[lesson], outputs=[said])
    look.click(fn=partial(_looked, host), inputs=[lesson], outputs=[lesson, about])


def _taught_settings(host: Host, tag: str) -> dict[str, Any]:
    t = host.translate
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
        made["preset"] = gr.Dropdown(presets, value="character", label=t("What is taught"), elem_id=f"{tag}_preset")
        kinds = [(t("LoRA"), "lora"), (t("Words alone (textual inversion)"), "words")]
        made["kind"] = gr.Dropdown(kinds, value="lora", label=t("As"), elem_id=f"{tag}_kind")
    open_ = t("0: as the preset says")
    with gr.Row():
        number("rank", 0, t("Rank"), open_)
        number("steps", 0, t("Steps of the training"), open_)
        number("rate", 0, t("Learning rate"), open_)
        number("text_rate", 0, t("Rate of the text encoder"), t("0: it is not trained"))
    with gr.Row():
        made["size"] = gr.Slider(64, 1536, 512, step=64, label=t("Size in pixels"), elem_id=f"{tag}_size")
        made["batch"] = gr.Slider(1, 16, 1, step=1, label=t("Pictures in a step"), elem_id=f"{tag}_batch")
    label, info = (
        t("Keep what the model knows of the noun"),
        t("-1: as the preset says. The webui draws pictures for it."),
    )
    made["prior"] = gr.Slider(-1, 4, -1, step=0.05, label=label, info=info, elem_id=f"{tag}_prior")
    with gr.Accordion(t("More"), open=False):
        number("conv_rank", 0, t("Rank on convolutions (LoCon)"))
        number("slot", 0, t("Slot, for composition"), t("Concepts of different slots share no direction."))
        made["faces"] = gr.Checkbox(False, label=t("Crop to the face, where one is found"), elem_id=f"{tag}_faces")
        made["flip"] = gr.Checkbox(False, label=t("Show the pictures mirrored too"), elem_id=f"{tag}_flip")
        ways = [(t("automatic"), "auto"), (t("on"), "on"), (t("off"), "off")]
        label = t("Compute blocks anew to save memory")
        made["recompute"] = gr.Dropdown(ways, value="auto", label=label, elem_id=f"{tag}_recompute")
        number("sample_every", 100, t("Steps between two sample pictures"), t("0: none on the way"))
        made["sample_prompt"] = gr.Textbox(label=t("Prompt of the sample pictures"), elem_id=f"{tag}_sample_prompt")
        number("seed", 1, t("Seed"))
    return made


def _taught_args(values: Sequence[Any]) -> tuple[TeachArgs, list[Source]]:
    files, captions, *rest = values
    given = {name: value for name, value in zip(TAUGHT, rest, strict=True) if value is not None}
    args = parse(TeachArgs, {**given, "name": str(given.get("name", "")).strip()})
    return args, sources_from_files(widgets.file_paths(files), captions.split("\n") if captions else [])


def _captioned(host: Host, files: Any) -> tuple[str, str]:
    found = [host.caption(one.picture) for one in sources_from_files(widgets.file_paths(files), [])]
    return "\n".join(" ".join(one.split()) for one in found), ""


def _estimated(host: Host, *values: Any) -> tuple[Any, str]:
    told = run.estimate(host, *_taught_args(values))
    return gr.update(), widgets.sentence(shown.estimated(told, host.translate))


def _started(host: Host, *values: Any) -> tuple[str, str]:
    args, sources = _taught_args(values)
    return _resumed(host, run.prepared(host, args, sources))


def _resumed(host: Host, name: str | None) -> tuple[str, str]:
    end = deque(run.resume(host, name or ""), maxlen=1).pop()
    if end.taught is None:
        text = host.translate("It rests at step {step} and can be resumed.").format(step=end.step)
    else:
        text = host.translate("{file} is ready: call it “{trigger}”.").format(
            file=end.taught.path.name, trigger=end.taught.card.triggers
        )
    return _lesson(host, end.name), widgets.sentence(text)


def _wished(host: Host, what: str, name: str | None) -> str:
    try:
        if what == "stop":
            run.stop(host, name or "")
        else:
            run.wish(name or "", what)
    except UserError as error:
        return widgets.sentence(error.told(host.translate), "error")
    return widgets.sentence(host.translate("At its next step."))


def _looked(host: Host, name: str | None) -> tuple[Any, str]:
    names = run.lesson_names(host)
    chosen = name if name in names else (names[-1] if names else None)
    return gr.update(choices=names, value=chosen), _lesson(host, chosen) if chosen else ""


def _lesson(host: Host, name: str) -> str:
    told = run.lesson_status(host, name)
    return shown.status(told, [(store.put(path), path.name) for path in told["samples"]], host.translate)
