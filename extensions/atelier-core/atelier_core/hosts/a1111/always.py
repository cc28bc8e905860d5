"""A unit's accordion in txt2img and img2img, as the host wants it: a script that is always there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from modules import scripts

from ...entries import Additions, AlwaysEntry
from ...errors import UserError
from ...geometry import Extent
from ...job import MAX_SIDE, Job
from ...patches import Spare
from ...units import Unit
from . import patched
from .controls import NOT_RUN, Controls
from .generate import divide, divided, undivided

if TYPE_CHECKING:
    from .host import A1111Host

log = logging.getLogger("atelier")
STEPPED = "atelier_axes"  # attribute of a run: what the X/Y/Z plot chose for it
GIVEN = "atelier_given"  # attribute of a run: what each unit put into it


class Given(NamedTuple):
    controls: Controls | None
    units: Mapping[int, tuple[Any, Any]]  # place among the arguments -> our unit, what it replaced
    info: list[str]  # keys
    overrides: Mapping[str, Any] | None = None  # of the host's options, as they were before ours


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
            with host.inside(chosen(p)):  # the webui holds its queue already
                more = entry.add(host, given, seen_size(p))
            add(host, p, unit.package, more)
        except UserError as error:
            _say(host, p, error)

    def process_batch(self: Any, p: Any, *values: Any, **batch: Any) -> None:
        """All that could keep ControlNet from its work has happened, and the infotext is not written yet."""
        given = getattr(p, GIVEN, {}).get(unit.package)
        if given and given.controls and not given.controls.ready(p):
            take_back(p, unit.package)
            _say(host, p, UserError(NOT_RUN))

    def before_hr(self: Any, p: Any, *values: Any) -> None:
        """The second pass reads prompts of its own, and the LoRAs that they name are active now."""
        patched.again(p, unit.package)

    def postprocess(self: Any, p: Any, processed: Any, *values: Any) -> None:
        """A run and its stand-in hold each other: without this, adapters stay in memory for a while."""
        patched.leave(p, unit.package)

    members: dict[str, Callable[..., Any]] = {
        "title": lambda self: f"Atelier: {entry.title}",
        "show": lambda self, is_img2img: scripts.AlwaysVisible,
        "ui": ui,
        "before_process": before_process,
        "process_batch": process_batch,
        "before_hr": before_hr,
        "postprocess": postprocess,
    }
    return type(f"{unit.package}_always", (scripts.Script,), {"section": None, **members})


def _say(host: A1111Host, p: Any, error: UserError) -> None:
    """Below the picture: an exception here would only reach the console."""
    p.comment(f"Atelier: {error.told(host.translate)}")
    log.warning("Atelier: %s", error)  # who asks over the API sees no comments


def chosen(p: Any) -> str:
    """The checkpoint of this run alone, which the webui loads after its scripts were asked."""
    return str(getattr(p, "override_settings", {}).get("sd_model_checkpoint") or "")


def seen_size(p: Any) -> Extent:
    """What a map is laid over: ControlNet cuts it as the host cuts the picture to paint its masked part alone."""
    masked = getattr(p, "inpaint_full_res", False) and getattr(p, "image_mask", None) is not None
    size = Extent(*p.init_images[0].size) if masked else Extent(p.width, p.height)
    return size.times(min(1.0, MAX_SIDE / size.longer))


def add(host: A1111Host, p: Any, package: str, additions: Additions) -> None:
    given = Given(None, {}, list(additions.info))
    if additions.patches:
        given = given._replace(overrides=p.override_settings)
        _patch(host, p, package, additions, given.info)
    if additions.controls:
        size = Extent(*additions.controls[0].map.size)
        job = Job("", size=size, controls=additions.controls)
        controls = host.generator.controls(job, hasattr(p, "init_images"))
        given = given._replace(controls=controls, units=controls.join(p))
    _tell(p, additions.info)
    setattr(p, GIVEN, {**getattr(p, GIVEN, {}), package: given})


def _tell(p: Any, info: Mapping[str, str]) -> None:
    """Not into the mapping that is there: copies of a run share it."""
    p.extra_generation_params = {**p.extra_generation_params, **info}


def _untell(p: Any, keys: Sequence[str]) -> None:
    p.extra_generation_params = {k: v for k, v in p.extra_generation_params.items() if k not in keys}


def _patch(host: A1111Host, p: Any, package: str, additions: Additions, info: list[str]) -> None:
    if changes_model(p):
        raise UserError("Another checkpoint would take over within this picture: “{name}” is left out.", name=package)
    told: list[str] = []
    refusals: list[UserError] = []
    usual = divided(p.override_settings)

    def refused(error: UserError) -> None:
        refusals.append(error)
        divide(p, usual)
        _untell(p, info)
        _say(host, p, error)

    def sampled() -> None:
        """Before the infotexts of a batch are written; what is said counts for the last one."""
        if refusals:
            return
        found = additions.found()
        _tell(p, found.info)
        info.extend(found.info)
        for note in told:
            p.comments.pop(note, None)
        told[:] = found.notes
        for note in told:
            p.comment(note)

    spare = tuple(Spare(patch, refused) for patch in additions.patches)
    patched.patched(p, host.generator(host).unet).joined[package] = patched.Joined(spare, sampled)
    p.override_settings = undivided(p.override_settings)


def changes_model(p: Any) -> bool:
    other = p.hr_checkpoint_name if getattr(p, "enable_hr", False) else None
    return bool(getattr(p, "refiner_checkpoint", None) or (other and other != "Use same checkpoint"))


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
    if given.overrides is not None:
        p.override_settings = given.overrides
    patched.leave(p, package)
    _untell(p, given.info)
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
                choices = axis.choices and partial(axis.choices, host)
                options.append(data.module.AxisOption(label, axis.kind, step, choices=choices))


def _step(name: str, switch: str) -> Callable[[Any, Any, Any], None]:
    def apply(p: Any, value: Any, values: Any) -> None:
        setattr(p, STEPPED, {**getattr(p, STEPPED, {}), switch: True, name: value})

    return apply
