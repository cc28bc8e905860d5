"""What a unit may put into a webui's own places, in words that are no host's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from .errors import UserError
from .geometry import Extent
from .host import Host
from .job import Control, Patch


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


@dataclass(frozen=True)
class Found:
    """What an accordion's patches tell of the pictures that were made with them."""

    info: Mapping[str, str] = field(default_factory=dict)  # infotext entries
    notes: tuple[str, ...] = ()  # sentences below the picture


@dataclass(frozen=True)
class Additions:
    """What an accordion adds to a picture of the host's own tabs."""

    controls: tuple[Control, ...] = ()
    info: Mapping[str, str] = field(default_factory=dict)  # infotext entries
    patches: tuple[Patch, ...] = ()  # one that refuses is left out and said; the picture is made all the same
    found: Callable[[], Found] = Found  # asked when a batch has been sampled with the patches


@dataclass(frozen=True)
class Axis:
    """A value of an accordion that the host's X/Y/Z plot may step through."""

    label: str
    name: str  # of the component, or of a value that only the plot gives
    choices: Callable[[Host], list[str]] | None = None
    kind: type = str


@dataclass(frozen=True)
class AlwaysEntry:
    """An accordion in txt2img and img2img whose values act on every picture made there."""

    title: str
    controls: Callable[[Host, str], dict[str, Any]]  # tab -> gradio components by name
    add: Callable[[Host, dict[str, Any], Extent], Additions]  # their values and the picture's size; may raise UserError
    restored: Callable[[Host, str, str, Mapping[str, str]], Any]  # tab, component's name, infotext -> update or None
    axes: tuple[Axis, ...] = ()
    switch: str = "on"  # the component that turns it on, as a step of the plot does

    def read(self, host: Host, tab: str, name: str, infotext: Mapping[str, str]) -> Any:
        """What an infotext says of a component; nothing too where it is spoilt, as it may come from anywhere.

        The settings of a picture that was made without the unit turn it off: else it could not be repeated."""
        try:
            found = self.restored(host, tab, name, infotext)
        except UserError:
            found = None
        return False if found is None and name == self.switch and "Steps" in infotext else found
