"""What a lock costs: no further pass, the multiplications of its ranks, and the memory of its files.

Counted on the narrow networks, and on the shapes of the real ones without any weights.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import lock_cost
import lock_shapes
import pytest
import tiny
import torch
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job
from lock_cost import lora, multiplications, theory, trained
from lock_shapes import Bed, outlined, unmeasured

RANKS = (8, 16, 32, 64)
NARROW = {"sd1": tiny.SD15, "sdxl": tiny.SDXL}


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


@pytest.mark.parametrize(("family", "count"), [("sd1", 256), ("sdxl", 771)])
def test_on_real_shapes_too(family: str, count: int) -> None:
    """Rank 32 in two regions. Regional attention has a price of its own: a look at each prompt, one `to_out` more."""
    found = lock_shapes.cost(family, 2, 32)
    assert found.layers == count
    assert found.branches == pytest.approx(found.theory_branches, rel=0.1)
    assert found.whole == pytest.approx(found.theory_whole, rel=0.1)


@pytest.mark.parametrize(("family", "count"), [("sd1", 192), ("sdxl", 722)])
def test_the_outline_has_the_real_networks_layers(family: str, count: int) -> None:
    layers = trained(outlined(family).table)
    assert sum("transformer" in name or "proj_" in name for name in layers) == count


# memory


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
    with torch.no_grad(), unmeasured(), bed.locked(files, batch), lock_cost.Alive() as locked:
        bed.call(batch)
        bed.call(batch)
    more, own = locked.most - plain.most, lock_cost.bytes_of(files)
    print(f"{family}, batch {batch}: files {own >> 20} MB, more {more >> 20} MB, largest {plain.largest >> 20} MB")
    assert own <= more <= own + plain.largest
