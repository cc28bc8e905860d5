"""The lock in half precision: it adds no error to that which the network's own rounding makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import lock_files
import pytest
import tiny
import torch
from atelier_concept_lock import named
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.leaks import Dial
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import loras as host_loras
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from lock_files import LATENT, adapted, attached, cond_first, denoised

Tensor = torch.Tensor
SIZE = Extent(128, 128)
LEFT, RIGHT, WHOLE = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0, 0, 1, 1)
HALVES = [(torch.float16, 1e-3), (torch.bfloat16, 1e-2)]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("half")))
    layers, texts = adapted(made.model().layers), lock_files.texts_of(made).layers
    for seed, name in enumerate(("anne", "beth"), 11):
        lock_files.lora(made.folder("lora") / f"{name}.safetensors", layers, seed, texts=texts)
    luck = torch.Generator().manual_seed(3)
    torch.save({"emb_params": torch.randn(2, 32, generator=luck)}, made.folder("embedding") / "annex.pt")
    net = {"linear.0.weight": torch.randn(32, 32, generator=luck) / 12, "linear.0.bias": torch.zeros(32)}
    hyper = {32: (net, net), "layer_structure": [1, 1], "activation_func": "linear"}
    torch.save(hyper, made.folder("hypernetwork") / "hyper.pt")
    return made


@contextmanager
def in_precision(host: EmbeddedHost, dtype: torch.dtype) -> Iterator[None]:
    """The network's own module: casting would not give the weights back."""
    unet = host.model().unet
    kept = {name: tensor.clone() for name, tensor in unet.state_dict().items()}
    try:
        for parameter in unet.parameters():
            parameter.data = parameter.data.to(dtype)
        yield
    finally:
        for name, parameter in unet.named_parameters():
            parameter.data = kept[name]


def patch_of(host: EmbeddedHost, regions: list[Region], dial: Dial | None = None, **more: Any) -> LockPatch:
    lock = Lock("two women", regions=tuple(regions), **more)
    files = {name: named.read(host, name) for card in lock.all_cards() for name in card.files}
    return LockPatch(lock, SIZE, files, "blurry", dial)


def card(*files: str) -> ConceptCard:
    return ConceptCard("+".join(files), files)


def pair(host: EmbeddedHost, dial: Dial | None = None) -> LockPatch:
    one = Region(LEFT, "a red house", (card("anne", "embedding:annex", "hypernetwork:hyper"),))
    return patch_of(host, [one, Region(RIGHT, "a blue boat", (card("beth"),))], dial)


def whole(host: EmbeddedHost) -> LockPatch:
    return patch_of(host, [Region(WHOLE, "", (card("anne"),))], uncond=True)


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize(("dtype", "most"), HALVES)
def test_every_layer_is_as_near_as_its_precision_allows(host: EmbeddedHost, dtype: torch.dtype, most: float) -> None:
    """Test 3, layer by layer: against the same layer in single precision, with the inputs of half."""
    layers = {name: m for name, m in adapted(host.model().layers).items() if ".attn2." not in name}
    layers = {name: module for name, module in layers.items() if not lock_files.OFF.search(name)}
    luck = torch.Generator().manual_seed(5)
    inputs = {}
    for name, module in layers.items():
        shape = (
            (2, LATENT.area, module.in_features) if hasattr(module, "in_features") else (2, module.in_channels, 16, 16)
        )
        inputs[name] = torch.randn(shape, generator=luck).to(dtype)
    patches = [patch_of(host, [Region(LEFT, "", (card("anne"),)), Region(RIGHT, "", (card("beth"),))])]

    def answers() -> dict[str, Tensor]:
        with torch.no_grad(), attached(host, patches, cond_first(LATENT)):
            return {name: m(inputs[name].to(m.weight.dtype)).float().clone() for name, m in layers.items()}

    exact = answers()
    with in_precision(host, dtype):
        found = answers()
    assert len(layers) > 150
    assert max(off(found[name], exact[name]) for name in layers) <= most


@pytest.mark.parametrize(("dtype", "most"), HALVES)
def test_the_whole_network_rounds_as_it_does_without(host: EmbeddedHost, dtype: torch.dtype, most: float) -> None:
    """Test 3: as near to the webui's own LoRA as `most`; and a lock of all kinds, with the dial, is not further from
    single precision than a plain call."""
    wish = host_loras.read(Wish("anne", 1, 1), host.folder("lora") / "anne.safetensors", host.model())
    without = {module for name, module in host.model().layers.items() if lock_files.OFF.search(name)}
    for module in without & set(wish.fitting):
        wish.fitting.pop(module)
    ways: dict[str, Callable[[], Tensor]] = {
        "plain": lambda: denoised(host),
        "theirs": lambda: denoised(host, loras=[wish]),
        "mine": lambda: denoised(host, [whole(host)]),
        "pair": lambda: denoised(host, [pair(host)]),
        "dial": lambda: denoised(host, [pair(host, Dial.of(1.0))]),
    }
    exact = {name: way() for name, way in ways.items()}
    with in_precision(host, dtype):
        found = {name: way() for name, way in ways.items()}
    errors = {name: off(found[name], exact[name]) for name in ways}
    assert off(found["mine"], found["theirs"]) <= most and off(exact["mine"], exact["theirs"]) <= 1e-5
    assert 0 < errors["plain"] < 5 * most and max(errors.values()) <= 1.5 * errors["plain"], errors


@pytest.mark.parametrize(("dtype", "most"), HALVES)
def test_nothing_reaches_outside_in_half_precision_either(host: EmbeddedHost, dtype: torch.dtype, most: float) -> None:
    with in_precision(host, dtype):
        plain, patch = denoised(host), pair(host)
        found = denoised(host, [patch])
    assert patch.report.clean and all(line.inside > 10 * most for line in patch.report.lines)
    assert torch.equal(found[1], plain[1]) and torch.isfinite(found).all()
