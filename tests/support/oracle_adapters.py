"""Adapters of every kind as files, and what each does to a weight, written from the published formulas in float64.

Nothing of the code under test is used: plain einsums and loops over indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Tensor = torch.Tensor
Tensors = dict[str, Tensor]
Oracle = Callable[[Tensors, Tensor], Tensor]


@dataclass(frozen=True)
class Case:
    """`make(luck, shape)` gives the tensors by their endings; `oracle` the changed weight's difference."""

    endings: Callable[[Callable[..., Tensor], tuple[int, ...]], Tensors]
    oracle: Oracle


def draws(seed: int) -> Callable[..., Tensor]:
    luck = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(shape, generator=luck)


def lora_linear(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    out, ins = shape[0], shape[1]
    return {"lora_down.weight": draw(3, ins), "lora_up.weight": draw(out, 3), "alpha": torch.tensor(2.0)}


def lora_oracle(t: Tensors, w: Tensor) -> Tensor:
    return torch.einsum("or,ri->oi", t["lora_up.weight"], t["lora_down.weight"]) * 2 / 3


def locon(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {"lora_down.weight": draw(2, *shape[1:]), "lora_up.weight": draw(shape[0], 2, 1, 1)}


def locon_oracle(t: Tensors, w: Tensor) -> Tensor:
    return torch.einsum("orxy,rikl->oikl", t["lora_up.weight"], t["lora_down.weight"])


def locon_mid(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {
        "lora_down.weight": draw(2, shape[1], 1, 1),
        "lora_mid.weight": draw(2, 2, *shape[2:]),
        "lora_up.weight": draw(shape[0], 2, 1, 1),
        "alpha": torch.tensor(1.0),
    }


def locon_mid_oracle(t: Tensors, w: Tensor) -> Tensor:
    up, mid, down = t["lora_up.weight"][..., 0, 0], t["lora_mid.weight"], t["lora_down.weight"][..., 0, 0]
    return torch.einsum("oa,abkl,bi->oikl", up, mid, down) / 2


def loha(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    flat = torch.Size(shape[1:]).numel()
    halves = {f"hada_w{i}_a": draw(shape[0], 2) for i in "12"} | {f"hada_w{i}_b": draw(2, flat) for i in "12"}
    return halves | {"alpha": torch.tensor(3.0)}


def loha_oracle(t: Tensors, w: Tensor) -> Tensor:
    one, two = (torch.einsum("or,rx->ox", t[f"hada_w{i}_a"], t[f"hada_w{i}_b"]) for i in "12")
    return (one * two).reshape(w.shape) * 1.5


def loha_tucker(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {
        name: tensor
        for i in "12"
        for name, tensor in (
            (f"hada_t{i}", draw(2, 2, *shape[2:])),
            (f"hada_w{i}_a", draw(2, shape[0])),
            (f"hada_w{i}_b", draw(2, shape[1])),
        )
    }


def loha_tucker_oracle(t: Tensors, w: Tensor) -> Tensor:
    one, two = (torch.einsum("ijkl,jr,ip->prkl", t[f"hada_t{i}"], t[f"hada_w{i}_b"], t[f"hada_w{i}_a"]) for i in "12")
    return one * two


def lokr_full(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    two = (shape[0] // 2, shape[1] // 2, *shape[2:])
    return {"lokr_w1": draw(2, 2), "lokr_w2": draw(*two), "alpha": torch.tensor(7.0)}  # whose alpha counts for nothing


def lokr_factored(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    flat = torch.Size(shape[2:]).numel()
    return {
        "lokr_w1_a": draw(2, 3),
        "lokr_w1_b": draw(3, 2),
        "lokr_w2_a": draw(shape[0] // 2, 3),
        "lokr_w2_b": draw(3, shape[1] // 2 * flat),
        "alpha": torch.tensor(1.0),
    }


def lokr_tucker(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {
        "lokr_w1": draw(2, 2),
        "lokr_t2": draw(3, 3, *shape[2:]),
        "lokr_w2_a": draw(3, shape[0] // 2),
        "lokr_w2_b": draw(3, shape[1] // 2),
        "alpha": torch.tensor(1.0),
    }


def lokr_oracle(t: Tensors, w: Tensor) -> Tensor:
    one = t["lokr_w1"] if "lokr_w1" in t else t["lokr_w1_a"] @ t["lokr_w1_b"]
    kernel = w.shape[2:]
    scale = 1.0 if "lokr_w2" in t else 1 / 3
    if "lokr_w2" in t:
        two = t["lokr_w2"]
    elif "lokr_t2" in t:
        two = torch.einsum("abkl,ao,bi->oikl", t["lokr_t2"], t["lokr_w2_a"], t["lokr_w2_b"])
    else:
        two = (t["lokr_w2_a"] @ t["lokr_w2_b"]).reshape(w.shape[0] // 2, w.shape[1] // 2, *kernel)
    made = torch.zeros_like(w)
    for a in range(2):
        for b in range(2):
            rows, columns = w.shape[0] // 2, w.shape[1] // 2
            made[a * rows : (a + 1) * rows, b * columns : (b + 1) * columns] = one[a, b] * two
    return made * scale


def dora(axis: str) -> Case:
    def endings(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
        ones = [1] * (len(shape) - 1)
        norms = draw(shape[0], *ones) if axis == "out" else draw(1, shape[1], *ones[1:])
        base = lora_linear(draw, shape) if len(shape) == 2 else locon(draw, shape)
        return base | {"dora_scale": norms.abs() + 0.5}

    def oracle(t: Tensors, w: Tensor) -> Tensor:
        merged = w + (lora_oracle(t, w) if w.ndim == 2 else locon_oracle(t, w))
        made = torch.empty_like(w)
        norms = t["dora_scale"].flatten()
        for n in range(len(norms)):
            at = (n,) if axis == "out" else (slice(None), n)
            made[at] = merged[at] / merged[at].flatten().norm() * norms[n]
        return made - w

    return Case(endings, oracle)


def peft_dora(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {"lora_A.weight": draw(2, shape[1]), "lora_B.weight": draw(shape[0], 2),
            "lora_magnitude_vector": draw(shape[0]).abs() + 1}  # fmt: skip


def peft_dora_oracle(t: Tensors, w: Tensor) -> Tensor:
    merged = w + t["lora_B.weight"] @ t["lora_A.weight"]
    return torch.diag(t["lora_magnitude_vector"] / merged.norm(dim=1)) @ merged - w


def oft(constraint: float = 0.0, rescale: bool = False) -> Case:
    def endings(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
        made = {"oft_blocks": draw(shape[0] // 2, 2, 2) * 0.3}
        if constraint:
            made["alpha"] = torch.tensor(constraint)
        if rescale:
            made["rescale"] = draw(shape[0], 1).abs() + 0.5
        return made

    def oracle(t: Tensors, w: Tensor) -> Tensor:
        blocks = t["oft_blocks"]
        skew = blocks - blocks.transpose(1, 2)
        if constraint and skew.norm() > constraint * w.shape[0]:
            skew = skew * (constraint * w.shape[0] / skew.norm())
        whole = torch.zeros(w.shape[0], w.shape[0], dtype=w.dtype)
        for k, q in enumerate(skew):
            turn = torch.linalg.solve((torch.eye(2) - q).mT, (torch.eye(2) + q).mT).mT  # (1 + Q) (1 - Q)^-1
            whole[2 * k : 2 * k + 2, 2 * k : 2 * k + 2] = turn
        made = torch.einsum("nm,nx->mx", whole, w.flatten(1))
        return (made * t.get("rescale", torch.ones(()))).reshape(w.shape) - w

    return Case(endings, oracle)


def oft_diag(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {"oft_diag": draw(shape[0] // 2, 2, 2)}


def oft_diag_oracle(t: Tensors, w: Tensor) -> Tensor:
    return torch.block_diag(*t["oft_diag"]).mT @ w - w


def boft(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {"oft_blocks": draw(2, shape[0] // 4, 4, 4) * 0.2}


def boft_oracle(t: Tensors, w: Tensor) -> Tensor:
    """Each factor is a block diagonal between a permutation and its inverse; written as whole matrices."""
    out = w.shape[0]
    made = w.flatten(1)
    for i, blocks in enumerate(t["oft_blocks"]):
        skew = blocks - blocks.transpose(1, 2)
        eye = torch.eye(4, dtype=w.dtype)
        turn = torch.block_diag(*((eye + q) @ torch.linalg.inv(eye - q) for q in skew))
        reach = 2**i * 2
        order = [c * 2 * reach + g * reach + k for c in range(out // (2 * reach)) for k in range(reach) for g in (0, 1)]
        shuffle = torch.eye(out, dtype=w.dtype)[order]
        made = shuffle.mT @ turn @ shuffle @ made
    return made.reshape(w.shape) - w


def ia3(on_input: bool) -> Case:
    def endings(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
        return {"weight": draw(shape[1] if on_input else shape[0]), "on_input": torch.tensor(on_input)}

    def oracle(t: Tensors, w: Tensor) -> Tensor:
        return torch.einsum("oi...,i->oi..." if on_input else "oi...,o->oi...", w, t["weight"])

    return Case(endings, oracle)


def glora(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    out, ins = shape
    return {"a1.weight": draw(2, ins), "a2.weight": draw(ins, 2), "b1.weight": draw(2, ins),
            "b2.weight": draw(out, 2), "alpha": torch.tensor(1.0)}  # fmt: skip


def glora_oracle(t: Tensors, w: Tensor) -> Tensor:
    b = torch.einsum("or,ri->oi", t["b2.weight"], t["b1.weight"])
    return (b + torch.einsum("oj,jr,ri->oi", w, t["a2.weight"], t["a1.weight"])) / 2


def full(draw: Callable[..., Tensor], shape: tuple[int, ...]) -> Tensors:
    return {"diff": draw(*shape), "diff_b": draw(shape[0])}


LINEAR, CONV = (8, 12), (8, 4, 3, 3)
CASES: dict[str, tuple[tuple[int, ...], Case]] = {
    "LoRA": (LINEAR, Case(lora_linear, lora_oracle)),
    "LoCon": (CONV, Case(locon, locon_oracle)),
    "LoCon mid": (CONV, Case(locon_mid, locon_mid_oracle)),
    "LoHa": (LINEAR, Case(loha, loha_oracle)),
    "LoHa conv": (CONV, Case(loha, loha_oracle)),
    "LoHa t": (CONV, Case(loha_tucker, loha_tucker_oracle)),
    "LoKr full": (LINEAR, Case(lokr_full, lokr_oracle)),
    "LoKr full conv": (CONV, Case(lokr_full, lokr_oracle)),
    "LoKr factored": (LINEAR, Case(lokr_factored, lokr_oracle)),
    "LoKr factored conv": (CONV, Case(lokr_factored, lokr_oracle)),
    "LoKr t": (CONV, Case(lokr_tucker, lokr_oracle)),
    "DoRA out": (LINEAR, dora("out")),
    "DoRA in": (LINEAR, dora("in")),
    "DoRA out square": ((6, 6), dora("out")),
    "DoRA in square": ((6, 6), dora("in")),
    "DoRA out conv": (CONV, dora("out")),
    "DoRA in conv": (CONV, dora("in")),
    "DoRA PEFT": (LINEAR, Case(peft_dora, peft_dora_oracle)),
    "OFT": (LINEAR, oft()),
    "OFT conv": (CONV, oft()),
    "OFT constraint": (LINEAR, oft(0.02)),
    "OFT rescale": (LINEAR, oft(rescale=True)),
    "OFT diag": (LINEAR, Case(oft_diag, oft_diag_oracle)),
    "BOFT": (LINEAR, Case(boft, boft_oracle)),
    "BOFT conv": (CONV, Case(boft, boft_oracle)),
    "IA3 in": (LINEAR, ia3(True)),
    "IA3 out": (CONV, ia3(False)),
    "GLoRA": (LINEAR, Case(glora, glora_oracle)),
    "full": (CONV, Case(full, lambda t, w: t["diff"])),
}
