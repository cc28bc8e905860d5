"""Concepts that are no LoRA: learnt words, hypernetworks, whole checkpoints, each confined to its region."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
import tiny
import torch
from atelier_concept_lock import difference, hypernet, named, run
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job
from lock_files import adapted, denoised
from safetensors.torch import load_file, save_file

Tensor = torch.Tensor
SIZE = Extent(128, 128)
LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1)
PROMPT, NEGATIVE = "two women", "blurry"
WIDE = 32  # of the tiny text encoder
TO_K = "input_blocks.1.1.transformer_blocks.0.attn2.to_k"


def vectors(seed: int, count: int, wide: int = WIDE) -> Tensor:
    return torch.randn(count, wide, generator=torch.Generator().manual_seed(seed))


def word(host: EmbeddedHost, name: str, seed: int, count: int = 2) -> None:
    torch.save({"string_to_param": {"*": vectors(seed, count)}}, host.folder("embedding") / f"{name}.pt")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("kinds")))
    word(made, "annex", 1)
    word(made, "bethy", 2, count=3)
    return made


@contextmanager
def known_to_the_table(host: EmbeddedHost, spelled: dict[str, Tensor], number: int = 0) -> Iterator[None]:
    """The oracle: rows of the encoder's own table hold the vectors, under words of one token."""
    encoder = host.model().encoders[number]
    table, kept = encoder.text.get_input_embeddings().weight, None
    rows = [encoder.tokenizer(one, add_special_tokens=False).input_ids[0] for one in spelled]
    kept = table[rows].clone()
    try:
        table[rows] = torch.stack([*spelled.values()])
        yield
    finally:
        table[rows] = kept


def patch_of(
    host: EmbeddedHost, regions: Sequence[Region], cards: Sequence[ConceptCard] = (), **more: Any
) -> LockPatch:
    lock = Lock(**{"prompt": PROMPT, **more}, cards=tuple(cards), regions=tuple(regions))
    files = {name: named.read(host, name) for card in lock.all_cards() for name in card.files}
    return LockPatch(lock, SIZE, files, NEGATIVE)


def card(*files: str, **more: Any) -> ConceptCard:
    return ConceptCard("+".join(files), files, **more)


def read_by(host: EmbeddedHost, patch: LockPatch) -> list[Tensor]:
    """What cross-attention reads in one call: base and negative rows, then each region."""
    seen: list[Tensor] = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            denoiser.hook(TO_K, lambda module, inputs, output: seen.append(inputs[0].clone()))

    denoised(host, [Look(), patch], prompt=patch.lock.prompt)
    return seen


# learnt words in plain prompts


def test_a_plain_prompt_reads_words_of_the_folder(host: EmbeddedHost) -> None:
    model, two, three = host.model(), vectors(1, 2), vectors(2, 3)
    spelled = {"sks": two[0], "hta": two[1], "olis": three[0], "lun": three[1], "rcn": three[2]}
    mine = contexts(model, ["an annex on a (bethy:1.3), annex"])[0]
    with known_to_the_table(host, spelled):
        wanted = contexts(model, ["an sks hta on a (olis lun rcn:1.3), sks hta"])[0]
    assert torch.equal(mine, wanted)
    assert not torch.equal(mine, contexts(model, ["an sks hta on a (olis lun rcn:1.3), sks hta"])[0])


def test_a_word_is_not_torn_apart_by_the_end_of_a_chunk(host: EmbeddedHost) -> None:
    two = vectors(1, 2)
    mine = contexts(host.model(), ["cat " * 74 + "annex"])[0]
    with known_to_the_table(host, {"sks": two[0], "hta": two[1]}):
        wanted = contexts(host.model(), ["cat " * 74 + "BREAK sks hta"])[0]
    assert mine.shape == (1, 154, WIDE) and torch.equal(mine, wanted)


