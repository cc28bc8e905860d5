"""A unit's accordion in txt2img and img2img, as the host wants it: a script that is always there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from modules import scripts

from ...entries import Additions, AlwaysEntry
from ...errors import UserError
from ...geometry import Extent
from ...job import MAX_SIDE, Job
from ...units import Unit
from .controls import NOT_RUN, Controls

if TYPE_CHECKING:
    from .host import A1111Host

log = logging.getLogger("atelier")
STEPPED = "atelier_axes"  # attribute of a run: what the X/Y/Z plot chose for it
GIVEN = "atelier_given"  # attribute of a run: what each unit put into it


class Given(NamedTuple):
    controls: Controls | None
    units: Mapping[int, tuple[Any, Any]]  # place among the arguments -> our unit, what it replaced
    info: tuple[str, ...]  # keys


def script_class(unit: Unit, host: A1111Host) -> type:
    entry: AlwaysEntry = unit.module("panel").ALWAYS

    def ui(self: Any, is_img2img: bool) -> list[Any]:
        tab = "img2img" if is_img2img else "txt2img"
        made = entry.controls(host, tab)
        self.names = tuple(made)
        self.infotext_fields = [(part, partial(entry.read, host, tab, name)) for name, part in made.items()]
        return list(made.values())

    def before_process(self: Any, p: Any, *values: Any) -> None:
        take_back(p, unit.package)
        if getattr(p, "_ad_inner", False):  # a detailer's second look at a part of the picture
            return
        given = {**dict(zip(self.names, values, strict=False)), **getattr(p, STEPPED, {})}
        try:
            add(host, p, unit.package, entry.add(host, given, seen_size(p)))
        except UserError as error:
            _say(host, p, error)

    def process_batch(self: Any, p: Any, *values: Any, **batch: Any) -> None:
        """All that could keep ControlNet from its work has happened, and the infotext is not written yet."""
        given = getattr(p, GIVEN, {}).get(unit.package)
        if given and given.controls and not given.controls.ready(p):
            take_back(p, unit.package)
            _say(host, p, UserError(NOT_RUN))

    members: dict[str, Callable[..., Any]] = {
        "title": lambda self: f"Atelier: {entry.title}",
        "show": lambda self, is_img2img: scripts.AlwaysVisible,
        "ui": ui,
        "before_process": before_process,
        "process_batch": process_batch,
    }
    return type(f"{unit.package}_always", (scripts.Script,), {"section": None, **members})


def _say(host: A1111Host, p: Any, error: UserError) -> None:
    """Below the picture: an exception here would only reach the console."""
    p.comment(f"Atelier: {error.told(host.translate)}")
    log.warning("Atelier: %s", error)  # who asks over the API sees no comments


def seen_size(p: Any) -> Extent:
    """What a map is laid over: ControlNet cuts it as the host cuts the picture to paint its masked part alone."""
    masked = getattr(p, "inpaint_full_res", False) and getattr(p, "image_mask", None) is not None
    size = Extent(*p.init_images[0].size) if masked else Extent(p.width, p.height)
    return size.times(min(1.0, MAX_SIDE / size.longer))


def add(host: A1111Host, p: Any, package: str, additions: Additions) -> None:
    controls, units = None, {}
    if additions.controls:
        size = Extent(*additions.controls[0].map.size)
        job = Job("", size=size, controls=additions.controls)
        controls = host.generator.controls(job, hasattr(p, "init_images"))
        units = controls.join(p)
    # not into the mapping that is there: copies of a run share it
    p.extra_generation_params = {**p.extra_generation_params, **additions.info}
    setattr(p, GIVEN, {**getattr(p, GIVEN, {}), package: Given(controls, units, tuple(additions.info))})


def take_back(p: Any, package: str) -> None:
    """A run may be one that was here before: batches of files, loops and tiles use theirs again."""
    earlier = dict(getattr(p, GIVEN, {}))
    given = earlier.pop(package, None)
    if given is None:
        return
    args = list(p.script_args)
    for place, (ours, before) in given.units.items():
        args[place] = before if args[place] is ours else args[place]
    p.script_args = tuple(args)
    p.extra_generation_params = {k: v for k, v in p.extra_generation_params.items() if k not in given.info}
    setattr(p, GIVEN, earlier)


def register_axes(entry: AlwaysEntry, host: A1111Host) -> None:
    """Once for each time that the host has loaded its scripts anew."""
    for data in scripts.scripts_data:
        options = getattr(data.module, "axis_options", None)
        if options is None or not hasattr(data.module, "AxisOption"):
            continue
        known = {option.label for option in options}
        for axis in entry.axes:
            label = f"[Atelier] {axis.label}"
            if label not in known:
                step = _step(axis.name, entry.switch)
                options.append(data.module.AxisOption(label, str, step, choices=partial(axis.choices, host)))


def _step(name: str, switch: str) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, value: Any, values: Any) -> None:
        setattr(p, STEPPED, {**getattr(p, STEPPED, {}), switch: True, name: value})

    return apply
