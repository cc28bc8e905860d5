"""The contract of `Host.studio`: a training gets its gradients, and the host is as it was."""

from __future__ import annotations

from typing import Any

import torch
from atelier_core.patches import hooks_on
from atelier_core.studio import Studio

from .suite import JOB, LAYER, _raises, _untouched, same, scene, state_hash


def _answer(studio: Studio, texts: tuple[str, ...] = ("a red house",)) -> torch.Tensor:
    luck = torch.Generator().manual_seed(3)
    noisy = torch.randn(len(texts), 4, 8, 8, generator=luck).to(studio.device)
    times = torch.tensor([400] * len(texts), device=studio.device)
    sizes = torch.tensor([[64, 64, 0, 0, 64, 64]] * len(texts), device=studio.device)
    return studio.predict(noisy, times, studio.encode(texts), sizes)


def _added(studio: Studio, layer: str) -> tuple[torch.nn.Parameter, Any]:
    """A number that a hook adds to a layer's output: the least there is to train."""
    extra = torch.nn.Parameter(torch.zeros((), device=studio.device))
    layers = studio.layers if layer in studio.layers else studio.text_layers
    return extra, layers[layer].register_forward_hook(lambda module, inputs, output: output + extra.to(output.dtype))


def _text_layer(studio: Studio) -> str:
    return next(name for name in studio.text_layers if name.endswith("layers.0.mlp.fc1"))


def a_studio_gives_gradients_and_leaves_no_trace(host: Any, probe: Any) -> None:
    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    with host.studio() as studio:
        layers = [LAYER, *([_text_layer(studio)] if studio.trains_text else [])]
        for layer in layers:
            extra, handle = _added(studio, layer)
            try:
                for _ in range(2):  # what the first way back frees must not be wanted by the second
                    _answer(studio).square().mean().backward()
            finally:
                handle.remove()
            assert extra.grad is not None and torch.isfinite(extra.grad) and extra.grad != 0, layer
        assert all(parameter.grad is None for parameter in probe.denoiser().parameters())
    _untouched(probe, before, hooks)
    assert same(plain, host.generate(JOB).pictures[0])


def a_studio_leaves_no_trace_after_an_exception(host: Any, probe: Any) -> None:
    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    wanted = [parameter.requires_grad for parameter in probe.denoiser().parameters()]

    def fail() -> None:
        with host.studio() as studio:
            _answer(studio)
            raise ZeroDivisionError("on purpose")

    _raises(ZeroDivisionError, fail)
    _untouched(probe, before, hooks)
    assert [parameter.requires_grad for parameter in probe.denoiser().parameters()] == wanted
    assert same(plain, host.generate(JOB).pictures[0])


def a_studio_answers_alike_each_time(host: Any, probe: Any) -> None:
    with host.studio() as studio, torch.no_grad():
        first, second = _answer(studio), _answer(studio)
        assert first.shape == (1, 4, 8, 8) and first.dtype == torch.float32 and torch.equal(first, second)
        other = _answer(studio, ("a red house", "a blue boat by the sea"))
        assert other.shape[0] == 2 and not torch.allclose(other[0], other[1])
        shown = torch.zeros(1, 3, 64, 128)
        shown[..., 64:] = 0.5
        latents = [studio.latents(shown.to(studio.device)) for _ in range(2)]
        assert latents[0].shape == (1, 4, 64 // studio.cell, 128 // studio.cell) and torch.equal(*latents)
        assert studio.alphas.shape == (1000,) and (studio.alphas.diff() < 0).all() and 0 <= studio.alphas[-1] < 0.05
        assert studio.prediction in ("epsilon", "v") and studio.family in ("SD 1.5", "SD 2", "SDXL")
        assert len(studio.tokens("house")) >= 1 and LAYER in studio.layers


def pictures_can_be_made_in_a_studio(host: Any, probe: Any) -> None:
    """With what hooks add, in prompts too; afterwards the host remembers nothing of it."""
    plain = host.generate(JOB).pictures[0]
    with host.studio() as studio:
        assert same(plain, host.generate(JOB).pictures[0])
        for layer in [LAYER, *([_text_layer(studio)] if studio.trains_text and host.name != "fake" else [])]:
            extra, handle = _added(studio, layer)
            try:
                extra.data.fill_(0.5)
                changed = host.generate(JOB).pictures[0]
            finally:
                handle.remove()
            assert not same(plain, changed), layer
        extra, handle = _added(studio, LAYER)
        try:
            _answer(studio).mean().backward()  # also after the host has drawn, which it does without gradients
        finally:
            handle.remove()
        assert extra.grad is not None
    assert same(plain, host.generate(JOB).pictures[0])


def work_goes_on_in_a_studio(host: Any, probe: Any) -> None:
    with host.working("teaching") as work, host.studio(), host.working("inner"):
        work.step(1, 2, "teaching")
        work.preview(scene(32, 16))


CASES = [
    a_studio_gives_gradients_and_leaves_no_trace,
    a_studio_leaves_no_trace_after_an_exception,
    a_studio_answers_alike_each_time,
    pictures_can_be_made_in_a_studio,
    work_goes_on_in_a_studio,
]
