"""Prompts read with a card's changes of the text encoder: each region's by its own cards and by no other's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from atelier_core.job import Denoiser

from .branches import Branch, Layer
from .part import Part
from .words import Spelling, Word

Tensor = torch.Tensor
Changes = Mapping[str, Sequence[Branch]]  # layer "te1.…" -> branches
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "out_proj")


@dataclass(frozen=True)
class Reading:
    """What cards do to the prompts of one place."""

    layers: Changes = field(default_factory=dict)
    words: tuple[Word, ...] = ()

    def acts_on(self, prompts: Sequence[str]) -> bool:
        return bool(self.layers) or any(word.stands_in(prompt) for word in self.words for prompt in prompts)


def read(denoiser: Denoiser, prompts: Sequence[str], reading: Reading) -> list[Tensor]:
    """[1, tokens, C] each, of one length. Other places' prompts are read apart: they must not even lengthen these."""
    spelling = Spelling(denoiser, prompts)
    said = [spelling.spelled(prompt, reading.words) for prompt in prompts]
    with changed(denoiser.text_layers, reading.layers), spelling.read(reading.words):
        return denoiser.encode(said)


def place_of(layers: Mapping[str, Any], name: str) -> tuple[Any, str] | None:
    """The module that holds a layer, and which of its projections it is where one module holds four."""
    if name in layers:
        return layers[name], ""
    home, _, part = name.rpartition(".")
    if part in PROJECTIONS and isinstance(layers.get(home), torch.nn.MultiheadAttention):
        return layers[home], part
    return None


@contextmanager
def changed(layers: Mapping[str, Any], changes: Changes) -> Iterator[None]:
    joint: dict[Any, dict[str, list[Branch]]] = {}
    with ExitStack() as hooks:
        for name, branches in changes.items():
            found = place_of(layers, name)
            assert found is not None
            module, part = found
            if part:
                joint.setdefault(module, {}).setdefault(part, []).extend(branches)
            else:
                hooks.callback(module.register_forward_hook(_added(Layer(module, branches))).remove)
        for module, parts in joint.items():
            hooks.callback(module.register_forward_hook(_attended(parts), with_kwargs=True).remove)
        yield


def _added(layer: Layer) -> Any:
    def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        return output + layer.delta(inputs[0], output, None)

    return after


def _attended(parts: Mapping[str, Sequence[Branch]]) -> Any:
    """OpenCLIP's attention is one function over one weight: it is computed once more with the changed weight."""

    def after(
        module: torch.nn.MultiheadAttention, inputs: tuple[Any, ...], options: dict[str, Any], output: Any
    ) -> Any:
        assert module.in_proj_weight is not None
        queries, keys, values = module.in_proj_weight.chunk(3)
        weights = [_with(w, parts.get(name, ())) for w, name in zip((queries, keys, values), PROJECTIONS, strict=False)]
        query, key, value = (_token_first(module, one) for one in inputs[:3])
        made, _ = F.multi_head_attention_forward(
            query,
            key,
            value,
            module.embed_dim,
            module.num_heads,
            torch.cat(weights),
            _with_bias(module, parts),
            None,
            None,
            False,
            0.0,
            _with(module.out_proj.weight, parts.get("out_proj", ())),
            module.out_proj.bias + _bias(parts.get("out_proj", ()), module.out_proj.bias),
            training=False,
            need_weights=False,
            attn_mask=options.get("attn_mask"),
        )
        return _token_first(module, made), None

    return after


def _token_first(module: torch.nn.MultiheadAttention, x: Tensor) -> Tensor:
    return x.transpose(0, 1) if module.batch_first else x


def _with(weight: Tensor, branches: Sequence[Branch]) -> Tensor:
    changes = (_moved(branch.part, weight) * branch.strength for branch in branches)
    return sum(changes, weight.float()).to(weight.dtype)


def _with_bias(module: torch.nn.MultiheadAttention, parts: Mapping[str, Sequence[Branch]]) -> Tensor:
    biases = zip(module.in_proj_bias.chunk(3), PROJECTIONS, strict=False)
    return torch.cat([bias + _bias(parts.get(name, ()), bias) for bias, name in biases])


def _bias(branches: Sequence[Branch], like: Tensor) -> Tensor:
    changes = ((branch.part.delta_bias(), branch.strength) for branch in branches)
    return sum((change.to(like) * strength for change, strength in changes if change is not None), like.new_zeros(()))


def _moved(part: Part, weight: Tensor) -> Tensor:
    return part.delta_weight(weight.detach().float())
