"""The small family's folders and its export: the same networks under two sets of names."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from atelier_core.hosts.embedded import checkpoint
from atelier_core.hosts.embedded.shelf import Shelf
from atelier_core.sides import first_side

from dollhouse import TEST_POSES, core, export, home, nets, sheet
from dollhouse.measure import draw
from dollhouse.painter import Painter, Steps


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a training leaves it, but for the learning."""
    root = tmp_path_factory.mktemp("root")
    torch.manual_seed(5)
    for name in ("vae", "text", "unet", "inpaint", "openpose"):
        home.kept(name, home.made(name), root / "models" / "dollhouse")
    return root


def read(path: Path) -> Any:
    return checkpoint.load(path.stem, path, None, torch.float32, torch.float32)


def answers(model: Any, channels: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    luck = torch.Generator().manual_seed(3)
    noisy, picture = torch.randn(1, channels, 24, 24, generator=luck), torch.rand(1, 3, 64, 64, generator=luck) * 2 - 1
    words = model.encoders[0].tokenizer("a red hat", padding="max_length", max_length=77, return_tensors="pt").input_ids
    with torch.no_grad():
        meaning = model.encoders[0].text(words).last_hidden_state
        latent = model.vae.encode(picture).latent_dist.mean
        return model.unet(noisy, 500, meaning).sample, latent, model.vae.decode(latent).sample


@pytest.mark.parametrize(
    ("name", "unet", "channels"), [("dollhouse", "unet", 4), ("dollhouse-inpainting", "inpaint", 9)]
)
def test_the_folder_and_the_single_file_are_the_same_networks(
    family: Path, tmp_path: Path, name: str, unet: str, channels: int
) -> None:
    own = family / "models" / "dollhouse"
    parts = {"unet": home.opened(unet, own), "vae": home.opened("vae", own), "text": home.opened("text", own)}
    one = read(export.write(tmp_path, parts, name))
    other = read(own / "Stable-diffusion" / name)
    for a, b in zip(answers(one, channels), answers(other, channels), strict=True):
        assert a.abs().max() > 0
        assert (a - b).abs().max() <= 1e-4
    sides = [first_side(SimpleNamespace(loaded=lambda model=model: model)) for model in (one, other)]
    assert sides == [192, 192]


def test_a_host_finds_the_family_behind_the_users_own_files(family: Path) -> None:
    shelf = Shelf(family)
    assert [one.name for one in shelf.models("checkpoint")] == ["dollhouse", "dollhouse-inpainting"]
    assert [one.name for one in shelf.models("controlnet")] == ["dollhouse-openpose"]
    mine = family / "models" / "Stable-diffusion" / "zebra.safetensors"
    mine.parent.mkdir()
    mine.touch()
    assert [one.name for one in shelf.models("checkpoint")] == ["zebra", "dollhouse", "dollhouse-inpainting"]
    assert shelf.checkpoint("").name == "zebra"
    mine.unlink()


def test_the_family_is_small_enough(family: Path) -> None:
    for file in family.rglob("*.safetensors"):
        assert file.stat().st_size <= 40e6
    sizes = {file.parent.name: file.stat().st_size for file in family.rglob("*.safetensors")}
    controls = len(home.CONTROLS) - 1  # one is there already
    assert sum(sizes.values()) + sizes["unet"] + controls * sizes["dollhouse-openpose"] + 9e6 <= 80e6  # the small ones
    assert nets.alphas()[0] > 0.999


def test_a_painter_draws_the_same_twice_and_heeds_seed_and_words(family: Path) -> None:
    painter, few = Painter(family / "models" / "dollhouse"), Steps(2)
    once = painter.draw(["a red hat", "a cat"], [1, 2], steps=few)
    again = painter.draw(["a red hat", "a cat"], [1, 2], steps=few)
    assert once.shape == (2, 192, 192, 3)
    assert np.array_equal(once, again)
    assert not np.array_equal(once[0], painter.draw(["a red hat"], [2], steps=few)[0])
    assert not np.array_equal(once[0], painter.draw(["a dog"], [1], steps=few)[0])


def test_a_control_that_has_learnt_nothing_changes_nothing(family: Path) -> None:
    painter, few = Painter(family / "models" / "dollhouse"), Steps(2)
    maps = np.full((1, 192, 192, 3), 200, np.uint8)
    assert np.array_equal(painter.draw(["x"], [1], ("openpose", maps), steps=few), painter.draw(["x"], [1], steps=few))


def test_what_is_repainted_depends_on_what_is_left(family: Path) -> None:
    painter, few = Painter(family / "models" / "dollhouse"), Steps(2)
    mask, black = np.zeros((1, 192, 192), np.uint8), np.zeros((1, 192, 192, 3), np.uint8)
    mask[:, 64:128, 64:128] = 255
    one = painter.draw(["x"], [1], repaint=(black, mask), steps=few)
    hidden = black.copy()
    hidden[:, 70:100, 70:100] = 255  # under the mask
    assert np.array_equal(one, painter.draw(["x"], [1], repaint=(hidden, mask), steps=few))
    assert not np.array_equal(one, painter.draw(["x"], [1], repaint=(black + np.uint8(255), mask), steps=few))


def test_the_last_step_leaves_no_noise() -> None:
    steps = Steps(4)
    clean, noise = torch.full((1, 4, 2, 2), 0.5), torch.randn(1, 4, 2, 2)
    alpha = steps.alphas[steps.times[-1]]
    noisy = alpha.sqrt() * clean + (1 - alpha).sqrt() * noise
    assert torch.allclose(steps.next(noisy, noise, 3), clean, atol=1e-5)
    assert steps.times == [751, 501, 251, 1]


def test_every_network_of_the_family_is_measured(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = family / "models" / "dollhouse"
    shutil.copy(home.HOME / "readers.safetensors", own)
    home.kept("light", home.made("light"), own)
    monkeypatch.setattr(draw, "Painter", lambda folder: Quick(folder))
    found = {one.name: one for one in draw.figures(own, draw.Asked(2, "around"))}
    told = {"vae_psnr", "attr", "attr.hair", "bleed_plain", "inpaint", "light_deg", "pck", "pck_free", "pck_true"}
    assert told <= found.keys()
    assert found["pck"].count >= 2 * 10  # joints of two dolls in poses that nobody was trained on
    assert all(core.around(seed, "test", 1).people[0].pose.name in TEST_POSES for seed in found["pck"].seeds)
    assert found["vae_psnr"].seeds == tuple(draw.Asked(2).seeds)
    assert "pck" not in {one.name for one in draw.figures(own, draw.Asked(2, "core"))}


def test_a_sheet_shows_every_picture_with_its_words(family: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "Painter", lambda folder: Quick(folder))
    texts, pictures = sheet.drawn(family / "models" / "dollhouse", 3)
    made = np.asarray(sheet.laid_out(texts, pictures, across=2))
    assert len(set(texts)) == 3
    assert made.shape[1] == 2 * 192 and made.shape[0] > 2 * 192
    assert np.array_equal(made[:192, 192:], pictures[1])
    assert (made[192 : made.shape[0] // 2, :192] < 100).any()  # letters
    assert (made[-192:, 192:] == 255).all()


class Quick(Painter):
    """In two steps."""

    def draw(self, *told: Any, **more: Any) -> Any:
        return super().draw(*told, **more, steps=Steps(2))
