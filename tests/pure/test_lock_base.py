"""Which base model a file is for, by its header alone; and its hashes, against kohya's own way of making them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
import torch
from atelier_concept_lock import base
from atelier_concept_lock.base import Base, detect
from atelier_concept_lock.files import Header
from atelier_concept_lock.hashes import hashes, trusted
from atelier_core.errors import UserError
from safetensors.torch import save_file

Shapes = dict[str, tuple[int, ...]]
ATTN2 = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
TE = "text_model_encoder_layers_0_self_attn_q_proj"


def header(shapes: Shapes, **metadata: str) -> Header:
    return Header(Path("x.safetensors"), metadata, shapes, 8)


def lora(name: str, ins: int, out: int = 320) -> Shapes:
    return {f"{name}.lora_down.weight": (4, ins), f"{name}.lora_up.weight": (out, 4), f"{name}.alpha": ()}


def loha(name: str, ins: int, out: int = 640) -> Shapes:
    return {f"{name}.hada_w{i}_{e}": (out, 4) if e == "a" else (4, ins) for i in "12" for e in "ab"}


def lokr(name: str, ins: tuple[int, int], out: tuple[int, int] = (8, 80)) -> Shapes:
    return {f"{name}.lokr_w1": (out[0], ins[0]), f"{name}.lokr_w2_a": (out[1], 4), f"{name}.lokr_w2_b": (4, ins[1])}


PROJ = "lora_unet_down_blocks_0_attentions_0_proj_in"
DEEP = "lora_unet_input_blocks_7_1_transformer_blocks_9_attn1_to_q"
FAMILIES: list[tuple[Shapes, str]] = [
    (lora(ATTN2, 768), "SD 1.5"),
    (lora(ATTN2, 1024), "SD 2"),
    (lora(ATTN2, 2048), "SDXL"),
    (lora(ATTN2, 1280), "SDXL refiner"),
    (loha(ATTN2, 768), "SD 1.5"),
    (loha(ATTN2, 2048), "SDXL"),
    (lokr(ATTN2, (8, 256)), "SDXL"),
    (lokr(ATTN2, (8, 96)), "SD 1.5"),
    ({f"{ATTN2}.diff": (320, 1024)}, "SD 2"),
    (lora(f"lora_te_{TE}", 768, 768), "SD 1.5"),
    (lora(f"lora_te_{TE}", 1024, 1024), "SD 2"),
    (lora(f"lora_te1_{TE}", 768, 768) | lora(f"lora_te2_{TE}", 1280, 1280), "SDXL"),
    (lora(DEEP, 1280, 1280), "SDXL"),
    ({f"{PROJ}.lora_down.weight": (4, 320, 1, 1), f"{PROJ}.lora_up.weight": (320, 4, 1, 1)}, "SD 1.5"),
    (lora(PROJ, 320), "SD 2"),
    (lora("lora_unet_double_blocks_0_img_attn_qkv", 3072, 9216), "Flux"),
    (lora("transformer.single_transformer_blocks.0.attn.to_q", 3072), "Flux"),
    (lora("lora_unet_joint_blocks_0_x_block_attn_qkv", 1536), "Stable Diffusion 3"),
    (lora("lora_unet_down_blocks_0_resnets_0_conv1", 320), ""),
    ({"weight": (3, 3)}, ""),
]


@pytest.mark.parametrize(("shapes", "family"), FAMILIES)
def test_a_family_is_told_by_shapes_or_not_at_all(shapes: Shapes, family: str) -> None:
    found = detect(header(shapes))
    assert (found.family, found.by) == (family, "shapes" if family else "")


UNTOLD = lora("lora_unet_down_blocks_0_resnets_0_conv1", 320)


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}, ("SDXL", "modelspec.architecture")),
        ({"modelspec.architecture": "stable-diffusion-v1/lora", "ss_base_model_version": "sdxl_base_v1-0"},
         ("SD 1.5", "modelspec.architecture")),
        ({"ss_base_model_version": "sdxl_base_v1-0"}, ("SDXL", "ss_base_model_version")),
        ({"ss_base_model_version": "sd_v1"}, ("SD 1.5", "ss_base_model_version")),
        ({"ss_v2": "True"}, ("SD 2", "ss_v2")),
        ({}, ("", "")),
    ],
)  # fmt: skip
def test_without_telling_shapes_the_metadata_counts_in_its_order(
    metadata: dict[str, str], found: tuple[str, str]
) -> None:
    told = detect(header(UNTOLD, **metadata))
    assert (told.family, told.by) == found
    assert detect(header(UNTOLD), chosen="SD 2") == Base("SD 2", "user")


def test_shapes_win_and_the_conflict_is_told() -> None:
    found = detect(header(lora(ATTN2, 2048), ss_base_model_version="sd_v1"))
    assert found.family == "SDXL" and found.conflicts == ("ss_base_model_version: SD 1.5",)


def test_variants_of_sdxl_are_told_by_names_only() -> None:
    shapes = lora(ATTN2, 2048)
    assert detect(header(shapes)).variant == ""
    assert detect(header(shapes, ss_sd_model_name="ponyDiffusionV6XL.safetensors")).variant == "Pony"
    assert detect(header(shapes), sidecar="Illustrious").variant == "Illustrious"
    assert detect(header(lora(ATTN2, 768), ss_sd_model_name="pony")).variant == ""
    assert detect(header(shapes, **{"modelspec.prediction_type": "v"})).prediction == "v"


def test_outlines_need_no_tensors() -> None:
    found = base.outlines(header(lokr(ATTN2, (8, 96)) | lora(PROJ, 320, 640)))
    assert sorted(found.values()) == [("LoKr", (640, 768)), ("LoRA", (640, 320))]


def addnet_hash_safetensors(b: io.BytesIO) -> str:
    """kohya's own, word for word in what it does: the first eight bytes tell how many to pass over."""
    total = hashlib.sha256()
    b.seek(0)
    n = int.from_bytes(b.read(8), "little")
    b.seek(n + 8)
    while chunk := b.read(1024 * 1024):
        total.update(chunk)
    return total.hexdigest()


@pytest.mark.parametrize("floats", [5, 400_000])  # shorter than AutoV1's window, and longer
def test_three_hashes_from_one_read(tmp_path: Path, floats: int, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"x": torch.arange(float(floats))}, path, {"ss_a": "1"})
    content = path.read_bytes()
    found = hashes(path)
    assert found.v1 == hashlib.sha256(content[0x100000:0x110000]).hexdigest()[:8]
    assert found.v2 == hashlib.sha256(content).hexdigest()[:10]
    assert found.tensors == addnet_hash_safetensors(io.BytesIO(content)) and found.v3 == found.tensors[:12]
    assert trusted(path, found.tensors) and not trusted(path, "0" * 64)
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: opened.append(str(self)) or real(self, *a, **k))
    hashes(path)
    assert len(opened) == 1  # the header; what was hashed is known


def test_metadata_changes_only_the_whole_file_s_hash(tmp_path: Path) -> None:
    made = []
    for note in ("one", "another, longer"):
        path = tmp_path / f"{len(note)}.safetensors"
        save_file({"x": torch.arange(9.0)}, path, {"note": note})
        made.append(hashes(path))
    assert made[0].v3 == made[1].v3 and made[0].v2 != made[1].v2


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file({"x": torch.zeros(9)}, path)
    before = hashes(path)
    save_file({"x": torch.ones(10)}, path)
    assert hashes(path).v3 != before.v3
    with pytest.raises(UserError, match="cannot be read"):
        hashes(tmp_path / "gone.safetensors")
