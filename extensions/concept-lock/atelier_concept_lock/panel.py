"""The concept lock's tab: regions with a prompt and a concept each, the webui's files, and the report."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
from atelier_core.api.pictures import store
from atelier_core.args import parse
from atelier_core.host import Host
from atelier_core.ui import widgets

from . import run
from .options import REGIONS, LockArgs
from .regions import Lock, Region, box_of
from .teach import panel as teaching

ID = "atelier_concept_lock"
BOXES = ("0,0,0.5,1", "0.5,0,1,1", "", "")  # two people side by side
PER_REGION = ("box", "prompt", "file", "triggers", "unet", "text")
PLAIN = ("width", "height", "steps", "cfg", "sampler", "seed", "measure")
OF_LOCK = ("feather", "dial", "uncond", "start")


def build(host: Host) -> None:
    t = host.translate
    with gr.Row(elem_id=f"{ID}_panel"):
        with gr.Column(scale=6, min_width=320):
            prompt = gr.Textbox(label=t("Prompt of the whole picture"), lines=2, elem_id=f"{ID}_prompt")
            negative = gr.Textbox(label=t("Negative prompt"), lines=1, elem_id=f"{ID}_negative")
            rows = [_region(host, n) for n in range(REGIONS)]
            style = _concept(host, "style", t("Style or concept for the whole picture"))
            files = [row["file"] for row in (*rows, style)]
        with gr.Column(scale=5, min_width=320):
            plain, of_lock = _settings(host)
            with gr.Row():
                start = gr.Button(t("Generate"), variant="primary", elem_id=f"{ID}_run")
                stop = gr.Button(t("Interrupt"), elem_id=f"{ID}_interrupt")
            gr.HTML(elem_id=f"{ID}_progress")
            shown = gr.HTML(elem_id=f"{ID}_pictures")
            report = gr.HTML(elem_id=f"{ID}_report")
            _shelf(host, files)
    teaching.build(host, [(row["file"], row["triggers"]) for row in rows], _names)
    inputs = [prompt, negative, *(row[name] for row in rows for name in PER_REGION)]
    inputs += [style[name] for name in PER_REGION[2:]]
    inputs += [plain[name] for name in PLAIN] + [of_lock[name] for name in OF_LOCK]
    widgets.run_click(start, host, partial(_run, host), inputs, [shown, report], f"{ID}_progress")
    stop.click(fn=host.interrupt, inputs=[], outputs=[])


def _region(host: Host, n: int) -> dict[str, Any]:
    t = host.translate
    title = t("Region {n}").format(n=n + 1)
    with gr.Accordion(title, open=bool(BOXES[n]), elem_id=f"{ID}_region{n}"):
        with gr.Row():
            box = gr.Textbox(
                BOXES[n],
                label=t("Box: left,top,right,bottom"),
                info=t("From 0 to 1. Empty: no region."),
                elem_id=f"{ID}_box{n}",
            )
            prompt = gr.Textbox(label=t("Prompt here"), elem_id=f"{ID}_prompt{n}")
        return {"box": box, "prompt": prompt, **_concept(host, str(n), t("Concept"))}


def _concept(host: Host, tag: str, label: str) -> dict[str, Any]:
    t = host.translate
    with gr.Row():
        file = gr.Dropdown(_names(host), value=widgets.NOTHING, label=label, elem_id=f"{ID}_file{tag}")
        triggers = gr.Textbox(label=t("Trigger words"), elem_id=f"{ID}_triggers{tag}")
    with gr.Row():
        unet = gr.Slider(-2, 2, 1, step=0.05, label=t("Weight in the picture"), elem_id=f"{ID}_unet{tag}")
        text = gr.Slider(-2, 2, 1, step=0.05, label=t("Weight in the words"), elem_id=f"{ID}_text{tag}")
    return {"file": file, "triggers": triggers, "unet": unet, "text": text}


def _names(host: Host) -> list[tuple[str, str]]:
    return [(host.translate("none"), widgets.NOTHING), *((model.name, model.name) for model in host.models("lora"))]


def _settings(host: Host) -> tuple[dict[str, Any], dict[str, Any]]:
    t = host.translate
    plain: dict[str, Any] = {}
    with gr.Row():
        plain["width"] = gr.Slider(64, 2048, 512, step=8, label=t("Width"), elem_id=f"{ID}_width")
        plain["height"] = gr.Slider(64, 2048, 512, step=8, label=t("Height"), elem_id=f"{ID}_height")
    with gr.Row():
        names = list(host.samplers())
        plain["sampler"] = gr.Dropdown(names, value=names[0], label=t("Sampler"), elem_id=f"{ID}_sampler")
        plain["steps"] = gr.Slider(1, 150, 20, step=1, label=t("Steps"), elem_id=f"{ID}_steps")
    with gr.Row():
        plain["cfg"] = gr.Slider(1, 30, 7, step=0.5, label=t("CFG scale"), elem_id=f"{ID}_cfg")
        plain["seed"] = gr.Number(-1, precision=0, label=t("Seed"), elem_id=f"{ID}_seed")
    return plain, _lock_settings(host, plain)


def _lock_settings(host: Host, plain: dict[str, Any]) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}
    made["dial"] = gr.Slider(
        0,
        1,
        0,
        step=0.05,
        label=t("Against leaks through the picture itself"),
        info=t("0 leaves the model as it is. More keeps regions apart and takes more time."),
        elem_id=f"{ID}_dial",
    )
    with gr.Accordion(t("More"), open=False):
        made["feather"] = gr.Slider(0, 256, 0, step=1, label=t("Soft edge in pixels"), elem_id=f"{ID}_feather")
        made["start"] = gr.Slider(
            0, 1, 0, step=0.05, label=t("Begins at this share of the steps"), elem_id=f"{ID}_start"
        )
        made["uncond"] = gr.Checkbox(False, label=t("Act on the negative prompt too"), elem_id=f"{ID}_uncond")
        label = t("Measure the indirect share (one more picture per concept)")
        plain["measure"] = gr.Checkbox(False, label=label, elem_id=f"{ID}_measure")
    return made


def _shelf(host: Host, files: Sequence[Any]) -> None:
    with gr.Accordion(host.translate("LoRA files"), open=False, elem_id=f"{ID}_shelf"):
        refresh = gr.Button(host.translate("Look again"), size="sm", elem_id=f"{ID}_refresh")
        table = gr.HTML(elem_id=f"{ID}_files")

    def looked() -> tuple[Any, ...]:
        return (_table(host), *(gr.update(choices=_names(host)) for _ in files))

    refresh.click(fn=looked, inputs=[], outputs=[table, *files])


def _table(host: Host) -> str:
    """The webui's files with what each is for. Names are anybody's: they are escaped."""
    rows = [_row(host, one) for one in run.listed(host)]
    if not rows:
        return widgets.sentence(host.translate("There are no LoRAs in the webui's folder."))
    return f"<table>{''.join(rows)}</table>"


def _row(host: Host, one: dict[str, Any]) -> str:
    if one["trouble"]:
        said = one["trouble"]
    else:
        base = " ".join(filter(None, (one["base"] or host.translate("unknown model"), one["variant"])))
        layers = host.translate("{count} layers").format(count=one["layers"])
        said = f"{base} · {', '.join(one['kinds'])} · {layers}"
    return f"<tr><td>{html.escape(one['name'])}</td><td>{html.escape(said)}</td></tr>"


def _run(host: Host, *values: Any) -> tuple[str, str]:
    lock, plain = _given(values)
    args = parse(LockArgs, {**{k: v for k, v in plain.items() if v not in (None, "")}, "lock": lock.text()})
    done = run.generate(host, args)
    pictures = "".join(_shown(store.put(path), path.name) for path in done.paths)
    return pictures, "".join(widgets.sentence(note) for note in done.notes)


def _given(values: Sequence[Any]) -> tuple[Lock, dict[str, Any]]:
    """What the controls say, in the order in which `build` lists them."""
    rest = list(values)
    prompt, negative = _taken(rest, 2)
    regions = []
    for _ in range(REGIONS):
        box, words, *concept = _taken(rest, len(PER_REGION))
        if box.strip():
            regions.append(Region(box_of(box), words, _cards(*concept)))
    style = _cards(*_taken(rest, len(PER_REGION) - 2))
    plain = dict(zip(PLAIN, _taken(rest, len(PLAIN)), strict=True))
    feather, dial, uncond, start = rest
    lock = Lock(prompt, style, tuple(regions), int(feather), float(dial), bool(uncond), float(start))
    return lock, {**plain, "negative": negative}


def _taken(rest: list[Any], count: int) -> list[Any]:
    taken, rest[:] = rest[:count], rest[count:]
    return taken


def _cards(file: str | None, triggers: str, unet: float, text: float) -> tuple[Any, ...]:
    return run.card_of(widgets.chosen(file) or "", float(unet), float(text), triggers)


def _shown(key: str, name: str) -> str:
    at, safe = f"atelier/v1/core/pictures/{key}", html.escape(name)
    return f'<a href="{at}" download="{safe}"><img src="{at}" alt="{safe}" style="max-width:100%"></a>'
