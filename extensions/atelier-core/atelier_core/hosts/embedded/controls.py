"""ControlNets for one run: found and checked before any sampling, then asked at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import ControlNetModel
from PIL import Image

from ...errors import UserError
from ...geometry import Extent
from ...host import ModelFile
from ...job import Control
from . import names, shapes
from .checkpoint import Model
from .weights import TensorFile, built, in_diffusers_names

Residuals = tuple[tuple[torch.Tensor, ...], torch.Tensor]  # for each skip of the UNet, and for its middle


@dataclass(frozen=True)
class Steering:
    """A control, ready to be asked."""

    control: Control
    name: str
    network: Any
    map: torch.Tensor  # [1, C, H, W], 0..1, on the canvas
    region: torch.Tensor | None  # [1, 1, H, W], 0..1

    def acts(self, step: int, steps: int) -> bool:
        return self.control.start <= step / steps and (step + 1) / steps <= self.control.end + 1e-9


def candidates(control: Control, have: Sequence[ModelFile], folder: Path) -> tuple[ModelFile, ...]:
    """The one that is named, or all whose name holds the kind."""
    if control.module not in ("", "none", "None"):
        raise UserError(
            "This host has no preprocessor “{name}”. Give it a map that is drawn already.", name=control.module
        )
    wanted = (control.model or control.kind).lower()
    named = [one for one in have if one.name.lower() == wanted]
    found = named if control.model else [one for one in have if wanted in one.name.lower()]
    if not found:
        raise UserError("There is no ControlNet model for “{name}”. Put one into {folder}.", name=wanted, folder=folder)
    return tuple(found)


def first_fitting(files: Sequence[ModelFile], model: Model, known: Mapping[Path, Any]) -> tuple[ModelFile, Any]:
    """One kind may lie there for SD 1.5 and for SDXL; the first that fits the model is meant."""
    refused: UserError | None = None
    for file in files:
        try:
            return file, (known.get(file.path) if file.path else None) or load(file, model)
        except UserError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def load(file: ModelFile, model: Model) -> Any:
    assert file.path is not None
    network = _from_folder(file.path, model) if file.path.is_dir() else _from_file(file.path, model)
    if network.config.cross_attention_dim != model.unet.config.cross_attention_dim:
        raise UserError(
            "The ControlNet {name} is made for another kind of model than {model}.", name=file.name, model=model.name
        )
    return network.to(model.device)


def _from_folder(path: Path, model: Model) -> Any:
    try:
        network = ControlNetModel.from_pretrained(
            path, torch_dtype=model.dtype, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError("The folder {name} is not a ControlNet that diffusers can load: {why}",
                        name=path.name, why=error) from error  # fmt: skip
    return network.eval().requires_grad_(False)


def _from_file(path: Path, model: Model) -> Any:
    file = TensorFile(path)
    if "controlnet_cond_embedding.conv_in.weight" in file.shapes:
        config = _config_like(model, file)
        tensors = file.tensors()
    else:
        prefix = "control_model." if any(key.startswith("control_model.") for key in file.shapes) else ""
        own = shapes.below(file.shapes, prefix)
        if "input_hint_block.0.weight" not in own or "middle_block_out.0.weight" not in own:
            raise UserError("{name} is not a ControlNet that this host can read.", name=path.name)
        config = shapes.controlnet_config(own, model.family, shapes.recipe_beside(path))
        if config["block_out_channels"] == tuple(model.unet.config.block_out_channels):
            config["attention_head_dim"] = model.unet.config.attention_head_dim  # a copy of this very network's encoder
        tensors = in_diffusers_names(file.tensors(prefix), names.controlnet_table(config))
    return built(lambda: ControlNetModel(**config), tensors, model.dtype, path)


def _config_like(model: Model, file: TensorFile) -> dict[str, Any]:
    """A single file in diffusers' names says nothing of its layout: it can only be a copy of the model's encoder."""
    config = dict(model.unet.config)
    kept = {key: config[key] for key in CONFIG_OF_THE_ENCODER if config.get(key) is not None}
    hints = sorted(key for key in file.shapes if key.startswith("controlnet_cond_embedding.blocks."))
    first = file.shapes["controlnet_cond_embedding.conv_in.weight"]
    widths = [
        first[0],
        *(file.shapes[f"controlnet_cond_embedding.blocks.{i}.weight"][0] for i in range(1, len(hints) // 2, 2)),
    ]
    return kept | {
        "conditioning_embedding_out_channels": tuple(widths),
        "in_channels": 4,
        "conditioning_channels": first[1],
    }


CONFIG_OF_THE_ENCODER = (
    "block_out_channels",
    "layers_per_block",
    "down_block_types",
    "cross_attention_dim",
    "transformer_layers_per_block",
    "attention_head_dim",
    "use_linear_projection",
    "addition_embed_type",
    "addition_time_embed_dim",
    "projection_class_embeddings_input_dim",
)


def prepared(control: Control, file: ModelFile, network: Any, canvas: Extent) -> Steering:
    device, dtype = next(network.parameters()).device, next(network.parameters()).dtype
    picture = control.map.convert("RGB").resize(canvas, Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(picture, np.float32) / 255).movedim(-1, 0)[None]
    region = None
    if control.region is not None:
        where = control.region.convert("L").resize(canvas, Image.Resampling.BILINEAR)
        region = torch.from_numpy(np.array(where, np.float32) / 255)[None, None].to(device, dtype)
    return Steering(control, file.name, network, pixels.to(device, dtype), region)


def residuals(
    steerings: Sequence[Steering], x: torch.Tensor, time: torch.Tensor, call: dict[str, Any], step: int, steps: int
) -> dict[str, Any]:
    """Keyword arguments for the UNet: what all controls that act at this step add to it."""
    answers = [_answer(one, x, time, call) for one in steerings if one.acts(step, steps)]
    if not answers:
        return {}
    skips = tuple(sum(parts) for parts in zip(*(skips for skips, _ in answers), strict=True))
    return {
        "down_block_additional_residuals": skips,
        "mid_block_additional_residual": sum(middle for _, middle in answers),
    }


def _answer(one: Steering, x: torch.Tensor, time: torch.Tensor, call: dict[str, Any]) -> Residuals:
    latent = x[:, : one.network.config.in_channels]  # an inpainting network sees more than its ControlNet does
    hint = one.map.expand(len(x), -1, -1, -1)
    skips, middle = one.network(
        latent, time, controlnet_cond=hint, conditioning_scale=one.control.weight, return_dict=False, **call
    )
    return tuple(_inside(skip, one.region) for skip in skips), _inside(middle, one.region)


def _inside(residual: torch.Tensor, region: torch.Tensor | None) -> torch.Tensor:
    return residual if region is None else residual * F.interpolate(region, residual.shape[-2:], mode="area")
