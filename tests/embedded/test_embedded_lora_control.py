"""LoRAs and ControlNets: what they change, that they leave nothing behind, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import loras
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from atelier_core.job import Control, Job
from atelier_core.patches import hooks_on
from diffusers import ControlNetModel
from PIL import Image
from safetensors.torch import load_file, save_file

JOB = Job("a red house", "blurry", Extent(64, 64), steps=3, cfg=5.0, seed=41, sampler="Euler")


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    return EmbeddedHost(tiny.tiny_root(tmp_path_factory.mktemp("embedded")))


def drawn(host: EmbeddedHost, **change: Any) -> np.ndarray:
    return np.asarray(host.generate(replace(JOB, **change)).pictures[0], int)


def state(host: EmbeddedHost) -> dict[str, torch.Tensor]:
    parts = enumerate(host.model().parts)
    return {f"{i}.{name}": t.clone() for i, part in parts for name, t in part.state_dict().items()}


def hooks_in(host: EmbeddedHost) -> int:
    """After a first picture: transformers puts hooks of its own on the text encoder then, which stay."""
    return sum(hooks_on(part) for part in host.model().parts)


def drawing(width: int = 64, height: int = 64) -> Image.Image:
    picture = Image.new("RGB", (width, height))
    picture.paste((255, 90, 0), (width // 4, height // 4, width // 2, height))
    return picture


def test_a_lora_changes_the_picture_and_leaves_the_model_bit_equal(host: EmbeddedHost) -> None:
    plain, before, hooks = drawn(host), state(host), hooks_in(host)
    changed = drawn(host, prompt="a red house <lora:twist:0.8>")
    after = state(host)
    assert (plain != changed).any()
    assert before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)
    assert hooks_in(host) == hooks
    assert (drawn(host) == plain).all()


def test_a_lora_leaves_nothing_after_an_exception(host: EmbeddedHost) -> None:
    class Fail:
        name = "fail"

        def attach(self, denoiser: Any) -> None:
            raise ZeroDivisionError

    drawn(host)
    hooks = hooks_in(host)
    with pytest.raises(ZeroDivisionError):
        drawn(host, prompt="x <lora:twist:1>", patches=(Fail(),))
    assert hooks_in(host) == hooks


def test_its_tag_is_not_read_as_words_and_strength_0_does_nothing(host: EmbeddedHost) -> None:
    assert (drawn(host, prompt="a red house<lora:twist:0>") == drawn(host)).all()
    one, other = (
        drawn(host, prompt="a red house<lora:twist:0.5>"),
        drawn(host, prompt="a red house<lora:twist:te=0.5:unet=0.5>"),
    )
    assert (one == other).all()


def test_the_infotext_names_the_lora(host: EmbeddedHost) -> None:
    text = host.generate(replace(JOB, prompt="a <lora:twist:0.8>")).infotexts[0]
    assert text.startswith("a <lora:twist:0.8>\n") and 'Lora hashes: "twist: ' in text


def test_hooks_add_what_merged_weights_would(host: EmbeddedHost, tmp_path: Path) -> None:
    """The oracle merges the LoRA into a copy of the weights, in float64 where it multiplies."""
    model, path = host.model(), host.folder("lora") / "twist.safetensors"
    lora = loras.read(Wish("twist", 0.7, 0.7), path, model)
    assert lora.left == 0 and len(lora.fitting) == 4
    tensors = load_file(path)
    luck = torch.Generator().manual_seed(3)
    for layer, (part, _) in lora.fitting.items():
        down, up = part.down.double(), part.up.double()  # type: ignore[union-attr]
        delta = torch.einsum("or,r...->o...", up.flatten(1), down) * 0.7 * 0.5  # alpha is half the rank
        if isinstance(layer, torch.nn.Conv2d):
            x = torch.randn(1, layer.in_channels, 7, 5, generator=luck)
            wanted = torch.nn.functional.conv2d(
                x.double(), layer.weight.double() + delta, layer.bias.double(), padding=1
            )  # type: ignore[union-attr]
        else:
            x = torch.randn(2, 5, layer.in_features, generator=luck)  # type: ignore[arg-type]
            bias = layer.bias.double() if layer.bias is not None else None  # type: ignore[union-attr, operator]
            wanted = torch.nn.functional.linear(x.double(), layer.weight.double() + delta, bias)  # type: ignore[operator]
        with torch.no_grad(), loras.applied([lora]):
            assert torch.allclose(layer(x).double(), wanted, atol=1e-4)
    assert len(tensors) == 12


def test_diffusers_and_ldm_spellings_name_the_same_layers(host: EmbeddedHost, tmp_path: Path) -> None:
    down, up = torch.randn(2, 32), torch.randn(32, 2)
    spellings = {
        "kohya": "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_{}.weight",
        "ldm": "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_{}.weight",
        "peft": "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_{}.weight",
    }
    found = []
    for name, spelling in spellings.items():
        roles = ("A", "B") if name == "peft" else ("down", "up")
        path = tmp_path / f"{name}.safetensors"
        save_file({spelling.format(roles[0]): down, spelling.format(roles[1]): up}, path)
        found.append(list(loras.read(Wish(name, 1, 1), path, host.model()).fitting))
    assert found[0] == found[1] == found[2] == [host.model().layers["input_blocks.4.1.transformer_blocks.0.attn1.to_q"]]


def test_a_lora_that_fits_in_part_says_so_and_one_that_does_not_is_refused(host: EmbeddedHost) -> None:
    home = host.folder("lora")
    whole = load_file(home / "twist.safetensors")
    further = {f"lora_unet_nowhere.lora_{role}.weight": torch.ones(2, 2) for role in ("down", "up")}
    save_file({**whole, **further}, home / "part.safetensors")
    assert host.generate(replace(JOB, prompt="x <lora:part:1>")).notes == (
        "LoRA part: 1 of 5 layers found no place in this model.",
    )
    tiny.tiny_lora(home / "wide.safetensors", tiny.Layout(width=64, context=64))
    with pytest.raises(UserError, match="wide is made for another kind of model"):
        drawn(host, prompt="x <lora:wide:1>")
    save_file({"lora_unet_x.hada_w1_a": torch.ones(2, 2)}, home / "hada.safetensors")
    with pytest.raises(UserError, match="hada is of a variety"):
        drawn(host, prompt="x <lora:hada:1>")


@pytest.mark.parametrize("kind", ["openpose", "canny"])  # a single file in ldm names, a diffusers folder
def test_a_control_steers_and_says_that_it_did(host: EmbeddedHost, kind: str) -> None:
    plain = drawn(host)
    result = host.generate(replace(JOB, controls=(Control(kind, drawing()),)))
    assert (np.asarray(result.pictures[0], int) != plain).any()
    assert result.notes[0].endswith("acted on 3 of 3 steps.")
    other = drawn(host, controls=(Control(kind, drawing().rotate(180)),))
    assert (other != np.asarray(result.pictures[0], int)).any()
    assert (drawn(host) == plain).all()


def test_weight_0_range_and_region_bound_a_control(host: EmbeddedHost) -> None:
    plain, control = drawn(host), Control("openpose", drawing())
    nowhere = Image.new("L", (64, 64), 0)
    assert (drawn(host, controls=(replace(control, weight=0.0),)) == plain).all()
    assert (drawn(host, controls=(replace(control, region=nowhere),)) == plain).all()
    late = host.generate(replace(JOB, controls=(replace(control, start=0.6),)))
    assert late.notes[0].endswith("acted on 1 of 3 steps.")
    everywhere = replace(control, region=Image.new("L", (64, 64), 255))
    assert (drawn(host, controls=(everywhere,)) == drawn(host, controls=(control,))).all()


def test_two_controls_act_together(host: EmbeddedHost) -> None:
    one, two = Control("openpose", drawing()), Control("canny", drawing())
    both = drawn(host, controls=(one, two))
    assert (both != drawn(host, controls=(one,))).any() and (both != drawn(host, controls=(two,))).any()


def test_an_ldm_controlnet_answers_like_the_reference(host: EmbeddedHost) -> None:
    from diffusers.loaders.single_file_utils import convert_controlnet_checkpoint

    drawn(host, controls=(Control("openpose", drawing()),))
    ((path, ours),) = host._controls.items()
    kinds = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
    reference = ControlNetModel(
        block_out_channels=(32, 32, 64, 64), down_block_types=kinds, cross_attention_dim=32
    ).eval()
    reference.load_state_dict(convert_controlnet_checkpoint(load_file(path), reference.config))
    luck = torch.Generator().manual_seed(0)
    x, text, hint = (torch.randn(shape, generator=luck) for shape in ((1, 4, 8, 8), (1, 77, 32), (1, 3, 64, 64)))
    with torch.no_grad():
        a, b = (net(x, 500, text, hint, return_dict=False) for net in (reference, ours))
    assert a[1].abs().max() > 0.01
    assert all((one - other).abs().max() < 1e-4 for one, other in zip((*a[0], a[1]), (*b[0], b[1]), strict=True))


def test_a_control_map_is_fitted_to_odd_sizes(host: EmbeddedHost) -> None:
    control = Control("openpose", drawing(53, 37), region=drawing(53, 37).convert("L"))
    assert drawn(host, size=Extent(53, 37), controls=(control,)).shape == (37, 53, 3)


def test_controls_that_cannot_be_are_refused_before_sampling(host: EmbeddedHost) -> None:
    seen: list[int] = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            seen.append(1)

    home = host.folder("controlnet")
    save_file({"weight": torch.ones(1)}, home / "junk.safetensors")
    tiny.tiny_controlnet(home / "other_wide.safetensors", replace(tiny.SD15, context=64))
    (home / "broken-folder").mkdir(exist_ok=True)
    (home / "broken-folder" / "config.json").write_text('{"_class_name": "ControlNetModel"}')
    cases: list[tuple[Control, str]] = [
        (Control("depth", drawing()), "no ControlNet model for “depth”"),
        (Control("canny", drawing(), model="no-such"), "no ControlNet model for “no-such”"),
        (Control("canny", drawing(), module="canny"), "no preprocessor “canny”"),
        (Control("junk", drawing()), "junk.safetensors is not a ControlNet"),
        (Control("wide", drawing()), "other_wide is made for another kind"),
        (Control("broken", drawing()), "broken-folder is not a ControlNet"),
    ]
    for control, sentence in cases:
        with pytest.raises(UserError, match=sentence):
            drawn(host, controls=(control,), patches=(Look(),))
    assert not seen


def _socketless(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return refuse


def test_nothing_asks_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _socketless(monkeypatch)
    fresh = EmbeddedHost(tiny.tiny_root(tmp_path))
    made = fresh.generate(
        replace(JOB, prompt="x <lora:twist:1>", controls=(Control("openpose", drawing()), Control("canny", drawing())))
    )
    assert len(made.pictures) == 1


def test_of_two_of_a_kind_the_one_that_fits_is_taken(tmp_path: Path) -> None:
    other = EmbeddedHost(tiny.tiny_root(tmp_path))
    tiny.tiny_controlnet(
        tmp_path / "models" / "ControlNet" / "a_openpose_wide.safetensors", replace(tiny.SD15, context=64)
    )
    notes = other.generate(replace(JOB, controls=(Control("openpose", drawing()),))).notes
    assert notes == ("ControlNet control_openpose acted on 3 of 3 steps.",)
