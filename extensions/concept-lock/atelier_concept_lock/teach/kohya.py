"""Layers by the names that kohya's files have, which every other tool reads."""

from __future__ import annotations

import re

from ..keys import Place, alternatives, unet_layer

DIFFUSERS = {
    "in_layers_0": "norm1",
    "in_layers_2": "conv1",
    "emb_layers_1": "time_emb_proj",
    "out_layers_0": "norm2",
    "out_layers_3": "conv2",
    "skip_connection": "conv_shortcut",
}
LDM = re.compile(r"(input|output|middle)_block(?:s_(\d+))?_(\d+)_(\w+)")


def name_of(place: Place, family: str) -> str:
    if place.target != "unet":
        prefix = f"lora_{place.target}" if family == "SDXL" else "lora_te"
        return f"{prefix}_text_model_{place.layer.replace('.', '_')}"
    flat = place.layer.replace(".", "_")
    spelt = flat if family == "SDXL" else _as_diffusers(flat)
    known = unet_layer(spelt)
    return "lora_unet_" + (spelt if known and place.layer in alternatives(known) else flat)


def _as_diffusers(flat: str) -> str:
    """Kohya's SD 1 and SD 2 files speak diffusers, its SDXL files ldm."""
    found = LDM.fullmatch(flat)
    if found is None:
        return flat
    side, block, part, tail = found[1], int(found[2] or 0), int(found[3]), found[4]
    tail = DIFFUSERS.get(tail, tail)
    if side == "middle":
        return f"mid_block_attentions_0_{tail}" if part == 1 else f"mid_block_resnets_{part // 2}_{tail}"
    if tail == "op":
        return f"down_blocks_{block // 3 - 1}_downsamplers_0_conv"
    if tail == "conv":
        return f"up_blocks_{block // 3}_upsamplers_0_conv"
    kind = "attentions" if part else "resnets"
    if side == "input":
        return f"down_blocks_{(block - 1) // 3}_{kind}_{(block - 1) % 3}_{tail}"
    return f"up_blocks_{block // 3}_{kind}_{block % 3}_{tail}"


def is_known(layer: str) -> bool:
    """Whether a layer's name can be read back from a file."""
    found = unet_layer(layer.replace(".", "_"))
    return found is not None and layer in alternatives(found)
