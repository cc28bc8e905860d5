"""Kinds that are products of small matrices, added to the weight: LoRA, LoCon, LoHa, LoKr, GLoRA."""

from __future__ import annotations

from math import prod

import torch

from .part import Factors, Part, Tensor, Tensors, alike


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
        return torch.einsum("ab...,bi->ai...", mid, alike(down.flatten(1), mid))

    def factors(self) -> Factors | None:
        if self.magnitude is not None:
            return None
        return Factors(self.full_down(), self.w["up"].flatten(1), self.scale)

    def raw(self, weight: Tensor) -> Tensor:
        down, up = alike(self.full_down(), weight), alike(self.w["up"], weight)
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
        outs, ins = (alike(self.w[f"hada_w{side}_{end}"], weight) for end in "ab")
        core = self.w.get(f"hada_t{side}")
        half = outs @ ins if core is None else _tucker(alike(core, weight), outs, ins)
        return half.reshape(weight.shape)


class Lokr(Part):
    kind = "LoKr"

    def outline(self) -> tuple[int, int]:
        one, two = self._left(self.w), self._right(self.w)
        return one.shape[0] * two.shape[0], one.shape[1] * prod(two.shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        own = {name: alike(tensor, weight) for name, tensor in self.w.items()}
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


class Glora(Part):
    kind = "GLoRA"

    def outline(self) -> tuple[int, int]:
        return self.w["b2"].shape[0], prod(self.w["b1"].shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        a1, a2, b1, b2 = (alike(self.w[name], weight).flatten(1) for name in ("a1", "a2", "b1", "b2"))
        return (b2 @ b1 + (weight.flatten(1) @ a2) @ a1).reshape(weight.shape) * self.scale
