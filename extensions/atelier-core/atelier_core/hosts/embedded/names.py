"""One network, two sets of names: ldm's, in which checkpoints and patches speak, and diffusers', which we run.

A table holds ldm prefix -> diffusers prefix; the longest prefix that a name has decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RESNET = {
    "in_layers.0": "norm1",
    "in_layers.2": "conv1",
    "emb_layers.1": "time_emb_proj",
    "out_layers.0": "norm2",
    "out_layers.3": "conv2",
    "skip_connection": "conv_shortcut",
}
EMBEDDINGS = {
    "time_embed.0": "time_embedding.linear_1",
    "time_embed.2": "time_embedding.linear_2",
    "label_emb.0.0": "add_embedding.linear_1",
    "label_emb.0.2": "add_embedding.linear_2",
    "input_blocks.0.0": "conv_in",
}


def _resnet(ldm: str, diffusers: str) -> dict[str, str]:
    return {ldm: diffusers} | {f"{ldm}.{old}": f"{diffusers}.{new}" for old, new in RESNET.items()}


def _encoder(config: Mapping[str, Any]) -> dict[str, str]:
    table, place = dict(EMBEDDINGS), 1
    kinds = config["down_block_types"]
    for level, kind in enumerate(kinds):
        for layer in range(config["layers_per_block"]):
            table |= _resnet(f"input_blocks.{place}.0", f"down_blocks.{level}.resnets.{layer}")
            if kind.startswith("CrossAttn"):
                table[f"input_blocks.{place}.1"] = f"down_blocks.{level}.attentions.{layer}"
            place += 1
        if level + 1 < len(kinds):
            table[f"input_blocks.{place}.0.op"] = f"down_blocks.{level}.downsamplers.0.conv"
            place += 1
    table |= _resnet("middle_block.0", "mid_block.resnets.0")
    table["middle_block.1"] = "mid_block.attentions.0"
    return table | _resnet("middle_block.2", "mid_block.resnets.1")


def _decoder(config: Mapping[str, Any]) -> dict[str, str]:
    table, place = {"out.0": "conv_norm_out", "out.2": "conv_out"}, 0
    kinds = config["up_block_types"]
    for level, kind in enumerate(kinds):
        attends = kind.startswith("CrossAttn")
        for layer in range(config["layers_per_block"] + 1):
            table |= _resnet(f"output_blocks.{place}.0", f"up_blocks.{level}.resnets.{layer}")
            if attends:
                table[f"output_blocks.{place}.1"] = f"up_blocks.{level}.attentions.{layer}"
            place += 1
        if level + 1 < len(kinds):
            table[f"output_blocks.{place - 1}.{1 + attends}.conv"] = f"up_blocks.{level}.upsamplers.0.conv"
    return table


def unet_table(config: Mapping[str, Any]) -> dict[str, str]:
    return _encoder(config) | _decoder(config)


def controlnet_table(config: Mapping[str, Any]) -> dict[str, str]:
    outlets = len(config["block_out_channels"]) * (config["layers_per_block"] + 1)
    hints = len(config["conditioning_embedding_out_channels"]) * 2 - 2  # convolutions between the first and the last
    table = _encoder(config) | {"middle_block_out.0": "controlnet_mid_block"}
    table |= {f"zero_convs.{i}.0": f"controlnet_down_blocks.{i}" for i in range(outlets)}
    table |= {f"input_hint_block.{2 * i + 2}": f"controlnet_cond_embedding.blocks.{i}" for i in range(hints)}
    table["input_hint_block.0"] = "controlnet_cond_embedding.conv_in"
    table[f"input_hint_block.{2 * hints + 2}"] = "controlnet_cond_embedding.conv_out"
    return table


def renamed(name: str, table: Mapping[str, str]) -> str | None:
    head, tail = name, ""
    while head:
        if head in table:
            return table[head] + tail
        head, _, last = head.rpartition(".")
        tail = f".{last}{tail}"
    return None


def layers(unet: Any) -> dict[str, Any]:
    """ldm name -> module, for every part of a diffusers UNet that ldm has under one name too."""
    back = {new: old for old, new in unet_table(unet.config).items()}
    named = {renamed(name, back): module for name, module in unet.named_modules()}
    return {name: module for name, module in named.items() if name is not None}
