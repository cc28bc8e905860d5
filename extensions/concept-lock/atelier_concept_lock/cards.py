"""A concept card: one who, bound once. Which files make it, by which words it is called, how strongly it acts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from atelier_core.errors import UserError

MOST_WEIGHT = 10.0
MOST_FILES = 16
MOST_TEXT = 20_000  # characters of one prompt


@dataclass(frozen=True)
class ConceptCard:
    name: str
    files: tuple[str, ...] = ()  # names in the host's list
    triggers: str = ""  # words that its prompt must hold, separated by commas
    noun: str = ""  # what it is one of: "girl", "cat"
    unet: float = 1.0
    text: float = 1.0
    negative: str = ""
    base: str = ""  # family of models it is made for; empty: unknown

    def in_prompt(self, prompt: str) -> str:
        """The prompt with the trigger words that it lacks before it."""
        held = prompt.lower()
        lacking = [word for part in self.triggers.split(",") if (word := part.strip()) and word.lower() not in held]
        return ", ".join([*lacking, prompt] if prompt else lacking)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "files": list(self.files)}


def in_prompt(prompt: str, cards: tuple[ConceptCard, ...]) -> str:
    for card in cards:
        prompt = card.in_prompt(prompt)
    return prompt


def card_from(body: Any) -> ConceptCard:
    """From JSON; one sentence for whatever is wrong."""
    known = entries(body, ConceptCard)
    words = {key: text(known, key, "") for key in ("name", "triggers", "noun", "negative", "base")}
    if not words["name"].strip():
        raise UserError("A concept card needs a name.")
    files = known.get("files", [])
    if not isinstance(files, list) or not all(isinstance(one, str) and one for one in files):
        raise UserError("The files of “{name}” must be a list of names.", name=words["name"])
    if len(files) > MOST_FILES:
        raise UserError("“{name}” has more than {most} files.", name=words["name"], most=MOST_FILES)
    unet, text_ = (number(known, key, 1.0, -MOST_WEIGHT, MOST_WEIGHT) for key in ("unet", "text"))
    return replace(ConceptCard(**words), files=tuple(files), unet=unet, text=text_)  # type: ignore[arg-type]


def entries(body: Any, kind: type) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise UserError("A card and a region must each be a JSON object.")
    names = {field.name for field in fields(kind)}
    for key in body:
        if key not in names:
            raise UserError("There is no option “{name}”.", name=key)
    return body


def text(body: Mapping[str, Any], key: str, default: str) -> str:
    found = body.get(key, default)
    if not isinstance(found, str) or len(found) > MOST_TEXT:
        raise UserError("“{key}” must be a text of at most {most} letters.", key=key, most=MOST_TEXT)
    return found


def number(body: Mapping[str, Any], key: str, default: float, least: float, most: float) -> float:
    found = body.get(key, default)
    right = isinstance(found, (int, float)) and not isinstance(found, bool) and math.isfinite(found)
    if not right or not least <= found <= most:
        raise UserError("“{key}” must be a number from {least} to {most}.", key=key, least=least, most=most)
    return float(found)
