"""A card's own words (textual inversions): their vectors stand in the prompts that are the card's, and in no other.

Each vector has the place of a rare word that no prompt holds; a hook on the encoder's table puts it there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import torch
from atelier_core.embeddings import Vectors
from atelier_core.errors import UserError
from atelier_core.job import Denoiser

Tensor = torch.Tensor
TABLE = re.compile(r"(te[12])\.(?:embeddings\.)?token_embedding$")
LETTERS = "bcdfghjklmnpqrstvwxz"  # without vowels hardly anything is a word, and much is one token


@dataclass(frozen=True, eq=False)
class Word:
    name: str
    vectors: Vectors  # "te1", "te2" -> [n, C]
    strength: float = 1.0  # as (word:1.2) has it
    of_host: bool = False  # whether the webui knows it too

    @property
    def count(self) -> int:
        return len(next(iter(self.vectors.values())))

    def stands_in(self, prompt: str) -> bool:
        return bool(_pattern([self]).search(prompt))


def tables(layers: Mapping[str, Any]) -> dict[str, Any]:
    """ "te1", "te2" -> the layer in which the encoder looks up its tokens."""
    return {found[1]: module for name, module in layers.items() if (found := TABLE.match(name))}


def vectors_of(table: Any) -> Tensor:
    """Webuis wrap the table to put in vectors of their own."""
    return table.weight if hasattr(table, "weight") else table.wrapped.weight


def fits(layers: Mapping[str, Any], vectors: Vectors) -> bool:
    wide = {key: vectors_of(table).shape[1] for key, table in tables(layers).items()}
    return {key: one.shape[1] for key, one in vectors.items()} == wide


def _pattern(words: Sequence[Word]) -> re.Pattern[str]:
    names = sorted((re.escape(word.name) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(names)})(?!\w)", re.IGNORECASE)


@dataclass
class Spelling:
    """Words spelled so that every vector has a token of its own."""

    denoiser: Denoiser
    prompts: Sequence[str]
    known: dict[Word, list[str]] = field(default_factory=dict)
    _rare: Iterator[str] | None = None

    def spelled(self, prompt: str, words: Sequence[Word]) -> str:
        """Of two words with one name the last counts."""
        named = {word.name.lower(): word for word in words}

        def put(found: re.Match[str]) -> str:
            word = named[found[0].lower()]
            said = " ".join(self._of(word))
            return said if word.strength == 1 else f"({said}:{word.strength:g})"

        return _pattern(words).sub(put, prompt) if words else prompt

    @contextmanager
    def read(self, words: Sequence[Word]) -> Iterator[None]:
        """Inside, the encoders read the words' vectors."""
        spelled = {word: self.known[word] for word in words if word in self.known}
        numbers = [self.denoiser.tokens(one)[0] for said in spelled.values() for one in said]
        with ExitStack() as hooks:
            for key, table in tables(self.denoiser.text_layers).items() if numbers else ():
                vectors = torch.cat([word.vectors[key] for word in spelled])
                hooks.callback(table.register_forward_hook(_put(numbers, vectors)).remove)
            yield

    def _of(self, word: Word) -> list[str]:
        if word not in self.known:
            self._rare = self._rare or _rare(self.denoiser, self.prompts)
            try:
                self.known[word] = [next(self._rare) for _ in range(word.count)]
            except StopIteration as error:
                raise UserError("The text encoder of this model cannot be taught words.") from error
        return self.known[word]


def _rare(denoiser: Denoiser, prompts: Sequence[str]) -> Iterator[str]:
    """Words of one token that none of the prompts has."""
    held = " ".join(prompts).lower()
    for length in (2, 3):
        for letters in product(LETTERS, repeat=length):
            word = "".join(letters)
            if word not in held and len(denoiser.tokens(word)) == 1:
                yield word


def _put(numbers: Sequence[int], vectors: Tensor) -> Any:
    def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        hit = inputs[0][..., None] == torch.tensor(numbers, device=output.device)  # [B, tokens, vectors]
        own = vectors.to(output.device, output.dtype)[hit.int().argmax(-1)]
        return torch.where(hit.any(-1)[..., None], own, output)

    return after
