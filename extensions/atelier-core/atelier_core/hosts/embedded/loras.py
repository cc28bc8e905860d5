"""LoRAs beside the weights, never in them: hooks add what a LoRA adds, and are gone after the run.

Read are kohya's names (`lora_unet_…`, `lora_te_…`, in ldm or diffusers spelling) and diffusers' own (`unet.….lora_A`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from ...errors import UserError
from .checkpoint import Model
from .prompt import Wish
from .weights import TensorFile

ENDINGS = {  # how a tensor's name ends -> its role
    ".lora_down.weight": "down",
    ".lora_up.weight": "up",
    ".lora_mid.weight": "mid",
    ".lora_A.weight": "down",
    ".lora_B.weight": "up",
    ".lora.down.weight": "down",
    ".lora.up.weight": "up",
    ".alpha": "alpha",
}
UNREAD = (".hada_", ".lokr_", ".oft_", ".ia3", ".dora_scale", ".diff", ".a1.weight")


@dataclass
class Part:
    """What a LoRA adds to one layer."""

    down: torch.Tensor | None = None
    up: torch.Tensor | None = None
    mid: torch.Tensor | None = None
    alpha: float | None = None

    @property
    def scale(self) -> float:
        assert self.down is not None
        rank = self.down.shape[0]
        return (self.alpha if self.alpha is not None else rank) / rank


@dataclass(frozen=True)
class Lora:
    wish: Wish
    path: Path
    fitting: dict[torch.nn.Module, tuple[Part, float]]  # layer -> part, strength
    left: int  # parts of the file that found no place in the model


def read(wish: Wish, path: Path, model: Model) -> Lora:
    parts, places = parts_of(TensorFile(path)), _places(model)
    fitting = {
        places[name][0]: (part, wish.text if places[name][1] else wish.unet)
        for name, part in parts.items()
        if name in places and _fits(part, places[name][0])
    }
    if not fitting:
        raise UserError(
            "The LoRA {name} is made for another kind of model than {model}.", name=wish.name, model=model.name
        )
    return Lora(wish, path, fitting, len(parts) - len(fitting))


def parts_of(file: TensorFile) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for key, tensor in file.tensors().items():
        if any(kind in key for kind in UNREAD):
            raise UserError("The LoRA {name} is of a variety that this host cannot apply ({key}).",
                            name=file.path.stem, key=key)  # fmt: skip
        ending = next((ending for ending in ENDINGS if key.endswith(ending)), None)
        if ending:
            part = parts.setdefault(key.removesuffix(ending), Part())
            setattr(part, ENDINGS[ending], float(tensor) if ENDINGS[ending] == "alpha" else tensor)
    return {name: part for name, part in parts.items() if part.down is not None and part.up is not None}


def _places(model: Model) -> dict[str, tuple[torch.nn.Module, bool]]:
    """Every name a LoRA may call a layer by -> the layer, and whether it is of a text encoder."""
    places: dict[str, tuple[torch.nn.Module, bool]] = {}
    for name, layer in model.layers.items():
        places["lora_unet_" + name.replace(".", "_")] = layer, False
    for name, layer in model.unet.named_modules():
        places["lora_unet_" + name.replace(".", "_")] = places["unet." + name] = layer, False
    for number, encoder in enumerate(model.encoders, 1):
        for name, layer in encoder.text.named_modules():
            inner = name.removeprefix("text_model.")
            kohya = "lora_te" if model.family == "sd1" else f"lora_te{number}"
            places[f"{kohya}_text_model_" + inner.replace(".", "_")] = layer, True
            places[f"text_encoder{'_2' if number == 2 else ''}.text_model.{inner}"] = layer, True
    return places


def _fits(part: Part, layer: torch.nn.Module) -> bool:
    assert part.down is not None and part.up is not None
    weight = getattr(layer, "weight", None)
    if not isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)) or weight is None:
        return False
    return part.up.shape[0] == weight.shape[0] and part.down.shape[1] == weight.shape[1]


@contextmanager
def applied(loras: Sequence[Lora]) -> Iterator[None]:
    with ExitStack() as hooks:
        for lora in loras:
            for layer, (part, strength) in lora.fitting.items():
                if strength:
                    hooks.callback(layer.register_forward_hook(_hook(part, strength, layer)).remove)
        yield


def _hook(part: Part, strength: float, layer: torch.nn.Module) -> Callable[[Any, tuple[Any, ...], Any], Any]:
    weight: torch.Tensor = layer.weight  # type: ignore[assignment]
    factor = part.scale * strength
    down, up, mid = (
        t.to(weight.device, weight.dtype) if t is not None else None for t in (part.down, part.up, part.mid)
    )

    def linear(_: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        return output + F.linear(F.linear(inputs[0], down.flatten(1)), up.flatten(1)) * factor  # type: ignore[union-attr]

    def convolution(conv: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
        where = {"stride": conv.stride, "padding": conv.padding, "dilation": conv.dilation}
        if mid is None:
            inner = F.conv2d(inputs[0], _as_conv(down), **where)
        else:
            inner = F.conv2d(F.conv2d(inputs[0], _as_conv(down)), mid, **where)
        return output + F.conv2d(inner, _as_conv(up)) * factor

    return linear if isinstance(layer, torch.nn.Linear) else convolution


def _as_conv(weight: Any) -> torch.Tensor:
    """proj_in and proj_out are convolutions in some models and linear in others; so are their LoRAs."""
    return weight if weight.ndim == 4 else weight[..., None, None]
