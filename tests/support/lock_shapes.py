"""A network to lock and count on: a narrow one that draws, or the outline of a real one, which has shapes and no
weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from unittest.mock import patch as replaced

import lock_files
import tiny
import torch
from atelier_concept_lock.adapters import Adapter
from atelier_concept_lock.branches import Solo
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_concept_lock.session import Session
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import names, shapes
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.patches import Attached
from lock_cost import cells_of, lora, multiplications, theory, trained

SDXL_WIDE = tiny.Layout(320, (1, 2, 4), (0, 2, 10), 10, context=2048, linear=True, extra=2816)
WIDE = {"sd1": (tiny.SD15_WIDE, 64), "sdxl": (SDXL_WIDE, 128)}  # and the latent's side, of 512 and of 1024 pixels


@dataclass
class Bed:
    host: EmbeddedHost | None
    unet: Any
    layers: dict[str, Any]
    table: dict[str, tuple[int, ...]]
    family: str
    side: int
    device: str = "cpu"

    @property
    def latent(self) -> Extent:
        return Extent(self.side, self.side)

    def call(self, batch: int = 1) -> Any:
        """A prompt's rows, then a negative one's."""
        make, rows = partial(torch.randn, device=self.device), 2 * batch
        width = self.table["input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight" if self.family == "sd1" else
                           "middle_block.1.transformer_blocks.0.attn2.to_k.weight"][1]  # fmt: skip
        more = {}
        if self.family == "sdxl":
            pooled = self.table["label_emb.0.0.weight"][1] - 6 * 256
            more = {"added_cond_kwargs": {"text_embeds": make(rows, pooled), "time_ids": make(rows, 6)}}
        return self.unet(make(rows, 4, self.side, self.side), 500, make(rows, 77, width), return_dict=False, **more)

    def locked(self, adapters: Sequence[Adapter], batch: int = 1) -> Attached:
        share = 1 / len(adapters)
        regions = tuple(
            Region(Box(n * share, 0, (n + 1) * share, 1), "", (ConceptCard(one.name, (one.name,)),))
            for n, one in enumerate(adapters)
        )
        pixels = Extent(self.side * 8, self.side * 8)
        patch = LockPatch(Lock("two women", regions=regions), pixels, {one.name: one for one in adapters})
        now = lock_files.cond_first(self.latent)
        now = replace(now, rows=("cond",) * batch + ("uncond",) * batch)
        return Attached(self.layers, [patch], now)


def outlined(family: str) -> Bed:
    from diffusers import UNet2DConditionModel

    layout, side = WIDE[family]
    table = tiny.unet(layout)
    config = shapes.unet_config(table, family, shapes.Recipe())  # type: ignore[arg-type]
    config |= shapes.decoder_types(config)
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config).eval().requires_grad_(False)
    return Bed(None, unet, names.layers(unet), table, family, side, "meta")


@contextmanager
def unmeasured() -> Iterator[None]:
    """Tensors without numbers can be asked for none."""
    with ExitStack() as stack:
        stack.enter_context(replaced.object(Session, "measures", lambda self, layer: False))
        stacks = property(lambda self: self.factors is not None and self.bias is None)
        stack.enter_context(replaced.object(Solo, "stacks", stacks))
        yield


@dataclass(frozen=True)
class Cost:
    """Multiplications of one call with a prompt's row and a negative one's."""

    layers: int
    plain: int
    branches: int  # that low-rank branches on layers with a place add
    whole: int  # with regional attention and the branches there
    theory_branches: int
    theory_whole: int


def cost(family: str, concepts: int, rank: int) -> Cost:
    """Of a real network's shapes, side by side in as many regions."""
    bed = outlined(family)
    layers = trained(bed.table)
    spatial = {name: shape for name, shape in layers.items() if ".attn2." not in name}
    crossed = {name: shape for name, shape in layers.items() if ".attn2." in name}
    files = [replace(lora(layers, rank, "meta"), name=f"c{n}") for n in range(concepts)]
    cells, plain, ranks = cells_of(bed.layers, layers, bed.call), multiplications(bed.call), concepts * rank
    with unmeasured(), torch.no_grad():
        with bed.locked([replace(one, parts=_only(one, spatial)) for one in files]):
            branches = multiplications(bed.call) - plain
        with bed.locked(files):
            whole = multiplications(bed.call) - plain
    spread = theory(spatial, cells, ranks)
    known = spread + theory(crossed, cells, ranks) + _regional(layers, cells, concepts)
    return Cost(len(layers), plain, branches, whole, spread, known)


def _only(adapter: Adapter, layers: Any) -> Any:
    return {place: part for place, part in adapter.parts.items() if place.layer in layers}


def _regional(layers: Mapping[str, Any], cells: Mapping[str, int], regions: int) -> int:
    """One row: K and V of its own prompt, two products with 77 tokens each, and one `to_out` more."""
    total = 0
    for name, (out, ins) in ((n, s) for n, s in layers.items() if n.endswith("attn2.to_k")):
        places = cells[name.replace("to_k", "to_q")]
        total += regions * (2 * 77 * ins * out + 2 * places * 77 * out) + places * out * out
    return total
