"""The port on Forge: its own memory manager, model patcher and built-in ControlNet; the rest as on AUTOMATIC1111."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from backend import memory_management
from backend.patcher.base import ModelPatcher
from lib_controlnet import external_code, global_state
from modules import sd_models
from modules_forge import shared as forge_shared

from ..errors import UserError
from ..job import Control
from ..memory import Lent
from ..studio import Meaning, untrained, waves
from .a1111.annotators import Annotators
from .a1111.controls import Controls, is_on
from .a1111.generate import Generator
from .a1111.host import A1111Host
from .a1111.studio import A1111Studio

NORM = re.compile(r"transformer_blocks\.\d+\.norm[123]$")


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


class ForgeStudio(A1111Studio):
    """Forge's own conditioning and sampling run where no gradients can: its engines and its network are asked instead.

    Its loader leaves weights of a kind that no gradient may pass. They are replaced by equal ones of the usual kind.
    """

    def prepare(self, inside: ExitStack) -> None:
        objects = self.model.forge_objects_original  # without the LoRAs of the last prompt
        self.unet, self.clip = objects.unet, objects.clip
        self._ready()
        inside.enter_context(untrained([self.unet.model, self.clip.cond_stage_model]))
        for name, layer in self.layers().items():
            if NORM.search(name):
                inside.callback(layer.register_forward_pre_hook(_of_its_own).remove)

    def _ready(self) -> None:
        memory_management.load_models_gpu([self.unet, self.clip.patcher])
        for network in (self.unet.model, self.clip.cond_stage_model):
            _usual(network)

    def layers(self) -> Mapping[str, Any]:
        return dict(self.unet.model.diffusion_model.named_modules())

    def alphas(self) -> torch.Tensor:
        return (1 / (1 + self.unet.model.predictor.sigmas.float() ** 2)).cpu()

    def predicts_velocity(self) -> bool:
        return bool(self.unet.model.predictor.prediction_type == "v_prediction")

    def dtype(self) -> torch.dtype:
        return self.unet.model.computation_dtype

    def _engines(self) -> list[Any]:
        names = ("text_processing_engine", "text_processing_engine_l", "text_processing_engine_g")
        return [engine for name in names if (engine := getattr(self.model, name, None)) is not None]

    def encode(self, texts: Sequence[str]) -> Meaning:
        self._ready()
        first, *second = (engine(list(texts)) for engine in self._engines())
        if not second:
            return Meaning(first)
        context, pooled = second[0]
        return Meaning(torch.cat([first, context], dim=2), pooled)

    def latents(self, pictures: torch.Tensor) -> torch.Tensor:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return self.model.encode_first_stage(pictures).clone().float()

    def predict(self, noisy: torch.Tensor, times: torch.Tensor, read: Meaning, sizes: torch.Tensor) -> torch.Tensor:
        self._ready()
        device, dtype = self.unet.load_device, self.dtype()
        told: dict[str, Any] = {}
        if read.pooled is not None:
            told["y"] = torch.cat([read.pooled, waves(sizes.to(read.pooled.device)).to(read.pooled)], dim=1)
        told = {name: value.to(device, dtype) for name, value in {"context": read.context, **told}.items()}
        network = self.unet.model.diffusion_model
        return network(noisy.to(device, dtype), times.to(device).float(), transformer_options={}, **told).float()


def _of_its_own(module: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Forge's blocks add into what a norm has read, which a way back needs as it was."""
    return (inputs[0].clone(), *inputs[1:]) if torch.is_grad_enabled() else None


def _usual(network: torch.nn.Module) -> None:
    known: dict[int, torch.nn.Parameter] = {}
    for part in network.modules():
        for name, parameter in part._parameters.items():
            if parameter is None or not parameter.is_inference():
                continue
            if any(getattr(parameter, packed, None) is not None for packed in ("bnb_quantized", "gguf_cls")):
                raise UserError("This model's weights are packed. Load one in fp16 or fp32 to train a concept.")
            if id(parameter) not in known:
                known[id(parameter)] = torch.nn.Parameter(parameter.clone(), requires_grad=False)
            part._parameters[name] = known[id(parameter)]


class ForgeHost(A1111Host):
    name = "forge"
    generator = ForgeGenerator
    preprocessors = ForgeAnnotators
    studios = ForgeStudio

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
