"""Text encoders by region: layers one by one, and OpenCLIP's attention, which is one function over one weight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from atelier_concept_lock.adapters import Adapter
from atelier_concept_lock.branches import Branch
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.keys import Place
from atelier_concept_lock.kinds import part_of
from atelier_concept_lock.matching import match
from atelier_concept_lock.report import Line
from atelier_concept_lock.textside import Reading, changed, read

Tensor = torch.Tensor
WIDE, HEADS = 12, 3
HOME = "te2.encoder.layers.0.self_attn"


def lora(seed: int, out: int = WIDE, ins: int = WIDE, bias: bool = False) -> Any:
    luck = torch.Generator().manual_seed(seed)
    more = {"diff_b": torch.randn(out, generator=luck)} if bias else {}
    made = {"down": torch.randn(2, ins, generator=luck), "up": torch.randn(out, 2, generator=luck)}
    return part_of({**made, **more}, "x")


@pytest.mark.parametrize("batch_first", [True, False])
def test_joint_attention_is_asked_with_its_changed_weights(batch_first: bool) -> None:
    torch.manual_seed(0)
    module = torch.nn.MultiheadAttention(WIDE, HEADS, batch_first=batch_first).eval()
    names = ("q_proj", "k_proj", "v_proj", "out_proj")
    parts = {name: lora(n, bias=name in ("q_proj", "out_proj")) for n, name in enumerate(names)}
    changes = {f"{HOME}.{name}": [Branch(0, None, part, 0.5)] for name, part in parts.items()}
    x = torch.randn(2, 7, WIDE)
    given = x if batch_first else x.transpose(0, 1)
    mask = torch.full((7, 7), float("-inf")).triu(1)
    with torch.no_grad():
        plain = module(given, given, given, need_weights=False, attn_mask=mask)[0]
        with changed({HOME: module}, changes):
            found = module(given, given, given, need_weights=False, attn_mask=mask)[0]
        assert torch.equal(module(given, given, given, need_weights=False, attn_mask=mask)[0], plain)
    assert not module._forward_hooks
    with torch.no_grad():
        wanted = oracle(module, parts, x.double(), mask)
    assert float((found if batch_first else found.transpose(0, 1)).double().sub(wanted).abs().max()) < 1e-5
    assert float((found - plain).abs().max()) > 0.01


def oracle(module: torch.nn.MultiheadAttention, parts: Mapping[str, Any], x: Tensor, mask: Tensor) -> Tensor:
    deltas = {name: 0.5 * (p.w["up"].double() @ p.w["down"].double()) for name, p in parts.items()}
    weights, biases = module.in_proj_weight.double().chunk(3), module.in_proj_bias.double().chunk(3)
    more = {name: 0.5 * p.w["diff_b"].double() if "diff_b" in p.w else 0 for name, p in parts.items()}
    q, k, v = (
        (x @ (w + deltas[name]).T + b + more[name]).reshape(2, 7, HEADS, -1).transpose(1, 2)
        for w, b, name in zip(weights, biases, ("q_proj", "k_proj", "v_proj"), strict=True)
    )
    answer = ((q @ k.mT / (WIDE / HEADS) ** 0.5 + mask).softmax(-1) @ v).transpose(1, 2).reshape(2, 7, WIDE)
    return (
        answer @ (module.out_proj.weight.double() + deltas["out_proj"]).T
        + module.out_proj.bias.double()
        + more["out_proj"]
    )


class Encoder:
    """Two prompts to numbers, through one layer."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(WIDE, WIDE)
        self.text_layers: Mapping[str, Any] = {"te1.encoder.layers.0.mlp.fc1": self.layer}

    def encode(self, texts: Sequence[str]) -> list[Tensor]:
        with torch.no_grad():
            return [self.layer(torch.full((1, 3, WIDE), float(len(text)))) for text in texts]


def test_each_prompt_is_read_with_its_own_changes_only() -> None:
    encoder = Encoder()
    plain = encoder.encode(["a", "bb", "ccc"])
    change = {"te1.encoder.layers.0.mlp.fc1": [Branch(0, 1, lora(1), 1.0)]}
    for prompt, reading, same in (("a", Reading(), 0), ("bb", Reading(change), None), ("ccc", Reading(), 2)):
        (found,) = read(encoder, [prompt], reading)  # type: ignore[arg-type]
        assert [n for n, one in enumerate(plain) if torch.equal(found, one)] == ([] if same is None else [same])
    assert not encoder.layer._forward_hooks


def test_projections_of_joint_attention_are_matched_by_its_width() -> None:
    texts = {HOME: torch.nn.MultiheadAttention(WIDE, HEADS)}
    good, wide = (Place("te2", f"encoder.layers.0.self_attn.{name}") for name in ("q_proj", "v_proj"))
    made = Adapter("x", {good: lora(1), wide: lora(1, ins=WIDE + 1)})
    line = Line("x", 1)
    found = match({}, texts, ConceptCard("x", ("x",)), [made], line, (0, 0))
    assert list(found.texts) == [f"{HOME}.q_proj"] and line.missed == [f"te2: {wide.layer}"]
