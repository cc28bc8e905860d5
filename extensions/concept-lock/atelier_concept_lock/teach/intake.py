"""Pictures as panel and REST hand them over -> sources of a lesson; a bad one is named by its number."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from atelier_core import picture
from atelier_core.errors import UserError
from PIL import Image

from .crops import MOST, Box, Source, source

Given = bytes | Path
KEYS = {"picture", "caption", "crop", "mask"}
MOST_CAPTION = 2000  # letters


def sources_of(text: str, open_source: Callable[[str], Given]) -> list[Source]:
    """From the JSON of `TeachArgs.pictures`."""
    return _sources(_parsed(text), open_source)


def sources_on_page(text: str, open_source: Callable[[str], Given]) -> list[Source]:
    """From what the page of pictures writes, where a picture is an "id"; a page that was never opened wrote nothing."""
    told = _parsed(text or "{}")
    pictures = told.get("pictures", []) if isinstance(told, Mapping) else None
    if not isinstance(pictures, list) or not all(isinstance(one, Mapping) for one in pictures):
        raise UserError("“pictures” must be a list of objects with a picture each.")
    named = [{"picture" if key == "id" else key: value for key, value in one.items()} for one in pictures]
    return _sources(named, open_source)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError("“pictures” is not valid JSON.") from error


def _sources(told: Any, open_source: Callable[[str], Given]) -> list[Source]:
    if not isinstance(told, list) or not all(
        isinstance(one, Mapping) and isinstance(one.get("picture"), str) for one in told
    ):
        raise UserError("“pictures” must be a list of objects with a picture each.")
    if len(told) > MOST:
        raise UserError("A training takes at most {most} pictures.", most=MOST)
    return [_numbered(n, lambda one=one: _of(one, open_source)) for n, one in enumerate(told, 1)]  # type: ignore[misc]


def _numbered(number: int, read: Callable[[], Source]) -> Source:
    try:
        return read()
    except UserError as error:
        raise UserError("Picture {n} cannot be used: {why}", n=number, why=error) from error


def _of(one: Mapping[str, Any], open_source: Callable[[str], Given]) -> Source:
    for key in one:
        if key not in KEYS:
            raise UserError("There is no option “{name}”.", name=key)
    caption, mask = one.get("caption", ""), one.get("mask") or ""
    if not isinstance(caption, str) or len(caption) > MOST_CAPTION or not isinstance(mask, str):
        raise UserError("Its caption must be a text of at most {most} letters.", most=MOST_CAPTION)
    return source(
        _read(open_source(one["picture"])),
        _read(open_source(mask)).convert("L") if mask else None,
        _crop(one.get("crop")),
        caption,
    )


def _crop(told: Any) -> Box | None:
    if told is None:
        return None
    right = isinstance(told, list) and len(told) == 4 and all(type(side) in (int, float) for side in told)
    if not right:
        raise UserError("A crop lies between 0 and 1, its left before its right and its top above its bottom.")
    return tuple(float(side) for side in told)  # type: ignore[return-value]


def _read(given: Given) -> Image.Image:
    return picture.read(given).to_pil()
