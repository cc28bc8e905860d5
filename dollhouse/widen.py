"""The same autoencoder for code that knows only norms of 32 groups: every channel of its maps several times over.

A group then holds the channels that it held before, and each layer takes the mean over the copies it reads.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from dollhouse import nets

Tensor = torch.Tensor
LDM_GROUPS = 32
COPIES = LDM_GROUPS // nets.VAE_GROUPS
_GIVEN = ("encoder.conv_in", "decoder.conv_in")  # their inputs are pictures and latents
_TAKEN = ("encoder.conv_out", "decoder.conv_out")  # and these layers' outputs


def widened(autoencoder: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By diffusers' names."""
    return {name: _wide(name, value) for name, value in autoencoder.items()}


def _wide(name: str, value: Tensor) -> Tensor:
    layer = name.rpartition(".")[0]
    if layer in ("quant_conv", "post_quant_conv"):
        return value
    if layer not in _TAKEN:
        value = torch.cat([value] * COPIES)
    if value.ndim > 1 and layer not in _GIVEN:
        value = torch.cat([value] * COPIES, 1) / COPIES
    if layer.endswith(".to_q"):  # attention divides by the square root of its channels, and sums over all of them
        value = value / COPIES**0.5
    return value
