"""Words with vectors of their own (textual inversions), by the names of their files, as webuis have them.

Their tokens are numbers beyond the vocabulary, one for each vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ... import embeddings
from ...errors import UserError
from ...host import ModelFile
from .tokenizer import SIZE

Tokens = tuple[int, ...]


@dataclass
class Lexicon:
    words: dict[Tokens, Tokens] = field(default_factory=dict)  # what the name is made of -> beyond the vocabulary
    vectors: dict[str, torch.Tensor] = field(default_factory=dict)  # "te1" -> [all vectors, C]
    unread: dict[str, UserError] = field(default_factory=dict)  # name -> why it is no word here
    _made_of: Any = None

    def refresh(self, encoders: Sequence[Any], files: Sequence[ModelFile]) -> None:
        """Reads the files again where one of them is new."""
        made_of = [(file.name, file.path, _changed(file.path)) for file in files if file.path]
        if made_of == self._made_of:
            return
        self.words, self.vectors, self.unread, self._made_of = {}, {}, {}, made_of
        widths = {f"te{n}": _table(encoder).embedding_dim for n, encoder in enumerate(encoders, 1)}
        for name, path, _ in made_of:
            try:
                vectors = _fitting(embeddings.read(path), widths, path)
            except UserError as error:
                self.unread[name] = error
            else:
                self._add(tuple(encoders[0].tokenizer(name, add_special_tokens=False).input_ids), vectors)

    def _add(self, name: Tokens, vectors: embeddings.Vectors) -> None:
        before = SIZE + len(self.vectors.get("te1", ()))
        for key, one in vectors.items():
            self.vectors[key] = torch.cat([self.vectors.get(key, one[:0]), one])
        if name:
            self.words[name] = tuple(range(before, before + len(vectors["te1"])))

    def spelled(self, tokens: Sequence[int]) -> Iterator[Tokens]:
        """Each word for itself; the longest name that fits counts."""
        at = 0
        while at < len(tokens):
            fitting = [name for name in self.words if tuple(tokens[at : at + len(name)]) == name]
            name = max(fitting, key=len, default=())
            yield self.words[name] if name else (tokens[at],)
            at += len(name) or 1

    @contextmanager
    def read(self, encoder: Any, key: str, tokens: torch.Tensor) -> Iterator[torch.Tensor]:
        """Inside, the encoder reads what is given as `tokens`."""
        beyond = tokens >= SIZE
        if not beyond.any():
            yield tokens
            return

        def after(module: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> torch.Tensor:
            vectors = self.vectors[key].to(output.device, output.dtype)
            return torch.where(beyond[..., None], vectors[(tokens - SIZE).clamp(min=0)], output)

        handle = _table(encoder).register_forward_hook(after)
        try:
            yield tokens.masked_fill(beyond, 0)
        finally:
            handle.remove()


def _table(encoder: Any) -> Any:
    return encoder.text.get_input_embeddings()


def _changed(path: Path | None) -> int:
    try:
        return path.stat().st_mtime_ns if path else 0
    except OSError:  # taken away since it was listed
        return 0


def _fitting(vectors: embeddings.Vectors, widths: dict[str, int], path: Path) -> embeddings.Vectors:
    if {key: one.shape[1] for key, one in vectors.items()} != widths:
        raise UserError("{name} is made for another kind of model than the one that is loaded.", name=path.name)
    return vectors
