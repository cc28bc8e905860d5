"""A job on a loaded model: everything is found and checked first, then drawn."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from PIL import Image

from ...errors import UserError
from ...host import Work
from ...job import Asked, Job, Result
from ...patches import Attached, Now, Texts
from . import loras as lora_files
from . import pictures
from .checkpoint import Model
from .controls import Steering
from .encode import contexts, encode_pair, text_layers, tokens
from .infotext import infotext
from .loras import Lora
from .pictures import Sketcher
from .samplers import Course
from .sampling import Kept, Scene, denoise


@dataclass(frozen=True)
class Plan:
    """A job with all it needs at hand. Making one refuses what cannot be done."""

    job: Job  # as it was asked for
    canvas: Job  # the same on the model's grid
    words: str  # the prompt without its <lora:…>
    model: Model
    course: Course
    loras: tuple[Lora, ...]
    steerings: tuple[Steering, ...]
    seed: int
    sketcher: Callable[[], Sketcher]
    translate: Callable[[str], str]

    def seeds(self, batch: int) -> list[int]:
        first = self.seed + batch * self.job.batch
        return [first + i for i in range(self.job.batch)]


def first_seed(job: Job) -> int:
    return job.seed if job.seed >= 0 else random.randrange(2**32)


def plain(job: Job) -> Job:
    """Pictures of few colours, with alpha or with a palette, as the canvas can hold them."""
    init, mask = job.init, job.mask
    return replace(job, init=init and init.convert("RGB"), mask=mask and mask.convert("L"))


def draw(plan: Plan, work: Work) -> Result:
    now, done = Now(), Result((), (), ())
    model = plan.model
    texts = Texts(text_layers(model), partial(contexts, model), partial(tokens, model))
    attached = Attached(model.layers, plan.job.patches, now, texts, _asked(plan))
    with torch.no_grad(), lora_files.applied(plan.loras), attached:
        scene = _scene(plan)
        for batch in range(plan.job.count):
            done = _joined(done, _batch(plan, scene, batch, now, work))
    return replace(done, notes=_notes(plan))


def _asked(plan: Plan) -> Asked:
    """The same for every batch."""
    names = frozenset(lora.wish.name for lora in plan.loras)
    return Asked((plan.words,) * plan.job.batch, (plan.job.negative,) * plan.job.batch, names)


def _joined(one: Result, other: Result) -> Result:
    return Result(
        one.pictures + other.pictures, one.infotexts + other.infotexts, one.seeds + other.seeds, one.notes + other.notes
    )


def _notes(plan: Plan) -> tuple[str, ...]:
    first = _first(plan)
    steps = len(plan.course) - first
    t = plan.translate
    notes = [
        t("LoRA {name}: {left} of {all} layers found no place in this model.").format(
            name=lora.wish.name, left=lora.left, all=lora.left + len(lora.fitting)
        )
        for lora in plan.loras
        if lora.left
    ]
    for one in plan.steerings:
        acted = sum(one.acts(step, steps) for step in range(steps))
        said = t("ControlNet {name} acted on {acted} of {steps} steps.")
        notes.append(said.format(name=one.name, acted=acted, steps=steps))
    return tuple(notes) + tuple(why.told(t) for name, why in plan.model.lexicon.unread.items() if name in plan.words)


def _first(plan: Plan) -> int:
    return 0 if plan.job.init is None else plan.course.first(plan.job.denoise)


def _scene(plan: Plan) -> Scene:
    job, model = plan.canvas, plan.model
    wanted, unwanted = encode_pair(model, plan.words, job.negative)
    kept = None
    if job.init is not None and job.mask is not None:
        cells = pictures.open_cells(job.mask, pictures.latent_extent(model, job.size))
        original = pictures.encode(model, pictures.as_tensor(job.init))
        kept = Kept(original, cells.to(model.device))
    beside = _beside(plan) if model.unet.config.in_channels == 9 else None
    return Scene(model, wanted, unwanted, job.cfg, job.size, plan.steerings, kept, beside)


def _beside(plan: Plan) -> torch.Tensor:
    """Where an inpainting network may paint, and what it sees of the rest."""
    job, model = plan.canvas, plan.model
    picture = job.init or Image.new("RGB", job.size)
    mask = job.mask or Image.new("L", job.size, 255)
    cells = pictures.open_cells(mask, pictures.latent_extent(model, job.size)).to(model.device)
    return torch.cat([cells, pictures.encode(model, pictures.hidden(pictures.as_tensor(picture), mask))], dim=1)


def _start(plan: Plan, noise: torch.Tensor, first: int) -> torch.Tensor:
    job, model = plan.canvas, plan.model
    if job.init is None:
        return plan.course.pure(noise)
    init = pictures.blurred_inwards(job.init, job.mask) if job.mask and job.fill == "blurred" else job.init
    latent = pictures.encode(model, pictures.as_tensor(init)).expand_as(noise)
    if job.mask is not None and job.fill in ("noise", "nothing"):
        cells = pictures.open_cells(job.mask, pictures.latent_extent(model, job.size)).to(noise.device)
        latent = latent * (1 - cells) + cells * (noise if job.fill == "noise" else 0)
    return plan.course.noised(latent, noise, first)


def _batch(plan: Plan, scene: Scene, batch: int, now: Now, work: Work) -> Result:
    model, seeds, first = plan.model, plan.seeds(batch), _first(plan)
    width, height = pictures.latent_extent(model, plan.canvas.size)
    draws = [torch.Generator().manual_seed(seed) for seed in seeds]  # on the CPU: the same luck on every machine
    channels = model.vae.config.latent_channels
    noise = torch.cat([torch.randn(1, channels, height, width, generator=luck) for luck in draws]).to(model.device)
    steps = len(plan.course) - first
    before, total = batch * steps, plan.job.count * steps
    work.step(before, total)

    def watch(step: int, guess: torch.Tensor) -> None:
        work.step(before + step + 1, total)
        work.preview(plan.sketcher().sketch(guess[0]))

    latent = denoise(scene, plan.course, _start(plan, noise, first), first, draws, now, watch)
    if not torch.isfinite(latent).all():
        raise UserError("The model gave no numbers that make a picture. Try the precision fp32 in the settings.")
    made = tuple(_finished(plan, pictures.decode(model, one[None])) for one in latent)
    texts = tuple(infotext(plan.job, seed, model, plan.course, plan.loras) for seed in seeds)
    return Result(made, texts, tuple(seeds))


def _finished(plan: Plan, made: Image.Image) -> Image.Image:
    job = plan.job
    made = made.crop((0, 0, *job.size))
    return made if job.init is None or job.mask is None else pictures.overlaid(made, job.init, job.mask, job.mask_blur)
