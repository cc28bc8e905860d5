"""What an adapter does to one layer, kind by kind, as a change of its weight.

`delta_weight(W)` is the change at strength 1. The additive low-rank kinds also have factors, which cost far less to
apply than a full weight. Formulas follow LyCORIS, kohya's scripts and PEFT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import torch
from atelier_core.errors import UserError

Tensor = torch.Tensor
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Factors:
    """ΔW = scale * up @ down. `down` [r, in, …kernel], `up` [out, r]."""

    down: Tensor
    up: Tensor
    scale: float


@dataclass(frozen=True)
class Part:
    """What a file does to one layer."""

    w: Tensors
    scale: float = 1.0
    kind = ""

    def raw(self, weight: Tensor) -> Tensor:
        """The change before any magnitude is applied, of the weight's shape."""
        raise NotImplementedError

    def outline(self) -> tuple[int, int]:
        """(outputs, inputs times kernel) of the layer it is for; 0: any."""
        raise NotImplementedError

    @property
    def magnitude(self) -> tuple[Tensor, bool] | None:
        """DoRA's norms, and whether they are those of the outputs. A square layer's shape alone would not tell."""
        if "magnitude" in self.w:
            return self.w["magnitude"].flatten(), True
        if "dora_scale" not in self.w:
            return None
        norms = self.w["dora_scale"]
        return norms.flatten(), norms.ndim == 1 or norms.shape[0] != 1

    def fits(self, shape: tuple[int, ...]) -> bool:
        outs, ins = self.outline()
        return outs in (0, shape[0]) and ins in (0, prod(shape[1:]))

    def factors(self) -> Factors | None:
        return None

    def delta_weight(self, weight: Tensor) -> Tensor:
        wide = weight if weight.dtype == torch.float64 else weight.float()
        delta = self.raw(wide)
        return delta if self.magnitude is None else decomposed(wide, delta, *self.magnitude)

    def delta_bias(self) -> Tensor | None:
        if "up_bias" in self.w:
            return self.w["up_bias"] * self.scale
        return self.w.get("diff_b")


def decomposed(weight: Tensor, delta: Tensor, norms: Tensor, of_outputs: bool) -> Tensor:
    """DoRA: the direction of W + ΔW with norms of its own, less W."""
    merged = weight + delta
    along = tuple(range(1, merged.ndim)) if of_outputs else (0, *range(2, merged.ndim))
    shape = [-1, 1] if of_outputs else [1, -1]
    wanted = norms.to(merged).reshape(shape + [1] * (merged.ndim - 2))
    return merged * (wanted / merged.square().sum(along, keepdim=True).sqrt()) - weight


