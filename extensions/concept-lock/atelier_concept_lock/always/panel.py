"""The lock's accordion in txt2img and img2img."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import gradio as gr
from atelier_core.entries import Additions, AlwaysEntry, Axis
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.ui import widgets

from .. import rows
from ..board import Board, board_of, board_text
from ..regions import USUAL_DIAL, Lock
from ..stage import panel as stage
from . import run

HEIGHT = 380  # CSS pixels
SIZE = Extent(512, 512)


def _prefix(tab: str) -> str:
    return f"atelier_concept_lock_{tab}"


def _accordion(host: Host, tab: str) -> dict[str, Any]:
    t, prefix = host.translate, _prefix(tab)
    with gr.Accordion(t("Atelier lock"), open=False, elem_id=prefix):
        made: dict[str, Any] = {"on": gr.Checkbox(False, label=t("Lock concepts to regions"), elem_id=f"{prefix}_on")}
        made["page"] = gr.HTML(_small(host, tab, None, SIZE), elem_id=f"{prefix}_view")
        made["hint"] = gr.HTML(_hint(host), elem_id=f"{prefix}_hint")
        made["state"] = widgets.hidden_text(f"{prefix}_state")
        with gr.Row():
            fitting = gr.Button(t("Take the picture's shape"), size="sm", min_width=80, elem_id=f"{prefix}_fit")
            again = gr.Button(t("Look for files again"), size="sm", min_width=80, elem_id=f"{prefix}_again")
        made |= stage.region_rows(host, prefix, made["state"])
        made |= of_lock(host, prefix)
    for part in made.values():
        widgets.internal(part)
    lists = [made[name] for name in rows.NAMES if name.startswith("file")]
    again.click(fn=lambda: [widgets.offer(stage.choices(host)) for _ in lists], inputs=[], outputs=lists)
    events = (fitting.click, made["on"].change)
    widgets.with_size(events, tab, partial(_sized, host, tab), [made["state"]], made["page"])
    return made


def _sized(host: Host, tab: str, state: str, width: str, height: str) -> Any:
    """The regions on a page of the shape that the picture will have."""
    size = run.size_in({"Size": f"{width}x{height}"})
    try:
        board = board_of(state) if state else None
    except UserError:
        return gr.update()
    if board is None or board.size == size:
        return gr.update() if board else _small(host, tab, None, size)
    return _small(host, tab, Board(size, board.regions), size)


def _small(host: Host, tab: str, board: Board | None, size: Extent) -> str:
    return stage.page(host, _prefix(tab), HEIGHT, board, size, small=True)


def _hint(host: Host, notes: tuple[str, ...] = ()) -> str:
    told = host.translate("The prompt above is that of the whole picture. Regions keep their shares of it at any size.")
    return "".join(widgets.sentence(one) for one in (told, *notes))


def of_lock(host: Host, prefix: str) -> dict[str, Any]:
    """What holds for all regions, by the lock's own names."""
    t = host.translate
    made: dict[str, Any] = {}
    made["dial"] = gr.Slider(
        0,
        1,
        USUAL_DIAL,
        step=0.05,
        label=t("Against leaks through the picture itself"),
        info=t("0 leaves the model as it is. More keeps regions apart and takes more time."),
        elem_id=f"{prefix}_dial",
    )
    with gr.Accordion(t("More"), open=False, elem_id=f"{prefix}_further"):
        made["feather"] = gr.Slider(0, 256, 0, step=1, label=t("Soft edge in pixels"), elem_id=f"{prefix}_feather")
        with gr.Row():
            for name, value, label in (
                ("start", 0, t("Begins at this share of the steps")),
                ("end", 1, t("Ends at this share of the steps")),
            ):
                made[name] = gr.Slider(0, 1, value, step=0.05, label=label, elem_id=f"{prefix}_{name}")
        made["uncond"] = gr.Checkbox(False, label=t("Act on the negative prompt too"), elem_id=f"{prefix}_uncond")
    return made


def _add(host: Host, values: dict[str, Any], size: Extent) -> Additions:
    return run.additions(host, {name: widgets.chosen(value) for name, value in values.items()}, size)


def _restored(host: Host, tab: str, name: str, entries: Mapping[str, str]) -> Any:
    try:
        found = run.lock_in(host, entries)
    except UserError as error:
        return _hint(host, (error.told(host.translate),)) if name == "hint" else None
    if found is None:
        return _hint(host) if name == "hint" and "Steps" in entries else None
    lock, notes = found
    if name == "on":
        return True
    if name == "hint":
        return _hint(host, notes)
    board = rows.board_from(lock, run.size_in(entries))
    if name == "page":
        return _small(host, tab, board, board.size)
    if name == "state":
        return board_text(board)
    return restored_value(host, lock, name)


def restored_value(host: Host, lock: Lock, name: str) -> Any:
    """Of a row's control, or of one of `of_lock`."""
    return stage.restored(host, name, rows.values_from(lock)[name]) if name in rows.NAMES else getattr(lock, name)


ALWAYS = AlwaysEntry(
    "Concept lock",
    _accordion,
    _add,
    _restored,
    (
        Axis("Lock weight", "strength", kind=float),
        Axis("Lock against leaks", "dial", kind=float),
        Axis("Lock soft edge", "feather", kind=int),
    ),
)
