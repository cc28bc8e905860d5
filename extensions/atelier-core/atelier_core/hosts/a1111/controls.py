"""ControlNet units for one job, through the host's ControlNet script in a private runner."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from typing import Any

import numpy as np
from modules import processing, scripts

from ...errors import UserError
from ...job import Control, Job

NOT_RUN = "ControlNet did not run; the webui's console says why."


class Controls:
    def __init__(self, job: Job, img2img: bool = False) -> None:
        """Refuses before any sampling when the script or a model is missing. `img2img`: which tab's script is meant."""
        self.job = job
        self.runner = scripts.scripts_img2img if (img2img or job.init) else scripts.scripts_txt2img
        self.script: Any = self._script() if job.controls else None
        self.models = [self._model(control) for control in job.controls]

    def _script(self) -> Any:
        for script in self.runner.alwayson_scripts:
            if script.title().lower() == "controlnet":
                return script
        raise UserError(
            "ControlNet is not running. Install sd-webui-controlnet; if it is installed, see the webui's console."
        )

    def _model(self, control: Control) -> str:
        wanted, known = control.model or control.kind, self.known_models()
        named = [name for name in known if control.model and name.split(" [")[0] == control.model]
        for name in named or [name for name in known if control.kind.lower() in name.lower() and not control.model]:
            return name
        raise UserError(
            "There is no ControlNet model for “{kind}”. Put one into models/ControlNet and refresh its list.",
            kind=wanted,
        )

    def known_models(self) -> list[str]:
        return [name for name in self._external().get_models() if name != "None"]

    def _external(self) -> Any:
        known = sys.modules.get("internal_controlnet.external_code")
        if known is None and find_spec("internal_controlnet") is None:
            raise UserError("This webui's ControlNet is of a kind that Atelier cannot drive yet.")
        return known or importlib.import_module("internal_controlnet.external_code")

    def unit(self, control: Control, model: str) -> Any:
        region = control.region
        return self._external().ControlNetUnit(
            enabled=True,
            module=control.module or "none",
            model=model,
            image=np.asarray(control.map.convert("RGB")),
            weight=control.weight,
            guidance_start=control.start,
            guidance_end=control.end,
            resize_mode="Just Resize",
            effective_region_mask=None if region is None else np.asarray(region.convert("L")),
        )

    @contextmanager
    def driving(self, p: Any) -> Iterator[None]:
        """`p` runs with ControlNet alone. Afterwards the script's arguments are as before and the UNet unhooked."""
        if self.script is None:
            yield
            return
        before = self.script.args_from, self.script.args_to
        self.script.args_from, self.script.args_to = 1, 1 + len(self.models)
        try:
            p.scripts, p.is_api, p.sample = self._runner(), True, self._proved(p, p.sample)
            p.script_args = (0, *map(self.unit, self.job.on_canvas().controls, self.models))
            self.begin()
            yield
        except BaseException:
            self.script.postprocess(p, processing.Processed(p, []))
            raise
        finally:
            self.script.args_from, self.script.args_to = before

    def join(self, p: Any) -> dict[int, tuple[Any, Any]]:
        """Into units that the user has left off in this run's own tab; how many there are shall not change. Gives our
        units, and what they replaced, by their places among the arguments."""
        args = list(p.script_args)
        free = [place for place in self._places() if is_on(args[place]) is False]
        if len(free) < len(self.models):
            raise UserError("All ControlNet units of this tab are in use: switch one off.")
        ours = zip(free, map(self.unit, self.job.controls, self.models), strict=False)
        joined = {place: (unit, args[place]) for place, unit in ours}
        for place, (unit, _) in joined.items():
            args[place] = unit
        p.script_args = tuple(args)
        self.begin()
        return joined

    def _places(self) -> range:
        return range(self.script.args_from, self.script.args_to)

    def _runner(self) -> Any:
        runner = copy(self.runner)
        runner.callback_map = {}  # a copy shares this cache with the original, keyed by length only
        runner.alwayson_scripts = runner.scripts = [self.script]
        runner.selectable_scripts = []
        return runner

    def _proved(self, p: Any, sample: Callable[..., Any]) -> Callable[..., Any]:
        def proved(*args: Any, **options: Any) -> Any:
            if not self.ready(p):
                raise UserError(NOT_RUN)
            return sample(*args, **options)

        return proved

    def begin(self) -> None:
        self._before = self.script.latest_network  # of an earlier run that broke off

    def ready(self, p: Any) -> bool:
        """Asked when sampling begins. The host swallows the errors of the script's hooks, and its trace in the
        parameters is written before anything that may fail: only what it hooks into the model is a proof."""
        return self.script.latest_network is not None and self.script.latest_network is not self._before

    def notes(self) -> tuple[str, ...]:
        return tuple(f"ControlNet: {model}" for model in self.models)


def is_on(unit: Any) -> bool | None:
    """None for an argument that is no unit."""
    return unit.get("enabled") if isinstance(unit, dict) else getattr(unit, "enabled", None)
