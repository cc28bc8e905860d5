"""Which kind of adapter the tensors of one layer make, by their roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from atelier_core.errors import UserError

from .part import Part, Tensors
from .products import Glora, Loha, Lokr, Lora
from .wholes import Full, Ia3, Norm, Oft

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