def test_a_new_file_is_read_and_a_bad_one_is_said(tmp_path: Path) -> None:
    host = EmbeddedHost(tiny.tiny_root(tmp_path))
    job = Job("a bethy", size=Extent(64, 64), steps=1, seed=3, sampler="Euler")
    before = host.generate(job)
    word(host, "bethy", 5)
    after = host.generate(job)
    assert (np.asarray(before.pictures[0]) != np.asarray(after.pictures[0])).any() and not after.notes
    save_file({"emb_params": vectors(1, 2, wide=40)}, host.folder("embedding") / "other.safetensors")
    (host.folder("embedding") / "empty.pt").write_bytes(b"")
    again = host.generate(replace(job, prompt="a bethy, empty, other"))
    assert sorted(again.notes) == [
        "The model file empty.pt is empty. Get it again.",
        "other.safetensors is made for another kind of model than the one that is loaded.",
    ]
    assert host.generate(job).pictures[0].tobytes() == after.pictures[0].tobytes()


# learnt words on cards


def test_a_card_s_word_stands_in_its_region_s_prompt(host: EmbeddedHost) -> None:
    """The prompt gets the word that it lacks."""
    two = vectors(1, 2)
    patch = patch_of(host, [Region(LEFT, "a red house", (card("embedding:annex"),)), Region(RIGHT, "a blue boat")])
    found = read_by(host, patch)
    with known_to_the_table(host, {"sks": two[0], "hta": two[1]}):
        wanted = contexts(host.model(), ["sks hta, a red house", "a blue boat"])
    assert torch.equal(found[1], wanted[0]) and torch.equal(found[2], wanted[1])
    assert patch.report.lines[0].words == ["annex"] and not patch.report.notes


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_its_weight_is_the_emphasis_of_the_word(host: EmbeddedHost, weight: float) -> None:
    two, said = vectors(1, 2), "an old Annex, annexes"
    found = read_by(host, patch_of(host, [Region(LEFT, said, (card("embedding:annex", text=weight),))]))
    with known_to_the_table(host, {"sks": two[0], "hta": two[1]}):
        wanted = contexts(host.model(), ["an old (sks hta:0.7), annexes"])[0]
    assert torch.equal(found[1], contexts(host.model(), [said])[0]) if not weight else torch.equal(found[1], wanted)


def test_another_region_s_word_changes_no_bit_of_what_a_region_reads(host: EmbeddedHost) -> None:
    """Test 6, also where the other prompt grows by a whole chunk."""

    def found(other: str, more: str = "") -> list[Tensor]:
        one = Region(LEFT, "a red house, annex", (card("embedding:annex"),))
        return read_by(host, patch_of(host, [one, Region(RIGHT, "a boat" + more, (card(other),))]))

    first, second = found("embedding:annex"), found("embedding:bethy")
    longer = found("embedding:bethy", " bethy" * 30)
    for other in (second, longer):
        assert torch.equal(first[0], other[0]) and torch.equal(first[1], other[1])  # base, negative, first region
        assert first[2].shape != other[2].shape or not torch.equal(first[2], other[2])
    assert longer[2].shape[1] == 2 * first[2].shape[1]
    assert torch.equal(first[0], torch.cat(contexts(host.model(), [PROMPT, NEGATIVE])))


def test_a_card_that_acts_everywhere_has_its_word_in_every_prompt(host: EmbeddedHost) -> None:
    two = vectors(1, 2)
    found = read_by(host, patch_of(host, [Region(LEFT, "an annex", ())], [card("embedding:annex")]))
    with known_to_the_table(host, {"sks": two[0], "hta": two[1]}):
        wanted = contexts(host.model(), ["sks hta, two women", "an sks hta"])
    assert any(torch.equal(one, wanted[0]) for one in found) and any(torch.equal(one, wanted[1]) for one in found)


