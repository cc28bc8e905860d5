"""Where a webui's entry files hand over: tabs, settings, routes, Extras and upscaler entries of the loaded units.

The webui runs its entry files again at Reload UI and has then forgotten all callbacks, so every call registers anew;
what it does not forget (upscaler classes, routes of an app that lives on) is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from modules import script_callbacks, scripts_postprocessing, shared
from modules.upscaler import Upscaler, UpscalerData
from PIL import Image

from .. import units
from ..api.pictures import mount_pictures
from ..api.routes import mount
from ..settings import CORE_SETTINGS
from ..ui import pages, tabs
from ..units import Unit
from . import current
from .a1111 import always, patched

SECTION = ("atelier", "Atelier")


def load_pack(home: Path) -> dict[str, type]:
    """All units below `home`; gives the classes which the host shall find in the entry file."""
    return _register(units.load_all(home))


def load_unit(folder: Path) -> dict[str, type]:
    unit = units.load(folder)
    return _register((unit,) if unit else ())


def _register(found: tuple[Unit, ...]) -> dict[str, type]:
    """One callback of a kind, whatever the number of units: the host walks the whole call stack at each."""
    live = tuple(unit for unit in found if shared.opts.data.get(unit.switch.key, True))
    script_callbacks.on_cfg_denoiser(patched.on_cfg_denoiser)
    script_callbacks.on_app_started(partial(_routes, live))
    script_callbacks.on_ui_settings(partial(_settings, found))
    script_callbacks.on_ui_tabs(partial(_tabs, live))
    script_callbacks.on_before_ui(partial(_axes, live))
    return {name: kind for unit in live for name, kind in _classes(unit).items()}


def _classes(unit: Unit) -> dict[str, type]:
    classes: dict[str, type] = {}
    with _isolated(unit):
        if unit.upscalers:
            upscaler_class(unit)
        if unit.extras:
            classes[f"{unit.package}_extras"] = _extras_class(unit)
        if unit.always:
            classes[f"{unit.package}_always"] = always.script_class(unit, current())  # type: ignore[arg-type]
    return classes


def _routes(live: tuple[Unit, ...], demo: Any, app: Any) -> None:
    mount_pictures(app, current())
    pages.mount_pages(app, current())
    _axes(live)  # a webui without a page has no callback before it
    for unit in live:
        if unit.has("api"):
            with _isolated(unit):
                mount(app, current(), unit.name, unit.module("api").ROUTES)


def _tabs(live: tuple[Unit, ...]) -> list[tuple[Any, str, str]]:
    made: list[tuple[Any, str, str]] = []
    for unit in live:
        if unit.has("panel"):
            with _isolated(unit):
                made.append(tabs.tab(unit, current()))
    return made


def _axes(live: tuple[Unit, ...]) -> None:
    for unit in (unit for unit in live if unit.always):
        with _isolated(unit):
            always.register_axes(unit.module("panel").ALWAYS, current())  # type: ignore[arg-type]


@contextmanager
def _isolated(unit: Unit) -> Iterator[None]:
    """A unit that fails is named; the host would drop all units with it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a unit does wrong must not take the others with it
        units.fail(unit.name, error)


def _settings(found: tuple[Unit, ...]) -> None:
    for setting in CORE_SETTINGS + tuple(one for unit in found for one in (unit.switch, *unit.settings)):
        kind, options = tabs.control(setting)
        info = shared.OptionInfo(setting.default, setting.label, kind, options, section=SECTION)
        if setting.info:
            info = info.info(setting.info)
        shared.opts.add_option(setting.key, info.needs_reload_ui() if setting.reload else info)


def _extras_class(unit: Unit) -> type:
    """The unit's entry in the Extras tab, as the host wants it."""
    entry = unit.module("panel").EXTRAS

    def ui(self: Any) -> dict[str, Any]:
        return entry.controls(current())

    def process(self: Any, pp: Any, **args: Any) -> None:
        host = current()
        with host.inside():  # type: ignore[attr-defined]  # both webuis have it; Extras holds the queue already
            pp.image, info = entry.process(host, pp.image, args)
        pp.info.update(info)

    members = {"name": entry.name, "order": entry.order, "ui": ui, "process": process}
    return type(f"{unit.package}_extras", (scripts_postprocessing.ScriptPostprocessing,), members)


@cache
def upscaler_class(unit: Unit) -> type:
    """Our engine in the host's upscaler list. The host finds it as a subclass, hence once per process."""
    entry = unit.module("run").UPSCALERS

    def init(self: Any, dirname: str | None = None) -> None:
        Upscaler.__init__(self)
        self.scalers = []
        if shared.opts.data.get(unit.switch.key, True):
            with _isolated(unit):  # an exception here would end the host's start
                self.scalers = [UpscalerData(name, path, self, scale) for name, path, scale in entry.listed(current())]

    def upscale(self: Any, img: Image.Image, scale: float, selected_model: str | None = None) -> Image.Image:
        host = current()
        with host.inside():  # type: ignore[attr-defined]
            return entry.upscale(host, img, scale, selected_model)

    members: dict[str, Callable[..., Any]] = {"__init__": init, "upscale": upscale, "do_upscale": _one_pass}
    return type(f"UpscalerAtelier_{unit.name}", (Upscaler,), {"name": "Atelier", **members})


def _one_pass(self: Any, img: Image.Image, selected_model: str) -> Image.Image:
    """The host's loop calls `upscale`; other extensions may call this, and expect the scale that is listed."""
    return self.upscale(img, 4, selected_model)
