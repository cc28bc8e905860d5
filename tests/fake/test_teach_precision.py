"""Half precision and optimizers of 8 bits, as far as they can be proved without a graphics card."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from atelier_concept_lock.teach import course, descent, lessons, output
from atelier_concept_lock.teach.learner import Learner
from atelier_core import eightbit
from atelier_core.errors import UserError
from atelier_core.hosts.fake import FakeHost
from atelier_core.studio import Meaning, Studio
from lesson_files import pair, small
from safetensors.torch import load_file

HALVES = (torch.bfloat16, torch.float16)


@contextmanager
def in_half(host: FakeHost, dtype: torch.dtype) -> Iterator[Studio]:
    """The fake host's model as a webui holds its own on a card: weights and answers of the layers in `dtype`."""
    with host.studio() as studio:
        host.unet.to(dtype)

        def predict(noisy: torch.Tensor, times: torch.Tensor, read: Meaning, sizes: torch.Tensor) -> torch.Tensor:
            told = Meaning(read.context.to(dtype))
            return studio.predict(noisy.to(dtype), times.to(dtype), told, sizes).float()

        yield replace(studio, dtype=dtype, predict=predict)
        host.unet.to(torch.float32)


def taught(studio: Studio, root: Path, steps: int = 30, scaler: Any = None, **more: Any) -> Learner:
    args = small(steps=steps, rate=2e-2, text_rate=1e-3, optimizer="adamw", **more)
    made = course.opened(studio, lessons.begin(root, args, pair()))
    made.scaler = scaler or made.scaler
    with made.trained.attached():
        while made.step < steps:
            made.advance()
    return made


@pytest.mark.parametrize("dtype", HALVES)
def test_what_is_trained_stays_wide_on_a_model_of_half_precision(tmp_path: Path, dtype: torch.dtype) -> None:
    host = FakeHost(tmp_path)
    seen = []
    hooks = [layer.register_forward_hook(lambda m, i, o: seen.append(o.dtype)) for layer in host.unet.modules()]
    with in_half(host, dtype) as studio:
        made = taught(studio, tmp_path / "half")
    with host.studio() as studio:
        whole = taught(studio, tmp_path / "whole")
    for hook in hooks:
        hook.remove()
    assert dtype in seen and all(parameter.dtype == torch.float32 for parameter in made.parameters.values())
    assert all(torch.isfinite(parameter).all() for parameter in made.parameters.values())
    assert sum(made.losses[-10:]) < 0.97 * sum(made.losses[:10])
    assert made.losses == pytest.approx(whole.losses, rel=0.03)
    state = descent.to_tensors(made.optimizer, made.parameters)
    assert {one.dtype for name, one in state.items() if "exp_avg" in name} == {torch.float32}


@pytest.mark.parametrize("dtype", HALVES)
def test_gradients_that_are_scaled_teach_the_same(tmp_path: Path, dtype: torch.dtype) -> None:
    losses = []
    for n, scaler in enumerate((None, descent.Scaled(2.0**10))):
        with in_half(FakeHost(tmp_path), dtype) as studio:
            losses.append(taught(studio, tmp_path / str(n), steps=20, scaler=scaler).losses)
    assert losses[0] == pytest.approx(losses[1], rel=0.03)


def test_a_scale_that_is_too_large_for_half_precision_comes_down_by_itself(tmp_path: Path) -> None:
    with in_half(FakeHost(tmp_path), torch.float16) as studio:
        made = taught(studio, tmp_path, steps=4, scaler=descent.Scaled(2.0**34))
    assert made.scaler.get_scale() < 2.0**34 and made.step == 4
    assert all(torch.isfinite(parameter).all() for parameter in made.parameters.values())


