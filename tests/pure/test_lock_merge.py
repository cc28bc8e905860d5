"""Merging adapters: exact by setting ranks side by side, and what the other ways lose."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from atelier_concept_lock import adapters, merge
from atelier_core.errors import UserError
from safetensors.torch import save_file

Q, CONV = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", "lora_unet_input_blocks_1_0_in_layers_2"
TE = "lora_te_text_model_encoder_layers_0_mlp_fc1"


def adapter(tmp_path: Path, seed: int, rank: int, alpha: float | None = None) -> adapters.Adapter:
    luck = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, out, ins in ((Q, 24, (20,)), (CONV, 16, (12, 3, 3)), (TE, 16, (12,))):
        point = (1,) * (len(ins) - 1)
        tensors[f"{name}.lora_down.weight"] = torch.randn(rank, *ins, generator=luck)
        tensors[f"{name}.lora_up.weight"] = torch.randn(out, rank, *point, generator=luck)
        if alpha is not None:
            tensors[f"{name}.alpha"] = torch.tensor(alpha)
    path = tmp_path / f"{seed}.safetensors"
    save_file(tensors, path)
    return adapters.read(path)


def sum_of(weighed: list[tuple[adapters.Adapter, float]], place: adapters.Place) -> torch.Tensor:
    total = torch.zeros(())
    for one, weight in weighed:
        w = {role: tensor.double() for role, tensor in one.parts[place].w.items()}
        scale = float(w.get("alpha", torch.tensor(float(len(w["down"]))))) / len(w["down"])
        total = total + weight * scale * torch.einsum("or,ri->oi", w["up"].flatten(1), w["down"].flatten(1))
    return total


def test_ranks_side_by_side_are_the_exact_sum(tmp_path: Path) -> None:
    weighed = [(adapter(tmp_path, 1, 4, 2.0), 0.8), (adapter(tmp_path, 2, 3), -0.5)]
    made = merge.exact(weighed)
    assert made.worst <= 1e-6 and made.note is None
    for place, part in made.parts.items():
        assert part.down.shape[0] == 7
        wanted = sum_of(weighed, place)
        assert float((merge.product(part).double() - wanted).norm() / wanted.norm()) <= 1e-6


def test_the_merged_file_is_read_back_as_the_sum(tmp_path: Path) -> None:
    weighed = [(adapter(tmp_path, 1, 4, 2.0), 1.0), (adapter(tmp_path, 2, 4), 0.5)]
    save_file(merge.exact(weighed).tensors(), tmp_path / "both.safetensors")
    both = adapters.read(tmp_path / "both.safetensors")
    assert set(both.parts) == set(weighed[0][0].parts)
    for place, part in both.parts.items():
        wanted = sum_of(weighed, place)
        found = part.delta_weight(torch.zeros(wanted.shape if "in_layers" not in place.layer else (16, 12, 3, 3)))
        assert float((found.flatten(1).double() - wanted).norm() / wanted.norm()) <= 1e-6


def test_element_by_element_is_no_sum_and_says_so(tmp_path: Path) -> None:
    weighed = [(adapter(tmp_path, 1, 4), 1.0), (adapter(tmp_path, 2, 4), 1.0)]
    made = merge.element_by_element(weighed)
    assert 0.7 < made.worst < 1.4  # the cross terms are as large as the sum
    assert made.note is not None and "off by up to" in str(made.note)
    with pytest.raises(UserError, match="different ranks"):
        merge.element_by_element([weighed[0], (adapter(tmp_path, 3, 2), 1.0)])


def test_a_reduced_rank_is_the_nearest_and_its_loss_is_told(tmp_path: Path) -> None:
    weighed = [(adapter(tmp_path, 1, 4), 1.0), (adapter(tmp_path, 2, 4), 1.0)]
    made = merge.reduced(weighed, 4)
    assert 0.2 < made.worst < 0.8 and made.note is not None
    for place in made.parts:
        wanted = sum_of(weighed, place)
        sizes = torch.linalg.svdvals(wanted)
        best = float((sizes[4:].square().sum() / sizes.square().sum()).sqrt())
        assert made.errors[place] == pytest.approx(best, abs=1e-4)
    assert merge.reduced(weighed, 8).worst <= 1e-5 and merge.reduced(weighed, 8).note is None


def test_only_loras_have_ranks(tmp_path: Path) -> None:
    path = tmp_path / "full.safetensors"
    save_file({f"{Q}.diff": torch.ones(24, 20)}, path)
    with pytest.raises(UserError, match="full is of the kind full: only LoRAs"):
        merge.exact([(adapters.read(path), 1.0)])
