"""The parts of a training that need no model."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from atelier_concept_lock.keys import Place, alternatives, parse
from atelier_concept_lock.teach import basis, descent, kohya, loss, state
from atelier_concept_lock.teach.crops import Source, batches, bucket_of, buckets, by_area, fitted, source
from atelier_concept_lock.teach.faces import face_box
from atelier_concept_lock.teach.intake import sources_of
from atelier_concept_lock.teach.luck import luck, order, ranked, signs
from atelier_concept_lock.teach.options import TeachArgs, prompt_of, settled, shuffled
from atelier_core import eightbit
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from hypothesis import given
from hypothesis import strategies as st
from lesson_files import pictured
from PIL import Image

# buckets


def test_buckets_of_512() -> None:
    found = buckets(512)
    assert Extent(512, 512) in found and Extent(256, 1024) in found and Extent(384, 640) in found
    assert Extent(448, 576) in found and Extent(576, 448) in found
    assert all(w % 64 == h % 64 == 0 and w * h <= 512 * 512 and min(w, h) >= 256 for w, h in found)
    assert buckets(64) == (Extent(64, 64),)
    with pytest.raises(UserError, match="at least 64"):
        buckets(63)


@given(st.integers(64, 1100))
def test_every_side_has_buckets_and_their_turned_ones(side: int) -> None:
    found = set(buckets(side))
    assert found and {Extent(h, w) for w, h in found} == found
    assert max(w * h for w, h in found) <= side * side


def test_a_picture_goes_to_the_bucket_of_its_shape() -> None:
    found = buckets(512)
    assert bucket_of(Extent(1000, 1000), found) == (512, 512)
    assert bucket_of(Extent(1600, 900), found) == (640, 384)  # 1.78 -> 1.67, not 2.2
    assert bucket_of(Extent(900, 1600), found) == (384, 640)
    assert bucket_of(Extent(4000, 1000), found) == (1024, 256)


def test_a_picture_fills_its_bucket_and_what_is_cut_is_told() -> None:
    wide = Image.fromarray(np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3)))
    made = fitted(Source(wide), [Extent(64, 64)])
    assert made.pixels.shape == (64, 64, 3) and made.mask is None
    assert made.sizes == (100, 200, 0, 32, 64, 64)  # 200 x 100 becomes 128 x 64, of which 32 are cut off left
    assert 48 <= made.pixels[0, 0, 0] <= 54 and 145 <= made.pixels[0, -1, 0] <= 151


def test_what_is_cut_lies_away_from_the_mask() -> None:
    mask = Image.new("L", (200, 100))
    mask.paste(255, (160, 20, 200, 80))
    made = fitted(Source(Image.new("RGB", (200, 100)), mask), [Extent(64, 64)])
    assert made.sizes[3] == 64  # all that is cut off lies left
    assert made.mask is not None and made.mask[32, -10] == 1 and made.mask[32, 10] == 0
    assert math.isclose(float(made.mask.mean()), 0.6 * 0.4, abs_tol=0.02)


def test_a_mask_goes_to_cells_by_area() -> None:
    mask = np.zeros((16, 24), np.float32)
    mask[:4, :8] = 1
    assert by_area(mask, 8).tolist() == [[0.5, 0, 0], [0, 0, 0]]


def test_a_crop_takes_the_mask_along() -> None:
    mask = Image.new("L", (100, 80))
    mask.paste(255, (50, 0, 100, 80))
    made = source(pictured(1, 100, 80), mask, (0.5, 0.0, 1.0, 0.5), "x")
    assert made.picture.size == (50, 40) and made.mask is not None and made.mask.getextrema() == (255, 255)


def test_alpha_is_a_mask_where_there_is_none() -> None:
    clear = pictured(1).convert("RGBA")
    assert source(clear, None, None, "").mask is None
    clear.putalpha(Image.new("L", clear.size, 128))
    made = source(clear, None, None, "")
    assert made.mask is not None and made.mask.getextrema() == (128, 128) and made.picture.mode == "RGB"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda: source(pictured(1, 80, 31), None, None, ""), "fewer than 32 pixels"),
        (lambda: source(pictured(1), Image.new("L", (80, 72)), None, ""), "mask is empty"),
        (lambda: source(pictured(1), None, (0.5, 0, 0.5, 1), ""), "A crop lies between 0 and 1"),
    ],
)
def test_what_no_picture_can_be_learnt_from_is_refused(given, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        given()


def test_a_batch_has_one_shape() -> None:
    square, wide = Extent(64, 64), Extent(128, 64)
    shapes = [square, wide, square, square, wide]
    assert batches(shapes, 2, [0, 1, 2, 3, 4]) == [[0, 2], [1, 4], [3]]
    assert sorted(sum(batches(shapes, 2, [4, 3, 2, 1, 0]), [])) == [0, 1, 2, 3, 4]


# luck


def test_luck_depends_on_seed_and_place_alone() -> None:
    def first(*told):
        return torch.randn(3, generator=luck(*told)).tolist()

    assert first(1, "step", 4) == first(1, "step", 4)
    assert len({tuple(first(*told)) for told in ((1, "step", 4), (2, "step", 4), (1, "step", 5), (1, "order", 4))}) == 4
    assert sorted(order(7, luck(1))) == list(range(7))


# loss


def test_min_snr_by_hand() -> None:
    alphas = torch.tensor([0.99, 0.5, 0.1])  # signal to noise: 99, 1, 1/9
    assert torch.allclose(loss.weights(alphas, 5.0, "epsilon"), torch.tensor([5 / 99, 1.0, 1.0]), atol=1e-6)
    velocity = torch.tensor([5 / 100, 1 / 2, (1 / 9) / (10 / 9)])
    assert torch.allclose(loss.weights(alphas, 5.0, "v"), velocity, atol=1e-6)
    assert loss.weights(alphas, 0.0, "epsilon").tolist() == [1, 1, 1]
    assert torch.isfinite(loss.weights(torch.tensor([1.0, 0.0]), 5.0, "epsilon")).all()


def test_noise_and_goal_belong_together() -> None:
    luck_ = torch.Generator().manual_seed(2)
    latents, noise = (torch.randn(2, 4, 3, 5, generator=luck_) for _ in range(2))
    alphas = torch.tensor([0.8, 0.3])
    noisy, v = loss.noised(latents, noise, alphas), loss.wanted(latents, noise, alphas, "v")
    share = alphas.reshape(2, 1, 1, 1)
    assert torch.allclose(share.sqrt() * noisy - (1 - share).sqrt() * v, latents, atol=1e-6)
    assert torch.allclose((1 - share).sqrt() * noisy + share.sqrt() * v, noise, atol=1e-6)
    assert loss.wanted(latents, noise, alphas, "epsilon") is noise


def test_a_mask_counts_by_what_is_in_it() -> None:
    error = torch.ones(2, 4, 2, 3)
    error[0, :, 0, 0] = 9
    mask = torch.zeros(2, 1, 2, 3)
    mask[0, 0, 0, 0] = mask[1] = 1
    assert loss.masked(error, mask).tolist() == [9.0, 1.0]
    assert loss.masked(error, None)[1] == 1.0 and torch.isclose(loss.masked(error, None)[0], torch.tensor(14 / 6))
    assert torch.isclose(loss.masked(error, mask, 0.2)[0], torch.tensor((9 + 5 * 0.2) / 2))
    assert torch.isfinite(loss.masked(error, torch.zeros(2, 1, 2, 3))).all()


def test_a_noise_offset_shifts_whole_channels() -> None:
    noise = torch.zeros(2, 4, 3, 3)
    made = loss.offset(noise, 0.1, luck(1))
    assert torch.equal(made, made[..., :1, :1].expand_as(made)) and 0.01 < made.std() < 0.3
    assert loss.offset(noise, 0.0, luck(1)) is noise


# the shared basis


@pytest.mark.parametrize("width", [8, 24, 45])
def test_the_basis_is_orthonormal(width: int) -> None:
    whole = basis.rows(width, list(range(width)), "layer")
    assert torch.allclose(whole @ whole.T, torch.eye(width), atol=1e-5)


def test_slots_share_no_direction_until_the_width_is_used_up() -> None:
    one, other = (basis.down(32, 4, slot, "layer") for slot in (0, 3))
    assert torch.allclose(one @ one.T, torch.eye(4), atol=1e-5)
    assert (one @ other.T).abs().max() < 1e-5
    assert torch.equal(one, basis.down(32, 4, 8, "layer"))  # the ninth of eight
    assert (one @ basis.down(32, 4, 0, "another layer").T).abs().max() > 1e-3


def test_the_basis_is_the_same_everywhere() -> None:
    """Files of different machines and years must agree on it."""
    assert signs(12, "basis", basis.SEED, "a").tolist() == [-1, -1, 1, -1, -1, 1, 1, 1, 1, 1, 1, 1]
    assert ranked(6, "slot", basis.SEED, "a") == [5, 2, 1, 0, 3, 4]


# names


@pytest.mark.parametrize(
    ("layer", "sd1", "sdxl"),
    [
        (
            "input_blocks.4.1.transformer_blocks.0.attn1.to_q",
            "down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q",
            "input_blocks_4_1_transformer_blocks_0_attn1_to_q",
        ),
        (
            "output_blocks.8.1.transformer_blocks.1.ff.net.0.proj",
            "up_blocks_2_attentions_2_transformer_blocks_1_ff_net_0_proj",
            "output_blocks_8_1_transformer_blocks_1_ff_net_0_proj",
        ),
        ("middle_block.1.proj_in", "mid_block_attentions_0_proj_in", "middle_block_1_proj_in"),
        ("middle_block.2.in_layers.2", "mid_block_resnets_1_conv1", "middle_block_2_in_layers_2"),
        ("input_blocks.3.0.op", "down_blocks_0_downsamplers_0_conv", "input_blocks_3_0_op"),
        ("output_blocks.2.1.conv", "up_blocks_0_upsamplers_0_conv", "output_blocks_2_1_conv"),
        ("output_blocks.5.2.conv", "up_blocks_1_upsamplers_0_conv", "output_blocks_5_2_conv"),
        (
            "input_blocks.7.0.skip_connection",
            "down_blocks_2_resnets_0_conv_shortcut",
            "input_blocks_7_0_skip_connection",
        ),
        ("output_blocks.0.0.out_layers.3", "up_blocks_0_resnets_0_conv2", "output_blocks_0_0_out_layers_3"),
    ],
)  # fmt: skip
def test_layers_are_called_as_kohya_calls_them(layer: str, sd1: str, sdxl: str) -> None:
    place = Place("unet", layer)
    for family, name in (("SD 1.5", sd1), ("SD 2", sd1), ("SDXL", sdxl)):
        assert kohya.name_of(place, family) == f"lora_unet_{name}"
        read = parse(f"lora_unet_{name}.lora_down.weight").place
        assert layer in alternatives(read.layer)


def test_text_layers_are_called_as_kohya_calls_them() -> None:
    layer = "encoder.layers.3.self_attn.q_proj"
    assert kohya.name_of(Place("te1", layer), "SD 1.5") == "lora_te_text_model_encoder_layers_3_self_attn_q_proj"
    assert kohya.name_of(Place("te2", layer), "SDXL") == "lora_te2_text_model_encoder_layers_3_self_attn_q_proj"


# descent


def test_the_rate_warms_up_and_falls() -> None:
    shares = [descent.share_of_rate(step, 10, 4, "cosine") for step in range(10)]
    assert shares[:4] == [0.2, 0.4, 0.6, 0.8] and shares[4] == 1.0
    assert math.isclose(shares[7], 0.5) and shares[9] < 0.1
    assert {descent.share_of_rate(step, 10, 0, "constant") for step in range(10)} == {1.0}


def test_gradients_that_are_no_numbers_move_nothing() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    made = descent.optimizer("adamw", {"w": weight}, {"w": 0.1}, 0.0)
    descent.set_rate(made, 1.0)
    scaler = descent.Scaled(8.0)
    weight.grad = torch.tensor([1.0, float("inf"), 0.0])
    assert not descent.descend(made, {"w": weight}, scaler)
    assert torch.equal(weight, torch.ones(3)) and scaler.get_scale() == 4.0
    weight.grad = torch.tensor([4.0, 0.0, 0.0])
    assert descent.descend(made, {"w": weight}, scaler) and weight[0] < 1 and scaler.get_scale() == 4.0


def test_small_optimizers_are_refused_where_they_cannot_be_had() -> None:
    if not eightbit.is_there():
        assert descent.kind_of("auto") == "adamw"
        with pytest.raises(UserError, match="needs bitsandbytes"):
            descent.kind_of("paged")


# words


def test_presets_fill_what_was_left_open() -> None:
    made = settled(TeachArgs("anne", noun="woman", preset="face", rank=4))
    assert (made.rank, made.alpha, made.steps, made.prior, made.trigger) == (4, 8.0, 600, 0.5, "anne")
    assert settled(TeachArgs("anne")).prior == 0.0  # without a noun there is nothing to keep
    assert settled(TeachArgs("anne", kind="words")).rate == 5e-3
    with pytest.raises(UserError, match="say what the concept is one of"):
        settled(TeachArgs("anne", prior=0.5))
    for name in ("", "../x", "a/b", ".hidden", "x" * 81):
        with pytest.raises(UserError, match="A concept's name"):
            settled(TeachArgs(name))


def test_the_trigger_stands_before_a_caption_that_lacks_it() -> None:
    args = settled(TeachArgs("anne", trigger="ohwx", noun="woman"))
    assert prompt_of("", args) == "ohwx woman"
    assert prompt_of("on a chair", args) == "ohwx woman, on a chair"
    assert prompt_of("a photo of OHWX, smiling", args) == "a photo of OHWX, smiling"


def test_a_caption_is_said_in_other_orders_of_its_parts() -> None:
    said = shuffled("ohwx woman, on a chair,, smiling ", 8, 1)
    assert said[0] == "ohwx woman, on a chair,, smiling " and len(said) == 8
    assert {tuple(sorted(one.split(", "))) for one in said[1:]} == {("ohwx woman", "on a chair", "smiling")}
    assert len(set(said[1:])) > 2 and said == shuffled(said[0], 8, 1) != shuffled(said[0], 8, 2)
    assert shuffled("ohwx woman", 3, 1) == ["ohwx woman"] * 3
    for whole in ("(ohwx woman, on a chair:1.2), smiling", "ohwx woman, red BREAK blue, smiling"):
        assert shuffled(whole, 2, 1) == [whole] * 2
    assert {len(one.split(", ")) for one in shuffled(r"saber \(fate\)，웃는 얼굴, red", 4, 1)[1:]} == {3}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not valid JSON"),
        ("{}", "list of objects"),
        ('[{"caption": "x"}]', "list of objects"),
        ('[{"picture": "x", "shape": 1}]', "Picture 1 cannot be used: There is no option “shape”"),
        ('[{"picture": "x", "crop": [1, 2]}]', "Picture 1 cannot be used: A crop lies"),
        ('[{"picture": "x", "caption": 3}]', "Picture 1 cannot be used: Its caption"),
        (json.dumps([{"picture": "x"}] * 201), "at most 200 pictures"),
    ],
)
def test_wrong_lists_of_pictures_are_refused(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    pictured(1).save(path)
    with pytest.raises(UserError, match=sentence):
        sources_of(text, lambda key: path)


# state


def test_a_state_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.safetensors"
    told = {"step": "1"}
    state.save(path, {"a": torch.ones(2), "losses": torch.tensor([0.5])}, told)

    def full(tensors, file, metadata):
        Path(file).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "save_file", full)
    with pytest.raises(UserError, match="state.safetensors could not be saved: No space left on device"):
        state.save(path, {"a": torch.zeros(2)}, told)
    assert [one.name for one in tmp_path.iterdir()] == ["state.safetensors"]
    assert torch.equal(state.load(path)[0]["a"], torch.ones(2)) and state.glance(path) == (1, [0.5])


def test_a_damaged_state_is_said(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    path.write_bytes(b"no state")
    for act in (state.load, state.glance, state.load_json):
        with pytest.raises(UserError, match="state of this lesson is damaged"):
            act(path)
    assert state.glance(tmp_path / "none") == (0, [])


# faces


def person(**joints: tuple[float, float]) -> dict:
    order_ = {"nose": 0, "neck": 1, "reye": 14, "leye": 15, "rear": 16, "lear": 17}
    flat = [0.0] * 54
    for name, (x, y) in joints.items():
        flat[3 * order_[name] : 3 * order_[name] + 3] = [x, y, 1.0]
    return {"pose_keypoints_2d": flat}


def test_a_face_is_cropped_square_and_of_several_the_largest() -> None:
    small_ = person(reye=(10, 10), leye=(14, 10))
    large = person(nose=(100, 50), neck=(100, 100), rear=(80, 48), lear=(120, 52))
    box = face_box([{"people": [small_, large]}], Extent(400, 200))
    assert box is not None
    left, top, right, bottom = (side * size for side, size in zip(box, (400, 200, 400, 200), strict=True))
    assert (right - left, bottom - top) == pytest.approx((96, 96))  # 1.6 times 1.5 times the width between the ears
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((100, 50))


def test_a_face_at_the_border_is_cropped_within_the_picture() -> None:
    box = face_box([{"people": [person(reye=(2, 3), leye=(42, 3))]}], Extent(100, 80))
    assert box is not None and min(box) >= 0 and max(box) <= 1 and box[1] == 0
    assert face_box([{"people": [person(nose=(5, 5)), {}]}], Extent(100, 80)) is None
    assert face_box([], Extent(100, 80)) is None
