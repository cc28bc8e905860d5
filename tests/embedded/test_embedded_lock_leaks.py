"""What leaks by way of the network itself, and what the dial does about it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import lock_files
import pytest
import tiny
import torch
import torch.nn.functional as F
from atelier_concept_lock import adapters
from atelier_concept_lock.attention import attend, attend_biased
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.leaks import Dial, faded, regional_norm
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.samplers import Course
from atelier_core.patches import Now
from lock_files import adapted, attached

Tensor = torch.Tensor
SIZE, LATENT = Extent(256, 256), Extent(32, 32)
SEEDS = range(8)
PROMPT = "two women"
WAYS = ("global", "addnet", "ours", "ours + attention", "ours + statistics", "ours + both")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("leaks")))
    layers, texts = adapted(made.model().layers), lock_files.texts_of(made).layers
    for name, seed in (*((f"one{seed}", 100 + seed) for seed in SEEDS), ("other", 99)):
        lock_files.lora(made.folder("lora") / f"{name}.safetensors", layers, seed, texts=texts)
    return made


class AddNet:
    """The rules of the oldest extension that masks LoRAs: every layer's answer by the mask, but for what has no place,
    which acts everywhere: keys and values of the prompt, time, and the text encoder. Written anew, layer by layer."""

    name = "addnet"

    def __init__(self, adapter: adapters.Adapter, right: bool, masked: bool = True) -> None:
        self.adapter, self.right, self.masked = adapter, right, masked

    def attach(self, denoiser: Any) -> None:
        for place, part in self.adapter.parts.items():
            name = place.layer if place.target == "unet" else f"te1.{place.layer}"
            module = denoiser.layers.get(name, denoiser.text_layers.get(name))
            no_place = name.startswith("te1.") or name.endswith((".attn2.to_k", ".attn2.to_v", ".emb_layers.1"))
            no_place = no_place or name.startswith("time_embed")
            after = self._after(part.delta_weight(module.weight.detach()), self.masked and not no_place)
            denoiser.hook(name, after)

    def _after(self, delta: Tensor, masked: bool) -> Any:
        def after(module: Any, inputs: Any, output: Tensor) -> Tensor:
            if isinstance(module, torch.nn.Conv2d):
                more = F.conv2d(inputs[0], delta, None, module.stride, module.padding)
                return output + (more * self._mask(more.shape[3]) if masked else more)
            more = F.linear(inputs[0], delta)
            side = round(more.shape[1] ** 0.5)
            mask = self._mask(side).expand(side, side).reshape(-1, 1) if masked else 1
            return output + more * mask

        return after

    def _mask(self, side: int) -> Tensor:
        """By columns; the one cell of the deepest level is shared."""
        left = torch.tensor([min(1.0, max(0.0, side / 2 - n)) for n in range(side)])
        return 1 - left if self.right else left


def patches(host: EmbeddedHost, way: str, seed: int, on: bool) -> list[Any]:
    """One concept on the left half, or not, beside another on the right half."""
    one, other = file_of(host, f"one{seed}"), file_of(host, "other")
    if way in ("global", "addnet"):
        masked = way == "addnet"
        return [AddNet(one, False, masked)] * on + [AddNet(other, True, masked)]
    dial = Dial(12 if "attention" in way or "both" in way else 0, 1 if "statistics" in way or "both" in way else 0)
    left = Region(Box(0, 0, 0.5, 1), "", (ConceptCard("one", ("one",), unet=float(on)),))
    right = Region(Box(0.5, 0, 1, 1), "", (ConceptCard("other", ("other",)),))
    return [LockPatch(Lock(PROMPT, regions=(left, right)), SIZE, {"one": one, "other": other}, dial=dial)]


@lru_cache
def file_of(host: EmbeddedHost, name: str) -> adapters.Adapter:
    return adapters.read(host.folder("lora") / f"{name}.safetensors")


def noise(seed: int, latent: Extent) -> Tensor:
    return torch.randn(1, 4, latent.height, latent.width, generator=torch.Generator().manual_seed(seed))


def answer(host: EmbeddedHost, way: str, seed: int, on: bool) -> Tensor:
    with torch.no_grad(), attached(host, patches(host, way, seed, on), Now(0, 1, 1.0, ("cond",), LATENT)):
        read = contexts(host.model(), [PROMPT])[0]
        return host.model().unet(noise(seed, LATENT), 500, read, return_dict=False)[0][0]


def shares(moved: Tensor) -> Tensor:
    """Mean change in the far half over that in the near one, for each of [n, 4, h, w]."""
    columns = moved.abs().mean(dim=(1, 2))
    half = columns.shape[1] // 2
    return columns[:, half:].mean(1) / columns[:, :half].mean(1)


def test_the_leak_curve_falls_from_way_to_way(host: EmbeddedHost) -> None:
    """Test 8. A table of means over eight seeds, at distances in cells from the border; nothing claims to be 0."""
    moved = {
        way: torch.stack([answer(host, way, seed, True) - answer(host, way, seed, False) for seed in SEEDS])
        for way in WAYS
    }
    means = {way: float(shares(one).mean()) for way, one in moved.items()}
    print()
    for way, one in moved.items():
        columns = one.abs().mean(dim=(1, 2))
        near = columns[:, :16].mean(1)
        far = "  ".join(f"{float((columns[:, 16 + d] / near).mean()):.3f}" for d in (0, 2, 5, 10, 15))
        print(f"{way:18} {means[way]:.3f}   at 0, 2, 5, 10, 15 cells: {far}")
    assert means["global"] > means["addnet"] > means["ours"] > means["ours + statistics"] > means["ours + both"] > 0
    assert means["global"] > 0.8 and means["ours + both"] < means["ours"] / 2


def walked(host: EmbeddedHost, way: str, on: bool) -> Tensor:
    """Ten steps of a sampler from eight noises at once."""
    course, latent = Course("Euler", "", 10, host.model().training), Extent(16, 16)
    now = Now(0, 10, 1.0, ("cond",) * len(SEEDS), latent)
    x = course.pure(torch.cat([noise(seed, latent) for seed in SEEDS]))
    with torch.no_grad(), attached(host, patches(host, way, 0, on), now):
        read = contexts(host.model(), [PROMPT])[0].expand(len(SEEDS), -1, -1)
        course.begin(0)
        for at in range(len(course)):
            now.step = at
            said = host.model().unet(course.scaled(x, at), course.times[at], read, return_dict=False)[0]
            x = course.step(said, x, at, [torch.Generator().manual_seed(seed) for seed in SEEDS])
    return x


def test_over_ten_steps_it_leaks_less_than_the_other_ways(host: EmbeddedHost) -> None:
    """Test 9."""
    ways = ("global", "addnet", "ours", "ours + both")
    found = {way: shares(walked(host, way, True) - walked(host, way, False)) for way in ways}
    print({way: [round(float(one), 3) for one in some] for way, some in found.items()})
    for other in ("global", "addnet"):
        for mine in ("ours", "ours + both"):
            assert float((found[mine] < found[other]).float().mean()) >= 0.9, (mine, other)


def test_the_dial_fades_over_the_run() -> None:
    assert [round(faded(step, 9), 3) for step in range(9)] == [1, 1, 1, 1, 0.667, 0.333, 0, 0, 0]
    assert [Dial.of(dial) for dial in (0, 0.25, 0.5, 0.75, 1)] == [
        Dial(0, 0),
        Dial(0, 0.5),
        Dial(0, 1),
        Dial(2, 1),
        Dial(4, 1),
    ]


def test_a_bias_between_regions_is_the_bias_of_the_whole_matrix() -> None:
    luck = torch.Generator().manual_seed(1)
    q, k, v = (torch.randn(2, 30, 24, generator=luck) for _ in range(3))
    of_q, of_k = torch.randn(30, 3, generator=luck), torch.randn(30, 3, generator=luck)
    heads = [one.double().reshape(2, 30, 4, 6).transpose(1, 2) for one in (q, k, v)]
    weights = (heads[0] @ heads[1].mT / 6**0.5 + of_q.double() @ of_k.double().T).softmax(-1)
    wanted = (weights @ heads[2]).transpose(1, 2).reshape(2, 30, 24)
    assert (attend_biased(q, k, v, 4, of_q, of_k) - wanted).abs().max() < 1e-5
    assert (attend(q, k, v, 4) - attend_biased(q, k, v, 4, of_q * 0, of_k)).abs().max() < 1e-5


def test_regional_statistics_of_one_region_are_the_plain_ones_and_of_two_are_those_of_each_alone() -> None:
    luck = torch.Generator().manual_seed(1)
    norm = torch.nn.GroupNorm(4, 8)
    torch.nn.init.normal_(norm.weight, generator=luck)
    x = torch.randn(2, 8, 6, 10, generator=luck) * 3 + 50  # far from 0: digits must not be lost
    with torch.no_grad():
        plain = norm(x)
        assert (regional_norm(norm, x, torch.ones(1, 60)) - plain).abs().max() < 1e-4
        left = torch.zeros(6, 10)
        left[:, :4] = 1
        both = regional_norm(norm, x, torch.stack([left, 1 - left]).flatten(1))
        assert (both[..., :4] - norm(x[..., :4])).abs().max() < 1e-4
        assert (both[..., 4:] - norm(x[..., 4:])).abs().max() < 1e-4
        assert (both - plain).abs().max() > 0.05
        changed = x.clone()
        changed[..., :4] = 0
        again = regional_norm(norm, changed, torch.stack([left, 1 - left]).flatten(1))
        assert torch.equal(again[..., 4:], both[..., 4:])