def test_words_within_a_lora_act_where_they_stand(host: EmbeddedHost) -> None:
    layers = adapted(host.model().layers, r"attn1\.to_q")
    path = lock_files.lora(host.folder("lora") / "pair.safetensors", layers, 4)
    bundled = {"bundle_emb.Jane.string_to_param.*": vectors(7, 1), "bundle_emb.john doe.emb_params": vectors(8, 2)}
    save_file({**load_file(path), **bundled}, path)
    patch = patch_of(host, [Region(LEFT, "jane on a hill", (card("pair"),))])
    found = read_by(host, patch)
    with known_to_the_table(host, {"sks": vectors(7, 1)[0]}):
        assert torch.equal(found[1], contexts(host.model(), ["sks on a hill"])[0])
    assert patch.report.lines[0].words == ["Jane", "john doe"]
    assert [str(note) for note in patch.report.notes] == [
        "The word “john doe” stands in no prompt of its card and does nothing."
    ]


def test_where_the_webui_reads_a_word_by_itself_it_is_said(host: EmbeddedHost) -> None:
    regions = [Region(LEFT, "an annex", (card("embedding:annex"),)), Region(RIGHT, "another annex")]
    patch = patch_of(host, regions)
    denoised(host, [patch])
    assert "“annex” also stands in a prompt that is not its card's" in str(patch.report.notes[0])


def test_a_word_to_be_shunned_is_not_put_into_the_prompt(host: EmbeddedHost) -> None:
    found = read_by(host, patch_of(host, [Region(LEFT, "a house", (card("embedding:annex", negative="annex"),))]))
    assert torch.equal(found[1], contexts(host.model(), ["a house"])[0])


def test_a_word_for_another_model_is_refused(host: EmbeddedHost) -> None:
    save_file({"clip_l": vectors(1, 2), "clip_g": vectors(1, 2)}, host.folder("embedding") / "large.safetensors")
    with pytest.raises(UserError, match="another kind of model"):
        denoised(host, [patch_of(host, [Region(LEFT, "large", (card("embedding:large"),))])])


