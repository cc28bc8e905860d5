"""What a tensor of an adapter is called, in every spelling there is -> the layer it changes, and its role there.

Layers of the UNet are named as ldm names them, those of the text encoders as transformers does (without `text_model`).
All spellings are read with dots and underscores alike: kohya flattens, PEFT and diffusers do not.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from atelier_core.errors import UserError

Target = Literal["unet", "te1", "te2"]


class Place(NamedTuple):
    target: Target
    layer: str


class Key(NamedTuple):
    place: Place
    role: str


ROLES = [  # how a name ends -> role; the first that fits counts
    (r"[._]lora_down\.weight|\.lora_A(\.\w+)?\.weight|[._]lora(_linear_layer)?\.down\.weight", "down"),
    (r"[._]lora_up\.weight|\.lora_B(\.\w+)?\.weight|[._]lora(_linear_layer)?\.up\.weight", "up"),
    (r"\.lora_up\.bias|\.lora_B(\.\w+)?\.bias", "up_bias"),
    (r"\.lora_mid\.weight", "mid"),
    (r"\.lora_magnitude_vector(\.\w+)*", "magnitude"),
    (r"\.(?P<own>dora_scale|alpha|scale|hada_w[12]_[ab]|hada_t[12]|lokr_w[12](_[ab])?|lokr_t2)", ""),
    (r"\.(?P<own>oft_blocks|oft_diag|rescale|on_input|diff|diff_b|w_norm|b_norm)", ""),
    (r"\.(?P<own>[ab][12])\.weight", ""),
]
ENDING = [(re.compile(rf"^(?P<name>.+?)(?:{ending})$"), role) for ending, role in ROLES]
IA3 = re.compile(r"^(?P<name>lora_\w+)\.weight$")

PREFIXES: list[tuple[str, Target]] = [
    (r"lora_te2_|text_encoder_2\.|lora_te2\.", "te2"),
    (r"lora_te1_|lora_te_|text_encoder\.|lora_te1\.|lora_te\.", "te1"),
    (r"lora_unet_|lycoris_unet_|lycoris_|unet\.|(?:model\.)?diffusion_model\.|(?:base_model\.)?model\.unet\.", "unet"),
    (r"base_model\.model\.(?=text_model)|(?=text_model\.)", "te1"),
    (
        r"base_model\.model\.|(?=(?:down_blocks|up_blocks|mid_block|input_blocks|middle_block|output_blocks)[._])",
        "unet",
    ),
]
PREFIX = [(re.compile(f"^(?:{prefix})"), target) for prefix, target in PREFIXES]
OTHERS = [  # what only other families have
    (re.compile(r"double_blocks|single_blocks|single_transformer_blocks|guidance_in"), "Flux"),
    (re.compile(r"joint_blocks|context_block"), "Stable Diffusion 3"),
    (re.compile(r"^(?:lora_)?transformer[._]|^lora_te3_|^text_encoder_3\."), "a diffusion transformer"),
]

RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
LDM_RESNET = {new.replace(".", "_"): new for new in RESNET.values()}
TOP = {
    "conv_in": "input_blocks.0.0",
    "input_blocks_0_0": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "out_0": "out.0",
    "out_2": "out.2",
    "time_embedding_linear_1": "time_embed.0",
    "time_embedding_linear_2": "time_embed.2",
    "time_embed_0": "time_embed.0",
    "time_embed_2": "time_embed.2",
    "add_embedding_linear_1": "label_emb.0.0",
    "add_embedding_linear_2": "label_emb.0.2",
    "label_emb_0_0": "label_emb.0.0",
    "label_emb_0_2": "label_emb.0.2",
}
IN_BLOCK = re.compile(r"transformer_blocks_(\d+)_(?:(attn[12])_to_(q|k|v|out)(?:_0)?|(ff)_net_(0_proj|2)|(norm[123]))")
BLOCK = re.compile(
    r"(?P<ldm>input_blocks_\d+_\d+|output_blocks_\d+_\d+|middle_block_\d+)_(?P<ldm_tail>\w+)"
    r"|(?P<side>down|up)_blocks_(?P<level>\d+)_(?P<kind>resnets|attentions)_(?P<n>\d+)_(?P<tail>\w+)"
    r"|(?P<move>down|up)_blocks_(?P<at>\d+)_(?:down|up)samplers_0_conv"
    r"|mid_block_(?P<mid>resnets|attentions)_(?P<m>\d+)_(?P<mid_tail>\w+)"
)
TEXT = re.compile(
    r"(?:text_model_)?(?:encoder_layers_(?P<n>\d+)_(?:self_attn_(?P<attn>q|k|v|out)_proj|self_attn_to_(?P<to>q|k|v|out)"
    r"|(?P<mlp>mlp_fc[12])|(?P<norm>layer_norm[12]))|(?P<top>final_layer_norm|text_projection)"
    r"|embeddings_(?P<emb>token|position)_embedding)"
)


def parse(key: str) -> Key:
    """An unknown name is named, never passed over."""
    for family_mark, family in OTHERS:
        if family_mark.search(key):
            raise UserError("This file is made for {family}, which the concept lock does not serve.", family=family)
    name, role = _split(key)
    target, rest = _target(name, key)
    layer = text_layer(rest) if target != "unet" else unet_layer(rest)
    if layer is None:
        raise _unknown(key)
    return Key(Place(target, layer), role)


def _split(key: str) -> tuple[str, str]:
    for ending, role in ENDING:
        if found := ending.match(key):
            return found["name"], role or found["own"]
    if found := IA3.match(key):
        return found["name"], "ia3"
    raise _unknown(key)


def _target(name: str, key: str) -> tuple[Target, str]:
    for prefix, target in PREFIX:
        if found := prefix.match(name):
            return target, name[found.end() :]
    raise _unknown(key)


def _unknown(key: str) -> UserError:
    return UserError("“{key}” is a tensor of no kind that is known here.", key=key)


def unet_layer(name: str) -> str | None:
    flat = name.replace(".", "_").replace("processor_", "")
    if flat in TOP:
        return TOP[flat]
    found = BLOCK.fullmatch(flat)
    if found is None:
        return None
    if found["ldm"]:
        return _below(_dotted(found["ldm"]), found["ldm_tail"])
    if found["move"]:
        return _resampler(found["move"], int(found["at"]))
    if found["mid"]:
        place = 1 if found["mid"] == "attentions" else 2 * int(found["m"])
        return _below(f"middle_block.{place}", found["mid_tail"])
    level, n, attends = int(found["level"]), int(found["n"]), int(found["kind"] == "attentions")
    home = f"input_blocks.{3 * level + n + 1}" if found["side"] == "down" else f"output_blocks.{3 * level + n}"
    return _below(f"{home}.{attends}", found["tail"])


def _resampler(move: str, level: int) -> str:
    """Above attention the upsampler is the third of its block, else the second: `alternatives` knows both."""
    return f"input_blocks.{3 * level + 3}.0.op" if move == "down" else f"output_blocks.{3 * level + 2}.2.conv"


def alternatives(layer: str) -> tuple[str, ...]:
    """Names that one layer has in models of different build."""
    if layer.startswith("output_blocks") and layer.endswith(".conv"):
        block = layer.split(".")[1]
        return tuple(f"output_blocks.{block}.{place}.conv" for place in (2, 1))
    return (layer,)


def _dotted(flat: str) -> str:
    """input_blocks_4_1 -> input_blocks.4.1"""
    return re.sub(r"_(\d+)", r".\1", flat)


def _below(home: str, tail: str) -> str | None:
    if tail in RESNET:
        return f"{home}.{RESNET[tail]}"
    if tail in LDM_RESNET:
        return f"{home}.{LDM_RESNET[tail]}"
    if tail in ("norm", "proj_in", "proj_out", "op", "conv"):
        return f"{home}.{tail}"
    found = IN_BLOCK.fullmatch(tail)
    if found is None:
        return None
    block, attention, part, ff, layer, norm = found.groups()
    if attention:
        inner = f"{attention}.to_{part}" + (".0" if part == "out" else "")
    else:
        inner = norm or f"{ff}.net.{layer.replace('_', '.')}"
    return f"{home}.transformer_blocks.{block}.{inner}"


def text_layer(name: str) -> str | None:
    found = TEXT.fullmatch(name.replace(".", "_"))
    if found is None:
        return None
    if found["top"]:
        return found["top"]
    if found["emb"]:
        return f"embeddings.{found['emb']}_embedding"
    inner = found["attn"] or found["to"]
    part = f"self_attn.{inner}_proj" if inner else (found["mlp"] or found["norm"] or "").replace("mlp_", "mlp.")
    return f"encoder.layers.{found['n']}.{part}"