@pytest.mark.parametrize(("precision", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_a_file_has_the_precision_that_was_asked_for(tmp_path: Path, precision: str, dtype: torch.dtype) -> None:
    with FakeHost(tmp_path).studio() as studio:
        made = taught(studio, tmp_path, steps=2, precision=precision)
        with made.trained.attached():
            path = output.write(made, tmp_path, output.told_of(made, ("", ""), 0.0, False)).path
    kinds = {name.rsplit(".", 1)[-1]: one.dtype for name, one in load_file(path).items()}
    assert kinds["weight"] == dtype


# ---- a stand-in for bitsandbytes: moments of 8 bits with a table of their steps, as its optimizers keep them


class Small(torch.optim.Optimizer):
    made: list[Small] = []

    def __init__(self, groups: Any, lr: float = 1e-3, betas: Any = (0.9, 0.999), weight_decay: float = 1e-2) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": weight_decay})
        Small.made.append(self)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in (p for p in group["params"] if p.grad is not None):
                state = self.state[p]
                if not state:
                    state |= {"step": 0, "state1": torch.zeros_like(p, dtype=torch.uint8), "absmax1": torch.ones(1)}
                moment = 0.9 * (state["state1"].float() / 127.5 - 1) * state["absmax1"] * (state["step"] > 0)
                moment += 0.1 * p.grad
                state["step"] += 1
                state["absmax1"] = moment.abs().max().clamp(min=1e-12)[None]
                state["state1"] = ((moment / state["absmax1"] + 1) * 127.5).round().to(torch.uint8)
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(group["lr"] * moment.sign())


class AdamW8bit(Small):
    pass


class PagedAdamW8bit(Small):
    pass


@pytest.fixture
def bitsandbytes(monkeypatch: pytest.MonkeyPatch) -> None:
    pack, optim = ModuleType("bitsandbytes"), ModuleType("bitsandbytes.optim")
    optim.AdamW8bit, optim.PagedAdamW8bit = AdamW8bit, PagedAdamW8bit  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", pack)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", optim)
    monkeypatch.setattr(eightbit, "is_there", lambda: True)
    Small.made.clear()


@pytest.mark.parametrize(("wish", "kind"), [("auto", AdamW8bit), ("adamw8bit", AdamW8bit), ("paged", PagedAdamW8bit)])
def test_a_small_optimizer_gets_rates_and_decay(
    tmp_path: Path, bitsandbytes: None, wish: str, kind: type[Small]
) -> None:
    args = small(optimizer=wish, rate=3e-3, text_rate=1e-4, decay=0.05, warmup=3, steps=10)
    with FakeHost(tmp_path).studio() as studio:
        made = course.opened(studio, lessons.begin(tmp_path, args, pair()))
        (optimizer,) = Small.made
        assert type(optimizer) is kind and {group["weight_decay"] for group in optimizer.param_groups} == {0.05}
        with made.trained.attached():
            made.advance()
    rates = {group["full"]: group["lr"] for group in optimizer.param_groups}
    assert rates == pytest.approx({3e-3: 3e-3 / 4, 1e-4: 1e-4 / 4})  # the first of three steps that warm up
    text = [name for name in made.parameters if made.trained.is_text(name)]
    of_text = next(group["params"] for group in optimizer.param_groups if group["full"] == 1e-4)
    assert text and {id(made.parameters[name]) for name in text} == {id(one) for one in of_text}


def test_a_lesson_with_a_small_optimizer_goes_on_to_the_bit(tmp_path: Path, bitsandbytes: None) -> None:
    args = small(optimizer="paged", steps=8, rate=2e-2)
    ends = []
    for name, stops in (("whole", ()), ("parts", (3, 6))):
        lesson = lessons.begin(tmp_path / name, args, pair())
        for stop in (*stops, args.steps):
            with FakeHost(tmp_path).studio() as studio:
                made = course.opened(studio, lesson)
                with made.trained.attached():
                    while made.step < stop:
                        made.advance()
                made.save(lesson.state)
        ends.append(made)
    one, other = ends
    assert all(torch.equal(one.parameters[name], other.parameters[name]) for name in one.parameters)
    kept = descent.to_tensors(other.optimizer, other.parameters)
    assert {t.dtype for name, t in kept.items() if name.endswith("/state1")} == {torch.uint8}


def test_a_state_of_another_optimizer_is_refused(tmp_path: Path, bitsandbytes: None, monkeypatch: Any) -> None:
    lesson = lessons.begin(tmp_path, small(), pair())
    with FakeHost(tmp_path).studio() as studio:
        course.opened(studio, lesson).save(lesson.state)
        monkeypatch.setattr(eightbit, "is_there", lambda: False)
        with pytest.raises(UserError, match="another model or another optimizer"):
            course.opened(studio, lesson)
