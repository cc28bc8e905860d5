"""The concept lock on the tiny model: what must be exact is compared bit by bit."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
import tiny
import torch
from atelier_concept_lock import adapters
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.leaks import Dial
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import loras as host_loras
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from atelier_core.job import Job
from atelier_core.patches import Now, hooks_on
from lock_files import adapted, attached, cond_first, denoised
from oracle_adapters import CASES

Tensor = torch.Tensor
SIZE, LATENT = Extent(128, 128), Extent(16, 16)
LEFT, RIGHT, WHOLE = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0, 0, 1, 1)
PROMPT, NEGATIVE = "two women", "blurry"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("lock")))
    layers, texts = adapted(made.model().layers), lock_files.texts_of(made).layers
    for seed, name in enumerate(("anne", "beth", "cleo"), 11):
        lock_files.lora(made.folder("lora") / f"{name}.safetensors", layers, seed)
        lock_files.lora(made.folder("lora") / f"{name}-text.safetensors", layers, seed, texts=texts)
    return made


def read(host: EmbeddedHost, *names: str) -> dict[str, adapters.Adapter]:
    return {name: adapters.read(host.folder("lora") / f"{name}.safetensors") for name in names}


def card(name: str, **more: Any) -> ConceptCard:
    return ConceptCard(name, (name,), **more)


def patch_of(host: EmbeddedHost, regions: Sequence[Region], dial: Dial | None = None, **more: Any) -> LockPatch:
    lock = Lock(prompt=PROMPT, regions=tuple(regions), **more)
    names = {name for one in lock.all_cards() for name in one.files}
    return LockPatch(lock, SIZE, read(host, *names), NEGATIVE, dial)


def pair(host: EmbeddedHost, **more: Any) -> LockPatch:
    one, other = Region(LEFT, "a red house", (card("anne"),)), Region(RIGHT, "a blue boat", (card("beth"),))
    return patch_of(host, [one, other], **more)


def host_lora(host: EmbeddedHost, name: str, text: float = 1.0, unet: float = 1.0) -> host_loras.Lora:
    """The host's own way with a file, but for the layers that a lock leaves alone: they have no place."""
    made = host_loras.read(Wish(name, text, unet), host.folder("lora") / f"{name}.safetensors", host.model())
    without = {module for name, module in host.model().layers.items() if lock_files.OFF.search(name)}
    return replace(made, fitting={module: one for module, one in made.fitting.items() if module not in without})


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


# 1: the direct path


def _input(name: str, module: Any, latent: Extent, luck: torch.Generator) -> Tensor:
    height, width = latent.height, latent.width
    if isinstance(module, torch.nn.Conv2d):
        return torch.randn(2, module.in_channels, height, width, generator=luck)
    if isinstance(module, torch.nn.GroupNorm):
        return torch.randn(2, module.num_channels, height, width, generator=luck)
    wide = module.in_features if isinstance(module, torch.nn.Linear) else module.normalized_shape[0]
    return torch.randn(2, height * width, wide, generator=luck)


def _has_place(name: str, module: Any) -> bool:
    layer = isinstance(module, (torch.nn.Linear, torch.nn.Conv2d, torch.nn.GroupNorm, torch.nn.LayerNorm))
    return layer and ".attn2." not in name and not lock_files.OFF.search(name)


def _answers(host: EmbeddedHost, patches: list[LockPatch], latent: Extent) -> dict[str, Tensor]:
    """Every layer that has a place, and every cross-attention as a whole, asked by itself with the same input."""
    made: dict[str, Tensor] = {}
    layers = host.model().layers
    with torch.no_grad(), attached(host, patches, cond_first(latent)):
        luck = torch.Generator().manual_seed(5)
        for name, module in layers.items():
            if name.endswith(".attn2"):
                x = torch.randn(2, latent.area, module.to_q.in_features, generator=luck)
                context = torch.randn(2, 77, module.to_k.in_features, generator=luck)
                made[name] = module(x, encoder_hidden_states=context).clone()
            elif _has_place(name, module):
                made[name] = module(_input(name, module, latent, luck)).clone()
    return made


