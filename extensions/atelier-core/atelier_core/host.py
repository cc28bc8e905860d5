"""The port: all that a unit may ask of the webui it runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from PIL import Image

from .job import Job, Result

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .studio import Studio

Kind = Literal["checkpoint", "lora", "controlnet", "upscaler", "embedding", "hypernetwork"]


@dataclass(frozen=True)
class ModelFile:
    name: str
    path: Path | None  # None: the host makes it itself (Lanczos, Nearest)
    kind: Kind


@dataclass(frozen=True)
class Annotator:
    """A preprocessor of the host's own: from a picture to a map, with poses also to the poses."""

    name: str
    kind: str  # of the ControlNet that reads its map: "openpose", "depth", …
    missing: str = ""  # the file that it lacks; empty: it runs and fetches nothing


@dataclass(frozen=True)
class Annotated:
    map: Image.Image  # RGB, of the picture's size
    poses: tuple[Mapping[str, Any], ...] = ()  # in the words of OpenPose's JSON, in pixels


class Work(Protocol):
    """A piece of long work the user watches. Given by `Host.working`."""

    def step(self, done: int, total: int, text: str = "") -> None:
        """Show progress; raises Interrupted when the user has asked for a stop."""

    def preview(self, picture: Image.Image) -> None: ...


class Lent(Protocol):
    """What `Host.lend` gives: where to compute, and how much memory is free there."""

    device: Any  # torch.device

    def free(self) -> int: ...  # bytes


class Host(Protocol):
    name: str  # "a1111", "forge", "embedded", "fake"
    version: str

    # pictures
    def generate(self, job: Job) -> Result:
        """Raises UserError before any sampling when the host lacks something; Interrupted when stopped."""

    def caption(self, picture: Image.Image) -> str: ...

    def annotators(self) -> tuple[Annotator, ...]:
        """The preprocessors that are installed, whether or not their weights are."""

    def annotate(self, name: str, picture: Image.Image) -> Annotated:
        """Raises UserError for one that is not there or lacks its weights: nothing is ever fetched."""

    # long work
    def working(self, title: str) -> AbstractContextManager[Work]:
        """Takes the host's queue and its progress bar. `generate` and `lend` may be used inside; it may be nested."""

    def interrupt(self) -> None: ...

    def lend(self, network: Any, need: int) -> AbstractContextManager[Lent]:
        """Our own network under the host's memory manager: on the device inside, off it afterwards."""

    def studio(self) -> AbstractContextManager[Studio]:
        """The loaded model for a training, under the host's queue and memory manager. `generate` may be used inside:
        hooks that are on the model's layers then act, on prompts too."""

    # what the host has
    def models(self, kind: Kind) -> tuple[ModelFile, ...]: ...

    def loaded(self) -> ModelFile | None:
        """The checkpoint that a job without one of its own is drawn with."""

    def samplers(self) -> tuple[str, ...]: ...

    def schedulers(self) -> tuple[str, ...]:
        """Schedules of noise, "Automatic" first."""

    def outputs(self, unit: str) -> Path:
        """The folder for a unit's results. It exists."""

    def data(self, unit: str) -> Path:
        """The folder for what a unit keeps for its user, such as presets. It exists."""

    def folder(self, kind: Kind) -> Path: ...

    @property
    def settings(self) -> Mapping[str, Any]: ...

    @property
    def tabs(self) -> tuple[str, ...]:
        """The host's own tabs that take a picture: some of txt2img, img2img, inpaint, extras."""

    @property
    def language(self) -> str:
        """ "en" or "ko": what the user chose for Atelier, or the host's own language."""

    def translate(self, text: str) -> str:
        """A label or a sentence in that language."""

    def allowed(self, request: Any, page: bool) -> bool:
        """Whether a request may use our routes, by the host's own logins. `page`: what the web UI itself needs."""

    def panel_call(
        self, run: Callable[..., tuple[Any, ...]], failed: tuple[Any, ...]
    ) -> Callable[..., tuple[Any, ...]]:
        """A gradio handler around `run`, with the host's queue and progress. The last output is a line of HTML."""