def test_sdxl_reads_a_word_with_both_encoders(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    tiny.tiny_sdxl(tmp_path / "models" / "Stable-diffusion" / "xl.safetensors")
    one, other = vectors(1, 2), vectors(2, 2)
    save_file({"clip_l": one, "clip_g": other}, host.folder("embedding") / "annex.safetensors")
    (mine,) = contexts(host.model(), ["an annex"])
    spelled = ({"sks": one[0], "hta": one[1]}, {"sks": other[0], "hta": other[1]})
    with known_to_the_table(host, spelled[0]), known_to_the_table(host, spelled[1], 1):
        (wanted,) = contexts(host.model(), ["an sks hta"])
    assert torch.equal(mine, wanted)
    locked = patch_of(host, [Region(LEFT, "an annex", (card("embedding:annex"),))])
    seen: list[Tensor] = []
    denoiser = lock_files.attached(host, [locked], lock_files.cond_first(lock_files.LATENT))
    with torch.no_grad(), denoiser:
        seen += denoiser.encode(["an annex"])
    assert torch.equal(seen[0], wanted)


# hypernetworks

NARROW, BROAD = 32, 64  # widths of the tiny network's attentions; what they read of prompts has the first
ATTENTION = re.compile(r"\.(attn[12])\.to_([kv])$")


def hypernetwork(host: EmbeddedHost, name: str, seed: int, widths: Sequence[int] = (NARROW, BROAD), **told: Any) -> Any:
    """As the webui saves one: for each width two networks of two layers."""
    luck = torch.Generator().manual_seed(seed)

    def net(width: int) -> dict[str, Tensor]:
        shapes = {"linear.0.weight": (2 * width, width), "linear.0.bias": (2 * width,),
                  "linear.2.weight": (width, 2 * width), "linear.2.bias": (width,)}  # fmt: skip
        return {key: torch.randn(shape, generator=luck) * 0.5 / shape[-1] ** 0.5 for key, shape in shapes.items()}

    state: dict[Any, Any] = {width: (net(width), net(width)) for width in widths}
    plain = {"layer_structure": [1, 2, 1], "activation_func": "relu", "activate_output": False, "name": name}
    torch.save({**state, **plain, **told}, host.folder("hypernetwork") / f"{name}.pt")
    return state


class Everywhere:
    """The oracle: the webui's way, for both rows and every token, x + net(x)."""

    name = "everywhere"

    def __init__(self, state: Any, strength: float = 1.0) -> None:
        self.state, self.strength = state, strength

    def attach(self, denoiser: Any) -> None:
        for name in denoiser.layers:
            if found := ATTENTION.search(name):
                denoiser.before(name, self.bend("kv".index(found[2])))

    def bend(self, part: int) -> Any:
        def before(module: Any, inputs: Any) -> Any:
            x, net = inputs[0], self.state[inputs[0].shape[-1]][part]
            inner = (x.double() @ net["linear.0.weight"].T.double() + net["linear.0.bias"].double()).clamp(min=0)
            more = inner @ net["linear.2.weight"].T.double() + net["linear.2.bias"].double()
            return (x + self.strength * more.to(x.dtype), *inputs[1:])

        return before


def off(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def test_over_the_whole_picture_a_hypernetwork_is_the_webui_s(host: EmbeddedHost) -> None:
    state = hypernetwork(host, "hyper", 1)
    one = card("hypernetwork:hyper", unet=0.7)
    wanted, plain = denoised(host, [Everywhere(state, 0.7)]), denoised(host)
    placed = patch_of(host, [Region(Box(0, 0, 1, 1), "", (one,))], uncond=True)
    found = denoised(host, [placed]), denoised(host, [patch_of(host, [], [one], uncond=True)])
    assert off(wanted, plain) > 0.05
    assert off(found[0], wanted) <= 1e-5 and off(found[1], wanted) <= 1e-5
    (line,) = placed.report.lines
    assert line.matched == 32 and not line.missed and line.outside == 0 and line.inside > 0.01
    negative = denoised(host, [patch_of(host, [], [one])])
    assert torch.equal(negative[1], plain[1]) and not torch.equal(negative[0], plain[0])


def test_weight_0_and_other_times_change_no_bit(host: EmbeddedHost) -> None:
    hypernetwork(host, "hyper", 1)
    plain = denoised(host)
    for patch in (
        patch_of(host, [Region(LEFT, "", (card("hypernetwork:hyper", unet=0.0),))]),
        patch_of(host, [Region(LEFT, "", (card("hypernetwork:hyper"),))], start=0.5),
        patch_of(host, [], [card("hypernetwork:hyper")], start=0.5),
    ):
        assert torch.equal(denoised(host, [patch]), plain)


def keys_of(host: EmbeddedHost, patch: LockPatch) -> dict[str, list[Tensor]]:
    """What every layer of keys and values is given, each attention asked with one and the same input."""
    seen: dict[str, list[Tensor]] = {}

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            for name in denoiser.layers:
                if ATTENTION.search(name):
                    look = lambda m, i, o, name=name: seen.setdefault(name, []).append(i[0].clone())  # noqa: E731
                    denoiser.hook(name, look)

    luck = torch.Generator().manual_seed(3)
    latent = lock_files.LATENT
    with torch.no_grad(), lock_files.attached(host, [Look(), patch], lock_files.cond_first(latent)):
        for name, module in host.model().layers.items():
            if name.endswith((".attn1", ".attn2")):
                x = torch.randn(2, latent.area, module.to_q.in_features, generator=luck)
                context = torch.randn(2, 77, module.to_k.in_features, generator=luck)
                module(x, encoder_hidden_states=context if name.endswith("2") else None)
    return seen


def test_another_region_s_hypernetwork_reaches_no_key_and_no_value_of_a_region(host: EmbeddedHost) -> None:
    """Tests 1 and 6: prompts bit-equal, and cells outside the mask."""
    for seed, name in enumerate(("hyper", "other", "third")):
        hypernetwork(host, name, seed)

    def found(second: str) -> dict[str, list[Tensor]]:
        one, other = card("hypernetwork:hyper"), card(f"hypernetwork:{second}")
        return keys_of(host, patch_of(host, [Region(LEFT, "a house", (one,)), Region(RIGHT, "a boat", (other,))]))

    one, two = found("other"), found("third")
    bent = 0
    for name, seen in one.items():
        if ".attn2." in name:  # what the host reads, then region by region; what follows is asked again, to measure
            assert torch.equal(seen[0], two[name][0]) and torch.equal(seen[1], two[name][1]), name
            bent += not torch.equal(seen[2], two[name][2])
            continue
        (x,), (y,) = seen, two[name]
        left, right = ([z[0].reshape(16, 16, -1)[:, half] for z in (x, y)] for half in (slice(0, 8), slice(8, 16)))
        assert torch.equal(*left) and torch.equal(x[1], y[1]), name
        bent += not torch.equal(*right)
    assert bent == len(one) == 64


def test_two_in_one_region_follow_each_other(host: EmbeddedHost) -> None:
    first, second = hypernetwork(host, "hyper", 1), hypernetwork(host, "other", 2)
    one = card("hypernetwork:hyper", "hypernetwork:other")
    found = denoised(host, [patch_of(host, [Region(Box(0, 0, 1, 1), "", (one,))], uncond=True)])
    assert off(found, denoised(host, [Everywhere(first), Everywhere(second)])) <= 1e-5


@pytest.mark.parametrize(
    ("told", "layers"),
    [
        ({"activation_func": "linear"}, ["0", "1"]),
        ({"activation_func": "mish", "activate_output": True}, ["0", "2"]),
        ({"activation_func": "swish", "is_layer_norm": True}, ["0", "2", "3", "4"]),
        ({"activation_func": "tanh", "use_dropout": True, "last_layer_dropout": True, "layer_structure": [1, 2, 1]},
         ["0", "3"]),
        ({"activation_func": "relu", "dropout_structure": [0, 0.2, 0]}, ["0", "3"]),
        ({"activation_func": None}, ["linear1", "linear2"]),
    ],
)  # fmt: skip
def test_every_build_of_one_is_read(told: dict[str, Any], layers: list[str], tmp_path: Path) -> None:
    """`layers`: the places that have weights. A norm follows its layer and what activates it."""
    shapes: dict[str, tuple[int, ...]] = {}
    for n, place in enumerate(layers):
        name = place if place.startswith("linear") else f"linear.{place}"
        norm = told.get("is_layer_norm") and n in (1, 3)
        first = n < 2 if told.get("is_layer_norm") else n == 0
        out, into = (8, 4) if first else (4, 8)
        shapes |= {f"{name}.weight": (out,) if norm else (out, into), f"{name}.bias": (out,)}
    net = {name: torch.randn(shape) for name, shape in shapes.items()}
    torch.save({4: (net, net), "layer_structure": [1, 2, 1], "activate_output": False, **told}, tmp_path / "x.pt")
    first, second = hypernet.read(tmp_path / "x.pt")[4]
    x = torch.randn(3, 4)
    hidden = x @ net[next(iter(net))].T + net[[*net][1]]
    made = {
        "linear": lambda: hidden, None: lambda: hidden, "relu": lambda: hidden.clamp(min=0),
        "tanh": lambda: hidden.tanh(), "mish": lambda: hidden * torch.log1p(hidden.exp()).tanh(),
        "swish": lambda: hidden * (hidden + 3).clamp(0, 6) / 6,
    }[told["activation_func"]]()  # fmt: skip
    norm = torch.nn.functional.layer_norm
    tensors = [*net.values()]
    if told.get("is_layer_norm"):
        made = norm(made, (8,), tensors[2], tensors[3])
        wanted = norm(made @ tensors[4].T + tensors[5], (4,), tensors[6], tensors[7])
    else:
        wanted = made @ tensors[2].T + tensors[3]
    if told.get("activate_output"):
        wanted = wanted * torch.log1p(wanted.exp()).tanh()
    assert off(first(x), wanted) < 1e-5 and torch.equal(first(x), second(x))


def test_reading_one_draws_no_luck_and_takes_no_memory_for_what_it_only_claims(tmp_path: Path) -> None:
    net = {"linear.0.weight": torch.ones(8, 4), "linear.0.bias": torch.ones(8),
           "linear.1.weight": torch.ones(4, 8), "linear.1.bias": torch.ones(4)}  # fmt: skip
    torch.save({4: (net, net)}, tmp_path / "x.pt")
    before = torch.random.get_rng_state()
    hypernet.read(tmp_path / "x.pt")
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.save({4: (net, net), "layer_structure": [1, 1e7, 1e7, 1]}, tmp_path / "x.pt")  # 6 petabytes
    with pytest.raises(UserError, match="do not fit together") as refused:
        hypernet.read(tmp_path / "x.pt")
    assert "size mismatch" in str(refused.value.__cause__)


def test_what_is_no_hypernetwork_is_one_sentence(host: EmbeddedHost, tmp_path: Path) -> None:
    good = hypernetwork(host, "hyper", 1)
    net = good[NARROW][0]
    path = tmp_path / "x.pt"
    for state, sentence in (
        ({"name": "x"}, "no hypernetwork"),
        ({NARROW: net}, "do not fit together"),
        ({NARROW: (net, {**net, "linear.0.weight": net["linear.2.weight"]})}, "do not fit together"),
        ({NARROW: (net, net), "activation_func": "relu", "is_layer_norm": True}, "do not fit together"),
        ({NARROW: (net, net), "activation_func": "os.system"}, "“os.system”, which is not known"),
        ({NARROW: (net, net), "activation_func": "multiheadattention"}, "do not fit together"),
        ({NARROW: (net, net), "layer_structure": "wide"}, "do not fit together"),
        ({NARROW: (net, {**net, "linear.2.bias": net["linear.2.bias"] / 0}), "activation_func": "relu",
          "activate_output": False}, "invalid numbers"),
    ):  # fmt: skip
        torch.save(state, path)
        with pytest.raises(UserError, match=sentence):
            hypernet.read(path)
    hypernetwork(host, "strange", 1, widths=(24,))
    with pytest.raises(UserError, match="another kind of model"):
        denoised(host, [patch_of(host, [Region(LEFT, "", (card("hypernetwork:strange"),))])])


# whole checkpoints


def finetuned(path: Path, out: Path, seed: int, size: float = 0.3) -> dict[str, Tensor]:
    """The same model after a training of everything but what a lock leaves alone: layers of time, and the VAE."""
    luck, tensors = torch.Generator().manual_seed(seed), load_file(path)
    for key, tensor in tensors.items():
        kept = "time_embed" in key or "emb_layers" in key or "label_emb" in key or "first_stage" in key
        kept = kept or "embedding" in key or "text_projection" in key or "logit_scale" in key
        if not kept and "input_blocks.0.0" not in key:
            tensors[key] = tensor + torch.randn(tensor.shape, generator=luck) * size * tensor.std()
    save_file(tensors, out)
    return tensors


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    """A host whose loaded model has a fine-tuned one beside it."""
    host = EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("pair")))
    home = host.folder("checkpoint")
    finetuned(home / "tiny.safetensors", home / "zoe.safetensors", 3)
    host.config.keep({"atelier_embedded_checkpoint": "tiny"})
    return host


