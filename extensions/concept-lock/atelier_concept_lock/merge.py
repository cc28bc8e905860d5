"""Adapters made one: exactly, by setting their ranks side by side; or smaller, with the error told.

Adding factors element by element (A + A', B + B') is no sum of what they do: it is here only to be measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from atelier_core.errors import UserError

from .adapters import Adapter
from .keys import Place
from .part import Factors

Tensor = torch.Tensor
Weighed = Sequence[tuple[Adapter, float]]
NOTICEABLE = 0.01  # relative error above which a merge warns


@dataclass(frozen=True)
class Merged:
    parts: Mapping[Place, Factors]
    errors: Mapping[Place, float]  # relative, of each layer's change

    @property
    def worst(self) -> float:
        return max(self.errors.values(), default=0.0)

    @property
    def note(self) -> UserError | None:
        if self.worst <= NOTICEABLE:
            return None
        return UserError(
            "This merge is not what its parts do together: it is off by up to {percent} %.",
            percent=round(100 * self.worst),
        )

    def tensors(self) -> dict[str, Tensor]:
        """Under kohya's names, as every webui reads them."""
        two = any(place.target == "te2" for place in self.parts)
        named: dict[str, Tensor] = {}
        for place, part in self.parts.items():
            name = kohya_name(place, two)
            rank = part.down.shape[0]
            up = part.up if part.down.ndim == 2 else part.up[..., None, None]
            named[f"{name}.lora_down.weight"] = part.down.contiguous()
            named[f"{name}.lora_up.weight"] = up.contiguous()
            named[f"{name}.alpha"] = torch.tensor(part.scale * rank)
        return named


def kohya_name(place: Place, two_encoders: bool) -> str:
    flat = place.layer.replace(".", "_")
    if place.target == "unet":
        return f"lora_unet_{flat}"
    return f"lora_{place.target if two_encoders else 'te'}_text_model_{flat}"


def exact(adapters: Weighed) -> Merged:
    """The rank is the sum of the ranks."""
    return _merged(adapters, side_by_side)


def reduced(adapters: Weighed, rank: int) -> Merged:
    """The nearest of that rank."""
    return _merged(adapters, lambda factors: nearest(side_by_side(factors), rank))


def element_by_element(adapters: Weighed) -> Merged:
    return _merged(adapters, _added)


def _merged(adapters: Weighed, join: Callable[[list[Factors]], Factors]) -> Merged:
    parts, errors = {}, {}
    for place in dict.fromkeys(place for adapter, _ in adapters for place in adapter.parts):
        factors = [_factors(adapter, place, weight) for adapter, weight in adapters if place in adapter.parts]
        wanted = sum(map(product, factors), torch.zeros(()))
        parts[place] = join(factors)
        size = float(wanted.norm())
        errors[place] = float((product(parts[place]) - wanted).norm()) / size if size else 0.0
    return Merged(parts, errors)


def _factors(adapter: Adapter, place: Place, weight: float) -> Factors:
    part = adapter.parts[place]
    found = part.factors()
    if found is None:
        raise UserError(
            "{name} is of the kind {kind}: only LoRAs can be merged by their ranks.", name=adapter.name, kind=part.kind
        )
    return Factors(found.down.float(), found.up.float(), found.scale * weight)


def product(factors: Factors) -> Tensor:
    return factors.scale * (factors.up @ factors.down.flatten(1))


def side_by_side(factors: list[Factors]) -> Factors:
    downs, ups = [f.down for f in factors], [f.up * f.scale for f in factors]
    return Factors(torch.cat(downs), torch.cat(ups, dim=1), 1.0)


def nearest(factors: Factors, rank: int) -> Factors:
    """By the singular values of up @ down, found without the whole matrix."""
    q_up, r_up = torch.linalg.qr(factors.up * factors.scale)
    q_down, r_down = torch.linalg.qr(factors.down.flatten(1).T)
    left, sizes, right = torch.linalg.svd(r_up @ r_down.T)
    root = sizes[:rank].sqrt()
    up, down = q_up @ (left[:, :rank] * root), (root[:, None] * right[:rank]) @ q_down.T
    return Factors(down.reshape(-1, *factors.down.shape[1:]), up, 1.0)


def _added(factors: list[Factors]) -> Factors:
    same = {(f.down.shape, f.up.shape) for f in factors}
    if len(same) > 1:
        raise UserError("These files have different ranks: they cannot be added element by element.")
    down = sum((f.down * abs(f.scale) ** 0.5 for f in factors), torch.zeros(()))
    up = sum((f.up * abs(f.scale) ** 0.5 * (-1 if f.scale < 0 else 1) for f in factors), torch.zeros(()))
    return Factors(down, up, 1.0)
