"""Two learnt dolls in one picture, drawn in every way on a family that has learnt nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from atelier_concept_lock.regions import lock_of
from atelier_core.hosts.embedded import loras
from atelier_core.hosts.embedded.encode import contexts
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from atelier_core.patches import hooks_on
from lock_files import adapted, lora

from dollhouse import home
from dollhouse.measure import __main__ as command
from dollhouse.measure import ways
from dollhouse.measure.pair import DOLLS, Concept, Meeting, concepts, meeting
from dollhouse.measure.taught import host_of
from dollhouse.measure.ways import Brush

FEW, SEEDS = Brush(steps=2, cfg=1.0), [0, 1]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("family")
    torch.manual_seed(6)
    for name in ("vae", "text", "unet"):
        home.kept(name, home.made(name), folder)
    shutil.copy(home.HOME / "readers.safetensors", folder)
    return folder


@pytest.fixture(scope="module")
def host(family: Path, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    made = host_of(family, tmp_path_factory.mktemp("out"))
    for seed, name in enumerate(("one", "other")):
        lora(made.folder("lora") / f"{name}.safetensors", adapted(made.model().layers, "attn1|ff"), seed)
    return made


def met(left: str = "one", right: str = "other") -> Meeting:
    known = meeting(0, concepts(DOLLS))
    one, other = (Concept(concept.doll, file) for concept, file in zip(known.both, (left, right), strict=True))
    return Meeting(known.scene, (one, other))


class Alike(Meeting):
    """Whatever is asked for, the same words."""

    def prompt(self, *named: int) -> str:
        return "a girl on a beach"


def alike(left: str, right: str) -> Alike:
    known = met(left, right)
    return Alike(known.scene, known.both)


def test_two_passes_of_one_concept_are_the_hosts_own_picture(host: EmbeddedHost) -> None:
    hooks = hooks_on(host.model().unet)
    passed = ways.by_passes(host, FEW, alike("one", "one"), SEEDS)
    plain = ways.drawn(host, FEW.job("a girl on a beach <lora:one:1>", SEEDS))
    bare = ways.drawn(host, FEW.job("a girl on a beach", SEEDS))
    for a, b, c in zip(passed, plain, bare, strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1
        assert np.abs(a.astype(int) - c).max() > 8
    assert hooks_on(host.model().unet) == hooks


def test_each_half_of_a_call_is_its_own_concepts_and_the_negative_row_is_nobodys(host: EmbeddedHost) -> None:
    model, both = host.model(), met()
    x = torch.randn(2, 4, 24, 24, generator=torch.Generator().manual_seed(3))
    read = torch.cat(contexts(model, ["two girls", "blurry"]))

    def answer(rows: slice, read: torch.Tensor, concept: str = "") -> torch.Tensor:
        wishes = [
            loras.read(Wish(name, 1, 1), host.folder("lora") / f"{name}.safetensors", model)
            for name in [concept]
            if name
        ]
        with loras.applied(wishes):
            return model.unet(x[rows], 500, read, return_dict=False)[0]

    with torch.no_grad():
        with ways.passes(host, both, 1):
            made = model.unet(x, 500, encoder_hidden_states=read, return_dict=False)[0]
        left, right = (
            answer(slice(0, 1), contexts(model, [both.prompt(n)])[0], one) for n, one in ((0, "one"), (1, "other"))
        )
        plain = answer(slice(0, 2), read)
    assert torch.equal(made[:1, ..., :12], left[..., :12]) and torch.equal(made[:1, ..., 12:], right[..., 12:])
    assert torch.equal(made[1], plain[1])
    assert (left - right).abs().max() > 0.01


def test_the_lock_is_asked_for_two_halves_with_their_own_words(
    host: EmbeddedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = ways.run.generate
    monkeypatch.setattr(ways.run, "generate", lambda host, args: (asked.append(args), real(host, args))[1])
    (made,) = ways.locked(0.25, host, Brush(steps=1), met(), [7])
    lock = lock_of(asked[0].lock)
    assert made.shape == (192, 192, 3) and not list(host.outputs("concept-lock").glob("*.png"))
    assert [tuple(region.mask) for region in lock.regions] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]
    assert [card.files for card in lock.all_cards()] == [("one",), ("other",)] and lock.dial == 0.25
    assert "juno girl" in lock.regions[0].prompt and "oona girl" in lock.regions[1].prompt
    assert (asked[0].seed, asked[0].batch, asked[0].sampler) == (7, 1, "DDIM")


def test_the_whole_way_and_on_from_where_it_was(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = ["--lesson", "steps=2", "prior=0", "sample_steps=1", "--steps", "1", "--seeds", "2", "--batch", "2"]
    said = ["measure", "--lock", "--models", str(family), "--out", str(tmp_path / "out"), *lesson]
    monkeypatch.setattr(sys, "argv", said)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command.main()
    first = capsys.readouterr().out.splitlines()
    assert first[-1].startswith("lock: bleed_plain=") and first[-1].endswith(" n=2")
    assert "id_drawn" in "".join(first) and len(list((tmp_path / "out" / "pictures").glob("*.png"))) == 13

    def refused(*_: object) -> None:
        raise AssertionError("drawn twice")

    monkeypatch.setattr(EmbeddedHost, "generate", refused)
    command.main()
    again = capsys.readouterr().out.splitlines()
    assert again[-1] == first[-1]
    monkeypatch.setattr(sys, "argv", [*said, "--dials", "0,1"])
    with pytest.raises(AssertionError, match="drawn twice"):
        command.main()  # one more dial is one more way


def test_the_way_of_the_teaching(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lesson = ["--lesson", "steps=2", "class_pictures=1", "sample_steps=1", "rate=0.01", "--steps", "1"]
    said = ["measure", "--teach", "--models", str(family), "--out", str(tmp_path / "out"), "--seeds", "1", *lesson]
    monkeypatch.setattr(sys, "argv", said)
    monkeypatch.setattr(sys, "path", list(sys.path))
    command.main()
    told = dict(one.split("=") for one in capsys.readouterr().out.splitlines()[-1].removeprefix("teach: ").split())
    assert list(told) == ["identity", "drift_prior", "drift_plain", "minutes"]
    assert 0 < float(told["drift_prior"]) < 1 and float(told["minutes"]) > 0
