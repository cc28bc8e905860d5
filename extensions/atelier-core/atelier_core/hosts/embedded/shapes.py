"""What a network is, read from the shapes of its tensors; nothing is looked up anywhere.

Two things leave no trace in the shapes: how many attention heads share a layer, and the noise the network was trained
on. The families have customs for them; a narrow checkpoint says its own in the `.yaml` beside it, as A1111 reads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from ...errors import UserError

Family = Literal["sd1", "sdxl"]
Shapes = Mapping[str, tuple[int, ...]]
LATENT_SCALE = {"sd1": 0.18215, "sdxl": 0.13025}


@dataclass(frozen=True)
class Recipe:
    """What the shapes cannot say. None: the family's custom."""

    heads: int | None = None  # per attention layer of the UNet
    head_width: int | None = None
    text_heads: int | None = None
    latent_scale: float | None = None
    predicts_velocity: bool = False
    betas: tuple[float, float] = (0.00085, 0.012)  # of the first and the last training step


def recipe_beside(checkpoint: Path) -> Recipe:
    path = checkpoint.with_suffix(".yaml")
    if not path.is_file():
        return Recipe()
    try:
        params = yaml.safe_load(path.read_text(encoding="utf-8"))["model"]["params"]
        return _recipe(params, path.parent)
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(
            "The file {name} is not a configuration of a Stable Diffusion model.", name=path.name
        ) from error


def _recipe(params: dict[str, Any], folder: Path) -> Recipe:
    unet = (params.get("unet_config") or params.get("network_config") or {}).get("params", {})
    text = params.get("cond_stage_config", {}).get("params") or {}
    heads, width = unet.get("num_heads", -1), unet.get("num_head_channels", -1)
    return Recipe(
        heads=int(heads) if heads != -1 else None,
        head_width=int(width) if width != -1 else None,
        text_heads=_heads_of(folder / text["version"]) if "version" in text else None,
        latent_scale=float(params["scale_factor"]) if "scale_factor" in params else None,
        predicts_velocity=params.get("parameterization") == "v",
        betas=(float(params.get("linear_start", 0.00085)), float(params.get("linear_end", 0.012))),
    )


def _heads_of(encoder: Path) -> int | None:
    """A local folder may stand where the full-size checkpoints name OpenAI's text encoder."""
    config = encoder / "config.json"
    return int(json.loads(config.read_text(encoding="utf-8"))["num_attention_heads"]) if config.is_file() else None


def below(shapes: Shapes, prefix: str) -> dict[str, tuple[int, ...]]:
    return {key[len(prefix) :]: shape for key, shape in shapes.items() if key.startswith(prefix)}


def _count(shapes: Shapes, pattern: str) -> int:
    """How many different numbers stand where the pattern has its group."""
    return len({match[1] for key in shapes if (match := re.match(pattern, key))})


@dataclass
class Level:
    channels: int = 0
    resnets: int = 0
    depth: int = 0  # transformer blocks per resnet; 0: no attention


def _levels(shapes: Shapes) -> list[Level]:
    levels, place = [Level()], 1
    while True:
        if f"input_blocks.{place}.0.op.weight" in shapes:
            levels.append(Level())
        elif (weight := shapes.get(f"input_blocks.{place}.0.in_layers.2.weight")) is not None:
            now = levels[-1]
            now.channels, now.resnets = weight[0], now.resnets + 1
            now.depth = _count(shapes, rf"input_blocks\.{place}\.1\.transformer_blocks\.(\d+)\.")
        else:
            return levels
        place += 1


