"""Two concepts that were taught apart, in one picture: each looks only one way, so that what bleeds can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
import torch
from atelier_concept_lock import adapters
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_concept_lock.teach import course, lessons, output
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.patches import Now
from lesson_files import pictured, small
from lock_files import attached

Tensor = torch.Tensor
LOOKS = {"anne": (1.5, -1.0, 0.5, 0.0), "beth": (-1.0, 1.5, 0.0, 0.5)}  # the only latent each has ever been
WIDE, HIGH, STEPS, SEEDS = 16, 8, 10, 3


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedHost]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    root = tmp_path_factory.mktemp("pair")
    tiny.tiny_sd15(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    host = EmbeddedHost(root)
    for name in LOOKS:
        _teach(host, root, name)
    yield host
    torch.set_num_threads(threads)


def _teach(host: EmbeddedHost, root: Path, name: str) -> None:
    args = small(name, noun="", trigger="woman", steps=150, rank=16, alpha=16.0, conv_rank=16, rate=4e-3, gamma=0.0)
    with host.studio() as studio:
        made = course.opened(studio, lessons.begin(root / name, args, [lessons.Source(pictured(1, 64, 64))]))
        made.shown[0].latents[0] = torch.tensor(LOOKS[name]).reshape(1, 4, 1, 1).expand(1, 4, HIGH, WIDE).clone()
        with made.trained.attached():
            for _ in range(args.steps):
                made.advance()
        assert sum(made.losses[-20:]) < 0.4 * sum(made.losses[:20])
        output.write(made, host.folder("lora"), output.told_of(made, ("",), 0.0, False))


def _drawn(host: EmbeddedHost, lock: Lock, seed: int) -> Tensor:
    """[4, h, w] after a plain walk down the noise."""
    files = {name: adapters.read(host.folder("lora") / f"{name}.safetensors") for name in LOOKS}
    x = torch.randn(1, 4, HIGH, WIDE, generator=torch.Generator().manual_seed(seed))
    with host.studio() as studio, torch.no_grad():
        read = studio.encode(["woman"])
        alphas = [*(float(studio.alphas[t]) for t in _times()), 1.0]
        for step, time in enumerate(_times()):
            patch = LockPatch(lock, Extent(8 * WIDE, 8 * HIGH), files)
            with attached(host, [patch], Now(step, STEPS, 1.0, ("cond",), Extent(WIDE, HIGH))):
                noise = studio.predict(x, torch.tensor([time]), read, torch.zeros(1, 6))
            guess = ((x - (1 - alphas[step]) ** 0.5 * noise) / alphas[step] ** 0.5).clamp(-4, 4)
            x = alphas[step + 1] ** 0.5 * guess + (1 - alphas[step + 1]) ** 0.5 * noise
    return guess[0]


def _times() -> list[int]:
    return [int(t) for t in torch.linspace(999, 20, STEPS)]


def _bleed(made: Tensor) -> float:
    """How far each half has gone from its own look to the other's: 0 not at all, 1 all the way."""
    own, other = (torch.tensor(look).reshape(4, 1, 1) for look in LOOKS.values())
    way = other - own
    left = ((made[..., : WIDE // 2] - own) * way).sum(0).mean() / way.square().sum()
    right = ((made[..., WIDE // 2 :] - other) * -way).sum(0).mean() / way.square().sum()
    return float(left + right) / 2


def test_what_was_taught_apart_stays_apart(taught: EmbeddedHost) -> None:
    anne, beth = (ConceptCard(name, (name,)) for name in LOOKS)
    halves = (Region(Box(0, 0, 0.5, 1), "woman", (anne,)), Region(Box(0.5, 0, 1, 1), "woman", (beth,)))
    found = {
        name: sum(_bleed(_drawn(taught, lock, seed)) for seed in range(SEEDS)) / SEEDS
        for name, lock in {"sum": Lock("woman", (anne, beth)), "lock": Lock("woman", regions=halves)}.items()
    }
    assert found["sum"] > 0.35 and abs(found["lock"]) < 0.3 * found["sum"], found
