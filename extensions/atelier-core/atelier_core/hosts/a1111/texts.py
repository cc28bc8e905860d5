"""The webui's text encoders: their layers under transformers' names, and prompts as its networks read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from modules import devices, prompt_parser

from ...patches import Texts

OPEN_CLIP = re.compile(r"^transformer\.resblocks\.(\d+)\.(ln_1|attn|ln_2|mlp\.c_fc|mlp\.c_proj)$")
AS_TRANSFORMERS = {
    "ln_1": "layer_norm1",
    "attn": "self_attn",  # one module where transformers has four
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}


def texts_of(p: Any) -> Texts:
    return Texts(dict(_layers(p.sd_model)), partial(_encoded, p), partial(tokens, p.sd_model))


def tokens(model: Any, text: str) -> tuple[int, ...]:
    names = ("text_processing_engine", "text_processing_engine_l", "text_processing_engine_g")  # of the Forge family
    engines = (getattr(model, name, None) for name in (*names, "conditioner"))
    reader = next((one for one in engines if one is not None), None) or model.cond_stage_model
    return tuple(int(token) for token in reader.tokenize([text])[0])


def _layers(model: Any) -> Iterator[tuple[str, Any]]:
    for number, network in enumerate(_networks(model), 1):
        for name, module in network.named_modules():
            yield f"te{number}.{_renamed(name)}", module


def _networks(model: Any) -> Iterator[Any]:
    clip = getattr(getattr(model, "forge_objects", None), "clip", None)  # on every fork of the Forge family
    if clip is not None:
        known = (getattr(clip.cond_stage_model, name, None) for name in ("clip_l", "clip_g"))
        yield from (one.transformer for one in known if one is not None)
        return
    conditioner = getattr(model, "conditioner", None)
    for embedder in conditioner.embedders if conditioner else [model.cond_stage_model]:
        inner = getattr(embedder, "wrapped", embedder)
        network = getattr(inner, "transformer", None) or getattr(inner, "model", None)
        if network is not None:  # SDXL also embeds sizes, which have no network
            yield network


def _renamed(name: str) -> str:
    if found := OPEN_CLIP.match(name):
        return f"encoder.layers.{found[1]}.{AS_TRANSFORMERS[found[2]]}"
    return "final_layer_norm" if name == "ln_final" else name.removeprefix("text_model.")


def _encoded(p: Any, texts: Sequence[str]) -> list[Any]:
    """The webui pads what it reads together to one number of chunks."""
    asked = prompt_parser.SdConditioning(texts, width=p.width, height=p.height)
    with devices.autocast():
        read = p.sd_model.get_learned_conditioning(asked)
    context = read["crossattn"] if isinstance(read, dict) else read
    return [context[i : i + 1] for i in range(len(texts))]


def text_layers(model: Any) -> dict[str, Any]:
    return dict(_layers(model))