def unet_config(shapes: Shapes, family: Family, recipe: Recipe) -> dict[str, Any]:
    """`shapes` without the checkpoint's prefix. Fits a ControlNet's encoder too."""
    levels, middle = _levels(shapes), _count(shapes, r"middle_block\.1\.transformer_blocks\.(\d+)\.")
    attention = "middle_block.1.transformer_blocks.0.attn2.to_k.weight"
    if attention not in shapes or len({level.resnets for level in levels}) != 1:
        raise UserError("The network is laid out in a way that neither SD 1.5 nor SDXL is.")
    depths = [*(level.depth or 1 for level in levels[:-1]), middle]
    down = ["CrossAttnDownBlock2D" if level.depth else "DownBlock2D" for level in levels]
    config: dict[str, Any] = {
        "in_channels": shapes["input_blocks.0.0.weight"][1],
        "block_out_channels": tuple(level.channels for level in levels),
        "layers_per_block": levels[0].resnets,
        "down_block_types": tuple(down),
        "cross_attention_dim": shapes[attention][1],
        "transformer_layers_per_block": tuple(depths),
        # diffusers' old name; it holds the number of heads
        "attention_head_dim": tuple(_heads(level.channels, family, recipe) for level in levels),
        "use_linear_projection": len(shapes["middle_block.1.proj_in.weight"]) == 2,
    }
    if family == "sdxl":
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 256,  # each of the six sizes becomes that many sines
            "projection_class_embeddings_input_dim": shapes["label_emb.0.0.weight"][1],
        }
    return config


def _heads(channels: int, family: Family, recipe: Recipe) -> int:
    if recipe.head_width:
        return channels // recipe.head_width
    return recipe.heads or (8 if family == "sd1" else max(1, channels // 64))


def decoder_types(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a whole UNet has beyond the encoder that a ControlNet copies."""
    mirrored = tuple(kind.replace("Down", "Up") for kind in reversed(config["down_block_types"]))
    return {"up_block_types": mirrored, "out_channels": 4}


def controlnet_config(shapes: Shapes, family: Family, recipe: Recipe) -> dict[str, Any]:
    hints = sorted(int(m[1]) for key in shapes if (m := re.match(r"input_hint_block\.(\d+)\.weight", key)))
    widths = [shapes[f"input_hint_block.{i}.weight"][0] for i in hints[:-1:2]]
    return unet_config(shapes, family, recipe) | {
        "conditioning_embedding_out_channels": tuple(widths),
        "conditioning_channels": shapes["input_hint_block.0.weight"][1],
    }


def vae_config(shapes: Shapes, scale: float) -> dict[str, Any]:
    levels = _count(shapes, r"encoder\.down\.(\d+)\.block\.")
    widths = tuple(shapes[f"encoder.down.{i}.block.0.conv1.weight"][0] for i in range(levels))
    return {
        "in_channels": shapes["encoder.conv_in.weight"][1],
        "out_channels": shapes["decoder.conv_out.weight"][0],
        "latent_channels": shapes["decoder.conv_in.weight"][1],
        "block_out_channels": widths,
        "layers_per_block": _count(shapes, r"encoder\.down\.0\.block\.(\d+)\."),
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "scaling_factor": scale,
    }


def clip_config(shapes: Shapes, heads: int | None) -> dict[str, Any]:
    """Of OpenAI's CLIP, in its own names."""
    words, width = shapes["embeddings.token_embedding.weight"]
    return _text_config(words, width, shapes["encoder.layers.0.mlp.fc1.weight"][0]) | {
        "num_hidden_layers": _count(shapes, r"encoder\.layers\.(\d+)\."),
        "num_attention_heads": heads or max(1, width // 64),
        "hidden_act": "quick_gelu",
    }


def open_clip_config(shapes: Shapes) -> dict[str, Any]:
    words, width = shapes["token_embedding.weight"]
    return _text_config(words, width, shapes["transformer.resblocks.0.mlp.c_fc.weight"][0]) | {
        "num_hidden_layers": _count(shapes, r"transformer\.resblocks\.(\d+)\."),
        "num_attention_heads": max(1, width // 64),
        "hidden_act": "gelu",
        "projection_dim": shapes["text_projection"][1],
    }


def _text_config(words: int, width: int, inner: int) -> dict[str, Any]:
    ends = {"bos_token_id": words - 2, "eos_token_id": words - 1, "pad_token_id": words - 1}
    return {"vocab_size": words, "hidden_size": width, "intermediate_size": inner, "max_position_embeddings": 77} | ends
