"""Attention over heads, plain or with a bias between regions."""

from __future__ import annotations

import torch
import torch.nn.functional as F

Tensor = torch.Tensor
STEP = 8  # what fast kernels want a head's width to be a multiple of


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """[b, T, heads * d] from q of [b, T, …] and k, v of [b or 1, L, …]."""
    rows = q.shape[0]
    q, k, v = (_by_head(one.expand(rows, -1, -1), heads) for one in (q, k, v))
    return _joined(F.scaled_dot_product_attention(q, k, v))


def attend_biased(q: Tensor, k: Tensor, v: Tensor, heads: int, of_q: Tensor, of_k: Tensor) -> Tensor:
    """The same with `of_q @ of_k.T` added before the softmax, [T, n] each. It rides along as n further channels of
    every head: the matrix of T by T is never made."""
    q, k, v = (_by_head(one, heads) for one in (q, k, v))
    width = q.shape[-1]
    room = -(width + of_q.shape[1]) % STEP
    whole = width + of_q.shape[1] + room
    rescale = whole**0.5  # the kernel divides by the root of the widened width
    q = _widened(q * (rescale / width**0.5), of_q.to(q) * rescale, room)
    k = _widened(k, of_k.to(k), room)
    v = F.pad(v, (0, whole - width))
    return _joined(F.scaled_dot_product_attention(q, k, v)[..., :width])


def _widened(x: Tensor, more: Tensor, room: int) -> Tensor:
    return F.pad(torch.cat([x, more.expand(*x.shape[:2], -1, -1)], dim=-1), (0, room))


def _by_head(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)
