"""A unit's accordion in txt2img and img2img, as the host wants it: a script that is always there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from modules import scripts
from PIL import Image

from ...entries import Additions, AlwaysEntry, Axis
from ...errors import UserError
from ...geometry import Extent
from ...job import Job
from ...units import Unit

if TYPE_CHECKING:
    from .host import A1111Host

log = logging.getLogger("atelier")
STEPPED = "atelier_axes"  # attribute of a run: what the X/Y/Z plot chose for it


def script_class(unit: Unit, host: A1111Host) -> type:
    entry: AlwaysEntry = unit.module("panel").ALWAYS

    def ui(self: Any, is_img2img: bool) -> list[Any]:
        tab = "img2img" if is_img2img else "txt2img"
        made = entry.controls(host, tab)
        self.names = tuple(made)
        self.infotext_fields = [(part, partial(entry.restored, host, tab, name)) for name, part in made.items()]
        return list(made.values())

    def before_process(self: Any, p: Any, *values: Any) -> None:
        """What is wrong is said below the picture: an exception here would only reach the console."""
        if getattr(p, "_ad_inner", False):  # a detailer's second look at a part of the picture
            return
        given = {**dict(zip(self.names, values, strict=False)), **getattr(p, STEPPED, {})}
        try:
            add(host, p, entry.add(host, given, Extent(p.width, p.height)))
        except UserError as error:
            p.comment(f"Atelier: {error.told(host.translate)}")
            log.warning("Atelier: %s", error)  # who asks over the API sees no comments

    def postprocess(self: Any, p: Any, processed: Any, *values: Any) -> None:
        traces = sum(key.startswith("ControlNet ") for key in p.extra_generation_params)
        if traces < getattr(p, "atelier_controls", 0):
            text = host.translate("ControlNet did not run; the webui's console says why.")
            processed.comments += f"Atelier: {text}\n"

    members: dict[str, Callable[..., Any]] = {
        "title": lambda self: f"Atelier: {entry.title}",
        "show": lambda self, is_img2img: scripts.AlwaysVisible,
        "ui": ui,
        "before_process": before_process,
        "postprocess": postprocess,
    }
    return type(f"{unit.package}_always", (scripts.Script,), {"section": None, **members})


def add(host: A1111Host, p: Any, additions: Additions) -> None:
    if additions.controls:
        size = Extent(p.width, p.height)
        start = Image.new("RGB", size) if hasattr(p, "init_images") else None  # says which tab's ControlNet is meant
        controls = host.generator.controls(Job("", size=size, init=start, controls=additions.controls))
        controls.join(p)
        p.atelier_controls = len(controls.models)
    p.extra_generation_params.update(additions.info)


def register_axes(entries: Iterable[AlwaysEntry], host: A1111Host) -> None:
    """Once for each time that the host has loaded its scripts anew."""
    for data in scripts.scripts_data:
        options = getattr(data.module, "axis_options", None)
        if options is None or not hasattr(data.module, "AxisOption"):
            continue
        known = {option.label for option in options}
        for axis in (axis for entry in entries for axis in entry.axes):
            label = f"[Atelier] {axis.label}"
            if label not in known:
                options.append(data.module.AxisOption(label, str, _step(axis), choices=partial(axis.choices, host)))


def _step(axis: Axis) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, value: Any, values: Any) -> None:
        setattr(p, STEPPED, {**getattr(p, STEPPED, {}), axis.name: value})

    return apply
