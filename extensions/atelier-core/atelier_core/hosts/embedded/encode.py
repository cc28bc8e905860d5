"""Prompts become what the network reads, in chunks of 75 tokens so that a prompt may be of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from . import prompt as language
from .checkpoint import Model
from .lexicon import Lexicon
from .tokenizer import END, START

ROOM = 75  # tokens between the start and the end mark
Chunk = list[tuple[int, float]]  # token, weight


@dataclass(frozen=True)
class Meaning:
    context: torch.Tensor  # [1, 77 * chunks, C]
    pooled: torch.Tensor | None  # [1, C] for SDXL


def encode_pair(model: Model, positive: str, negative: str) -> tuple[Meaning, Meaning]:
    """Both of one length: the shorter one goes on with empty chunks."""
    texts = (positive, negative)
    longest = _longest(model, texts)
    wanted, unwanted = (_encode(model, text, longest) for text in texts)
    if model.family == "sdxl" and not negative.strip():  # SDXL was trained with nothing at all for "no words"
        assert unwanted.pooled is not None
        unwanted = Meaning(torch.zeros_like(unwanted.context), torch.zeros_like(unwanted.pooled))
    return wanted, unwanted


def contexts(model: Model, texts: Sequence[str]) -> list[torch.Tensor]:
    """Each prompt as the network reads it, all of one length."""
    return [one.context for one in meanings(model, texts)]


def meanings(model: Model, texts: Sequence[str]) -> list[Meaning]:
    longest = _longest(model, texts)
    return [_encode(model, text, longest) for text in texts]


def _longest(model: Model, texts: Sequence[str]) -> int:
    return max(len(chunks(one.tokenizer, text, model.lexicon)) for one in model.encoders for text in texts)


def tokens(model: Model, text: str) -> tuple[int, ...]:
    return tuple(model.encoders[0].tokenizer(text, add_special_tokens=False).input_ids)


def text_layers(model: Model) -> dict[str, Any]:
    return {
        f"te{number}.{name.removeprefix('text_model.')}": module
        for number, encoder in enumerate(model.encoders, 1)
        for name, module in encoder.text.named_modules()
    }


def chunks(tokenizer: Any, text: str, lexicon: Lexicon | None = None) -> list[Chunk]:
    """A word with vectors of its own is not torn apart."""
    lexicon = lexicon or Lexicon()
    done: list[Chunk] = [[]]
    for piece in language.pieces(text):
        if piece.ends_chunk:
            done.append([])
            continue
        for word in lexicon.spelled(tokenizer(piece.words, add_special_tokens=False).input_ids):
            if len(done[-1]) + len(word) > ROOM:
                done.append([])
            done[-1] += [(token, piece.weight) for token in word]
    return done


def _encode(model: Model, text: str, count: int) -> Meaning:
    read = [_read(number, text, count, model) for number in range(len(model.encoders))]
    context = torch.cat([states for states, _ in read], dim=-1)
    return Meaning(context.flatten(0, 1)[None], read[-1][1])


def _read(number: int, text: str, count: int, model: Model) -> tuple[torch.Tensor, torch.Tensor | None]:
    encoder = model.encoders[number]
    parts = chunks(encoder.tokenizer, text, model.lexicon)
    parts += [[] for _ in range(count - len(parts))]
    device = model.device
    tokens = torch.tensor([_filled(part, encoder.pad) for part in parts], device=device)
    weights = torch.tensor([_weights(part) for part in parts], device=device, dtype=model.dtype)
    with model.lexicon.read(encoder, f"te{number + 1}", tokens) as known:
        answer = encoder.text(known, output_hidden_states=True)
    # SD 1.5 reads the last layer, SDXL the one before it and without the final norm
    states = answer.last_hidden_state if model.family == "sd1" else answer.hidden_states[-2]
    pooled = answer.text_embeds[:1] if hasattr(answer, "text_embeds") else None
    return states * weights[..., None], pooled


def _filled(chunk: Chunk, pad: int) -> list[int]:
    return [START, *(token for token, _ in chunk), END, *[pad] * (ROOM - len(chunk))]


def _weights(chunk: Chunk) -> list[float]:
    return [1.0, *(weight for _, weight in chunk), *[1.0] * (ROOM + 1 - len(chunk))]
