"""What parts of adapters add to a layer's output: low-rank ones side by side, in two products however many there are.

Where a share is 0 nothing is multiplied, it is left out: 0 times infinity would not be 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .part import Factors, Part

Tensor = torch.Tensor
TWIST = -2.0  # what a branch's answer is multiplied by where its influence is measured


@dataclass(frozen=True)
class Branch:
    entry: int  # which card, where: the line of the report
    zone: int | None  # region; None: everywhere
    part: Part
    strength: float


@dataclass(frozen=True)
class Field:
    """The regions' shares at one layer: [zones, h, w], for tokens or for maps."""

    shares: Tensor
    tokens: bool
    latent: Extent
    spread: dict[Any, tuple[Tensor, Tensor]] = field(default_factory=dict)  # over ranks: one for all layers alike

    @property
    def key(self) -> tuple[Any, ...]:
        return self.latent, tuple(self.shares.shape), self.shares.device, self.tokens

    def of(self, zone: int) -> Tensor:
        """Shaped to multiply [b, T, C] or [b, C, h, w]."""
        share = self.shares[zone]
        return share.reshape(-1, 1) if self.tokens else share


def shape_of(module: Any) -> tuple[int, ...] | None:
    """Of a layer's weight, told by the layer: hosts may keep the weight itself packed."""
    if is_linear(module):
        return _linear_shape(module)
    if isinstance(module, torch.nn.Conv2d):
        return module.out_channels, module.in_channels // module.groups, *module.kernel_size
    if isinstance(module, torch.nn.GroupNorm):
        return (module.num_channels,)
    if isinstance(module, torch.nn.LayerNorm):
        return tuple(module.normalized_shape)
    return None


def is_linear(module: Any) -> bool:
    """Forge has linear layers that are no torch.nn.Linear."""
    return isinstance(module, torch.nn.Linear) or type(module).__name__ == "Linear"


def _linear_shape(module: Any) -> tuple[int, ...]:
    if hasattr(module, "in_features"):
        return module.out_features, module.in_features
    packed = getattr(module.weight, "quant_state", None)  # of four bits; files of GGUF tell the shape themselves
    return tuple(getattr(module.weight, "real_shape", None) or getattr(packed, "shape", None) or module.weight.shape)


def is_norm(module: Any) -> bool:
    return isinstance(module, (torch.nn.GroupNorm, torch.nn.LayerNorm))


def applied(module: Any, weight: Tensor, x: Tensor) -> Tensor:
    """The layer's own operation with another weight, of any rank or kernel that fits it."""
    if is_linear(module):
        return F.linear(x, weight.flatten(1))
    if weight.ndim == 2:
        weight = weight[..., None, None]
    return module._conv_forward(x, weight, None)


def plain_weight(module: Any) -> Tensor:
    if tuple(module.weight.shape) != shape_of(module):
        raise UserError("This webui keeps the model's weights packed; only LoRAs can be locked on it.")
    return module.weight.detach().float()


class Solo:
    """One branch on one layer, everywhere and at full strength."""

    def __init__(self, branch: Branch, module: Any, like: Tensor) -> None:
        self.branch, self.module = branch, module
        self.factors = _factors(branch.part, module, like)
        self.delta = None if self.factors else self._dense(like)
        bias = branch.part.delta_bias()
        self.bias = None if bias is None else (bias * branch.strength).to(like.device, like.dtype)

    def _dense(self, like: Tensor) -> Tensor | None:
        if set(self.branch.part.w) <= {"diff_b", "b_norm"}:
            return None
        change = self.branch.part.delta_weight(plain_weight(self.module))
        return (change * self.branch.strength).to(like.device, like.dtype)

    @property
    def stacks(self) -> bool:
        """Whether it may share its products with others: an invalid number would reach their rows."""
        return self.factors is not None and self.bias is None and bool(torch.isfinite(self.factors.up).all())

    def __call__(self, x: Tensor, twist: bool = False) -> Tensor:
        made = self._weighed(x) if self.factors or self.delta is not None else torch.zeros((), device=x.device)
        if self.bias is not None:
            made = made + (self.bias if self._channels_last(x) else self.bias[:, None, None])
        return made * TWIST if twist else made

    def _weighed(self, x: Tensor) -> Tensor:
        if self.factors:
            inner = applied(self.module, self.factors.down, x)
            return outer(self.module, self.factors.up, inner) * self.factors.scale
        assert self.delta is not None
        if not is_norm(self.module):
            return applied(self.module, self.delta, x)
        normed = normalised(self.module, x)
        return normed * (self.delta if self._channels_last(x) else self.delta[:, None, None])

    def _channels_last(self, x: Tensor) -> bool:
        return is_linear(self.module) or isinstance(self.module, torch.nn.LayerNorm) or x.ndim < 4

    def macs(self) -> int:
        """Multiplications per position."""
        if self.factors:
            return self.factors.down.numel() + self.factors.up.numel()
        return 0 if self.delta is None or is_norm(self.module) else self.delta.numel()


def normalised(module: Any, x: Tensor) -> Tensor:
    if isinstance(module, torch.nn.LayerNorm):
        return F.layer_norm(x, module.normalized_shape, None, None, module.eps)
    return F.group_norm(x, module.num_groups, None, None, module.eps)


