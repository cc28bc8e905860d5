"""Which prompts are read in place of the webui's own: the base with the words of its cards, and each region's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from atelier_core.errors import UserError
from atelier_core.job import Denoiser

from .adapters import Adapter
from .cards import ConceptCard, in_prompt
from .regions import Lock
from .textside import Reading, read
from .words import Word

Tensor = torch.Tensor
ASKED = re.compile(r"<\w+:[^<>]+>")
TOGETHER = re.compile(r"\bAND\b")
EDITED = re.compile(r"\bAND\b|\[[^\[\]]*[:|][^\[\]]*\]")
AS_WRITTEN = "In “{prompt}” AND and prompt editing are read as they are written, not as the webui reads them."


def words(prompt: str) -> str:
    """Without what it asks of the host, such as <lora:…>: that is not to be read."""
    return ASKED.sub("", prompt)


def zoned(lock: Lock, base: str) -> list[str]:
    """What is read for a picture of that prompt: everywhere, then region by region. One without words of its own goes
    by the whole picture's."""
    own = [in_prompt(words(region.prompt) or base, region.cards) for region in lock.regions]
    return [in_prompt(base, lock.cards), *own]


def called(lock: Lock, adapters: Mapping[str, Adapter]) -> Lock:
    """With each textual inversion's word among its card's trigger words, unless it is to be shunned."""

    def one(card: ConceptCard) -> ConceptCard:
        own = [adapters[file].name for file in card.files if card.text and adapters[file].of_host]
        shown = [word for word in own if word.lower() not in card.negative.lower()]
        return replace(card, triggers=", ".join(filter(None, [card.triggers, *shown])))

    regions = tuple(replace(region, cards=tuple(map(one, region.cards))) for region in lock.regions)
    return replace(lock, cards=tuple(map(one, lock.cards)), regions=regions)


def readings(
    denoiser: Denoiser, rows: Sequence[Sequence[str]], changes: Sequence[Reading], wanted: Sequence[int]
) -> Mapping[int, Tensor]:
    """Zone -> [1, L, C], or [pictures, L, C] where they differ. `rows`: for each picture the prompts of all zones."""
    found = {}
    for zone in wanted:
        prompts = list(dict.fromkeys(row[zone] for row in rows))
        if len(prompts) > 1 and any(TOGETHER.search(prompt) for prompt in prompts):
            raise UserError("Pictures of different prompts with AND in them cannot be locked in one batch.")
        made = dict(zip(prompts, read(denoiser, prompts, changes[zone]), strict=True))
        found[zone] = made[prompts[0]] if len(prompts) == 1 else torch.cat([made[row[zone]] for row in rows])
    return found


def trouble(prompts: Sequence[Sequence[str]], own: Sequence[Sequence[Word]]) -> Iterator[UserError]:
    """Of words that do nothing, and of words that act elsewhere. Both are by zone: everywhere, then the regions."""
    for zone, words_ in enumerate(own):
        heard = [one for some in prompts for one in some] if zone == 0 else prompts[zone]
        strange = [one for at, some in enumerate(prompts) for one in some if zone and at != zone]
        for word in words_:
            if not any(map(word.stands_in, heard)):
                text = "The word “{word}” stands in no prompt of its card and does nothing."
                yield UserError(text, word=word.name)
            if word.of_host and any(map(word.stands_in, strange)):
                text = "“{word}” also stands in a prompt that is not its card's: there the webui reads it by itself."
                yield UserError(text, word=word.name)
