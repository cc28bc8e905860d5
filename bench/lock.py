"""What a lock costs: the time of a step with 1, 2 and 4 concepts of rank 32 over that of a plain one, on the CPU.

    python bench/lock.py [--rounds N] [--side CELLS] [--rank R]

A narrow random network of SD 1.5's build, a prompt's row and a negative one's, LoRAs over all attention, feed-forward
and projection layers, float32; all ways turn by turn in one run, each against the plain step of its turn. Seconds are
those of the processor: what else the machine does is not counted. Beside them the usual way to keep two concepts apart:
a pass for each region with its own LoRA on, and one for the negative prompt.

Beside the times, the multiplications that a lock adds on the shapes of the real SD 1.5 (512²) and SDXL (1024²), counted
without weights and held against Σ r (d_in + d_out); LoRAs there lie on convolutions too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / f"extensions/{name}") for name in ("atelier-core", "concept-lock")] + [
    str(ROOT / "tests/support")
]

import lock_files  # noqa: E402
import lock_shapes  # noqa: E402
import tiny  # noqa: E402
import torch  # noqa: E402
from atelier_concept_lock import adapters  # noqa: E402
from atelier_concept_lock.cards import ConceptCard  # noqa: E402
from atelier_concept_lock.leaks import Dial  # noqa: E402
from atelier_concept_lock.patch import LockPatch  # noqa: E402
from atelier_concept_lock.regions import Box, Lock, Region  # noqa: E402
from atelier_core.geometry import Extent  # noqa: E402
from atelier_core.hosts.embedded import loras as host_loras  # noqa: E402
from atelier_core.hosts.embedded.encode import contexts  # noqa: E402
from atelier_core.hosts.embedded.host import EmbeddedHost  # noqa: E402
from atelier_core.hosts.embedded.prompt import Wish  # noqa: E402

LAYERS = r"attn[12]|ff\.net|proj_in|proj_out"
Step = Callable[[], object]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--side", type=int, default=64)
    options.add_argument("--rank", type=int, default=32)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        bed = Bed(Path(folder), chosen.side, chosen.rank)
        times = {name: [] for name in bed.ways}  # type: dict[str, list[float]]
        for turn in range(chosen.rounds + 1):
            for name, seconds in bed.turn().items():
                if turn:  # the first one warms up
                    times[name].append(seconds)
    ratios = {name: median(a / b for a, b in zip(some, times["plain"], strict=True)) for name, some in times.items()}
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {chosen.side}² latents, rank {chosen.rank}")
    for name, some in times.items():
        print(f"{name:24}{median(some):9.3f} s{ratios[name]:8.2f}")
    print(f"multiplications added over those of the same layers, 1 concept: {bed.share:.2f}")
    counted(chosen.rank)
    print(
        f"lock: ratio1={ratios['1 concept']:.2f} ratio2={ratios['2 concepts']:.2f} ratio4={ratios['4 concepts']:.2f} "
        f"npass2={ratios['2 concepts, N passes']:.2f} calls_equal={bed.calls_equal}"
    )


def counted(rank: int) -> None:
    """On real shapes: what branches add, and what all of it adds with regional attention, each over theory."""
    print("\nadded multiplications   of a plain call  over theory   with regional attention  over theory")
    for family, name in (("sd1", "SD 1.5, 512²"), ("sdxl", "SDXL, 1024²")):
        for concepts in (1, 2, 4):
            one = lock_shapes.cost(family, concepts, rank)
            print(
                f"{name:16}{concepts:4}{one.branches / one.plain:17.1%}{one.branches / one.theory_branches:13.3f}"
                f"{one.whole / one.plain:23.1%}{one.whole / one.theory_whole:14.3f}"
            )
    print()


class Bed:
    def __init__(self, folder: Path, side: int, rank: int) -> None:
        self.host = EmbeddedHost(tiny.tiny_root(folder))
        self.latent, self.size = Extent(side, side), Extent(side * 8, side * 8)
        layers = lock_files.adapted(self.host.model().layers, LAYERS)
        for n in range(4):
            lock_files.lora(self.host.folder("lora") / f"c{n}.safetensors", layers, n, rank)
        self.x = torch.randn(2, 4, side, side)
        self.read = torch.cat(contexts(self.host.model(), ["two women", "blurry"]))
        self.calls: dict[str, int] = {}
        self.ways: dict[str, tuple[AbstractContextManager[Any], Step]] = {
            "plain": (nullcontext(), self.call),
            **{f"{n} concept{'s' * (n > 1)}": (self.locked(n), self.call) for n in (1, 2, 4)},
            "2 concepts, dial at 1": (self.locked(2, Dial.of(1.0)), self.call),
            "2 concepts, N passes": (nullcontext(), self.passes),
        }
        self.share = 0.0

    @property
    def calls_equal(self) -> bool:
        """Calls of the network in a step with a lock are as many as without."""
        return {self.calls[name] for name in self.ways if "passes" not in name} == {self.calls["plain"]}

    def locked(self, count: int, dial: Dial | None = None) -> AbstractContextManager[Any]:
        files = {f"c{n}": adapters.read(self.host.folder("lora") / f"c{n}.safetensors") for n in range(count)}
        boxes = [Box(n / count, 0, (n + 1) / count, 1) for n in range(count)]
        regions = [Region(box, f"woman {n}", (ConceptCard(f"c{n}", (f"c{n}",)),)) for n, box in enumerate(boxes)]
        patch = LockPatch(Lock("two women", regions=tuple(regions)), self.size, files, dial=dial)
        if count == 1:
            self.one = patch
        return lock_files.attached(self.host, [patch], lock_files.cond_first(self.latent))

    def turn(self) -> dict[str, float]:
        made = {}
        for name, (attached, step) in self.ways.items():
            calls = 0

            def count(*_: Any) -> None:
                nonlocal calls
                calls += 1

            watch = self.host.model().unet.register_forward_pre_hook(count)
            with attached:
                step()  # the first step of a run also measures and makes what stays the same
                calls, began = 0, time.process_time()
                step()
                made[name] = time.process_time() - began
            watch.remove()
            self.calls[name] = calls
        self.share = self.one.report.added / max(1, self.one.report.own)
        return made

    def call(self) -> torch.Tensor:
        return self.host.model().unet(self.x, 500, self.read, return_dict=False)[0]

    def passes(self) -> None:
        """As the latent mode of regional prompting: each region's row alone, its LoRA in place."""
        model = self.host.model()
        for n in range(2):
            lora = host_loras.read(Wish(f"c{n}", 1, 1), self.host.folder("lora") / f"c{n}.safetensors", model)
            with host_loras.applied([lora]):
                model.unet(self.x[:1], 500, self.read[:1], return_dict=False)
        model.unet(self.x[1:], 500, self.read[1:], return_dict=False)


if __name__ == "__main__":
    main()
