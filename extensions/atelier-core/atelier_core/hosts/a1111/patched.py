"""Patches on the webui's network while it samples, in our own runs and in those of its tabs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from ...geometry import Extent
from ...job import Asked, Patch, Window
from ...patches import Attached, Now
from .loras import known
from .texts import texts_of

CELL = 8  # pixels
HERE = "atelier_patched"  # attribute of a run
current: list[Rows] = []  # the run the sampler is in, for the host's step callback


@dataclass
class Rows:
    """Which rows of the batch are cond or uncond, told by the host per step and consumed call by call."""

    now: Now
    waiting: list[str] = field(default_factory=list)

    def step_begins(self, params: Any) -> None:
        """`params`: the host's CFGDenoiserParams; cond rows come first, uncond last."""
        conds, rows = params.text_cond, params.x.shape[0]
        cond = (conds["crossattn"] if isinstance(conds, dict) else conds).shape[0]
        self.waiting = ["cond"] * min(cond, rows) + ["uncond"] * (rows - cond)
        calls, steps = params.denoiser, params.total_sampling_steps
        self.now.step, self.now.steps = calls.step * steps // (calls.total_steps or steps), steps
        self.now.sigma = _sigma(float(params.sigma.flatten()[0]), getattr(calls, "alphas", None))

    def call_begins(self, module: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> None:
        x = inputs[0]  # [B, C, H, W]
        self.now.latent = Extent(x.shape[3], x.shape[2])
        self.now.rows = self._rows(x.shape[0], options.get("transformer_options") or {})

    def _rows(self, count: int, of_forge: dict[str, Any]) -> tuple[str, ...]:
        marks = of_forge.get("cond_or_uncond")
        if marks:
            each = count // len(marks)
            return tuple(("cond", "uncond")[mark] for mark in marks for _ in range(each))
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return tuple(taken)


def _sigma(told: float, alphas: Any) -> float:
    """Samplers that count in timesteps tell these; their denoiser then has the schedule."""
    if alphas is None:
        return told
    alpha = float(alphas[round(told)])
    return float(((1 - alpha) / alpha) ** 0.5)


def on_cfg_denoiser(params: Any) -> None:
    if current:
        current[-1].step_begins(params)


@dataclass(frozen=True)
class Joined:
    patches: Sequence[Patch]
    sampled: Callable[[], None] = lambda: None  # asked after each batch


class Patched:
    """Stands in for the `sample` of a run: patches go on when the model is loaded and its LoRAs are active, and come
    off however sampling ends."""

    def __init__(self, p: Any, unet: Callable[[Any], Any]) -> None:
        self.p, self.unet = p, unet
        self.before = vars(p).get("sample")  # of another extension
        self.sample = p.sample
        self.joined: dict[str, Joined] = {}
        self._on = ExitStack()

    def __call__(self, *args: Any, **options: Any) -> Any:
        if not self.joined:
            return self.sample(*args, **options)
        try:
            self.attach()
            made = self.sample(*args, **options)
        finally:
            self._on.close()
        for one in self.joined.values():
            one.sampled()
        return made

    def attach(self) -> None:
        """For the pass that begins: a second one may read other prompts at another size."""
        self._on.close()
        net, rows = self.unet(self.p), Rows(Now(steps=self.p.steps, window=window_of(self.p)))
        patches = [patch for one in self.joined.values() for patch in one.patches]
        with ExitStack() as on:
            on.callback(net.register_forward_pre_hook(rows.call_begins, with_kwargs=True).remove)
            current.append(rows)
            on.callback(current.pop)
            layers = dict(net.named_modules())
            on.enter_context(Attached(layers, patches, rows.now, texts_of(self.p), asked_of(self.p)))
            self._on = on.pop_all()


def patched(p: Any, unet: Callable[[Any], Any]) -> Patched:
    """The one of this run; a copied run has that of its original."""
    known = getattr(p, HERE, None)
    if known is None or known.p is not p:
        known = Patched(p, unet)
        p.sample = known
        setattr(p, HERE, known)
    return known


def again(p: Any, name: str) -> None:
    """A second pass begins, of a run that `name` has joined."""
    known = getattr(p, HERE, None)
    if known is not None and known.p is p and name in known.joined:
        known.attach()


def leave(p: Any, name: str) -> None:
    """Takes `name` out of a run, and our stand-in with the last one, unless another extension holds on to it."""
    known = getattr(p, HERE, None)
    if known is None:
        return
    if known.p is p:
        known.joined.pop(name, None)
    if (known.joined and known.p is p) or vars(p).get("sample") is not known:
        return
    delattr(p, HERE)
    del p.sample
    if known.before is not None:
        p.sample = known.before


def asked_of(p: Any) -> Asked:
    prefix = "hr_" if getattr(p, "is_hr_pass", False) else ""
    prompts, negatives, networks = (
        getattr(p, prefix + name, None) or () for name in ("prompts", "negative_prompts", "extra_network_data")
    )
    named = [one for kind in ("lora", "lyco", "hypernet") for one in dict(networks).get(kind, ())]
    said = {str(one.positional[0]) for one in named if one.positional}
    files = {str(found.name) for one in said if (found := known(one)) is not None}
    return Asked(tuple(prompts), tuple(negatives), frozenset(said | files))


def window_of(p: Any) -> Window:
    """Of a picture of which only the masked part is painted; of a second pass that cuts off what sticks out."""
    part = getattr(p, "paste_to", None)
    if part and getattr(p, "inpaint_full_res", False):
        (left, top, width, height), (w, h) = part, p.init_images[0].size
        return Window(left / w, top / h, (left + width) / w, (top + height) / h)
    if getattr(p, "is_hr_pass", False):
        across = _kept(p.hr_upscale_to_x // CELL, p.truncate_x)
        down = _kept(p.hr_upscale_to_y // CELL, p.truncate_y)
        return Window(across[0], down[0], across[1], down[1])
    return Window()


def _kept(cells: int, cut: int) -> tuple[float, float]:
    return (cut // 2) / cells, (cells - (cut + 1) // 2) / cells
