"""The small model that comes along: it draws where there is no other, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import torch
from atelier_core import sides
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import app, dollhouse, drawing
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job

from dollhouse import grammar, home


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    """A host with the family, which has learnt nothing, and no other model."""
    root = tmp_path_factory.mktemp("root")
    torch.manual_seed(6)
    for name in ("vae", "text", "unet", "inpaint"):
        home.kept(name, home.made(name), root / "models" / "dollhouse")
    return EmbeddedHost(root)


def test_it_draws_where_there_is_no_other_model(bare: EmbeddedHost) -> None:
    prompt, _ = dollhouse.examples(bare)[0]
    result = bare.generate(Job(prompt=prompt, size=Extent(192, 192), steps=2, seed=3))
    assert result.pictures[0].size == (192, 192)
    assert "dollhouse" in result.infotexts[0]


def test_its_nine_channels_repaint(bare: EmbeddedHost) -> None:
    luck = torch.Generator().manual_seed(4)
    noise = torch.randint(0, 256, (192, 192, 3), generator=luck, dtype=torch.uint8).numpy()
    from PIL import Image

    init, mask = Image.fromarray(noise), Image.new("L", (192, 192))
    mask.paste(255, (64, 64, 128, 128))
    job = Job(prompt="a hat", size=Extent(192, 192), steps=2, seed=3, init=init, mask=mask, denoise=1.0)
    made = bare.generate(Job(**{**job.__dict__, "checkpoint": "dollhouse-inpainting"})).pictures[0]
    box = (72, 72, 120, 120)
    assert made.crop(box).tobytes() != init.crop(box).tobytes()


def test_it_says_so_and_offers_what_it_understands(bare: EmbeddedHost) -> None:
    assert "dollhouse" in app._hint(bare)
    assert dollhouse.draws(bare)
    panel_side = sides.first_side(bare)
    assert panel_side == 192
    for prompt, _ in dollhouse.EXAMPLES:
        said = grammar.parse(prompt)
        assert said["people"][0]["expression"]
        assert said["background"]
    assert panel_side >= drawing.LEAST_SIDE


def test_in_korean_the_examples_are_called_in_korean(bare: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EmbeddedHost, "language", "ko")
    labels, prompts = zip(*dollhouse.examples(bare), strict=True)
    assert "해변에서" in labels[0]
    assert prompts == tuple(prompt for prompt, _ in dollhouse.EXAMPLES)


def test_a_users_own_model_takes_precedence(bare: EmbeddedHost) -> None:
    own = tiny.tiny_sd15(bare.root / "models" / "Stable-diffusion" / "mine.safetensors")
    try:
        assert not dollhouse.draws(bare)
        assert app._hint(bare) == ""
        assert sides.first_side(bare) == sides.USUAL
        assert bare.shelf.checkpoint("").name == "mine"
    finally:
        own.unlink()


def test_where_nothing_is_the_folder_for_models_is_named(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    assert "Stable-diffusion" in app._hint(host)
    assert not dollhouse.draws(host)
    assert sides.first_side(host) == sides.USUAL