def denoised_by(host: EmbeddedHost, checkpoint: str) -> Tensor:
    host.config.keep({"atelier_embedded_checkpoint": checkpoint})
    try:
        return denoised(host)
    finally:
        host.config.keep({"atelier_embedded_checkpoint": "tiny"})


@pytest.mark.parametrize(("rank", "error"), [("@full", 1e-5), ("", 5e-3)])
def test_over_the_whole_picture_a_checkpoint_is_the_other_model(pair: EmbeddedHost, rank: str, error: float) -> None:
    """No layer of the tiny network has more directions than are kept: only rounding to half precision is lost."""
    wanted, plain = denoised_by(pair, "zoe"), denoised_by(pair, "tiny")
    patch = patch_of(pair, [Region(Box(0, 0, 1, 1), "", (card(f"checkpoint:zoe{rank}"),))], uncond=True)
    found = denoised(pair, [patch])
    (line,) = patch.report.lines
    assert off(wanted, plain) > 0.2 and off(found, wanted) <= error
    assert line.missed == [] and line.off == 0 and line.matched > 300 and line.outside == 0


def test_it_keeps_to_its_region(pair: EmbeddedHost) -> None:
    one = Region(LEFT, "a house", (card("checkpoint:zoe@full"),))
    patch = patch_of(pair, [one, Region(RIGHT, "a boat")])
    plain, found = denoised(pair, [patch_of(pair, [Region(RIGHT, "a boat")])]), denoised(pair, [patch])
    assert patch.report.clean and patch.report.lines[0].inside > 0.01
    assert torch.equal(found[1], plain[1]) and not torch.equal(found[0], plain[0])