def _as(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.to(like.device, like.dtype)


class Lora(Part):
    """Also LoCon, and with `mid` its Tucker form."""

    kind = "LoRA"

    def outline(self) -> tuple[int, int]:
        down, mid = self.w["down"], self.w.get("mid")
        return self.w["up"].shape[0], prod(down.shape[1:]) * (prod(mid.shape[2:]) if mid is not None else 1)

    def full_down(self) -> Tensor:
        """[r, in, …kernel]; a 1x1 `down` and the `mid` after it are one convolution."""
        down, mid = self.w["down"], self.w.get("mid")
        if mid is None:
            return down
        return torch.einsum("ab...,bi->ai...", mid, _as(down.flatten(1), mid))

    def factors(self) -> Factors | None:
        if self.magnitude is not None:
            return None
        return Factors(self.full_down(), self.w["up"].flatten(1), self.scale)

    def raw(self, weight: Tensor) -> Tensor:
        down, up = _as(self.full_down(), weight), _as(self.w["up"], weight)
        return (up.flatten(1) @ down.flatten(1)).reshape(weight.shape) * self.scale


def _tucker(core: Tensor, outs: Tensor, ins: Tensor) -> Tensor:
    """core [r, r, …kernel], outs [r, out], ins [r, in] -> [out, in, …kernel]"""
    return torch.einsum("ij...,io,jn->on...", core, outs, ins)


class Loha(Part):
    kind = "LoHa"

    def outline(self) -> tuple[int, int]:
        outs, ins, core = self.w["hada_w1_a"], self.w["hada_w1_b"], self.w.get("hada_t1")
        if core is None:
            return outs.shape[0], ins.shape[1]
        return outs.shape[1], ins.shape[1] * prod(core.shape[2:])

    def raw(self, weight: Tensor) -> Tensor:
        return self._half("1", weight) * self._half("2", weight) * self.scale

    def _half(self, side: str, weight: Tensor) -> Tensor:
        outs, ins = (_as(self.w[f"hada_w{side}_{end}"], weight) for end in "ab")
        core = self.w.get(f"hada_t{side}")
        half = outs @ ins if core is None else _tucker(_as(core, weight), outs, ins)
        return half.reshape(weight.shape)


class Lokr(Part):
    kind = "LoKr"

    def outline(self) -> tuple[int, int]:
        one, two = self._left(self.w), self._right(self.w)
        return one.shape[0] * two.shape[0], one.shape[1] * prod(two.shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        own = {name: _as(tensor, weight) for name, tensor in self.w.items()}
        return torch.kron(self._left(own), self._right(own).flatten(1)).reshape(weight.shape) * self.scale

    @staticmethod
    def _left(w: Tensors) -> Tensor:
        return w["lokr_w1"] if "lokr_w1" in w else w["lokr_w1_a"] @ w["lokr_w1_b"]

    @staticmethod
    def _right(w: Tensors) -> Tensor:
        if "lokr_w2" in w:
            return w["lokr_w2"]
        if "lokr_t2" in w:
            return _tucker(w["lokr_t2"], w["lokr_w2_a"], w["lokr_w2_b"])
        return w["lokr_w2_a"] @ w["lokr_w2_b"]


class Oft(Part):
    """Turns the outputs in blocks; with four axes BOFT, whose factors mix ever farther channels."""

    kind = "OFT"

    def outline(self) -> tuple[int, int]:
        blocks = self.w.get("oft_blocks", self.w.get("oft_diag"))
        assert blocks is not None
        return blocks.shape[-3] * blocks.shape[-1], 0

    def rotations(self) -> Tensor:
        """[…, blocks, b, b] in float64: the inverse loses digits."""
        if "oft_diag" in self.w:  # older files hold the turned blocks themselves
            return self.w["oft_diag"].double()
        blocks = self.w["oft_blocks"].double()
        skew = blocks - blocks.mT
        most = self.scale * self.outline()[0]
        if most > 0:
            norm = skew.norm()
            skew = skew * ((norm.clamp(max=most) + 1e-8) / (norm + 1e-8))
        eye = torch.eye(blocks.shape[-1], dtype=torch.float64)
        return (eye + skew) @ torch.linalg.inv(eye - skew)

    def raw(self, weight: Tensor) -> Tensor:
        turns, flat = _as(self.rotations(), weight), weight.flatten(1)
        turned = _butterfly(turns, flat) if turns.ndim == 4 else _turned(turns, flat)
        if "rescale" in self.w:
            turned = turned * _as(self.w["rescale"], weight).reshape(-1, 1)
        return (turned - flat).reshape(weight.shape)


def _turned(turns: Tensor, flat: Tensor) -> Tensor:
    """A row vector times R, as the trainers apply it to a layer's output: its weight is turned by R's transpose."""
    blocks, size = turns.shape[0], turns.shape[1]
    return torch.einsum("knm,knx->kmx", turns, flat.reshape(blocks, size, -1)).reshape(flat.shape)


def _butterfly(turns: Tensor, flat: Tensor) -> Tensor:
    half = turns.shape[-1] // 2
    for i, blocks in enumerate(turns):
        reach = 2**i * half
        mixed = flat.reshape(-1, 2, reach, flat.shape[1]).transpose(1, 2)  # pairs that are `reach` apart side by side
        inner = mixed.reshape(blocks.shape[0], blocks.shape[-1], -1)
        turned = torch.einsum("bij,bjx->bix", blocks, inner).reshape(-1, reach, 2, flat.shape[1])
        flat = turned.transpose(1, 2).reshape(flat.shape)
    return flat


class Ia3(Part):
    kind = "IA3"

    def outline(self) -> tuple[int, int]:
        count = self.w["ia3"].numel()
        return (0, 0) if self._on_input else (count, 0)

    @property
    def _on_input(self) -> bool:
        return bool(self.w["on_input"].item())

    def fits(self, shape: tuple[int, ...]) -> bool:
        return self.w["ia3"].numel() == shape[1 if self._on_input else 0]

    def raw(self, weight: Tensor) -> Tensor:
        shape = [1, -1] if self._on_input else [-1, 1]
        return weight * _as(self.w["ia3"], weight).reshape(shape + [1] * (weight.ndim - 2))


class Glora(Part):
    kind = "GLoRA"

    def outline(self) -> tuple[int, int]:
        return self.w["b2"].shape[0], prod(self.w["b1"].shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        a1, a2, b1, b2 = (_as(self.w[name], weight).flatten(1) for name in ("a1", "a2", "b1", "b2"))
        return (b2 @ b1 + (weight.flatten(1) @ a2) @ a1).reshape(weight.shape) * self.scale


class Full(Part):
    kind = "full"

    def outline(self) -> tuple[int, int]:
        whole = self.w.get("diff")
        if whole is None:
            return self.w["diff_b"].shape[0], 0
        return whole.shape[0], prod(whole.shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        whole = self.w.get("diff")
        return torch.zeros_like(weight) if whole is None else _as(whole, weight).reshape(weight.shape)


class Norm(Part):
    """Weight and bias of a normalisation, added."""

    kind = "norm"

    def outline(self) -> tuple[int, int]:
        return next(iter(self.w.values())).shape[0], 1

    def raw(self, weight: Tensor) -> Tensor:
        change = self.w.get("w_norm", self.w.get("diff"))
        return torch.zeros_like(weight) if change is None else _as(change, weight).reshape(weight.shape)

    def delta_bias(self) -> Tensor | None:
        return self.w.get("b_norm", self.w.get("diff_b"))


BESIDE = {"alpha", "scale", "dora_scale", "magnitude", "rescale", "on_input", "diff_b", "up_bias"}
NEEDED: list[tuple[type[Part], list[set[str]]]] = [  # kind -> the sets of tensors that each make one whole
    (Lora, [{"down", "up"}, {"down", "up", "mid"}]),
    (Loha, [halves := {f"hada_w{i}_{e}" for i in "12" for e in "ab"}, halves | {"hada_t1", "hada_t2"}]),
    (
        Lokr,
        [
            left | right
            for left in ({"lokr_w1"}, {"lokr_w1_a", "lokr_w1_b"})
            for right in ({"lokr_w2"}, {"lokr_w2_a", "lokr_w2_b"}, {"lokr_w2_a", "lokr_w2_b", "lokr_t2"})
        ],
    ),
    (Oft, [{"oft_blocks"}, {"oft_diag"}]),
    (Ia3, [{"ia3"}]),
    (Glora, [{"a1", "a2", "b1", "b2"}]),
    (Full, [{"diff"}]),
    (Norm, [{"w_norm"}, {"b_norm"}, {"w_norm", "b_norm"}]),
]


def kind_of(roles: Iterable[str], layer: str) -> type[Part]:
    """The kind that tensors of these roles make; what is missing or too much is named."""
    names = set(roles)
    own = names - BESIDE
    if "norm" in layer.rsplit(".", 1)[-1] and names <= {"diff", "diff_b"}:
        return Norm
    if not own and "diff_b" in names:
        return Full
    for kind, wholes in NEEDED:
        if own in wholes and ("ia3" not in own or "on_input" in names):
            return kind
    raise UserError(
        "The tensors of “{layer}” make no adapter that is known here: {names}.",
        layer=layer,
        names=", ".join(sorted(names)),
    )


def part_of(tensors: Tensors, layer: str, told_scale: float | None = None) -> Part:
    kind = kind_of(tensors, layer)
    return kind(tensors, _scale(kind, tensors, told_scale))


def outline_of(shapes: Mapping[str, tuple[int, ...]], layer: str) -> tuple[str, tuple[int, int]]:
    """Kind and outline from shapes alone."""
    empty = {role: torch.empty(shape, device="meta") for role, shape in shapes.items()}
    kind = kind_of(shapes, layer)
    return kind.kind, kind(empty).outline() if kind is not Ia3 else (0, 0)


def _scale(kind: type[Part], w: Tensors, told: float | None) -> float:
    """alpha / rank; of OFT alpha is the constraint itself."""
    if "scale" in w:
        return float(w["scale"])
    if kind is Oft:
        return float(w["alpha"]) if "alpha" in w else 0.0
    rank = _rank(w)
    if "alpha" not in w:
        return told if told is not None else 1.0
    return float(w["alpha"]) / rank if rank else 1.0


def _rank(w: Tensors) -> int:
    """0 where there is none: a LoKr of two full matrices has scale 1 whatever its alpha says."""
    for name, axis in (("down", 0), ("hada_w1_b", 0), ("lokr_w2_b", 0), ("lokr_w1_b", 0), ("a1", 0)):
        if name in w:
            return int(w[name].shape[axis])
    return 0
