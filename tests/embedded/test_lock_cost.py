"""What a lock costs: no further pass, the multiplications of its ranks, and the memory of its files.

Counted on the narrow networks, and on the shapes of the real ones without any weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import lock_cost
import lock_files
import pytest
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
from atelier_core.job import Job
from atelier_core.patches import Attached
from lock_cost import lora, multiplications, theory, trained

RANKS = (8, 16, 32, 64)
SDXL_WIDE = tiny.Layout(320, (1, 2, 4), (0, 2, 10), 10, context=2048, linear=True, extra=2816)
WIDE = {"sd1": (tiny.SD15_WIDE, 64), "sdxl": (SDXL_WIDE, 128)}  # and the latent's side, of 512 and of 1024 pixels
NARROW = {"sd1": tiny.SD15, "sdxl": tiny.SDXL}


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


@pytest.fixture(scope="module", params=["sd1", "sdxl"])
def bed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Bed:
    family, root = request.param, tmp_path_factory.mktemp(request.param)
    layout = NARROW[family]
    make = tiny.tiny_sd15 if family == "sd1" else tiny.tiny_sdxl
    make(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    host = EmbeddedHost(root)
    return Bed(host, host.model().unet, host.model().layers, tiny.unet(layout), family, 16)


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_the_network_is_called_as_often_as_without(bed: Bed, batch: int) -> None:
    assert bed.host is not None
    job = Job("two women", "blurry", Extent(64, 64), steps=2, seed=1, batch=batch, sampler="Euler")
    calls: list[int] = []
    handle = bed.unet.register_forward_pre_hook(lambda module, inputs: calls.append(inputs[0].shape[0]))
    try:
        bed.host.generate(job)
        plain, counts = list(calls), {}
        for count in (1, 2, 4):
            calls.clear()
            files = [lora(trained(bed.table), rank, seed=rank) for rank in RANKS[:count]]
            regions = tuple(
                Region(Box(n / 4, 0, (n + 1) / 4, 1), f"a house {n}", (ConceptCard(one.name, (one.name,)),))
                for n, one in enumerate(files)
            )
            patch = LockPatch(Lock("two women", regions=regions), job.size, {one.name: one for one in files})
            bed.host.generate(replace(job, patches=(patch,)))
            counts[count] = list(calls)
            assert patch.report.calls == len(calls)
            assert [line.matched for line in patch.report.lines] == [len(trained(bed.table))] * count
    finally:
        handle.remove()
    assert counts == dict.fromkeys((1, 2, 4), plain) and plain == [2 * batch] * 2


@pytest.mark.parametrize("batch", [1, 2, 3, 4])
def test_multiplications_are_those_of_the_ranks(bed: Bed, batch: int) -> None:
    """Four concepts of ranks 8 to 64, against Σ r (d_in + d_out); only the prompt's rows have concepts."""
    layers = {name: shape for name, shape in trained(bed.table).items() if ".attn2." not in name}
    files = [lora(layers, rank, seed=rank) for rank in RANKS]
    cells = lock_cost.cells_of(bed.layers, layers, bed.call)
    plain = multiplications(partial(bed.call, batch))
    with torch.no_grad(), bed.locked(files, batch):
        bed.call(batch)  # the first call also measures
        locked = multiplications(partial(bed.call, batch))
    assert locked - plain == pytest.approx(batch * theory(layers, cells, sum(RANKS)), rel=0.1)


# the shapes of the real networks, without weights


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors without numbers can be asked for none."""
    monkeypatch.setattr(Session, "measures", lambda self, layer: False)
    monkeypatch.setattr(Solo, "stacks", property(lambda self: self.factors is not None and self.bias is None))


def outlined(family: str) -> Bed:
    from diffusers import UNet2DConditionModel

    layout, side = WIDE[family]
    table = tiny.unet(layout)
    config = shapes.unet_config(table, family, shapes.Recipe())  # type: ignore[arg-type]
    config |= shapes.decoder_types(config)
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config).eval().requires_grad_(False)
    return Bed(None, unet, names.layers(unet), table, family, side, "meta")


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize(("family", "linear", "count"), [("sd1", 192, 256), ("sdxl", 722, 771)])
def test_on_real_shapes_too(family: str, linear: int, count: int) -> None:
    """Rank 32 in two regions. Regional attention has a price of its own: a look at each prompt, one `to_out` more."""
    bed = outlined(family)
    layers = trained(bed.table)
    spatial = {name: shape for name, shape in layers.items() if ".attn2." not in name}
    assert len(layers) == count and sum("transformer" in k or "proj_" in k for k in layers) == linear
    files = [replace(lora(layers, 32, "meta"), name=name) for name in ("a", "b")]
    cells = lock_cost.cells_of(bed.layers, layers, bed.call)
    plain = multiplications(bed.call)
    with torch.no_grad(), bed.locked([replace(one, parts=_only(one, spatial)) for one in files]):
        spread = multiplications(bed.call) - plain
    assert spread == pytest.approx(theory(spatial, cells, 64), rel=0.1)
    with torch.no_grad(), bed.locked(files):
        whole = multiplications(bed.call) - plain
    crossed = theory({name: shape for name, shape in layers.items() if ".attn2." in name}, cells, 64)
    assert whole == pytest.approx(theory(spatial, cells, 64) + crossed + _regional(layers, cells), rel=0.1)
    print(f"{family}: branches {spread / plain:.2%}, with regional attention {whole / plain:.2%}")


def _only(adapter: Adapter, layers: Any) -> Any:
    return {place: part for place, part in adapter.parts.items() if place.layer in layers}


def _regional(layers: Any, cells: Any) -> int:
    """Two regions, one row: K and V of its own prompt, two products with 77 tokens each, and one `to_out` more."""
    total = 0
    for name, (out, ins) in ((n, s) for n, s in layers.items() if n.endswith("attn2.to_k")):
        places = cells[name.replace("to_k", "to_q")]
        total += 2 * (2 * 77 * ins * out + 2 * places * 77 * out) + places * out * out
    return total


# memory


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("batch", [1, 4])
def test_memory_is_that_of_the_files_and_of_one_activation(
    family: str, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attention is taken as kernels on a card have it: its square matrix is never whole in memory."""
    monkeypatch.setattr(
        "torch.nn.functional.scaled_dot_product_attention",
        lambda q, k, v, *_, **__: q.new_empty(*q.shape[:-1], v.shape[-1]),
    )
    bed = outlined(family)
    files = [lora(trained(bed.table), rank, "meta") for rank in RANKS]
    with torch.no_grad(), lock_cost.Alive() as plain:
        bed.call(batch)
    with torch.no_grad(), bed.locked(files, batch), lock_cost.Alive() as locked:
        bed.call(batch)
        bed.call(batch)
    more, own = locked.most - plain.most, lock_cost.bytes_of(files)
    print(f"{family}, batch {batch}: files {own >> 20} MB, more {more >> 20} MB, largest {plain.largest >> 20} MB")
    assert own <= more <= own + plain.largest
