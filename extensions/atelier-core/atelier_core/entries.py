"""What a unit may put into a webui's own places, in words that are no host's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .host import Host


@dataclass(frozen=True)
class ExtrasEntry:
    """An accordion in the Extras tab. `controls` gives gradio components by name, `process` receives their values."""

    name: str
    order: int
    controls: Callable[[Host], dict[str, Any]]
    process: Callable[[Host, Image.Image, dict[str, Any]], tuple[Image.Image, dict[str, str]]]  # infotext entries


@dataclass(frozen=True)
class UpscalerEntry:
    """Models in the webui's own upscaler list: wherever it upscales, our engine does it."""

    listed: Callable[[Host], list[tuple[str, str, int]]]  # name shown, path, scale
    upscale: Callable[[Host, Image.Image, float, str | None], Image.Image]
