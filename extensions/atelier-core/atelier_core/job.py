"""One record says everything about a generation; every host receives only that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from PIL import Image

from .errors import UserError
from .geometry import Extent

Fill = Literal["blurred", "original", "noise", "nothing"]
MAX_SIDE = 8192  # pixels of one generated picture, beyond which a latent no longer fits any machine


@dataclass(frozen=True)
class Control:
    """A ControlNet for one run. `map` is drawn already (skeleton, edges, …) unless `module` names a preprocessor."""

    kind: str  # "openpose", "canny", "depth", …; picks a model by name when `model` is empty
    map: Image.Image
    weight: float = 1.0
    start: float = 0.0  # share of the steps
    end: float = 1.0
    model: str = ""
    module: str = ""
    region: Image.Image | None = None  # L, 255 where the control acts


class Window(NamedTuple):
    """The part of the picture that is painted, in shares of it."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


class Moment(Protocol):
    """Where the sampler stands while a patched layer runs."""

    step: int
    steps: int
    sigma: float
    rows: tuple[str, ...]  # "cond" or "uncond" for each row of the batch
    latent: Extent  # in latent pixels
    window: Window


@dataclass(frozen=True)
class Asked:
    """What a host reads in this pass, after its styles and wildcards; one entry for each picture of the batch."""

    prompts: tuple[str, ...] = ()
    negatives: tuple[str, ...] = ()
    loras: frozenset[str] = frozenset()  # names of those that the host itself applies


class Denoiser(Protocol):
    """The host-neutral view a patch gets of the model: layers by their ldm names, and the moment."""

    layers: Mapping[str, Any]  # name -> torch.nn.Module

    @property
    def text_layers(self) -> Mapping[str, Any]:
        """Of the text encoders, by transformers' names: "te1.encoder.layers.0.mlp.fc1"."""

    @property
    def now(self) -> Moment: ...

    @property
    def asked(self) -> Asked: ...

    def encode(self, texts: Sequence[str]) -> list[Any]:
        """What the denoiser would read of each prompt, [1, tokens, C], all of one length. Hooks on text layers act."""

    def tokens(self, text: str) -> tuple[int, ...]:
        """CLIP's numbers for a text, without start and end."""

    def hook(self, layer: str, after: Any, options: bool = False) -> None:
        """`after(module, inputs, output)` may return a new output, with `options` `after(module, inputs, options,
        output)`. Taken off again at the end of the run."""

    def before(self, layer: str, act: Any) -> None:
        """`act(module, inputs)` may return new inputs."""


class Patch(Protocol):
    """Something attached to the denoiser for one run."""

    name: str

    def attach(self, denoiser: Denoiser) -> None: ...


@dataclass(frozen=True)
class Job:
    prompt: str
    negative: str = ""
    size: Extent = Extent(512, 512)
    steps: int = 20
    cfg: float = 7.0
    sampler: str = "Euler a"
    scheduler: str = "Automatic"
    seed: int = -1
    batch: int = 1
    count: int = 1  # batches
    init: Image.Image | None = None  # same size as `size`
    mask: Image.Image | None = None  # L, 255 where the picture may change
    denoise: float = 0.75
    fill: Fill = "original"
    mask_blur: int = 4
    controls: tuple[Control, ...] = ()
    patches: tuple[Patch, ...] = ()
    checkpoint: str = ""  # empty: what the host has loaded
    info: Mapping[str, str] = field(default_factory=dict)  # further infotext entries
    title: str = "Atelier"

    def __post_init__(self) -> None:
        if min(self.size) < 1 or self.size.longer > MAX_SIDE:
            raise UserError("A picture must be between 1 and {most} pixels wide and high.", most=MAX_SIDE)
        if self.init is not None and self.init.size != tuple(self.size):
            raise UserError("The start picture does not have the size of the result.")
        if self.mask is not None and (self.init is None or self.mask.size != tuple(self.size)):
            raise UserError("The mask does not have the size of the picture.")
        if self.mask is not None and not np.asarray(self.mask.convert("L")).any():
            raise UserError("The mask is empty: nothing would change.")
        if not (self.steps >= 1 and self.batch >= 1 and self.count >= 1):
            raise UserError("Steps, batch size and batch count start at 1.")

    @property
    def canvas(self) -> Extent:
        """What the model paints on: the size, rounded up to its grid of 8 pixels."""
        return self.size.up_to_multiple(8)

    def on_canvas(self) -> Job:
        """The same job padded to its canvas: the picture's border goes on, the mask does not."""
        if self.canvas == self.size:
            return self
        return replace(
            self,
            size=self.canvas,
            init=self.init and _padded(self.init, self.canvas, "edge"),
            mask=self.mask and _padded(self.mask, self.canvas, "constant"),
            controls=tuple(self._on_canvas(control) for control in self.controls),
        )

    def _on_canvas(self, control: Control) -> Control:
        """Where the picture's pixels are, the map's stay over them."""
        region = control.region and control.region.resize(self.size)
        fitting = (
            control.map if control.map.size == self.size else control.map.resize(self.size, Image.Resampling.LANCZOS)
        )
        return replace(
            control,
            map=_padded(fitting, self.canvas, "edge"),
            region=region and _padded(region, self.canvas, "constant"),
        )


def _padded(picture: Image.Image, canvas: Extent, mode: Literal["edge", "constant"]) -> Image.Image:
    pixels = np.asarray(picture.convert("RGB") if picture.mode == "P" else picture)
    room = [(0, canvas.height - pixels.shape[0]), (0, canvas.width - pixels.shape[1])]
    return Image.fromarray(np.pad(pixels, room + [(0, 0)] * (pixels.ndim - 2), mode=mode))


SAMPLING = ("steps", "cfg", "sampler", "scheduler", "seed", "batch", "count")


def sampling_of(args: Any) -> dict[str, Any]:
    """What a unit's options say of the sampling, as a job takes it."""
    return {name: getattr(args, name) for name in SAMPLING}


@dataclass(frozen=True)
class Result:
    pictures: tuple[Image.Image, ...]  # RGB, each of the job's size
    infotexts: tuple[str, ...]
    seeds: tuple[int, ...]
    notes: tuple[str, ...] = ()  # what the user should know: which control ran, what was ignored
