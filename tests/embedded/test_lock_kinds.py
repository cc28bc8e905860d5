"""Concepts that are no LoRA: learnt words, hypernetworks, whole checkpoints, each confined to its region."""

from __future__ import annotations

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
from atelier_concept_lock import named
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.patch import LockPatch
from atelier_concept_lock.regions import Box, Lock, Region
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job
from lock_files import adapted, denoised
from safetensors.torch import save_file

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
    from safetensors.torch import load_file

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