def _outside(answer: Tensor, latent: Extent) -> Tensor:
    """The cond row where the left half is not. A convolution with a stride has half the cells."""
    if answer.ndim == 4:
        return answer[0, :, :, (answer.shape[3] + 1) // 2 :]
    return answer[0].reshape(latent.height, latent.width, -1)[:, latent.width // 2 :]


KINDS = [*CASES, "norm"]


@pytest.mark.parametrize("kind", KINDS)
def test_changing_one_concept_leaves_every_layer_outside_its_mask_bit_equal(
    host: EmbeddedHost, kind: str, tmp_path: Path
) -> None:
    """Test 1, for each kind of adapter on every layer it can be trained on."""
    layers = host.model().layers
    make = lock_files.norms if kind == "norm" else lambda p, some, seed: lock_files.adapter(p, some, kind, seed)
    files = [adapters.read(make(tmp_path / f"{seed}.safetensors", layers if kind == "norm" else adapted(layers), seed))
             for seed in (1, 2, 3)]  # fmt: skip
    found = []
    for first in files[:2]:
        regions = (Region(LEFT, "", (ConceptCard("a", ("a",)),)), Region(RIGHT, "", (ConceptCard("b", ("b",)),)))
        patch = LockPatch(Lock(PROMPT, regions=regions), SIZE, {"a": first, "b": files[2]})
        found.append(_answers(host, [patch], LATENT))
    changed = [name for name in found[0] if not torch.equal(found[0][name], found[1][name])]
    wanted = len([1 for name in changed if not name.endswith(".attn2")])
    placed = [p for p in files[0].parts if ".attn2." not in p.layer and not lock_files.OFF.search(p.layer)]
    assert wanted == len(placed) > 10
    for name in changed:
        one, other = found[0][name], found[1][name]
        assert torch.equal(_outside(one, LATENT), _outside(other, LATENT)), name
        assert torch.equal(one[1], other[1]), name  # the row of the negative prompt


def test_the_report_measures_no_direct_influence_outside(host: EmbeddedHost) -> None:
    patch = pair(host)
    denoised(host, [patch])
    assert [(line.card, line.region) for line in patch.report.lines] == [("anne", 1), ("beth", 2)]
    assert all(line.outside == 0 and line.inside > 0.01 for line in patch.report.lines)
    assert patch.report.clean


# 2: one layer, then the whole network


def test_a_change_in_the_last_block_reaches_as_far_as_the_convolutions_after_it(
    host: EmbeddedHost, tmp_path: Path
) -> None:
    """Test 2. The last block's second convolution has one norm and one convolution after it: with the norm's
    statistics taken by region the reach is one cell."""
    last = adapted(host.model().layers, r"^output_blocks\.11\.0\.out_layers\.3")
    path = lock_files.lora(tmp_path / "last.safetensors", last, 3)
    regions = (Region(LEFT, "", (ConceptCard("a", ("a",)),)),)
    reach = {}
    for statistics in (0.0, 1.0):
        found = []
        for strength in (0.0, 1.0):
            some = tuple(replace(r, cards=(replace(r.cards[0], unet=strength),)) for r in regions)
            patch = LockPatch(Lock(PROMPT, regions=some), SIZE, {"a": adapters.read(path)}, dial=Dial(0, statistics))
            with_attention_off(host, found, patch)
        change = (found[1] - found[0])[0].abs().amax(dim=(0, 1))  # by column
        reach[statistics] = change
    assert float(reach[1.0][:8].max()) > 1e-3
    assert float(reach[1.0][9:].max()) == 0.0  # column 8 is the one that the last convolution reads over
    assert float(reach[0.0][9:].max()) > 0.0


def with_attention_off(host: EmbeddedHost, found: list[Tensor], patch: LockPatch) -> None:
    """The last block's own transformer looks at the whole picture: its answer is taken away."""
    block = host.model().layers["output_blocks.11.1"]
    handle = block.register_forward_hook(lambda module, inputs, output: (inputs[0],))
    try:
        found.append(denoised(host, [patch]))
    finally:
        handle.remove()


# 3: everywhere at full share, it is the host's own LoRA


def test_a_mask_over_all_equals_the_host_s_lora(host: EmbeddedHost) -> None:
    patch = patch_of(host, [Region(WHOLE, "", (card("anne"),))], uncond=True)
    mine = denoised(host, [patch])
    theirs, plain = denoised(host, loras=[host_lora(host, "anne")]), denoised(host)
    assert off(theirs, plain) > 0.05
    assert off(mine, theirs) <= 1e-5


def test_so_does_its_text_side(host: EmbeddedHost) -> None:
    patch = patch_of(host, [Region(WHOLE, "", (card("anne-text"),))], uncond=True)
    mine = denoised(host, [patch])
    theirs = denoised(host, loras=[host_lora(host, "anne-text")])
    silent = denoised(host, loras=[host_lora(host, "anne-text", text=0.0)])
    assert off(silent, theirs) > 1e-3  # the text side tells
    assert off(mine, theirs) <= 1e-5


def test_a_card_that_acts_everywhere_equals_it_too(host: EmbeddedHost) -> None:
    lock = Lock(PROMPT, (card("anne-text"),), uncond=True)
    patch = LockPatch(lock, SIZE, read(host, "anne-text"), NEGATIVE)
    mine, theirs = denoised(host, [patch]), denoised(host, loras=[host_lora(host, "anne-text")])
    assert off(mine[1:], denoised(host)[1:]) > 1e-3
    assert off(mine, theirs) <= 1e-5


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_it_is_as_near_as_rounding_allows(tmp_path: Path, dtype: torch.dtype) -> None:
    half = EmbeddedHost(tiny.tiny_root(tmp_path))
    lock_files.lora(half.folder("lora") / "anne.safetensors", adapted(half.model().layers), 11)
    exact = denoised(half, loras=[host_lora(half, "anne")])
    half.model().unet.to(dtype)
    theirs = denoised(half, loras=[host_lora(half, "anne")])
    patch = patch_of(half, [Region(WHOLE, "", (card("anne"),))], uncond=True)
    mine = denoised(half, [patch])
    assert off(mine, theirs) <= (1e-3 if dtype == torch.float16 else 1e-2) + off(theirs, exact)
    assert patch.report.clean and off(mine, exact) <= 2 * off(theirs, exact) + 1e-3


# 4: nothing where nothing is asked


def state(host: EmbeddedHost) -> dict[str, Tensor]:
    return {f"{i}.{n}": t.clone() for i, part in enumerate(host.model().parts) for n, t in part.state_dict().items()}


def test_nothing_asked_changes_no_bit(host: EmbeddedHost) -> None:
    plain = denoised(host)
    nothing = {
        "empty mask": patch_of(host, [Region(Box(0, 0, 0.001, 0.001), "a red house", (card("anne"),))]),
        "weight 0": patch_of(host, [Region(LEFT, "", (card("anne-text", unet=0.0, text=0.0),))]),
        "before its window": pair(host, start=0.5),
        "no regions": patch_of(host, []),
        "dial without regions": patch_of(host, [], dial=Dial(8, 1)),
    }
    for what, patch in nothing.items():
        assert torch.equal(denoised(host, [patch]), plain), what
    assert torch.equal(denoised(host, [pair(host, end=0.5)], now=cond_first(LATENT, 5, 10)), plain)
    assert not torch.equal(denoised(host, [pair(host, end=0.6)], now=cond_first(LATENT, 5, 10)), plain)


def test_an_empty_region_is_said(host: EmbeddedHost) -> None:
    patch = patch_of(host, [Region(Box(0, 0, 0.001, 0.001), "x"), Region(LEFT, "", (card("anne"),))])
    denoised(host, [patch])
    assert [str(note) for note in patch.report.notes] == ["Region 1 is empty and does nothing."]
    assert patch.report.lines[0].region == 2


JOB = Job(PROMPT, NEGATIVE, SIZE, steps=3, cfg=5.0, seed=41, sampler="Euler")


def drawn(host: EmbeddedHost, **change: Any) -> np.ndarray:
    return np.asarray(host.generate(replace(JOB, **change)).pictures[0], int)


def test_a_run_leaves_no_hook_and_no_bit(host: EmbeddedHost) -> None:
    plain = drawn(host)
    before, hooks = state(host), [hooks_on(part) for part in host.model().parts]
    locked = drawn(host, patches=(pair(host, dial=Dial(8, 1)),))
    assert (locked != plain).any()
    after = state(host)
    assert all(torch.equal(before[name], after[name]) for name in before) and before.keys() == after.keys()
    assert [hooks_on(part) for part in host.model().parts] == hooks
    assert (drawn(host) == plain).all()


def test_nor_after_an_exception_in_a_hooked_layer_or_a_stop(host: EmbeddedHost) -> None:
    plain, hooks = drawn(host), [hooks_on(part) for part in host.model().parts]

    class Act:
        name = "act"

        def __init__(self, act: Any) -> None:
            self.act, self.count = act, 0

        def attach(self, denoiser: Any) -> None:
            def after(*_: Any) -> None:
                self.count += 1
                if self.count == 2:
                    self.act()

            denoiser.hook("output_blocks.5.1.transformer_blocks.0.attn2.to_q", after)

    def fail() -> None:
        raise ZeroDivisionError

    for act, error in ((fail, ZeroDivisionError), (host.interrupt, UserError)):
        with pytest.raises(error):
            drawn(host, steps=6, patches=(pair(host, dial=Dial(8, 1)), Act(act)))
        assert [hooks_on(part) for part in host.model().parts] == hooks
        assert (drawn(host) == plain).all()


# 5: several concepts


def test_several_branches_are_the_sum_of_single_ones(host: EmbeddedHost) -> None:
    names, boxes = ("anne", "beth", "cleo"), (Box(0, 0, 0.4, 1), Box(0.3, 0, 0.8, 0.9), Box(0.5, 0.1, 1, 1))
    lock = Lock(PROMPT, regions=tuple(Region(b, "", (card(n),)) for n, b in zip(names, boxes, strict=True)), feather=9)
    files = read(host, *names)
    together = _answers(host, [LockPatch(lock, SIZE, files)], LATENT)
    plain = _answers(host, [], LATENT)
    alone = []
    for n in range(3):  # the others stay in place with nothing on them, so that the shares are the same
        some = tuple(replace(r, cards=r.cards if i == n else ()) for i, r in enumerate(lock.regions))
        alone.append(_answers(host, [LockPatch(replace(lock, regions=some), SIZE, files)], LATENT))
    layers = [name for name in plain if not name.endswith(".attn2") and not torch.equal(plain[name], together[name])]
    assert len(layers) > 50
    for name in layers:
        summed = plain[name] + sum(one[name] - plain[name] for one in alone)
        assert off(together[name], summed) <= 1e-6, name


def test_the_order_of_concepts_changes_no_pixel(host: EmbeddedHost) -> None:
    both = (Region(LEFT, "a red house", (card("anne"), card("cleo"))), Region(RIGHT, "a blue boat", (card("beth"),)))
    turned = (both[1], replace(both[0], cards=both[0].cards[::-1]))
    one, other = (drawn(host, patches=(patch_of(host, some),)) for some in (both, turned))
    assert (one == other).all()


# 6: the text side


def _read_by(host: EmbeddedHost, patch: LockPatch) -> list[Tensor]:
    """What each region's cross-attention is given to read in one attention."""
    seen: list[Tensor] = []
    layer = "input_blocks.1.1.transformer_blocks.0.attn2.to_k"

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            denoiser.hook(layer, lambda module, inputs, output: seen.append(inputs[0].clone()))

    denoised(host, [Look(), patch])
    return seen[:3]  # what follows is asked again, to measure


def test_another_concept_s_text_side_changes_no_bit_of_what_a_region_reads(host: EmbeddedHost) -> None:
    """Test 6: whole rows, [base and negative], then the regions one by one."""

    def regions(other: str, weight: float = 1.0) -> list[Region]:
        first = Region(LEFT, "a red house", (card("anne-text"),))
        return [first, Region(RIGHT, "a blue boat", (card(other, text=weight),))]

    found = [_read_by(host, patch_of(host, regions(name))) for name in ("beth-text", "cleo-text")]
    plain = _read_by(host, patch_of(host, []))
    assert [len(one) for one in (*found, plain)] == [3, 3, 1]
    assert torch.equal(found[0][0], plain[0]) and torch.equal(found[1][0], plain[0])  # base and negative prompt
    assert torch.equal(found[0][1], found[1][1])  # the first region
    assert not torch.equal(found[0][2], found[1][2])
    silent = _read_by(host, patch_of(host, regions("beth-text", 0.0)))
    assert torch.equal(silent[1], found[0][1]) and not torch.equal(silent[2], found[0][2])
    wanted = contexts(host.model(), ["a red house", "a blue boat"])
    assert torch.equal(silent[2], wanted[1])


# 7: one pass against N passes


@pytest.mark.parametrize("name", ["input_blocks.1.1", "middle_block.1", "output_blocks.11.1"])
def test_cross_attention_equals_a_pass_for_each_region_pasted_by_its_mask(host: EmbeddedHost, name: str) -> None:
    """Test 7. The oracle asks the network's own attention, with one region's LoRA merged into its weights at a time."""
    attention = f"{name}.transformer_blocks.0.attn2"
    module = host.model().layers[attention]
    regions = [
        Region(Box(0, 0, 0.45, 1), "a red house", (card("anne", unet=0.7),)),
        Region(Box(0.3, 0, 1, 0.8), "a boat", (card("beth"),)),
    ]
    patch = patch_of(host, regions, feather=24)
    luck = torch.Generator().manual_seed(2)
    x = torch.randn(2, LATENT.area, module.to_q.in_features, generator=luck)
    base = torch.cat(contexts(host.model(), [PROMPT, NEGATIVE]))
    with torch.no_grad(), attached(host, [patch], cond_first(LATENT)):
        mine = module(x, encoder_hidden_states=base)
    shares = patch.levels.of(LATENT, "cpu")[16, 16].reshape(3, -1, 1)
    assert ((shares > 0) & (shares < 1)).any()  # soft edges are compared as well
    read = contexts(host.model(), [region.prompt for region in regions])
    with torch.no_grad():
        plain = module(x, encoder_hidden_states=base)
        wanted = shares[2] * plain[:1]
        for n, region in enumerate(regions):
            with merged(host, attention, region.cards[0]):
                wanted = wanted + shares[n] * module(x[:1], encoder_hidden_states=read[n])
    assert off(wanted, plain[:1]) > 0.05
    assert off(mine[:1], wanted) <= 1e-6
    assert torch.equal(mine[1], plain[1])


class merged:  # noqa: N801 - reads as a verb
    def __init__(self, host: EmbeddedHost, attention: str, one: ConceptCard) -> None:
        parts = read(host, one.files[0])[one.files[0]].parts
        layers = host.model().layers
        self.weights = [(layers[p.layer].weight, one.unet * part.scale * part.w["up"] @ part.w["down"])
                        for p, part in parts.items() if p.layer.startswith(attention + ".")]  # fmt: skip
        self.kept = [weight.clone() for weight, _ in self.weights]

    def __enter__(self) -> None:
        assert len(self.weights) == 4
        for weight, change in self.weights:
            weight += change

    def __exit__(self, *_: object) -> None:
        for (weight, _), kept in zip(self.weights, self.kept, strict=True):
            weight.copy_(kept)


# 10: cost


def test_there_are_as_many_calls_as_without(host: EmbeddedHost) -> None:
    counted = []
    handle = host.model().unet.register_forward_pre_hook(lambda *_: counted.append(1))
    try:
        drawn(host)
        plain = len(counted)
        patch = pair(host, dial=Dial(8, 1))
        drawn(host, patches=(patch,))
    finally:
        handle.remove()
    assert plain == JOB.steps and len(counted) == 2 * plain == 2 * patch.report.calls


def test_branches_cost_what_their_ranks_cost(host: EmbeddedHost) -> None:
    """Multiplications counted by torch, against Σ r (in + out) for every cell of every layer."""
    from torch.utils.flop_counter import FlopCounterMode

    layers = adapted(host.model().layers, r"attn1|ff|proj_|in_layers|out_layers|skip|op|conv")
    layers = {name: module for name, module in layers.items() if "emb" not in name}
    files = {}
    for n, name in enumerate(("a", "b")):
        path = lock_files.lora(host.root / f"{name}.safetensors", layers, n, rank=8)
        files[name] = adapters.read(path)
    regions = tuple(Region(box, "", (ConceptCard(n, (n,)),)) for n, box in (("a", LEFT), ("b", RIGHT)))
    cells = _cells(host)
    theory = 16 * sum((m.weight[0].numel() + m.weight.shape[0]) * cells[name] for name, m in layers.items())
    counts = []
    for patches in ([], [LockPatch(Lock(PROMPT, regions=regions), SIZE, files)]):
        call = _caller(host)
        with torch.no_grad(), attached(host, patches, cond_first(LATENT)):
            call()  # the first one also measures
            with FlopCounterMode(display=False) as counter:
                call()
        counts.append(counter.get_total_flops() / 2)
    assert counts[1] - counts[0] == pytest.approx(theory, rel=0.1)
    assert patches[0].report.added == pytest.approx(theory, rel=1e-6)


def _caller(host: EmbeddedHost) -> Any:
    x, context = torch.randn(2, 4, *LATENT), torch.randn(2, 77, 32)
    return lambda: host.model().unet(x, 500, context, return_dict=False)[0]


def _cells(host: EmbeddedHost) -> dict[str, int]:
    found: dict[str, int] = {}

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            for name in adapted(denoiser.layers):
                denoiser.hook(
                    name, lambda m, i, o, name=name: found.__setitem__(name, o[0].numel() // m.weight.shape[0])
                )

    denoised(host, [Look()])
    return found


# 12: weights that are stored in eight bits


def test_two_concepts_act_on_weights_stored_in_fp8(host: EmbeddedHost) -> None:
    """Test 12. The webui keeps eight bits and computes in more; its own way applies only the last LoRA then."""
    name = "input_blocks.4.1.transformer_blocks.0.ff.net.2"
    module = host.model().layers[name]
    kept = module.weight.data
    stored = kept.to(torch.float8_e4m3fn)

    class Wide(torch.nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return torch.nn.functional.linear(x, self.weight.to(x.dtype), self.bias)

    plain, regions = type(module), [Region(WHOLE, "", (card("anne"), card("beth")))]
    files = read(host, "anne", "beth")
    x = torch.randn(2, 64, module.in_features, generator=torch.Generator().manual_seed(1))
    wanted = torch.nn.functional.linear(x, stored.float(), module.bias)
    for one in files.values():
        part = one.parts[adapters.Place("unet", name)]
        wanted = wanted + (x @ part.w["down"].T) @ part.w["up"].T * part.scale
    try:
        module.weight.data, module.__class__ = stored, Wide
        with torch.no_grad(), attached(host, [patch_of(host, regions)], cond_first(LATENT)):
            found = module(x)[:1]
    finally:
        module.weight.data, module.__class__ = kept, plain
    assert off(found, wanted[:1]) <= 2**-4  # a step of fp8
    assert off(found, wanted[:1]) <= 1e-5  # as it is: the branches never see eight bits


@pytest.mark.parametrize("kind", ["DoRA out", "LoHa", "OFT"])
def test_kinds_with_whole_weights_read_fp8_too(host: EmbeddedHost, kind: str, tmp_path: Path) -> None:
    name = "input_blocks.4.1.transformer_blocks.0.ff.net.2"
    module = host.model().layers[name]
    made = adapters.read(lock_files.adapter(tmp_path / "x.safetensors", {name: module}, kind, 3))
    patch = LockPatch(Lock(PROMPT, regions=(Region(WHOLE, "", (ConceptCard("x", ("x",)),)),)), SIZE, {"x": made})
    kept, found = module.weight.data, []
    for weight in (kept, kept.to(torch.float8_e4m3fn).float(), kept.to(torch.float8_e4m3fn)):
        module.weight.data = weight
        try:
            with torch.no_grad(), attached(host, [patch], cond_first(LATENT)) as denoiser:
                (after,) = denoiser.layers[name]._forward_hooks.values()
                x = torch.ones(2, 64, module.in_features)
                found.append(after(module, (x,), torch.zeros(2, 64, module.out_features)))
        finally:
            module.weight.data = kept
    assert torch.equal(found[1], found[2]) and off(found[2], found[0]) <= 2**-3 and found[2][0].abs().max() > 0


# 13: invalid numbers


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("role", ["down", "up"])
def test_invalid_numbers_of_one_concept_stay_in_its_mask(host: EmbeddedHost, number: float, role: str) -> None:
    files = read(host, "anne", "beth")
    bad = {
        place: type(part)({**part.w, role: part.w[role] * number}, part.scale)
        for place, part in files["anne"].parts.items()
    }
    regions = (Region(LEFT, "", (card("anne"),)), Region(RIGHT, "", (card("beth"),)))
    lock = Lock(PROMPT, regions=regions)
    found = _answers(host, [LockPatch(lock, SIZE, {**files, "anne": replace(files["anne"], parts=bad)})], LATENT)
    good = _answers(host, [LockPatch(lock, SIZE, files)], LATENT)
    inside = 0
    for name, answer in found.items():
        assert torch.isfinite(_outside(answer, LATENT)).all(), name
        assert off(_outside(answer, LATENT), _outside(good[name], LATENT)) <= 1e-6, name
        assert torch.equal(answer[1], good[name][1]), name
        inside += not torch.isfinite(answer[0]).all()
    assert inside > 50


# beside the eighteen


def test_odd_sizes_batches_and_img2img_work(host: EmbeddedHost) -> None:
    from PIL import Image

    size = Extent(133, 101)
    regions = (Region(LEFT, "a red house", (card("anne"),)), Region(RIGHT, "", (card("beth"),)))
    lock = Lock(PROMPT, regions=regions, feather=6)

    def patch() -> LockPatch:
        return LockPatch(lock, size, read(host, "anne", "beth"), NEGATIVE, Dial(8, 1))

    made = host.generate(replace(JOB, size=size, batch=2, count=2, patches=(one := patch(),)))
    assert len(made.pictures) == 4 and made.pictures[0].size == size and one.report.clean
    alone = np.asarray(drawn(host, size=size, seed=42, patches=(patch(),)))
    assert np.abs(alone - np.asarray(made.pictures[1], int)).max() <= 1
    picture = Image.new("RGB", size, (90, 40, 10))
    assert (drawn(host, size=size, init=picture, patches=(patch(),)) != drawn(host, size=size, init=picture)).any()


def test_each_latent_has_masks_of_its_own_in_one_run(host: EmbeddedHost) -> None:
    """As in a hires pass: the same patch, first at one size, then at another."""
    now, patch = cond_first(Extent(16, 16)), pair(host)
    luck = torch.Generator().manual_seed(0)
    read_ = torch.cat(contexts(host.model(), [PROMPT, NEGATIVE]))
    found = []
    with torch.no_grad(), attached(host, [patch], now):
        for latent in (Extent(16, 16), Extent(24, 20), Extent(20, 24)):
            now.latent = latent
            x = torch.randn(1, 4, latent.height, latent.width, generator=luck).repeat(2, 1, 1, 1)
            found.append(host.model().unet(x, 500, read_, return_dict=False)[0])
    assert all(torch.isfinite(one).all() for one in found) and patch.report.clean and patch.report.calls == 3


def test_a_picture_divided_otherwise_is_refused(host: EmbeddedHost) -> None:
    module = host.model().layers["input_blocks.1.1.transformer_blocks.0.attn1.to_q"]
    refused = pytest.raises(UserError, match="Turn off token merging")
    with torch.no_grad(), attached(host, [pair(host)], cond_first(LATENT)), refused:
        module(torch.zeros(2, 100, module.in_features))


def test_a_file_for_another_model_is_refused_before_anything_runs(host: EmbeddedHost, tmp_path: Path) -> None:
    wide = {"input_blocks.1.1.transformer_blocks.0.attn1.to_q": torch.nn.Linear(64, 64)}
    made = adapters.read(lock_files.lora(tmp_path / "wide.safetensors", wide, 1))
    patch = LockPatch(Lock(regions=(Region(LEFT, "", (ConceptCard("W", ("w",)),)),)), SIZE, {"w": made})
    with pytest.raises(UserError, match="“W” is made for another kind of model"):
        drawn(host, patches=(patch,))
    assert (drawn(host) == drawn(host)).all()


def test_layers_without_a_place_are_named_in_the_report(host: EmbeddedHost, tmp_path: Path) -> None:
    layers = adapted(host.model().layers, r"input_blocks\.1\.")
    more = {"input_blocks.1.1.transformer_blocks.7.attn1.to_q": torch.nn.Linear(32, 32)}
    made = adapters.read(lock_files.lora(tmp_path / "more.safetensors", layers | more, 1))
    patch = LockPatch(Lock(regions=(Region(LEFT, "", (ConceptCard("M", ("m",)),)),)), SIZE, {"m": made})
    denoised(host, [patch])
    (line,) = patch.report.lines
    assert line.missed == ["unet: input_blocks.1.1.transformer_blocks.7.attn1.to_q"]
    assert line.off == 1 and line.matched == len(layers) - 1
    assert any("transformer_blocks.7" in text for text in patch.report.told(str))


def test_rows_in_any_order_are_known_by_their_names(host: EmbeddedHost) -> None:
    """Forge may hand over the negative prompt's rows first, A1111 one kind at a time."""
    forward = denoised(host, [pair(host)])
    model, luck = host.model(), torch.Generator().manual_seed(0)
    x = torch.randn(1, 4, 16, 16, generator=luck)
    read_ = torch.cat(contexts(model, [PROMPT, NEGATIVE]))
    for rows, order in ((("uncond", "cond"), [1, 0]), (("cond",), [0]), (("uncond",), [1])):
        with torch.no_grad(), attached(host, [pair(host)], Now(0, 1, 1.0, rows, LATENT)):
            made = model.unet(x.repeat(len(order), 1, 1, 1), 500, read_[order], return_dict=False)[0]
        for at, row in enumerate(order):
            assert off(made[at], forward[row]) <= 1e-5


def test_sdxl_is_locked_with_both_its_encoders(tmp_path: Path) -> None:
    home = EmbeddedHost(tmp_path)
    tiny.tiny_sdxl(home.folder("checkpoint") / "xl.safetensors")
    layers, texts = adapted(home.model().layers), lock_files.texts_of(home).layers
    for seed, name in enumerate(("anne", "beth"), 21):
        path = lock_files.lora(home.folder("lora") / f"{name}.safetensors", layers, seed, texts=texts)
        assert {place.target for place in adapters.read(path).parts} == {"unet", "te1", "te2"}
    plain, patch = drawn(home), pair(home, dial=Dial(8, 1))
    made = drawn(home, patches=(patch,))
    assert (made != plain).any() and patch.report.clean
    assert all(line.inside > 0 and not line.missed for line in patch.report.lines)
    assert (drawn(home) == plain).all()


def test_linear_layers_of_a_host_s_own_class_are_known(host: EmbeddedHost) -> None:
    """Forge's are torch.nn.Module by birth."""

    class Linear(torch.nn.Module):
        def __init__(self, like: torch.nn.Linear) -> None:
            super().__init__()
            self.in_features, self.out_features = like.in_features, like.out_features
            self.weight, self.bias = like.weight, like.bias

        def forward(self, x: Tensor) -> Tensor:
            return torch.nn.functional.linear(x, self.weight, self.bias)

    name = "input_blocks.4.1.transformer_blocks.0.ff.net.2"
    own = host.model().layers[name]
    x = torch.randn(2, 64, own.in_features)
    found = []
    for layer in (own, Linear(own)):
        with torch.no_grad(), attached(host, [], cond_first(LATENT)) as denoiser:
            denoiser.layers = {**denoiser.layers, name: layer}
            pair(host).attach(denoiser)
            found.append(layer(x).clone())
    assert torch.equal(*found) and not torch.equal(found[0], own(x))


def test_what_a_prompt_asks_of_the_host_is_not_read_as_words(host: EmbeddedHost) -> None:
    regions = (Region(LEFT, "", (card("anne", triggers="anne woman"),)), Region(RIGHT, "", (card("beth"),)))
    found = []
    for prompt in (PROMPT, PROMPT + "<lora:cleo:0>"):
        patch = LockPatch(Lock(prompt, regions=regions), SIZE, read(host, "anne", "beth"))
        found.append(_read_by(host, patch)[1])
    assert torch.equal(found[0], contexts(host.model(), ["anne woman, " + PROMPT])[0]) and torch.equal(*found)


def test_layers_alike_share_what_is_spread_over_their_ranks(host: EmbeddedHost) -> None:
    """Test 10, memory: beside the files' own tensors a lock holds one spread for each level, not for each layer."""
    from atelier_concept_lock.session import Session

    held: list[Session] = []
    real = Session.watch
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "watch", lambda self: (held.append(self), real(self))[1])
        denoised(host, [pair(host)])
    spreads = [shares for shares, _ in held[0]._spread.values()]
    assert 4 <= len(spreads) <= 2 * 5  # tokens and maps, at most one each for every level
    lora = sum(
        t.numel() for file in read(host, "anne", "beth").values() for p in file.parts.values() for t in p.w.values()
    )
    assert sum(one.numel() for one in spreads) < lora / 10


def test_attention_that_another_extension_replaced_is_said(host: EmbeddedHost) -> None:
    """Its hooks do not come by then."""

    class Replacing:
        name = "replacing"

        def attach(self, denoiser: Any) -> None:
            home = "output_blocks.99.1.transformer_blocks.0.attn2"
            known = "output_blocks.11.1.transformer_blocks.0.attn2"
            parts = ("", ".to_q", ".to_k", ".to_v", ".to_out.0")
            never = {home + part: copy.deepcopy(denoiser.layers[known + part]) for part in parts}
            denoiser.layers = {**denoiser.layers, **never}

    for patches, count in (([], 0), ([Replacing()], 1)):
        patch = pair(host)
        denoised(host, [*patches, patch])
        assert [str(note)[:35] for note in patch.report.notes] == ["Another extension replaces the model"[:35]] * count
