"""Every adapter kind against the published formula, every spelling of a key, and every file that is no adapter."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import torch
from atelier_concept_lock import adapters, keys
from atelier_concept_lock.files import read_header
from atelier_concept_lock.keys import Place
from atelier_core.errors import UserError
from oracle_adapters import CASES, draws
from safetensors.torch import save_file

LAYER = "lora_unet_input_blocks_4_1_proj_in"


def file_of(tmp_path: Path, tensors: dict[str, torch.Tensor], **metadata: str) -> Path:
    path = tmp_path / "one.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)
    return path


@pytest.mark.parametrize("name", CASES)
def test_a_kind_changes_a_weight_as_published(name: str, tmp_path: Path) -> None:
    shape, case = CASES[name]
    draw = draws(len(name))
    tensors, weight = case.endings(draw, shape), draw(*shape)
    (part,) = adapters.read(file_of(tmp_path, {f"{LAYER}.{e}": t for e, t in tensors.items()})).parts.values()
    wanted = case.oracle({e: t.double() for e, t in tensors.items()}, weight.double())
    assert part.fits(shape) and not part.fits((shape[0] + 8, shape[1] + 4, *shape[2:]))
    assert float(wanted.abs().max()) > 0.05
    for precise in (weight, weight.double()):
        off = (part.delta_weight(precise).double() - wanted).abs().max() / wanted.abs().max()
        assert float(off) <= 1e-6
    factors = part.factors()
    assert (factors is not None) == name.startswith(("LoRA", "LoCon"))
    if factors is not None:
        whole = factors.scale * (factors.up.double() @ factors.down.double().flatten(1)).reshape(shape)
        assert float((whole - wanted).abs().max() / wanted.abs().max()) <= 1e-6


def test_norms_and_biases_add(tmp_path: Path) -> None:
    name = "lora_unet_input_blocks_1_0_in_layers_0"
    read = adapters.read(file_of(tmp_path, {f"{name}.w_norm": torch.ones(4), f"{name}.b_norm": torch.arange(4.0)}))
    (part,) = read.parts.values()
    assert part.kind == "norm" and part.delta_weight(torch.zeros(4)).tolist() == [1, 1, 1, 1]
    assert part.delta_bias().tolist() == [0, 1, 2, 3]  # type: ignore[union-attr]
    (part,) = adapters.read(file_of(tmp_path, {f"{LAYER}.diff_b": torch.arange(3.0)})).parts.values()
    assert part.delta_bias().tolist() == [0, 1, 2] and not part.delta_weight(torch.ones(3, 2)).any()  # type: ignore[union-attr]


Q = "input_blocks.4.1.transformer_blocks.0.attn1.to_q"
SPELLINGS = {
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight": Q,
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q.lora_A.weight": Q,
    "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": Q,
    "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.default.weight": Q,
    "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora.down.weight": Q,
    "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight": Q,
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight": Q,
    "base_model.model.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight": Q,
    "diffusion_model.input_blocks.4.1.transformer_blocks.0.attn1.to_q.lora_down.weight": Q,
    "lycoris_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q.lora_down.weight": Q,
    "lora_unet_up_blocks_2_attentions_1_transformer_blocks_9_attn2_to_out_0.lora_down.weight":
        "output_blocks.7.1.transformer_blocks.9.attn2.to_out.0",
    "unet.up_blocks.2.attentions.1.transformer_blocks.0.attn2.processor.to_out_lora.down.weight":
        "output_blocks.7.1.transformer_blocks.0.attn2.to_out.0",
    "lora_unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj.lora_down.weight":
        "middle_block.1.transformer_blocks.0.ff.net.0.proj",
    "lora_unet_middle_block_1_transformer_blocks_0_ff_net_2.lora_down.weight":
        "middle_block.1.transformer_blocks.0.ff.net.2",
    "lora_unet_mid_block_resnets_1_conv1.lora_down.weight": "middle_block.2.in_layers.2",
    "lora_unet_down_blocks_0_resnets_1_time_emb_proj.lora_down.weight": "input_blocks.2.0.emb_layers.1",
    "lora_unet_up_blocks_1_resnets_2_conv_shortcut.lora_down.weight": "output_blocks.5.0.skip_connection",
    "lora_unet_down_blocks_2_downsamplers_0_conv.lora_down.weight": "input_blocks.9.0.op",
    "lora_unet_up_blocks_1_upsamplers_0_conv.lora_down.weight": "output_blocks.5.2.conv",
    "lora_unet_conv_in.lora_down.weight": "input_blocks.0.0",
    "lora_unet_time_embedding_linear_1.lora_down.weight": "time_embed.0",
    "lora_unet_output_blocks_3_1_proj_out.lora_down.weight": "output_blocks.3.1.proj_out",
}  # fmt: skip
K = "encoder.layers.11.self_attn.k_proj"
TEXTS = {
    "lora_te_text_model_encoder_layers_11_self_attn_k_proj.lora_down.weight": ("te1", K),
    "lora_te1_text_model_encoder_layers_11_self_attn_k_proj.lora_down.weight": ("te1", K),
    "lora_te2_text_model_encoder_layers_11_self_attn_k_proj.alpha": ("te2", K),
    "text_encoder.text_model.encoder.layers.11.self_attn.k_proj.lora_A.weight": ("te1", K),
    "text_encoder_2.text_model.encoder.layers.11.self_attn.k_proj.lora_linear_layer.down.weight": ("te2", K),
    "text_encoder.text_model.encoder.layers.11.self_attn.to_k_lora.down.weight": ("te1", K),
    "lora_te_text_model_encoder_layers_3_mlp_fc1.lora_down.weight": ("te1", "encoder.layers.3.mlp.fc1"),
    "lora_te_text_model_final_layer_norm.w_norm": ("te1", "final_layer_norm"),
}


@pytest.mark.parametrize("key", SPELLINGS)
def test_every_spelling_names_its_layer(key: str) -> None:
    assert keys.parse(key).place == ("unet", SPELLINGS[key])


@pytest.mark.parametrize("key", TEXTS)
def test_text_layers_have_their_encoder(key: str) -> None:
    assert keys.parse(key).place == TEXTS[key]


@pytest.mark.parametrize(
    "key",
    [
        "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn3_to_q.lora_down.weight",
        "lora_unet_input_blocks_4_1_proj_in.lora_sideways.weight",
        "model.diffusion_model.input_blocks.0.0.weight",
        "lora_te_text_model_encoder_layers_0_self_attn_w_proj.lora_down.weight",
        "something",
        "lora_unet_input_blocks_4_1_proj_in.bias_indices",
    ],
)
def test_an_unknown_key_is_named(key: str, tmp_path: Path) -> None:
    known = {f"{LAYER}.lora_down.weight": torch.ones(2, 4), f"{LAYER}.lora_up.weight": torch.ones(4, 2)}
    with pytest.raises(UserError) as error:
        adapters.read(file_of(tmp_path, known | {key: torch.ones(2, 2)}))
    assert key in str(error.value)


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", "Flux"),
        ("transformer.single_transformer_blocks.1.attn.to_q.lora_A.weight", "Flux"),
        ("lora_unet_joint_blocks_0_context_block_attn_qkv.lora_down.weight", "Stable Diffusion 3"),
    ],
)
def test_other_families_are_refused_by_name(key: str, family: str) -> None:
    with pytest.raises(UserError, match=f"made for {family}"):
        keys.parse(key)


def test_the_shape_of_cloneofsimo_s_order() -> None:
    """16 attending blocks of SD 1.5, each nine layers; the feed-forward stands fifth in old files, last in new ones."""
    for ff_at, second in ((4, "attn2.to_q"), (8, "attn2.to_k")):
        shapes = {}
        for n in range(144):
            wide = 2560 if n % 9 == ff_at else 320
            shapes[f"unet:{n}:up"], shapes[f"unet:{n}:down"] = (wide, 1), (1, 320)
        for n in range(48):
            shapes[f"text_encoder:{n}:up"] = shapes[f"text_encoder:{n}:down"] = (768, 1)
        roles, _ = adapters.sorted_out(header(shapes))
        names = [place.layer for place in roles]
        assert len(names) == 192
        assert names[0] == "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
        assert names[5].endswith(second) and names[ff_at].endswith("ff.net.0.proj")
        assert names[9 * 6].startswith("output_blocks.3.1.") and names[143].startswith("middle_block.1.")
        assert (
            names[144] == "encoder.layers.0.self_attn.k_proj" and names[191] == "encoder.layers.11.self_attn.out_proj"
        )


def header(shapes: dict[str, tuple[int, ...]], **metadata: str):  # type: ignore[no-untyped-def]
    from atelier_concept_lock.files import Header

    return Header(Path("x.safetensors"), metadata, shapes, 8)


def test_cloneofsimo_s_words_and_bundled_ones_are_found(tmp_path: Path) -> None:
    parts = {f"{LAYER}.lora_down.weight": torch.ones(2, 4), f"{LAYER}.lora_up.weight": torch.ones(4, 2)}
    words = {"bundle_emb.jane doe.string_to_param.*": torch.ones(2, 768), "<s1>": torch.ones(768)}
    assert set(adapters.read(file_of(tmp_path, parts | words)).words) == {"jane doe", "<s1>"}


def test_peft_s_scale_is_read_from_its_metadata(tmp_path: Path) -> None:
    base = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q"
    tensors = {f"{base}.lora_A.weight": torch.ones(4, 8), f"{base}.lora_B.weight": torch.ones(8, 4)}
    told = {"unet.lora_alpha": 8, "unet.r": 4}
    for more, scale in (({}, 2.0), ({"unet.use_rslora": True}, 4.0)):
        path = file_of(tmp_path, tensors, lora_adapter_metadata=json.dumps(told | more))
        assert adapters.read(path).parts[Place("unet", Q)].scale == scale
    assert adapters.read(file_of(tmp_path, tensors)).parts[Place("unet", Q)].scale == 1.0


def test_one_layer_said_twice_is_refused(tmp_path: Path) -> None:
    twice = [key for key, layer in SPELLINGS.items() if layer == Q][:2]
    with pytest.raises(UserError, match="say the same of one layer"):
        adapters.read(file_of(tmp_path, {key: torch.ones(2, 8) for key in twice}))


def test_an_incomplete_layer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="input_blocks.4.1.proj_in.*make no adapter.*down"):
        adapters.read(file_of(tmp_path, {f"{LAYER}.lora_down.weight": torch.ones(2, 8)}))


def _raw(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    return path


def test_damaged_files_are_one_sentence_each(tmp_path: Path) -> None:
    good = file_of(tmp_path, {f"{LAYER}.lora_down.weight": torch.ones(2, 8)}).read_bytes()
    cases = [
        (b"", "is empty"),
        (b"abc", "cut off"),
        (good[:40], "cut off"),
        (good[:-1], "cut off"),
        (struct.pack("<Q", 5) + b"{oops", "list of tensors cannot be read"),
        (struct.pack("<Q", 2) + b"[]", "list of tensors cannot be read"),
        (struct.pack("<Q", 14) + b'{"a": {"x":1}}', "list of tensors cannot be read"),
        (struct.pack("<Q", 400_000) + b"[" * 400_000, "list of tensors cannot be read"),
    ]
    for content, sentence in cases:
        with pytest.raises(UserError, match=sentence):
            adapters.read(_raw(tmp_path, content))
    with pytest.raises(UserError, match="cannot be read"):
        read_header(tmp_path / "gone.safetensors")
    with pytest.raises(UserError, match="not a .safetensors"):
        read_header(tmp_path / "a.ckpt")


def test_a_header_of_100_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 100 * 2**20))
        file.truncate(8 + 100 * 2**20)  # a hole: costs no disk
    with pytest.raises(UserError, match="list of tensors has 100 MB"):
        read_header(path)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_invalid_numbers_are_refused(tmp_path: Path, number: float) -> None:
    tensors = {f"{LAYER}.lora_down.weight": torch.ones(2, 8), f"{LAYER}.lora_up.weight": torch.ones(8, 2)}
    tensors[f"{LAYER}.lora_up.weight"][3, 1] = number
    with pytest.raises(UserError, match="invalid numbers.*lora_up"):
        adapters.read(file_of(tmp_path, tensors))


def test_a_header_is_read_without_its_tensors(tmp_path: Path) -> None:
    path = file_of(tmp_path, {f"{LAYER}.lora_down.weight": torch.ones(2, 8)}, ss_network_dim="2")
    found = read_header(path)
    assert found.shapes == {f"{LAYER}.lora_down.weight": (2, 8)} and found.metadata == {"ss_network_dim": "2"}
    assert found.start == path.stat().st_size - 2 * 8 * 4
