"""Samplers by the names creators know, on diffusers' schedulers.

Some schedulers keep the picture and let the noise grow (x = picture + sigma * noise), others fade the picture as noise
grows (x = alpha * picture + beta * noise). `Course` hides which.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import UserError

if TYPE_CHECKING:  # the names of the samplers are wanted before anything is drawn, and these take seconds to import
    import torch


@dataclass(frozen=True)
class Sampler:
    scheduler: str  # class of diffusers
    options: dict[str, Any] = field(default_factory=dict)
    automatic: str = "Uniform"  # the schedule this sampler is made for
    grows: bool = False  # x = picture + sigma * noise


TWO_M = {"solver_order": 2, "algorithm_type": "dpmsolver++"}
SDE = TWO_M | {"algorithm_type": "sde-dpmsolver++"}
SAMPLERS = {
    "Euler a": Sampler("EulerAncestralDiscreteScheduler", grows=True),
    "Euler": Sampler("EulerDiscreteScheduler", grows=True),
    "DPM++ 2M": Sampler("DPMSolverMultistepScheduler", TWO_M, "Karras"),
    "DPM++ 2M SDE": Sampler("DPMSolverMultistepScheduler", SDE, "Karras"),
    "DDIM": Sampler("DDIMScheduler", {"clip_sample": False, "timestep_spacing": "leading", "steps_offset": 1}),
    "LCM": Sampler("LCMScheduler"),
    "UniPC": Sampler("UniPCMultistepScheduler"),
}
SCHEDULES = {
    "Uniform": "",
    "Karras": "use_karras_sigmas",
    "Exponential": "use_exponential_sigmas",
}
SHORTHANDS = {"DPM++ 2M Karras": ("DPM++ 2M", "Karras"), "DPM++ 2M SDE Karras": ("DPM++ 2M SDE", "Karras")}
NAMES = (*SAMPLERS, *SHORTHANDS)
MOST_STEPS = 500  # the networks were trained on 1000 noise levels; the schedules need room between them


class Course:
    """The way of one run from noise to picture: `len(self)` steps, of which img2img walks the last ones."""

    def __init__(self, sampler: str, schedule: str, steps: int, training: dict[str, Any]) -> None:
        self.sampler, self.schedule, self._kind, option = _chosen(sampler, schedule)
        if steps > MOST_STEPS:
            raise UserError("At most {most} steps.", most=MOST_STEPS)
        import diffusers

        kind = getattr(diffusers, self._kind.scheduler)
        known = inspect.signature(kind.__init__).parameters
        wanted = training | self._kind.options | ({option: True} if option else {})
        wanted["original_inference_steps"] = max(50, steps)  # LCM picks its steps among those it was distilled from
        if option and option not in known:
            raise UserError("The sampler {sampler} has no schedule “{schedule}”.", sampler=sampler, schedule=schedule)
        self._scheduler = kind(**{key: value for key, value in wanted.items() if key in known})
        self._steps = steps
        self._scheduler.set_timesteps(steps)
        self._velocity = training.get("prediction_type") == "v_prediction"
        self.times: list[torch.Tensor] = list(self._scheduler.timesteps)
        self.sigmas = self._sigmas()
        self._draws = "generator" in inspect.signature(self._scheduler.step).parameters

    def _sigmas(self) -> list[float]:
        """Noise over picture at each step."""
        if hasattr(self._scheduler, "sigmas"):
            return [float(sigma) for sigma in self._scheduler.sigmas[: len(self.times)]]
        kept = self._scheduler.alphas_cumprod[self._scheduler.timesteps]
        return [float(sigma) for sigma in ((1 - kept) / kept).sqrt()]

    def __len__(self) -> int:
        return len(self.times)

    def first(self, denoise: float) -> int:
        """The step at which img2img enters, as webuis count it."""
        return len(self) - int(min(denoise, 0.999) * len(self)) - 1

    def begin(self, at: int) -> None:
        """A new walk; the schedulers remember the last one."""
        self._scheduler.set_timesteps(self._steps)
        if hasattr(self._scheduler, "set_begin_index"):
            self._scheduler.set_begin_index(at)

    def _shares(self, at: int) -> tuple[float, float]:
        """How much of the picture and of the noise is in x at a step."""
        sigma = self.sigmas[at]
        if self._kind.grows:
            return 1.0, sigma
        whole = (1 + sigma**2) ** 0.5
        return 1 / whole, sigma / whole

    def pure(self, noise: torch.Tensor) -> torch.Tensor:
        return noise * float(self._scheduler.init_noise_sigma)

    def noised(self, picture: torch.Tensor, noise: torch.Tensor, at: int) -> torch.Tensor:
        alpha, beta = self._shares(at)
        return alpha * picture + beta * noise

    def scaled(self, x: torch.Tensor, at: int) -> torch.Tensor:
        """As the network wants to see it."""
        return self._scheduler.scale_model_input(x, self.times[at])

    def leading_to(self, picture: torch.Tensor, x: torch.Tensor, at: int) -> torch.Tensor:
        """What the network would have to answer for `picture` to be its guess."""
        alpha, beta = self._shares(at)
        noise = (x - alpha * picture) / beta
        if not self._velocity:
            return noise
        whole = (1 + self.sigmas[at] ** 2) ** 0.5
        return (noise - self.sigmas[at] * picture) / whole

    def guess(self, answer: torch.Tensor, x: torch.Tensor, at: int) -> torch.Tensor:
        """The picture that the network's answer points to."""
        alpha, beta = self._shares(at)
        if not self._velocity:
            return (x - beta * answer) / alpha
        sigma, whole = self.sigmas[at], (1 + self.sigmas[at] ** 2) ** 0.5
        seen = x / whole if self._kind.grows else x
        return (seen - sigma * answer) / whole

    def step(self, answer: torch.Tensor, x: torch.Tensor, at: int, draws: Sequence[torch.Generator]) -> torch.Tensor:
        luck = {"generator": list(draws)} if self._draws else {}
        return self._scheduler.step(answer, self.times[at], x, return_dict=False, **luck)[0]


def _chosen(sampler: str, schedule: str) -> tuple[str, str, Sampler, str]:
    name, fixed = SHORTHANDS.get(sampler, (sampler, ""))
    if name not in SAMPLERS:
        raise UserError("There is no sampler “{name}” here. There are: {names}.", name=sampler, names=", ".join(NAMES))
    kind = SAMPLERS[name]
    wanted = fixed or (kind.automatic if schedule in ("", "Automatic") else schedule)
    if wanted not in SCHEDULES:
        raise UserError(
            "There is no schedule “{name}” here. There are: {names}.", name=schedule, names=", ".join(SCHEDULES)
        )
    return name, wanted, kind, SCHEDULES[wanted]