def outer(module: Any, up: Tensor, inner: Tensor) -> Tensor:
    """Back from rank space, point by point."""
    return F.linear(inner, up) if is_linear(module) else F.conv2d(inner, up[..., None, None])


def _factors(part: Part, module: Any, like: Tensor) -> Factors | None:
    found = part.factors()
    if found is None or is_norm(module):
        return None
    down, up = (t.to(like.device, like.dtype) for t in (found.down, found.up))
    return Factors(down.flatten(1) if is_linear(module) else down, up, found.scale)


class Stack:
    """Low-rank branches side by side along the rank; their regions' shares act in between."""

    def __init__(self, solos: Sequence[Solo]) -> None:
        factors = [solo.factors for solo in solos if solo.factors]
        self.module, self.solos = solos[0].module, solos
        self.ranks = [f.up.shape[1] for f in factors]
        self.scales = [f.scale * solo.branch.strength for f, solo in zip(factors, solos, strict=True)]
        widest = max(f.down.ndim for f in factors)
        self.down = torch.cat([f.down.reshape(*f.down.shape, *[1] * (widest - f.down.ndim)) for f in factors])
        self.up = torch.cat([f.up for f in factors], dim=1)
        zones = tuple(solo.branch.zone for solo in solos)
        self._alike = tuple(zip(zones, self.ranks, self.scales, strict=True))

    def __call__(self, x: Tensor, field: Field | None, twist: int | None = None) -> Tensor:
        inner = applied(self.module, self.down, x)
        share, live = self._share(field, inner)
        spread = torch.where(live, inner * share, inner.new_zeros(()))
        return outer(self.module, self._up(twist), spread)

    def _up(self, twist: int | None) -> Tensor:
        if twist is None:
            return self.up
        factors = [TWIST if solo.branch.entry == twist else 1.0 for solo in self.solos]
        return self.up * torch.tensor(factors).repeat_interleave(torch.tensor(self.ranks)).to(self.up)

    def _share(self, field: Field | None, inner: Tensor) -> tuple[Tensor, Tensor]:
        """[T, R] or [R, h, w], and where it is not 0."""
        made = None if field is None else field.spread.get(key := (field.key, inner.dtype, self._alike))
        if made is None:
            columns = torch.cat(self._columns(field, inner), dim=-1 if is_linear(self.module) else 0)
            made = columns.to(inner.dtype), columns != 0
            if field is not None:
                field.spread[key] = made
        return made

    def _columns(self, field: Field | None, inner: Tensor) -> list[Tensor]:
        places = (inner.shape[-2],) if is_linear(self.module) else tuple(inner.shape[-2:])
        if field is None:
            places = (1,) * len(places)
        columns = []
        for solo, rank, scale in zip(self.solos, self.ranks, self.scales, strict=True):
            zone = solo.branch.zone
            share = torch.ones((), device=inner.device) if zone is None or field is None else field.of(zone)
            columns.append(share.expand(*places, rank) if len(places) == 1 else share.expand(rank, *places))
            columns[-1] = columns[-1] * scale
        return columns


class Layer:
    """All branches on one layer of the model."""

    def __init__(self, module: Any, branches: Sequence[Branch]) -> None:
        self.module, self.branches = module, tuple(branches)
        self._made_for: tuple[Any, ...] = ()
        self._stack: Stack | None = None
        self._rest: list[Solo] = []

    @property
    def zoned(self) -> bool:
        return any(branch.zone is not None for branch in self.branches)

    def entries(self) -> dict[int, int]:
        """Line of the report -> its region, for those that have one."""
        return {branch.entry: branch.zone for branch in self.branches if branch.zone is not None}

    def delta(self, x: Tensor, like: Tensor, field: Field | None, twist: int | None = None) -> Tensor:
        """What the branches add to `like`, the layer's answer to `x`."""
        self._prepare(like)
        x = x.to(like.dtype)
        made = self._stack(x, field, twist) if self._stack else torch.zeros((), device=like.device, dtype=like.dtype)
        for solo in self._rest:
            zone, more = solo.branch.zone, solo(x, twist == solo.branch.entry)
            if zone is not None and field is not None:
                share = field.of(zone).to(more.dtype)
                more = torch.where(share != 0, share * more, more.new_zeros(()))
            made = made + more
        return made

    def _prepare(self, like: Tensor) -> None:
        if self._made_for == (like.device, like.dtype):
            return
        solos = [Solo(branch, self.module, like) for branch in self.branches]
        for solo in solos:
            if solo.factors is not None and not solo.stacks:  # its strength is not in any share
                solo.factors = Factors(solo.factors.down, solo.factors.up, solo.factors.scale * solo.branch.strength)
        stacked = [solo for solo in solos if solo.stacks]
        self._stack = Stack(stacked) if stacked else None
        self._rest = [solo for solo in solos if not solo.stacks]
        self._made_for = (like.device, like.dtype)

    def macs(self) -> tuple[int, int]:
        """Multiplications per position: added, and the layer's own."""
        solos = [*(self._stack.solos if self._stack else ()), *self._rest]
        return sum(solo.macs() for solo in solos), 0 if is_norm(self.module) else prod(shape_of(self.module) or (0,))
