"""The arithmetic of a course: shares of picture and noise, for every sampler and both things a network may predict."""

from typing import Any

import numpy as np
import pytest
import torch
from atelier_core.hosts.embedded.samplers import NAMES, Course

TRAINING: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
}
STEPS = 12


def course(name: str, kind: str = "epsilon") -> Course:
    made = Course(name, "Automatic", STEPS, TRAINING | {"prediction_type": kind})
    made.begin(0)
    return made


def tensors(count: int) -> list[torch.Tensor]:
    luck = torch.Generator().manual_seed(5)
    return [torch.randn(1, 4, 3, 5, generator=luck) for _ in range(count)]


def noise_over_picture(time: float) -> float:
    """In float64, from the betas alone."""
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    kept = np.cumprod(1 - betas)
    return float(np.interp(time, np.arange(1000), np.sqrt((1 - kept) / kept)))


@pytest.mark.parametrize("name", NAMES)
def test_sigmas_fall_and_belong_to_their_times(name: str) -> None:
    made = course(name)
    assert len(made) == STEPS and made.sigmas == sorted(made.sigmas, reverse=True)
    for time, sigma in list(zip(made.times, made.sigmas, strict=True))[:-1]:
        assert abs(noise_over_picture(float(time)) / sigma - 1) < 0.05


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", NAMES)
def test_an_answer_that_leads_to_a_picture_is_a_guess_of_it(name: str, kind: str) -> None:
    made, (picture, x) = course(name, kind), tensors(2)
    for at in range(STEPS):
        answer = made.leading_to(picture, x, at)
        assert torch.allclose(made.guess(answer, x, at), picture, atol=1e-4)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in ("Euler a", "DPM++ 2M SDE", "DPM++ 2M SDE Karras", "LCM")]
)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_a_network_that_always_sees_the_picture_brings_it_back(name: str, kind: str) -> None:
    """Through the whole walk of the scheduler itself: its idea of the shares is ours."""
    made, (picture, noise) = course(name, kind), tensors(2)
    x = made.noised(picture, noise, 0)
    for at in range(STEPS):
        assert torch.allclose(x, made.noised(picture, noise, at), atol=2e-3)
        made.scaled(x, at)
        x = made.step(made.leading_to(picture, x, at), x, at, [torch.Generator()])
    assert torch.allclose(x, picture, atol=1e-3)


def test_a_course_can_be_walked_again() -> None:
    made, (picture, noise) = course("DPM++ 2M"), tensors(2)
    ends = []
    for _ in range(2):
        made.begin(3)
        x = made.noised(picture, noise, 3)
        for at in range(3, STEPS):
            x = made.step(torch.tanh(x), x, at, [])
        ends.append(x)
    assert torch.equal(*ends)
