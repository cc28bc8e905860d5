"""The fold of the tab in which two files become one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr
from atelier_core.args import parse
from atelier_core.host import Host
from atelier_core.ui import widgets

from ..options import MergeArgs
from . import run

ID = "atelier_concept_lock_merge"
ASKED = ("first", "second", "name", "first_weight", "second_weight", "way", "rank", "anyway")


def build(host: Host, choices: Callable[[Host], list[Any]]) -> list[Any]:
    """Gives its lists of files, for whoever looks for files again."""
    t = host.translate
    made: dict[str, Any] = {}
    with gr.Accordion(t("Merge into one file"), open=False, elem_id=ID):
        for name, label in (("first", t("First file")), ("second", t("Second file"))):
            with gr.Row():
                made[name] = widgets.dropdown(
                    choices(host), value=widgets.NOTHING, label=label, elem_id=f"{ID}_{name}", interactive=True
                )
                weight = gr.Slider(-2, 2, 1, step=0.05, label=t("Weight"), elem_id=f"{ID}_{name}_weight")
                made[f"{name}_weight"] = weight
        ways = [(t("Exactly: the ranks add up"), "exact"), (t("To a smaller rank"), "reduced")]
        ways.append((t("Element by element, as other tools do"), "elements"))
        with gr.Row():
            made["way"] = widgets.dropdown(ways, value="exact", label=t("How"), elem_id=f"{ID}_way", interactive=True)
            made["rank"] = gr.Slider(
                1, 256, 32, step=1, label=t("Rank of the file"), elem_id=f"{ID}_rank", visible=False
            )
            made["name"] = gr.Textbox(label=t("Name of the file"), elem_id=f"{ID}_name")
        made["anyway"] = gr.Checkbox(
            False, label=t("Write it also when it is off by more than 1 %"), elem_id=f"{ID}_anyway"
        )
        start = gr.Button(t("Merge"), elem_id=f"{ID}_run")
        gr.HTML(elem_id=f"{ID}_progress")
        said = gr.HTML(elem_id=f"{ID}_said")
    made["way"].change(fn=lambda way: gr.update(visible=way == "reduced"), inputs=[made["way"]], outputs=[made["rank"]])
    widgets.run_click(start, host, partial(_merged, host), [made[name] for name in ASKED], [said], f"{ID}_progress")
    return [made["first"], made["second"]]


def _merged(host: Host, *values: Any) -> tuple[str]:
    given = dict(zip(ASKED, map(widgets.chosen, values), strict=True))
    args = parse(MergeArgs, {name: value for name, value in given.items() if value is not None})
    done, t = run.merge(host, args), host.translate
    said = t("{layers} layers, rank {rank}, off by at most {error:.2g} %.")
    lines = [widgets.sentence(said.format(layers=done.layers, rank=done.rank, error=100 * done.error))]
    if done.note:
        lines.append(widgets.sentence(done.note.told(t), "error"))
    if done.path:
        lines.append(widgets.sentence(t("{file} is written.").format(file=done.path.name)))
    else:
        lines.append(widgets.sentence(t("Nothing was written.")))
    return ("".join(lines),)