def test_what_a_rank_loses_is_told_as_it_is(pair: EmbeddedHost) -> None:
    home = pair.folder("checkpoint")
    one, two = (load_file(home / f"{name}.safetensors") for name in ("tiny", "zoe"))
    whole = lost = 0.0
    for key, tensor in one.items():
        change = (two[key] - tensor).double()
        if tensor.ndim > 1 and change.any():
            sizes = torch.linalg.svdvals(change.flatten(1))
            whole, lost = whole + float(sizes.square().sum()), lost + float(sizes[4:].square().sum())
    patch = patch_of(pair, [Region(LEFT, "", (card("checkpoint:zoe@4"),))])
    denoised(pair, [patch])
    (note,) = patch.report.notes
    assert note.text == difference.LOST and note.values["rank"] == 4
    assert note.values["percent"] == pytest.approx(100 * (lost / whole) ** 0.5, abs=0.2)
    assert 20 < 100 * (lost / whole) ** 0.5 < 99


def test_a_difference_is_made_once_for_each_pair_and_rank(pair: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(name: str) -> Any:
        return named.read(pair, f"checkpoint:{name}")

    first = read("zoe@8")
    with monkeypatch.context() as patched:
        patched.setattr(difference, "_changes", None)
        again = read("zoe@8")
    assert all(
        torch.equal(again.parts[place].w[role], one.w[role]) for place, one in first.parts.items() for role in one.w
    )
    kept = pair.data("concept-lock") / "differences"
    before = {path.name for path in kept.iterdir()}
    zoe = pair.folder("checkpoint") / "zoe.safetensors"
    zoe.touch()  # as new
    read("zoe@8")
    assert {path.name for path in kept.iterdir()} > before and not list(kept.glob("*.part"))


def test_strong_directions_are_found_without_the_whole_spectrum() -> None:
    luck = torch.Generator().manual_seed(1)
    up, down = torch.randn(300, 5, generator=luck), torch.randn(5, 40 * 9, generator=luck)
    change = (up @ down + torch.randn(300, 360, generator=luck) * 0.01).reshape(300, 40, 3, 3)
    state = torch.random.get_rng_state()
    made = difference.reduced(change, 5)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert made[0].shape == (5, 40, 3, 3) and made[1].shape == (300, 5, 1, 1)
    left, sizes, right = torch.linalg.svd(change.flatten(1))
    best = left[:, :5] * sizes[:5] @ right[:5]
    assert off(made[1].flatten(1).float() @ made[0].flatten(1).float(), best) < 2e-3


QUERIES = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_q.weight"


def _outline(path: Path, wide: int, **more: Tensor) -> Path:
    keys = QUERIES.replace("to_q", "to_k")
    save_file({keys: torch.ones(4, wide), QUERIES: torch.ones(4, 4), **more}, path)
    return path


def test_a_checkpoint_of_another_build_is_refused_by_name(tmp_path: Path) -> None:
    base = _outline(tmp_path / "base.safetensors", 768)
    cases = [
        (_outline(tmp_path / "large.safetensors", 2048), "large.safetensors is made for SDXL.* loaded model is SD 1.5"),
        (_outline(tmp_path / "odd.safetensors", 768, **{QUERIES: torch.ones(5, 4)}), "in .*to_q.weight"),
        (tiny.tiny_lora(tmp_path / "lora.safetensors"), "lora.safetensors is no whole checkpoint"),
        (_outline(tmp_path / "nan.safetensors", 768, **{QUERIES: torch.full((4, 4), torch.nan)}), "invalid"),
        (tmp_path / "pickled.ckpt", "not a .safetensors file"),
    ]
    for path, sentence in cases:
        for rank in (difference.FULL, 8):
            with pytest.raises(UserError, match=sentence):
                difference.read(base, path, rank, tmp_path / "kept", lambda n, total: None)
    with pytest.raises(UserError, match="not a .safetensors file"):
        difference.read(tmp_path / "pickled.ckpt", base, 8, tmp_path / "kept", lambda n, total: None)
    assert not list((tmp_path / "kept").glob("*"))


def test_a_full_disk_keeps_no_half_difference(pair: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(tensors: Any, path: Path, metadata: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(difference, "save_file", full)
    with pytest.raises(UserError, match="could not be kept"):
        named.read(pair, "checkpoint:zoe@3")
    assert not list((pair.data("concept-lock") / "differences").glob("*.part"))


def test_sdxl_s_second_encoder_is_told_apart_into_its_projections(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    home = host.folder("checkpoint")
    tiny.tiny_sdxl(home / "base.safetensors")
    finetuned(home / "base.safetensors", home / "zoe.safetensors", 4)
    host.config.keep({"atelier_embedded_checkpoint": "zoe"})
    (wanted,) = contexts(host.model(), ["a house"])
    host.config.keep({"atelier_embedded_checkpoint": "base"})
    (plain,) = contexts(host.model(), ["a house"])
    patch = patch_of(host, [Region(LEFT, "a house", (card("checkpoint:zoe@full"),))])
    seen: list[Tensor] = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            seen.append(patch._contexts(denoiser, *_matched(patch, denoiser))[0]["cond"])

    with torch.no_grad(), lock_files.attached(host, [Look()], lock_files.cond_first(lock_files.LATENT)):
        pass
    assert off(seen[0], wanted) <= 1e-5 < 0.1 < off(seen[0], plain)


def _matched(patch: LockPatch, denoiser: Any) -> Any:
    return patch._matched(denoiser, (), None), [patch._matched(denoiser, patch.lock.regions[0].cards, 0)]


def test_everything_that_a_card_can_name_is_listed(pair: EmbeddedHost) -> None:
    word(pair, "annex", 1)
    hypernetwork(pair, "hyper", 1)
    (pair.folder("hypernetwork") / "bad.pt").write_bytes(b"<html>")
    found = {one["name"]: one for one in run.listed(pair)}
    assert set(found) == {"twist", "embedding:annex", "hypernetwork:bad", "hypernetwork:hyper", "checkpoint:zoe"}
    assert found["embedding:annex"]["words"] == ["annex"] and found["hypernetwork:hyper"]["kinds"] == ["hypernetwork"]
    assert "bad.pt is not a model" in found["hypernetwork:bad"]["trouble"]
    assert found["checkpoint:zoe"]["kinds"] == ["checkpoint"] and found["checkpoint:zoe"]["layers"] > 100
    said = run.inspect(pair, "embedding:annex")
    assert said["autov2"] == hashlib.sha256((pair.folder("embedding") / "annex.pt").read_bytes()).hexdigest()[:10]
