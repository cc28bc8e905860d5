"""Textual inversion: vectors in place of a word's, learnt while everything else stays."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from atelier_core.errors import UserError

from ..words import tables, vectors_of
from .luck import luck

Tensor = torch.Tensor
RARE = ("sks", "hta", "ukj", "phol", "shs", "olis", "amin", "cvn")  # words that CLIP has whole and hardly met
FILE = {"te1": "clip_l", "te2": "clip_g"}  # names in files for SDXL


class Words:
    """The n-th time that a rare word stands in a prompt is read as the n-th vector."""

    def __init__(
        self,
        texts: Mapping[str, Any],
        tokens: Callable[[str], tuple[int, ...]],
        noun: str,
        count: int,
        seed: int,
    ) -> None:
        self.on = True
        self.layers = tables(texts)
        if not self.layers:
            raise UserError("The text encoder of this model cannot be taught words.")
        self.word = next((one for one in RARE if len(tokens(one)) == 1), "")
        if not self.word:
            raise UserError("The text encoder of this model cannot be taught words.")
        (self.token,) = tokens(self.word)
        self.count = count
        self.vectors = {
            key: torch.nn.Parameter(_first(module, tokens(noun or "person"), count, luck(seed, "words", key)))
            for key, module in self.layers.items()
        }

    def to(self, device: Any) -> Words:
        for one in self.vectors.values():
            one.data = one.data.to(device)
        return self

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        return {f"words.{key}": one for key, one in self.vectors.items()}

    def is_text(self, name: str) -> bool:
        return False  # one rate for all

    def in_prompt(self, prompt: str, trigger: str) -> str:
        """The prompt with the rare word, once for each vector, for the trigger."""
        return re.sub(re.escape(trigger), " ".join([self.word] * self.count), prompt, flags=re.IGNORECASE)

    def tensors(self, family: str) -> dict[str, Tensor]:
        """As webuis read embeddings."""
        if family == "SDXL":
            return {FILE[key]: one.detach() for key, one in self.vectors.items()}
        return {"emb_params": next(iter(self.vectors.values())).detach()}

    @contextmanager
    def attached(self) -> Iterator[None]:
        with ExitStack() as hooks:
            for key, module in self.layers.items():
                hooks.callback(module.register_forward_hook(self._hook(key)).remove)
            yield

    def _hook(self, key: str) -> Any:
        def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
            if not self.on:
                return None
            here = inputs[0] == self.token  # [B, tokens]
            turn = (here.cumsum(1) - 1).clamp(min=0) % self.count
            return torch.where(here[..., None], self.vectors[key].to(output.dtype)[turn], output)

        return after


def _first(module: Any, tokens: tuple[int, ...], count: int, generator: torch.Generator) -> Tensor:
    """Near the noun's own vectors, with a little luck so that no two are equal."""
    known = vectors_of(module).detach()[list(tokens)].float().cpu()
    begun = known[torch.arange(count) % len(known)]
    return begun + torch.randn(begun.shape, generator=generator) * known.std() * 0.1
