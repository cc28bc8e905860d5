"""The shapes of the family: Stable Diffusion 1.5's topology, narrow enough that two cores draw with it in seconds."""

from __future__ import annotations

from typing import Any

import torch

WIDTHS = (64, 128, 64, 64)  # of the UNet's levels: widest where a cell is about as large as a hand
HEADS = 4
CONTEXT = 128
VAE_WIDTHS = (32, 64, 96, 96)
VAE_GROUPS = 8  # of its norms: with the usual 32 a group of the widest maps were one channel, which keeps no colour
HINTS = (16, 32, 64, 96)
TEXT_LAYERS = 4
WORD_SPREAD = 0.12  # at first; seen: at the usual 0.02 places drown words, and 34,000 samples taught none
LATENT_SCALE = 0.18215
BETAS = (0.00085, 0.012)  # of the first and the last of 1,000 steps; their square roots are evenly spaced


def vae() -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        latent_channels=4,
        block_out_channels=VAE_WIDTHS,
        layers_per_block=2,
        norm_num_groups=VAE_GROUPS,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=LATENT_SCALE,
    )


def text() -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=CONTEXT,
        intermediate_size=4 * CONTEXT,
        num_hidden_layers=TEXT_LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=77,
        hidden_act="quick_gelu",
        projection_dim=CONTEXT,
        bos_token_id=49406,
        eos_token_id=49407,
        pad_token_id=49407,
    )
    made = CLIPTextModel(config)
    words: Any = made.get_input_embeddings()
    torch.nn.init.normal_(words.weight, std=WORD_SPREAD)
    return made


def _shape() -> dict[str, Any]:
    return {"block_out_channels": WIDTHS, "cross_attention_dim": CONTEXT, "attention_head_dim": HEADS}


def unet(channels: int = 4) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(sample_size=24, in_channels=channels, out_channels=4, **_shape())


def controlnet() -> Any:
    from diffusers import ControlNetModel

    return ControlNetModel(conditioning_embedding_out_channels=HINTS, **_shape())


def controlnet_of(network: Any) -> Any:
    """A ControlNet that begins as a copy of the network's encoder."""
    from diffusers import ControlNetModel

    return ControlNetModel.from_unet(network, conditioning_embedding_out_channels=HINTS)


def alphas() -> torch.Tensor:
    """How much of the picture's variance is left at each of the 1,000 steps."""
    low, high = BETAS
    betas = torch.linspace(low**0.5, high**0.5, 1000, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float()
