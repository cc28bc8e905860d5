"""Ways to bring two concepts into one picture, each on the embedded host: the lock, and what it must be better than."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from atelier_concept_lock import run
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.options import LockArgs
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import loras
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from atelier_core.job import Job
from numpy.typing import NDArray
from PIL import Image

from dollhouse.measure.pair import Concept, Meeting
from dollhouse.train.store import SIDE

HALVES = (Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1))
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Brush:
    """How all pictures of a measurement are drawn."""

    steps: int = 16
    cfg: float = 4.0
    sampler: str = "DDIM"

    def job(self, prompt: str, seeds: Sequence[int]) -> Job:
        """Seeds follow one another."""
        size, first, batch = Extent(SIDE, SIDE), seeds[0], len(seeds)
        return Job(prompt, "", size, self.steps, self.cfg, self.sampler, seed=first, batch=batch)


def called(concept: Concept) -> str:
    return f" <lora:{concept.file}:1>"


def drawn(host: EmbeddedHost, job: Job) -> list[Bytes]:
    return [np.asarray(one) for one in host.generate(job).pictures]


def single(host: EmbeddedHost, brush: Brush, met: Meeting, who: int, seeds: Sequence[int]) -> list[Bytes]:
    """One of the two, alone in the scene."""
    return drawn(host, brush.job(met.prompt_alone(who) + called(met.both[who]), seeds))


def plain(host: EmbeddedHost, brush: Brush, met: Meeting, seeds: Sequence[int]) -> list[Bytes]:
    """Both of the host's own LoRAs, on all of the picture."""
    return drawn(host, brush.job(met.prompt(0, 1) + "".join(map(called, met.both)), seeds))


def by_passes(host: EmbeddedHost, brush: Brush, met: Meeting, seeds: Sequence[int]) -> list[Bytes]:
    """A pass for each region, with its own LoRA on and its own prompt, laid side by side at each step."""
    with passes(host, met, len(seeds)):
        return drawn(host, brush.job(met.prompt(), seeds))


@contextmanager
def passes(host: EmbeddedHost, met: Meeting, batch: int) -> Iterator[None]:
    """In every call of the network rows of the prompt, the first of a batch, are answered so; others as they are."""
    model = host.model()
    own = [_own(host, met, who) for who in range(2)]

    def after(network: Any, inputs: tuple[Any, ...], options: dict[str, Any], output: tuple[torch.Tensor]) -> Any:
        made, middle = output[0].clone(), output[0].shape[-1] // 2
        for (lora, read), columns in zip(own, (slice(0, middle), slice(middle, None)), strict=True):
            asked = {**options, "encoder_hidden_states": read.expand(batch, -1, -1)}
            with loras.applied([lora]):
                answer = network.forward(inputs[0][:batch], *inputs[1:], **asked)[0]
            made[:batch, ..., columns] = answer[..., columns]
        return (made,)

    watch = model.unet.register_forward_hook(after, with_kwargs=True)
    try:
        yield
    finally:
        watch.remove()


def _own(host: EmbeddedHost, met: Meeting, who: int) -> tuple[Any, torch.Tensor]:
    model, file = host.model(), met.both[who].file
    lora = loras.read(Wish(file, 1, 1), host.folder("lora") / f"{file}.safetensors", model)
    with torch.no_grad(), loras.applied([lora]):
        return lora, contexts(model, [met.prompt(who)])[0]


def locked(dial: float, host: EmbeddedHost, brush: Brush, met: Meeting, seeds: Sequence[int]) -> list[Bytes]:
    """Each concept in its half, whose prompt says the whole scene and calls this one alone by its name."""
    cards = [ConceptCard(one.trigger, (one.file,)) for one in met.both]
    regions = tuple(Region(box, met.prompt(who), (cards[who],)) for who, box in enumerate(HALVES))
    lock = Lock(met.prompt(), regions=regions, dial=dial)
    said = {name: getattr(brush, name) for name in ("steps", "cfg", "sampler")}
    args = LockArgs(lock.text(), width=SIDE, height=SIDE, seed=seeds[0], batch=len(seeds), **said)
    return [_taken(path) for path in run.generate(host, args).paths]


def _taken(path: Path) -> Bytes:
    """The picture; its file was only the way to it."""
    with Image.open(path) as picture:
        made = np.asarray(picture.convert("RGB"))
    path.unlink()
    return made
