"""What a step is judged by: the noise that the network should name, where the mask is, weighed by its time."""

from __future__ import annotations

from typing import Literal

import torch

Tensor = torch.Tensor
Prediction = Literal["epsilon", "v"]


def _each(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like).reshape(-1, *[1] * (like.ndim - 1))


def noised(latents: Tensor, noise: Tensor, alphas: Tensor) -> Tensor:
    """`alphas` [B]: share of the picture, squared."""
    share = _each(alphas, latents)
    return share.sqrt() * latents + (1 - share).sqrt() * noise


def wanted(latents: Tensor, noise: Tensor, alphas: Tensor, prediction: Prediction) -> Tensor:
    """What a right network answers."""
    if prediction == "epsilon":
        return noise
    share = _each(alphas, latents)
    return share.sqrt() * noise - (1 - share).sqrt() * latents


def weights(alphas: Tensor, gamma: float, prediction: Prediction) -> Tensor:
    """Min-SNR: times of little noise, whose answers hardly count for the picture, do not rule the others."""
    if not gamma:
        return torch.ones_like(alphas)
    snr = alphas / (1 - alphas).clamp(min=1e-12)
    least = snr.clamp(max=gamma)
    return least / (snr + 1) if prediction == "v" else least / snr.clamp(min=1e-12)


def masked(error: Tensor, mask: Tensor | None, floor: float = 0.0) -> Tensor:
    """[B, C, h, w] -> [B], the mean where the mask [B, 1, h, w] is: a small mask counts as much as a large one."""
    if mask is None:
        return error.flatten(1).mean(1)
    share = mask.to(error).clamp(min=floor).expand_as(error)
    return (error * share).flatten(1).sum(1) / share.flatten(1).sum(1).clamp(min=1e-6)


def offset(noise: Tensor, by: float, generator: torch.Generator) -> Tensor:
    if not by:
        return noise
    return noise + by * torch.randn(*noise.shape[:2], 1, 1, generator=generator).to(noise)
