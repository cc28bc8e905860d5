"""Patches on a denoiser, for exactly one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from .errors import UserError
from .geometry import Extent
from .job import Asked, Denoiser, Patch, Window


@dataclass
class Now:
    """The moment of the run. The host's adapter writes it before each call of the denoiser."""

    step: int = 0
    steps: int = 1
    sigma: float = 0.0
    rows: tuple[str, ...] = ()
    latent: Extent = Extent(0, 0)
    window: Window = Window()


@dataclass(frozen=True)
class Texts:
    """A host's text encoders: their layers by transformers' names, and its way of reading prompts."""

    layers: Mapping[str, Any] = field(default_factory=dict)
    encode: Callable[[Sequence[str]], list[Any]] | None = None
    tokens: Callable[[str], tuple[int, ...]] = lambda text: ()


class Spare:
    """A patch without which the run goes on: its refusal is said, and what it had attached comes off."""

    def __init__(self, patch: Patch, refused: Callable[[UserError], None]) -> None:
        self.patch, self.refused, self.name = patch, refused, patch.name

    def attach(self, denoiser: Denoiser) -> None:
        self.patch.attach(denoiser)


class Attached(AbstractContextManager["Attached"]):
    """Attaches patches on entry and takes every hook off on exit, whatever happened between.

    It is the `Denoiser` the patches see. `layers` maps ldm names to modules of the loaded model; the modules stay the
    host's own: only forward hooks are put on them, so the weights and the state dict are never touched.
    """

    def __init__(
        self,
        layers: Mapping[str, Any],
        patches: Sequence[Patch],
        now: Now | None = None,
        texts: Texts | None = None,
        asked: Asked | None = None,
    ) -> None:
        self.layers = layers
        self.patches = tuple(patches)
        self.now, self.asked = now or Now(), asked or Asked()
        self._texts = texts or Texts()
        self._handles: list[Any] = []

    def __enter__(self) -> Attached:
        try:
            for patch in self.patches:
                self._attach(patch)
        except BaseException:
            self.detach()
            raise
        return self

    def _attach(self, patch: Patch) -> None:
        before = len(self._handles)
        try:
            patch.attach(self)
        except UserError as error:
            if not isinstance(patch, Spare):
                raise
            self.detach(before)
            patch.refused(error)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.detach()

    @property
    def text_layers(self) -> Mapping[str, Any]:
        return self._texts.layers

    def encode(self, texts: Sequence[str]) -> list[Any]:
        if self._texts.encode is None:
            raise UserError("This webui does not let its text encoder be asked.")
        return self._texts.encode(texts)

    def tokens(self, text: str) -> tuple[int, ...]:
        return self._texts.tokens(text)

    def hook(self, layer: str, after: Callable[..., Any], options: bool = False) -> None:
        self._handles.append(self._module(layer).register_forward_hook(after, with_kwargs=options))

    def before(self, layer: str, act: Callable[[Any, tuple[Any, ...]], Any]) -> None:
        self._handles.append(self._module(layer).register_forward_pre_hook(act))

    def detach(self, down_to: int = 0) -> None:
        while len(self._handles) > down_to:
            self._handles.pop().remove()

    def _module(self, layer: str) -> Any:
        for layers in (self.layers, self.text_layers):
            if layer in layers:
                return layers[layer]
        raise UserError("The loaded model has no layer “{layer}”; it is of another kind than this needs.", layer=layer)


def hooks_on(module: Any) -> int:
    """How many forward hooks sit anywhere in a model."""
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in _parts(module))


def _parts(module: Any) -> Iterator[Any]:
    yield from module.modules()
