"""The tab of the pose and sketch editor, and its accordion in txt2img and img2img."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import gradio as gr
from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.args import from_infotext
from atelier_core.entries import Additions, AlwaysEntry, Axis
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.ui import widgets
from atelier_core.ui.widgets import NOTHING
from atelier_core.units import loaded

from . import looks, run
from .options import LABEL, PoseArgs

ID = "atelier_pose_editor"
PAGE_HEIGHT = 720  # pixels
SMALL_HEIGHT = 460
STAMPS = count(1)  # the same picture may be opened twice
SOURCES = ("pose", "sketch", "picture")
CONTROLS = (
    *("way", "prompt", "negative", "steps", "cfg", "sampler", "scheduler", "seed", "batch", "count", "denoise"),
    *("pose_weight", "pose_start", "pose_end", "pose_model"),
    *("sketch_map", "sketch_weight", "sketch_start", "sketch_end", "sketch_model"),
    *("picture_map", "picture_weight", "picture_start", "picture_end", "picture_model"),
    *("look", "expression", "seam", "frames"),
)
STEERED = ("way", "denoise", "picture_map", *(f"{s}_{n}" for s in SOURCES for n in ("weight", "start", "end")))


def build(host: Host) -> None:
    t = host.translate
    state, taken = widgets.hidden_text(f"{ID}_state"), widgets.hidden_text(f"{ID}_taken")
    page = gr.HTML(_page(host), elem_id=f"{ID}_view")
    with gr.Row(elem_id=f"{ID}_panel"):
        with gr.Column(scale=6, min_width=320):
            controls = _words(host)
            files = _sources(host)
        with gr.Column(scale=5, min_width=320):
            controls |= _steering(host)
            with gr.Row():
                start = gr.Button(t("Generate"), variant="primary", elem_id=f"{ID}_start")
                stop = gr.Button(t("Interrupt"), elem_id=f"{ID}_interrupt")
            real = gr.Button("run", elem_id=f"{ID}_run", elem_classes=["atelier-hidden"])
            gr.HTML(elem_id=f"{ID}_progress")
            results = gr.HTML(elem_id=f"{ID}_results")
            widgets.to_buttons(host, ID)
    values = [controls[name] for name in CONTROLS]
    widgets.page_click(start, f"window.atelier.submitAfter('{ID}_progress', '{ID}_page', '{ID}_run')")
    widgets.run_click(real, host, partial(_run, host), [state, *values], [page, results], f"{ID}_progress")
    stop.click(fn=host.interrupt, inputs=[], outputs=[])
    shown = [page, *values, results]
    files.upload(fn=lambda given: _opened(host, given, ""), inputs=[files], outputs=shown)
    taken.change(fn=lambda given: _opened(host, None, given), inputs=[taken], outputs=shown)
    steered = [controls[name] for name in STEERED]
    chosen = [controls[name] for name in ("look", "sketch_map", "picture_map")]
    controls["look"].change(fn=partial(_looked, host), inputs=chosen, outputs=[*steered, results])


def _words(host: Host) -> dict[str, Any]:
    t = host.translate
    ways = [
        (t("A new picture"), "new"),
        (t("From the picture"), "picture"),
        (t("Beyond its frame"), "complete"),
        (t("Another expression"), "expression"),
    ]
    made: dict[str, Any] = {"way": gr.Radio(ways, value="new", label=t("What is made"), elem_id=f"{ID}_way")}
    made["prompt"] = gr.Textbox(label=t("Prompt"), lines=2, elem_id=f"{ID}_prompt")
    made["negative"] = gr.Textbox(label=t("Negative prompt"), lines=1, elem_id=f"{ID}_negative")
    with gr.Row():
        made["look"] = widgets.dropdown(_looks(host), value=NOTHING, label=t("Look"), elem_id=f"{ID}_look")
        faces = [(t(one.title), one.name) for one in looks.EXPRESSIONS.values()]
        made["expression"] = widgets.dropdown(
            faces, value=faces[0][1], label=t("Expression"), elem_id=f"{ID}_expression", visible=False
        )
    with gr.Row():
        made["denoise"] = _slider(0, 1, 0.75, 0.01, t("Denoising strength"), "denoise", visible=False)
        made["seam"] = _slider(0, 64, 8, 1, t("Seam inside the old frame"), "seam", visible=False)
    made |= _numbers(host)
    own = [made[name] for name in ("denoise", "expression", "seam")]
    made["way"].change(fn=_shown, inputs=[made["way"]], outputs=own)
    return made


def _shown(way: str) -> tuple[Any, ...]:
    ways = (("picture",), ("expression",), ("complete",))
    return tuple(gr.update(visible=way in some) for some in ways)


def _looks(host: Host) -> list[tuple[str, str]]:
    t = host.translate
    own = [(t(one.title), one.name) for one in looks.LOOKS.values()]
    return [(t("None"), NOTHING), *own, *((t(one.title), one.name) for one in looks.ROOM_STYLES.values())]


def _looked(host: Host, name: str, sketch_map: str, picture_map: str) -> tuple[Any, ...]:
    """How firmly the maps hold for a look; a room style takes the lines of the picture that is there."""
    same = tuple(gr.update() for _ in STEERED)
    if name in looks.ROOM_STYLES:
        style = looks.ROOM_STYLES[name]
        found = {"way": "picture", "denoise": style.denoise, "picture_map": "straight", **_hint("picture", style.hint)}
        return (*_updates(found), "")
    if name not in looks.LOOKS:
        return (*same, "")
    look = looks.LOOKS[name]
    kinds = {"pose": "openpose", "sketch": run.kind_of(sketch_map), "picture": run.kind_of(picture_map)}
    found = {key: value for source, kind in kinds.items() for key, value in _hint(source, look.hint(kind)).items()}
    fitting = ", ".join(look.fitting(one.name for one in host.models("checkpoint")))
    told = host.translate("Checkpoints that are made for it: {names}").format(names=fitting) if fitting else ""
    return (*_updates(found), widgets.sentence(told) if told else "")


def _hint(source: str, hint: looks.Hint) -> dict[str, Any]:
    return {f"{source}_weight": hint.weight, f"{source}_start": hint.start, f"{source}_end": hint.end}


def _updates(found: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(gr.update(value=found[name]) if name in found else gr.update() for name in STEERED)


def _numbers(host: Host) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}
    names = list(host.samplers())
    with gr.Row():
        made["sampler"] = gr.Dropdown(names, value=names[0], label=t("Sampling method"), elem_id=f"{ID}_sampler")
        made["steps"] = _slider(1, 150, 20, 1, t("Sampling steps"), "steps")
        made["cfg"] = _slider(1, 30, 7, 0.5, t("CFG scale"), "cfg")
    with gr.Row():
        made["seed"] = gr.Number(-1, precision=0, label=t("Seed"), elem_id=f"{ID}_seed", min_width=120)
        made["batch"] = _slider(1, 8, 1, 1, t("Batch size"), "batch")
        made["count"] = _slider(1, 32, 1, 1, t("Batch count"), "count")
        made["frames"] = _slider(1, 32, 1, 1, t("Series"), "frames")
    made["scheduler"] = widgets.hidden_text(f"{ID}_scheduler", "Automatic")
    return made


def _slider(least: float, most: float, value: float, step: float, label: str, name: str, **more: Any) -> gr.Slider:
    return gr.Slider(least, most, value, step=step, label=label, elem_id=f"{ID}_{name}", min_width=120, **more)


def _steering(host: Host) -> dict[str, Any]:
    """Up to three ControlNets at once: the pose, the drawing, and the structure of the picture."""
    t = host.translate
    made: dict[str, Any] = {}
    models = [(t("Automatic"), NOTHING), *((one.name, one.name) for one in host.models("controlnet"))]
    maps = [(t("None"), NOTHING), *run.map_names(host)]
    with gr.Accordion(t("Pose"), open=True, elem_id=f"{ID}_pose"):
        made |= _strength(host, "pose", models)
    for name, title in (("sketch", t("Sketch")), ("picture", t("Structure of the picture"))):
        with gr.Accordion(title, open=False, elem_id=f"{ID}_{name}"):
            made[f"{name}_map"] = widgets.dropdown(maps, value=NOTHING, label=t("Map"), elem_id=f"{ID}_{name}_map")
            made |= _strength(host, name, models)
    return made


def _strength(host: Host, name: str, models: list[tuple[str, str]], prefix: str = ID) -> dict[str, Any]:
    t = host.translate
    made: dict[str, Any] = {}
    with gr.Row():
        for part, most, value, label in (
            ("weight", 2, 1.0, t("Weight")),
            ("start", 1, 0.0, t("Begin")),
            ("end", 1, 1.0, t("End")),
        ):
            made[f"{name}_{part}"] = gr.Slider(
                0, most, value, step=0.05, label=label, elem_id=f"{prefix}_{name}_{part}", min_width=100
            )
    made[f"{name}_model"] = widgets.dropdown(
        models, value=NOTHING, label=t("ControlNet model"), elem_id=f"{prefix}_{name}_model"
    )
    return made


def _sources(host: Host) -> gr.File:
    t = host.translate
    files = gr.File(label=t("Open a picture or a pose file"), height=100, elem_id=f"{ID}_files")
    widgets.from_buttons(host, ID)
    return files


def _page(host: Host, opened: Mapping[str, Any] | None = None, **show: Any) -> str:
    return widgets.page_html(host, loaded.units["pose-editor"], f"{ID}_page", PAGE_HEIGHT, opened, **show)


def _opened(host: Host, files: Any, taken: str) -> tuple[Any, ...]:
    """A picture or a pose came: the page gets it, and the controls what its infotext says."""
    same = tuple(gr.update() for _ in CONTROLS)
    try:
        document, key, found, notes = _content(host, widgets.file_path(files), taken)
    except UserError as error:
        return gr.update(), *same, widgets.sentence(error.told(host.translate), "error")
    if not document and not key:
        return gr.update(), *same, ""
    told = tuple(gr.update(value=_listed(name, found[name])) if name in found else gr.update() for name in CONTROLS)
    options = json.dumps({"stick": found.get("stick", "standard")})
    opened = {"document": document, "picture": key, "options": options, "stamp": next(STAMPS)}
    return _page(host, opened), *told, "".join(widgets.sentence(host.translate(note)) for note in notes)


def _listed(name: str, value: Any) -> Any:
    """As the control of that name holds it: lists have a value for nothing."""
    return NOTHING if value == "" and (name == "look" or name.endswith(("_map", "_model"))) else value


Content = tuple[str | None, str | None, dict[str, Any], tuple[str, ...]]


def _content(host: Host, file: Path | None, taken: str) -> Content:
    """A pose as text, the id of a picture, the settings in its infotext; each where it is there; and notes."""
    if file is not None and file.suffix.lower() in (".json", ".svg", ".txt"):
        pose, notes = run.read_any(file.read_text("utf-8", "replace"), None)
        return run.text_of(pose), None, {}, notes
    given = file if file is not None else (source(taken) if taken else None)
    if given is None:
        return None, None, {}, ()
    pose_of, found, notes = run.settings_in(picture.read(given).texts.get("parameters", ""))
    return (run.text_of(pose_of) if pose_of else None), store.put(given), found, notes


def _run(host: Host, state: str, *values: Any) -> tuple[Any, ...]:
    said = run.state_of(state)
    args = run.given({**dict(zip(CONTROLS, map(widgets.chosen, values), strict=True)), **said})
    lines, last = [], ""
    for one in run.generate(host, args, run.seen(source, args)):
        last = store.put(one.path)
        lines.append(_result(one, last))
    page = _page(host, before=said["picture"] or None, after=last or None)
    return page, f"<div class='atelier-results'>{''.join(lines)}</div>"


def _result(done: run.Done, key: str) -> str:
    address, name = f"atelier/v1/core/pictures/{key}", html.escape(done.path.name)
    size = f"{done.extent.width} × {done.extent.height}"
    image = f'<a href="{address}" target="_blank"><img src="{address}?longest=512" alt="{name}" loading="lazy"></a>'
    head = f"<figure class='atelier-result'>{image}<figcaption>{name} · {size}</figcaption></figure>"
    return head + "".join(widgets.sentence(note) for note in done.notes)


# ---- the accordion


def _accordion(host: Host, tab: str) -> dict[str, Any]:
    t, prefix = host.translate, f"{ID}_{tab}"
    models = [(t("Automatic"), NOTHING), *((one.name, one.name) for one in host.models("controlnet"))]
    with gr.Accordion(t("Atelier pose"), open=False, elem_id=prefix):
        made: dict[str, Any] = {"on": gr.Checkbox(False, label=t("Follow the pose"), elem_id=f"{prefix}_on")}
        made["page"] = gr.HTML(_small_page(host, tab), elem_id=f"{prefix}_view")
        told = t("The pose is fitted into the picture's size, in its middle.")
        made["hint"] = gr.HTML(widgets.sentence(told), elem_id=f"{prefix}_hint")
        made["state"] = widgets.hidden_text(f"{prefix}_state")
        presets = [(t("None"), NOTHING), *run.preset_choices(host)]
        made["preset"] = widgets.dropdown(
            presets, value=NOTHING, label=t("Preset instead of the stage"), elem_id=f"{prefix}_preset"
        )
        made |= _strength(host, "pose", models, prefix)
    for part in made.values():
        widgets.internal(part)
    return made


def _small_page(host: Host, tab: str, document: str | None = None, stick: str = "standard") -> str:
    """A page of its own, which writes into this accordion's field."""
    options = json.dumps({"field": f"{ID}_{tab}_state", "stick": stick})
    opened = {"document": document, "picture": None, "options": options, "stamp": next(STAMPS)}
    return widgets.page_html(host, loaded.units["pose-editor"], f"{ID}_{tab}_page", SMALL_HEIGHT, opened)


def _restored(host: Host, tab: str, name: str, entries: Mapping[str, str]) -> Any:
    """The pose of an infotext back on the accordion's stage, and its weights."""
    pose = run.pose_in(entries)
    if pose is None:
        return None
    if name == "on":
        return True
    if name == "hint":
        return None
    found = from_infotext(LABEL, PoseArgs, entries)
    if name == "page":
        return _small_page(host, tab, run.text_of(pose), found.get("stick", "standard"))
    if name == "state":
        return run.state_text(pose, found.get("stick", "standard"))
    if name == "preset":
        return NOTHING
    return _listed(name, found.get(name, getattr(PoseArgs(), name)))


def _add(host: Host, values: dict[str, Any], size: Extent) -> Additions:
    return run.additions(host, {name: widgets.chosen(value) for name, value in values.items()}, size)


ALWAYS = AlwaysEntry("Pose", _accordion, _add, _restored, (Axis("Pose preset", "preset", run.preset_names),))
