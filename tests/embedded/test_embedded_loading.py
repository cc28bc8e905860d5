"""Single files in ldm names and diffusers folders become the same networks that diffusers itself makes of them."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from atelier_core.errors import UserError
from atelier_core.hosts.embedded import checkpoint, names, weights
from atelier_core.hosts.embedded.checkpoint import Model
from atelier_core.hosts.embedded.host import EmbeddedHost
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors.torch import load_file, save_file

CROSS, PLAIN, UP_CROSS, UP_PLAIN = "CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"
SD15_UNET = {
    "block_out_channels": (32, 32, 64, 64),
    "down_block_types": (CROSS, CROSS, CROSS, PLAIN),
    "up_block_types": (UP_PLAIN, UP_CROSS, UP_CROSS, UP_CROSS),
    "cross_attention_dim": 32,
    "attention_head_dim": 8,
}
SDXL_UNET = {
    "block_out_channels": (32, 32, 64),
    "down_block_types": (PLAIN, CROSS, CROSS),
    "up_block_types": (UP_CROSS, UP_CROSS, UP_PLAIN),
    "transformer_layers_per_block": (1, 1, 2),
    "cross_attention_dim": 64,
    "attention_head_dim": (1, 1, 1),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 32 + 6 * 256,
}


def load(path: Path) -> Model:
    return checkpoint.load(path.stem, path, None, torch.float32, torch.float32)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    return {
        "sd15": tiny.tiny_sd15(folder / "sd15.safetensors"),
        "sdxl": tiny.tiny_sdxl(folder / "sdxl.safetensors"),
        "inpaint": tiny.tiny_sd15(folder / "inpaint.safetensors", tiny.SD15_INPAINT),
    }


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(("kind", "config"), [("sd15", SD15_UNET), ("sdxl", SDXL_UNET)])
def test_unet_answers_like_the_reference(files: dict[str, Path], kind: str, config: dict[str, Any]) -> None:
    reference = UNet2DConditionModel(**config).eval()
    reference.load_state_dict(convert_ldm_unet_checkpoint(load_file(files[kind]), reference.config))
    ours = load(files[kind]).unet
    luck = torch.Generator().manual_seed(0)
    x, text = (
        torch.randn(2, 4, 12, 20, generator=luck),
        torch.randn(2, 77, config["cross_attention_dim"], generator=luck),
    )
    extra = {"text_embeds": torch.randn(2, 32, generator=luck), "time_ids": torch.rand(2, 6, generator=luck) * 500}
    with torch.no_grad():
        a, b = (net(x, torch.tensor(500), text, added_cond_kwargs=extra).sample for net in (reference, ours))
    assert a.abs().max() > 0.1
    assert (a - b).abs().max() < 1e-4


def test_vae_answers_like_the_reference(files: dict[str, Path]) -> None:
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    reference = AutoencoderKL(block_out_channels=(32,) * 4, layers_per_block=2, **blocks).eval()
    reference.load_state_dict(convert_ldm_vae_checkpoint(load_file(files["sd15"]), dict(reference.config)))
    ours = load(files["sd15"]).vae
    assert ours.config.scaling_factor == 0.18215
    assert load(files["sdxl"]).vae.config.scaling_factor == 0.13025
    latent = torch.randn(1, 4, 6, 5, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert (ours.decode(latent).sample - reference.decode(latent).sample).abs().max() < 1e-4


@pytest.mark.parametrize("kind", ["sd15", "sdxl"])
def test_every_tensor_of_the_unet_is_found_under_its_ldm_name(files: dict[str, Path], kind: str) -> None:
    layers, tensors = load(files[kind]).layers, load_file(files[kind])
    of_unet = {key[len(checkpoint.UNET) :]: t for key, t in tensors.items() if key.startswith(checkpoint.UNET)}
    for key, tensor in of_unet.items():
        name, _, part = key.rpartition(".")
        assert torch.equal(getattr(layers[name], part), tensor), key
    assert len(of_unet) > 300


def test_text_encoders_hold_the_tensors_of_the_file(files: dict[str, Path]) -> None:
    tensors = load_file(files["sdxl"])
    first, second = (encoder.text for encoder in load(files["sdxl"]).encoders)
    packed = tensors["conditioner.embedders.1.model.transformer.resblocks.1.attn.in_proj_weight"]
    assert torch.equal(second.text_model.encoder.layers[1].self_attn.k_proj.weight, packed[32:64])
    assert torch.equal(second.text_projection.weight, tensors["conditioner.embedders.1.model.text_projection"].T)
    plain = "conditioner.embedders.0.transformer.text_model.encoder.layers.1.mlp.fc1.weight"
    assert torch.equal(dict(first.named_parameters())["encoder.layers.1.mlp.fc1.weight"], tensors[plain])
    assert (first.config.hidden_act, second.config.hidden_act) == ("quick_gelu", "gelu")


def test_an_inpainting_network_is_read_with_its_nine_channels(files: dict[str, Path]) -> None:
    assert load(files["inpaint"]).unet.config.in_channels == 9


def test_full_size_shapes_give_the_published_configurations() -> None:
    from atelier_core.hosts.embedded.shapes import Recipe, decoder_types, unet_config

    sd15 = tiny.Layout(320, (1, 2, 4, 4), (1, 1, 1, 0), context=768)
    config = unet_config(tiny.unet(sd15), "sd1", Recipe())
    assert config["block_out_channels"] == (320, 640, 1280, 1280)
    assert config["attention_head_dim"] == (8, 8, 8, 8) and config["cross_attention_dim"] == 768
    assert decoder_types(config)["up_block_types"] == (UP_PLAIN, UP_CROSS, UP_CROSS, UP_CROSS)
    sdxl = tiny.Layout(320, (1, 2, 4), (0, 2, 10), 10, context=2048, linear=True, extra=2816)
    config = unet_config(tiny.unet(sdxl), "sdxl", Recipe())
    assert config["transformer_layers_per_block"] == (1, 2, 10) and config["attention_head_dim"] == (5, 10, 20)
    assert config["projection_class_embeddings_input_dim"] == 2816 and config["use_linear_projection"]


def test_the_yaml_beside_a_narrow_file_is_honoured(tmp_path: Path) -> None:
    path = tiny.tiny_sd15(tmp_path / "narrow.safetensors")
    path.with_suffix(".yaml").write_text(
        tiny.yaml_for(heads=4).replace("linear_end: 0.0120", "linear_end: 0.02\n    parameterization: v")
    )
    model = load(path)
    assert tuple(model.unet.config.attention_head_dim) == (4, 4, 4, 4)
    assert model.training["prediction_type"] == "v_prediction" and model.training["beta_end"] == 0.02
    path.with_suffix(".yaml").write_text("model: [1, 2")
    with pytest.raises(UserError, match="narrow.yaml"):
        load(path)


def test_a_diffusers_folder_draws_the_same(files: dict[str, Path], tmp_path: Path) -> None:
    from atelier_core.geometry import Extent
    from atelier_core.job import Job

    home = tmp_path / "models" / "Stable-diffusion"
    model, folder = load(files["sd15"]), home / "a-folder"
    model.unet.save_pretrained(folder / "unet")
    model.vae.save_pretrained(folder / "vae")
    model.encoders[0].text.save_pretrained(folder / "text_encoder")
    model.encoders[0].tokenizer.save_pretrained(folder / "tokenizer")
    (folder / "scheduler").mkdir()
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"beta_start": 0.00085, "beta_end": 0.012}))
    (folder / "model_index.json").write_text("{}")
    (home / "file.safetensors").write_bytes(files["sd15"].read_bytes())
    host = EmbeddedHost(tmp_path)
    assert [one.name for one in host.models("checkpoint")] == ["a-folder", "file"]
    job = Job("a red house", "blurry", Extent(64, 64), steps=2, seed=5)
    a, b = (host.generate(Job(**{**job.__dict__, "checkpoint": name})).pictures[0] for name in ("a-folder", "file"))
    # one level: diffusers leaves the weights where the file has them in memory, and sums depend on their alignment
    assert np.abs(np.asarray(a, int) - np.asarray(b, int)).max() <= 1


def broken(tmp_path: Path) -> dict[str, Path]:
    whole = tiny.tiny_sd15(tmp_path / "whole.safetensors").read_bytes()
    header = struct.unpack("<Q", whole[:8])[0]
    contents = {"empty": b"", "cut": whole[: header + 1000], "noise": b"\xff" * 5000}
    for name, content in contents.items():
        (tmp_path / f"{name}.safetensors").write_bytes(content)
    return {name: tmp_path / f"{name}.safetensors" for name in contents}


def test_damaged_files_are_refused_with_a_sentence(tmp_path: Path) -> None:
    for name, path in broken(tmp_path).items():
        with pytest.raises(UserError, match=f"{name}.safetensors is damaged"):
            load(path)


@pytest.mark.parametrize(
    ("key", "family"),
    [
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", "Flux"),
        ("model.diffusion_model.joint_blocks.0.x.weight", "Stable Diffusion 3"),
        ("cond_stage_model.model.ln_final.weight", "Stable Diffusion 2"),
        ("lora_unet_down_blocks_0.lora_up.weight", "a LoRA"),
    ],
)
def test_other_families_are_named_and_refused(tmp_path: Path, key: str, family: str) -> None:
    path = tmp_path / "other.safetensors"
    save_file({key: torch.zeros(2, 2)}, path)
    with pytest.raises(UserError, match=f"other.safetensors is {family}"):
        load(path)


def test_a_file_with_a_part_missing_names_it(files: dict[str, Path], tmp_path: Path) -> None:
    tensors = load_file(files["sd15"])
    save_file({k: v for k, v in tensors.items() if not k.endswith(".out.2.bias")}, tmp_path / "hole.safetensors")
    with pytest.raises(UserError, match="conv_out.bias"):
        load(tmp_path / "hole.safetensors")
    save_file({k: v for k, v in tensors.items() if not k.startswith("first_stage")}, tmp_path / "blind.safetensors")
    with pytest.raises(UserError, match=r"blind.vae.safetensors"):
        load(tmp_path / "blind.safetensors")


def test_a_vae_file_replaces_the_checkpoints_own(files: dict[str, Path], tmp_path: Path) -> None:
    home = tmp_path / "models"
    (home / "VAE").mkdir(parents=True)
    (home / "Stable-diffusion").mkdir()
    (home / "Stable-diffusion" / "m.safetensors").write_bytes(files["sd15"].read_bytes())
    tensors = tiny.filled(tiny.vae(), 99)
    save_file(tensors, home / "VAE" / "m.vae.safetensors")
    vae = EmbeddedHost(tmp_path).model().vae
    assert torch.equal(vae.decoder.conv_in.weight, tensors["decoder.conv_in.weight"])


def test_no_model_and_pickles_are_told(tmp_path: Path) -> None:
    from atelier_core.job import Job

    host = EmbeddedHost(tmp_path)
    with pytest.raises(UserError, match="Stable-diffusion"):
        host.generate(Job("x"))
    tiny.tiny_sd15(tmp_path / "models" / "Stable-diffusion" / "ok.safetensors")
    (tmp_path / "models" / "Stable-diffusion" / "old.ckpt").write_bytes(b"pickle")
    with pytest.raises(UserError, match=r"old is a .ckpt file"):
        host.generate(Job("x", checkpoint="old"))


def test_names_are_translated_by_the_longest_prefix() -> None:
    table = {"a.0": "x", "a.0.in": "x.norm"}
    assert names.renamed("a.0.in.weight", table) == "x.norm.weight"
    assert names.renamed("a.0.out.bias", table) == "x.out.bias"
    assert names.renamed("a", table) is None


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "f").write_bytes(b"abc" * 999_999)
    assert weights.digest(tmp_path / "f") == hashlib.sha256(b"abc" * 999_999).hexdigest()
