"""The page on which regions are drawn, and for each region a row: a prompt and its concepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any

import gradio as gr
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.ui import widgets
from atelier_core.ui.widgets import NOTHING
from atelier_core.units import Unit, loaded

from .. import named, rows, run
from ..board import Board, board_of, board_text
from ..options import REGIONS

STAMPS = count(1)  # the same board may be opened twice
FIRST = 2  # regions of a board that nobody has drawn on


def page(host: Host, prefix: str, height: int, board: Board | None, size: Extent, **opened: Any) -> str:
    """`opened`: the id of a `picture` behind the regions; whether the page is `small`."""
    picture, small = opened.get("picture"), opened.get("small", False)
    options = {"field": f"{prefix}_state", "width": size.width, "height": size.height, "small": small}
    document = board_text(board) if board else None
    work = {"document": document, "picture": picture, "options": json.dumps(options), "stamp": next(STAMPS)}
    return widgets.page_html(host, unit(), f"{prefix}_page", height, work)


def choices(host: Host) -> list[tuple[str, str]]:
    return [(host.translate("none"), NOTHING), *((name, name) for name, _ in named.files(host))]


def region_rows(host: Host, prefix: str, state: Any) -> dict[str, Any]:
    """The controls of all rows by `rows.NAMES`. As many are seen as the board in `state` has regions."""
    made: dict[str, Any] = {}
    groups = []
    for n in range(REGIONS):
        title = host.translate("Region {n}").format(n=n + 1)
        with gr.Accordion(title, open=True, visible=n < FIRST, elem_id=f"{prefix}_region{n}") as group:
            prompt = gr.Textbox(label=host.translate("Prompt here"), lines=1, elem_id=f"{prefix}_prompt{n}")
            made |= {f"prompt{n}": prompt, **_concepts(host, prefix, n)}
        groups.append(group)
    made |= _concept(host, prefix, "", 0, host.translate("Style or concept for the whole picture"))
    _follow(host, prefix, state, groups, made)
    return made


def _concepts(host: Host, prefix: str, row: int) -> dict[str, Any]:
    made = _concept(host, prefix, str(row), 0, host.translate("Concept"))
    with gr.Accordion(host.translate("Another concept"), open=False, elem_id=f"{prefix}_more{row}"):
        for k in range(1, rows.CONCEPTS):
            made |= _concept(host, prefix, str(row), k, host.translate("Concept"))
    return made


def _concept(host: Host, prefix: str, row: str, k: int, label: str) -> dict[str, Any]:
    t = host.translate
    names = rows.card_names(row, k)
    ids = [f"{prefix}_{name}" for name in names]
    with gr.Row():
        how = {"label": label, "elem_id": ids[0], "min_width": 140, "interactive": True}
        file = widgets.dropdown(choices(host), value=NOTHING, **how)
        triggers = gr.Textbox(label=t("Trigger words"), elem_id=ids[1], min_width=140)
    with gr.Row():
        unet = gr.Slider(-2, 2, 1, step=0.05, label=t("Weight in the picture"), elem_id=ids[2], min_width=140)
        text = gr.Slider(-2, 2, 1, step=0.05, label=t("Weight in the words"), elem_id=ids[3], min_width=140)
    file.input(fn=partial(_called, host), inputs=[file], outputs=[triggers])
    return dict(zip(names, (file, triggers, unet, text), strict=True))


def _called(host: Host, file: str | None) -> Any:
    """By which words a concept is called, if a file beside it says so."""
    name = widgets.chosen(file)
    try:
        return run.triggers_of(host, name) if name else ""
    except UserError:
        return gr.update()


def _follow(host: Host, prefix: str, state: Any, groups: list[Any], made: Mapping[str, Any]) -> None:
    """Rows stay with their regions when these change places or go, and come back with them."""
    order = widgets.hidden_text(f"{prefix}_order")
    known = gr.State(rows.Known())
    parts = [made[name] for name in rows.NAMES]
    state.change(fn=partial(_seen, host), inputs=[state], outputs=[order, *groups])
    order.change(fn=_moved, inputs=[known, order, *parts], outputs=[known, *parts])


def _seen(host: Host, text: str) -> tuple[Any, ...]:
    try:
        regions = board_of(text).regions
    except UserError:
        return tuple(gr.update() for _ in range(REGIONS + 1))
    return ",".join(one.id for one in regions), *(_group(host, n, regions) for n in range(REGIONS))


def _group(host: Host, n: int, regions: Any) -> Any:
    title = host.translate("Region {n}").format(n=n + 1)
    if n >= len(regions):
        return gr.update(visible=False, label=title)
    one = regions[n]
    off = f" ({host.translate('off')})" if not one.on else ""
    return gr.update(visible=True, label=f"{title}: {one.name}{off}" if one.name else f"{title}{off}")


def _moved(known: rows.Known, order: str, *values: Any) -> tuple[Any, ...]:
    given = dict(zip(rows.NAMES, values, strict=True))
    now, moved = rows.followed(known, order.split(",") if order else [], given)
    told = [gr.update(value=listed(name, moved[name])) if moved and name in moved else gr.update() for name in given]
    return now, *told


def listed(name: str, value: Any) -> Any:
    """As the control of that name holds it: lists have a value for nothing."""
    return NOTHING if name.startswith("file") and value in ("", None) else value


def restored(host: Host, name: str, value: Any) -> Any:
    """A file that is not here stays in sight, so that the run can say so."""
    if name.startswith("file") and value:
        offered = choices(host)
        if value not in [choice for _, choice in offered]:
            return widgets.offer([*offered, (value, value)], value=value)
    return listed(name, value)


def updated(host: Host, name: str, value: Any) -> Any:
    found = restored(host, name, value)
    return found if isinstance(found, dict) else gr.update(value=found)


def unit() -> Unit:
    return loaded.units["concept-lock"]
