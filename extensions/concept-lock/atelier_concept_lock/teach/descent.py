"""The optimizer and its rate. Its state goes to tensors and comes back to the bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from atelier_core import eightbit
from atelier_core.errors import UserError

Tensor = torch.Tensor
Parameters = Mapping[str, torch.nn.Parameter]
MOST_NORM = 1.0  # of all gradients together


def kind_of(wish: str) -> str:
    """ "auto": 8 bits where they can be had."""
    if wish == "auto":
        return "adamw8bit" if eightbit.is_there() else "adamw"
    if wish != "adamw" and not eightbit.is_there():
        raise UserError("The optimizer {name} needs bitsandbytes and a graphics card.", name=wish)
    return wish


def optimizer(wish: str, parameters: Parameters, rates: Mapping[str, float], decay: float) -> Any:
    """`rates`: of each parameter by its name."""
    alike: dict[float, list[torch.nn.Parameter]] = {}
    for name, one in parameters.items():
        alike.setdefault(rates[name], []).append(one)
    groups = [{"params": some, "lr": rate, "full": rate} for rate, some in alike.items()]
    kind = kind_of(wish)
    if kind == "adamw":
        return torch.optim.AdamW(groups, lr=0.0, weight_decay=decay)
    small = eightbit.kinds()
    made = small.PagedAdamW8bit if kind == "paged" else small.AdamW8bit
    return made(groups, lr=0.0, weight_decay=decay)


def share_of_rate(step: int, steps: int, warmup: int, schedule: str) -> float:
    """Of the full rate, at a step counted from 0."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def set_rate(optimizer: Any, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["full"] * share


def descend(optimizer: Any, parameters: Parameters, scaler: Any) -> bool:
    """One step on the gradients at hand; False, and nothing moved, where they are no numbers."""
    scaler.unscale_(optimizer)
    norm = torch.nn.utils.clip_grad_norm_(list(parameters.values()), MOST_NORM)
    right = bool(torch.isfinite(norm))
    if right:
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    scaler.update(None if right else max(1.0, scaler.get_scale() / 2))
    return right


class Unscaled:
    """Where gradients are wide enough as they are."""

    def scale(self, loss: Tensor) -> Tensor:
        return loss

    def unscale_(self, optimizer: Any) -> None:
        pass

    def update(self, scale: float | None = None) -> None:
        pass

    def get_scale(self) -> float:
        return 1.0


class Scaled(Unscaled):
    """In half precision small gradients vanish: they are computed large and brought back."""

    def __init__(self, scale: float = 2.0**14) -> None:
        self._scale = scale

    def scale(self, loss: Tensor) -> Tensor:
        return loss * self._scale

    def unscale_(self, optimizer: Any) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad /= self._scale

    def update(self, scale: float | None = None) -> None:
        self._scale = scale or self._scale

    def get_scale(self) -> float:
        return self._scale


def to_tensors(optimizer: Any, parameters: Parameters) -> dict[str, Tensor]:
    """Whatever an optimizer of this kind keeps for a parameter, numbers too."""
    made = {}
    for name, parameter in parameters.items():
        for key, value in _flat(optimizer.state.get(parameter, {})).items():
            kept = value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)
            made[f"{name}/{key}"] = kept.detach()
    return made


def _flat(state: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if isinstance(value, (Tensor, int, float))}


def from_tensors(optimizer: Any, parameters: Parameters, tensors: Mapping[str, Tensor]) -> None:
    for name, parameter in parameters.items():
        own = {key.rpartition("/")[2]: t for key, t in tensors.items() if key.rpartition("/")[0] == name}
        optimizer.state[parameter] = {key: _restored(key, value, parameter) for key, value in own.items()}


def _restored(key: str, value: Tensor, parameter: Tensor) -> Any:
    if value.dtype == torch.float64 and not value.ndim:
        return int(value)
    return value.clone() if key == "step" else value.to(parameter.device, copy=True)
