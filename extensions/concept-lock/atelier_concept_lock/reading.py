"""Which prompts are read in place of the webui's own: the base with the words of its cards, and each region's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch
from atelier_core.errors import UserError
from atelier_core.job import Denoiser

from .cards import ConceptCard
from .regions import Lock
from .textside import Changes, contexts

Tensor = torch.Tensor
ASKED = re.compile(r"<\w+:[^<>]+>")
TOGETHER = re.compile(r"\bAND\b")
EDITED = re.compile(r"\bAND\b|\[[^\[\]]*[:|][^\[\]]*\]")
AS_WRITTEN = "AND and prompt editing are read as they are written, not as the webui reads them: {prompt}"


def words(prompt: str) -> str:
    """Without what it asks of the host, such as <lora:…>: that is not to be read."""
    return ASKED.sub("", prompt)


def in_prompt(prompt: str, cards: tuple[ConceptCard, ...]) -> str:
    for card in cards:
        prompt = card.in_prompt(prompt)
    return prompt


def zoned(lock: Lock, base: str) -> list[str]:
    """What is read for a picture of that prompt: everywhere, then region by region. One without words of its own goes
    by the whole picture's."""
    own = [in_prompt(words(region.prompt) or base, region.cards) for region in lock.regions]
    return [in_prompt(base, lock.cards), *own]


def readings(
    denoiser: Denoiser, rows: Sequence[Sequence[str]], changes: Sequence[Changes], wanted: Sequence[int]
) -> Mapping[int, Tensor]:
    """Zone -> [1, L, C], or [pictures, L, C] where they differ. `rows`: for each picture the prompts of all zones."""
    pairs = list(dict.fromkeys((row[zone], zone) for row in rows for zone in wanted))
    if not pairs:
        return {}
    if len(pairs) > len(wanted) and any(TOGETHER.search(prompt) for prompt, _ in pairs):
        raise UserError("Pictures of different prompts with AND in them cannot be locked in one batch.")
    made = dict(zip(pairs, contexts(denoiser, [one for one, _ in pairs], [changes[n] for _, n in pairs]), strict=True))
    found = {}
    for zone in wanted:
        own = [made[row[zone], zone] for row in rows]
        found[zone] = own[0] if all(one is own[0] for one in own) else torch.cat(own)
    return found
