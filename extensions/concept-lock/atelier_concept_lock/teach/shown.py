"""What the panel says of a preset and of an estimate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .options import PRESETS, WORDS_RATE

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .measure import Estimate

Translate = Callable[[str], str]
MEANT = {
    "face": "For one face: crop to it. Hair and clothes that differ from picture to picture are not learnt.",
    "character": "For a whole figure with its clothes, best seen from several sides.",
    "style": "For how pictures look, not for what is in them: say in each caption what it shows.",
    "composition": "For concepts that shall meet in one picture: each learns in directions of its own, by its slot.",
}


def preset(name: str, kind: str, t: Translate) -> str:
    """What it is for and what it sets."""
    one = PRESETS[name]
    if kind == "words":
        line = t("{steps} steps at a rate of {rate}. A file of a few kilobytes, with less likeness than a LoRA.")
        return f"{t(MEANT[name])} {line.format(steps=one['steps'], rate=WORDS_RATE)}"
    line = t("{steps} steps, rank {rank}, a rate of {rate}.").format(**one)
    kept = t("The model's knowledge of the noun is kept with a weight of {prior}.").format(**one)
    return " ".join([t(MEANT[name]), line, kept if one["prior"] else t("Nothing of a noun is kept.")])


def estimated(told: Estimate, t: Translate) -> str:
    line = t(
        "About {time} for all steps, {step:.2f} s each, and {need:.1f} GB of memory; {free:.1f} GB are free. "
        "Beside that the webui draws pictures: {pictures}."
    )
    return line.format(
        time=clock(told.whole), step=told.step, need=told.memory / 2**30, free=told.free / 2**30, pictures=told.pictures
    )


def clock(seconds: float) -> str:
    """3725 -> 1:02:05"""
    whole = max(1, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
