"""What a prompt says besides words: (weight:1.2), BREAK and <lora:name:1>."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import UserError

EXTRA = re.compile(r"<(\w+):([^<>]+)>")
MARK = re.compile(r"\\[()\[\]\\]|[()\[\]]|:\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*\)|\bBREAK\b|[^\\()\[\]:B]+|.", re.DOTALL)
LOUDER, QUIETER = 1.1, 1 / 1.1  # what one pair of round or square brackets does


@dataclass(frozen=True)
class Wish:
    """A LoRA that the prompt asks for, with its strength on the text encoder and on the network."""

    name: str
    text: float
    unet: float


@dataclass
class Piece:
    words: str
    weight: float = 1.0
    ends_chunk: bool = False  # BREAK


def split(prompt: str) -> tuple[str, tuple[Wish, ...]]:
    """The words alone, and the LoRAs."""
    wishes = tuple(_wish(match[1], match[2]) for match in EXTRA.finditer(prompt))
    return EXTRA.sub("", prompt), wishes


def _wish(kind: str, said: str) -> Wish:
    if kind not in ("lora", "lyco"):
        raise UserError("<{kind}:…> in the prompt means nothing here; only <lora:name:weight> does.", kind=kind)
    name, *places = [part for part in said.split(":") if "=" not in part] or [""]
    named = dict(part.split("=", 1) for part in said.split(":") if "=" in part)
    try:
        text = float(named.get("te", places[0] if places else 1))
        unet = float(named.get("unet", places[1] if len(places) > 1 else text))
    except ValueError as error:
        raise UserError("The strength in <lora:{said}> is not a number.", said=said) from error
    return Wish(name, text, unet)


def pieces(prompt: str) -> list[Piece]:
    """Runs of words with their weight. Brackets nest; one left open works to the end."""
    found: list[Piece] = []
    opened: list[tuple[str, int]] = []  # bracket, number of pieces before it
    for mark in _marks(prompt):
        if mark in ("(", "["):
            opened.append((mark, len(found)))
        elif mark[-1] == ")" and len(mark) > 1 and mark[0] == ":" and opened and opened[-1][0] == "(":
            _weigh(found, opened.pop()[1], float(mark[1:-1]))
        elif mark in (")", "]") and opened and opened[-1][0] == {")": "(", "]": "["}[mark]:
            _weigh(found, opened.pop()[1], LOUDER if mark == ")" else QUIETER)
        elif mark == "BREAK":
            found.append(Piece("", ends_chunk=True))
        else:
            found.append(Piece(mark[1:] if mark[0] == "\\" and len(mark) == 2 else mark))
    for bracket, start in opened:
        _weigh(found, start, LOUDER if bracket == "(" else QUIETER)
    return _joined(found)


def _marks(prompt: str) -> Iterator[str]:
    return (match[0] for match in MARK.finditer(prompt))


def _weigh(found: list[Piece], start: int, factor: float) -> None:
    for piece in found[start:]:
        piece.weight *= factor


def _joined(found: list[Piece]) -> list[Piece]:
    """Neighbours of one weight as one run: a word must not fall apart where a bracket was escaped."""
    joined: list[Piece] = []
    for piece in found:
        last = joined[-1] if joined else None
        if last and not last.ends_chunk and not piece.ends_chunk and last.weight == piece.weight:
            last.words += piece.words
        else:
            joined.append(piece)
    return joined
