"""The port on Forge: its own memory manager, model patcher and built-in ControlNet; the rest as on AUTOMATIC1111."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from backend import memory_management
from backend.patcher.base import ModelPatcher
from lib_controlnet import external_code, global_state
from modules import sd_models
from modules_forge import shared as forge_shared

from ..job import Control
from ..memory import Lent
from .a1111.annotators import Annotators
from .a1111.controls import Controls, is_on
from .a1111.generate import Generator
from .a1111.host import A1111Host


class ForgeControls(Controls):
    def known_models(self) -> list[str]:
        return [name for name in global_state.get_all_controlnet_names() if name != "None"]

    def unit(self, control: Control, model: str) -> Any:
        """Forge takes an array, and the region as the unit's own mask."""
        region = control.region
        return external_code.ControlNetUnit(
            enabled=True,
            module=control.module or "None",
            model=model,
            image=np.asarray(control.map.convert("RGB")),
            mask_image=None if region is None else np.asarray(region.convert("RGB")),
            weight=control.weight,
            guidance_start=control.start,
            guidance_end=control.end,
            resize_mode="Just Resize",
        )

    def begin(self) -> None:
        """Forge forgets by itself what the script had made ready."""

    def ready(self, p: Any) -> bool:
        on = [place for place in self._places() if is_on(p.script_args[place]) is not False]
        return len(self.script.current_params) == len(on)


class ForgeAnnotators(Annotators):
    def processors(self) -> Mapping[str, Any]:
        return forge_shared.supported_preprocessors

    def weights(self) -> Path | None:
        return Path(forge_shared.preprocessor_dir)


class ForgeGenerator(Generator):
    controls = ForgeControls

    def load_model(self) -> None:
        sd_models.forge_model_reload()
        super().load_model()


class ForgeLent(Lent):
    def free(self) -> int:
        if self.device.type == "cpu":
            return super().free()
        return int(memory_management.get_free_memory(self.device))


class ForgeHost(A1111Host):
    name = "forge"
    generator = ForgeGenerator
    preprocessors = ForgeAnnotators

    @contextmanager
    def lend(self, network: Any, need: int) -> Iterator[Lent]:
        device, home = memory_management.get_torch_device(), torch.device("cpu")
        patcher = ModelPatcher(network, load_device=device, offload_device=home)
        try:
            memory_management.free_memory(need, device)
            memory_management.load_models_gpu([patcher], memory_required=need)
            with torch.no_grad():
                yield ForgeLent(device)
        finally:
            network.to(home)
            del patcher
            memory_management.soft_empty_cache()
