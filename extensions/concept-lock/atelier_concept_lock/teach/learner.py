"""What learns: the caches of pictures and words, a step of the training, and its state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.studio import Meaning, Studio

from . import descent, loss, state
from .crops import Fitted, batches, by_area
from .lowrank import LowRank, Ranks
from .luck import luck, order
from .options import TeachArgs, base_of, prompt_of, shuffled
from .words import Words

Tensor = torch.Tensor
MOST_SKIPPED = 20  # steps in a row whose gradients were no numbers
WAYS, MOST_READ = 8, 256  # in which each prompt is said when it is shuffled; fewer, where they are more than so many


@dataclass
class Shown:
    """A picture as the network is shown it, mirrored too where that is wished."""

    latents: list[Tensor]  # of [1, 4, h, w]
    masks: list[Tensor] | None  # of [1, 1, h, w]
    sizes: Tensor  # [1, 6]


@dataclass
class Heard:
    """Prompts as read by the untaught text encoder."""

    prompts: list[str]
    meaning: Meaning | None  # on the CPU; none where they are read anew at each step
    ways: int = 1  # in which each picture's prompt is said, one after the other

    def places(self, at: Sequence[int], chance: torch.Generator) -> list[int]:
        """Of pictures' prompts, each said in one of its ways."""
        if self.ways == 1:
            return list(at)
        turns = torch.randint(self.ways, (len(at),), generator=chance).tolist()
        return [n * self.ways + turn for n, turn in zip(at, turns, strict=True)]

    def rows(self, at: Sequence[int], device: torch.device) -> Meaning:
        assert self.meaning is not None
        return self.meaning.rows(at).to(device)


@dataclass
class Learner:
    studio: Studio
    args: TeachArgs
    trained: LowRank | Words
    shown: list[Shown]
    heard: Heard
    known: list[Shown] = field(default_factory=list)  # pictures of the noun
    known_heard: Heard | None = None
    step: int = 0
    losses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        args = self.args
        self.parameters = self.trained.parameters()
        rates = {name: args.text_rate if self.trained.is_text(name) else args.rate for name in self.parameters}
        self.optimizer = descent.optimizer(args.optimizer, self.parameters, rates, args.decay)
        half = self.studio.dtype == torch.float16 and self.studio.device.type != "cpu"
        self.scaler = descent.Scaled() if half else descent.Unscaled()
        self.skipped = 0

    def epoch(self, number: int) -> list[list[int]]:
        shapes = [_cells(one) for one in self.shown]
        return batches(shapes, self.args.batch, order(len(shapes), luck(self.args.seed, "order", number)))

    def advance(self) -> float:
        """One step. Where its loss is no number nothing has moved, and a sentence says so."""
        total = self.gradients(self.step)
        if not np.isfinite(total):
            raise self._astray()
        share = descent.share_of_rate(self.step, self.args.steps, self.args.warmup, self.args.schedule)
        descent.set_rate(self.optimizer, share)
        moved = descent.descend(self.optimizer, self.parameters, self.scaler)
        self.skipped = 0 if moved else self.skipped + 1
        if self.skipped and (self.scaler.get_scale() <= 1 or self.skipped > MOST_SKIPPED):
            raise self._astray()
        self.step += 1
        self.losses.append(total)
        return total

    def _astray(self) -> UserError:
        self.optimizer.zero_grad(set_to_none=True)
        return UserError(
            "At step {step} the loss was no number any more. What was learnt before is kept; try a lower rate.",
            step=self.step + 1,
        )

    def gradients(self, step: int) -> float:
        """The loss of a step, with its gradients left on the parameters."""
        each = len(self.epoch(0))
        at = self.epoch(step // each)[step % each]
        chance = luck(self.args.seed, "step", step)
        turned = int(torch.randint(2, (1,), generator=chance)) if self.args.flip else 0
        with self._precision():
            read = self._meaning(self.heard, self.heard.places(at, chance))
            one = self._judged([self.shown[n] for n in at], turned, read, chance)
        self._back(one)
        total = float(one.detach())
        if self.known:
            total += self._keep(step, chance)
        return total

    def _keep(self, step: int, chance: torch.Generator) -> float:
        """What the model knows of the noun."""
        assert self.known_heard is not None
        one = self.known[step % len(self.known)]
        with self._precision():
            untaught = self.known_heard.rows([0], self.studio.device) if self.args.prior_by == "answer" else None
            kept = self.args.prior * self._judged([one], 0, self._meaning(self.known_heard, [0]), chance, untaught)
        self._back(kept)
        return float(kept.detach())

    def _back(self, one: Tensor) -> None:
        if one.requires_grad:
            self.scaler.scale(one).backward()

    def _precision(self) -> AbstractContextManager[None]:
        device = self.studio.device
        return nullcontext() if device.type == "cpu" else torch.autocast(device.type, self.studio.dtype)

    def _meaning(self, heard: Heard, at: Sequence[int]) -> Meaning:
        if not _hears(self.args):
            return heard.rows(at, self.studio.device)
        return self.studio.encode([heard.prompts[n] for n in at])

    def _judged(
        self,
        shown: Sequence[Shown],
        turned: int,
        read: Meaning,
        chance: torch.Generator,
        untaught: Meaning | None = None,
    ) -> Tensor:
        """`untaught`: what to read for the answer of the model as it was, which is then the goal."""
        studio, args = self.studio, self.args
        latents = torch.cat([one.latents[turned] for one in shown])
        times = torch.randint(len(studio.alphas), (len(latents),), generator=chance)
        noise = loss.offset(torch.randn(latents.shape, generator=chance), args.noise_offset, chance)
        alphas = studio.alphas[times]
        noisy = loss.noised(latents, noise, alphas).to(studio.device)
        asked = noisy, times.to(studio.device)
        sizes = torch.cat([one.sizes for one in shown]).to(studio.device)
        if untaught is None:
            goal = loss.wanted(latents, noise, alphas, studio.prediction).to(studio.device)
        else:
            goal = self._untaught(*asked, untaught, sizes)
        error = (studio.predict(*asked, read, sizes).float() - goal) ** 2
        each = loss.masked(error, self._mask(shown, turned), args.mask_floor)
        return (each * loss.weights(alphas, args.gamma, studio.prediction).to(each)).mean()

    def _untaught(self, noisy: Tensor, times: Tensor, read: Meaning, sizes: Tensor) -> Tensor:
        with self._as_it_was(), torch.no_grad():
            return self.studio.predict(noisy, times, read, sizes).float()

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        self.trained.on = False
        try:
            yield
        finally:
            self.trained.on = True

    def answers(self, prompt: str, noisy: Tensor, times: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor]:
        """Of the taught model and of the model as it was."""

        def answer() -> Tensor:
            return self.studio.predict(noisy, times, self.studio.encode([prompt]), sizes).float()

        with self._precision():
            taught = answer()
            with self._as_it_was():
                return taught, answer()

    def _mask(self, shown: Sequence[Shown], turned: int) -> Tensor | None:
        if all(one.masks is None for one in shown):
            return None
        ones = torch.ones(1, 1, *shown[0].latents[0].shape[-2:])
        return torch.cat([ones if one.masks is None else one.masks[turned] for one in shown]).to(self.studio.device)

    def save(self, path: Path) -> None:
        tensors: dict[str, Tensor] = {f"w:{name}": one for name, one in self.parameters.items()}
        tensors |= {f"o:{name}": t for name, t in descent.to_tensors(self.optimizer, self.parameters).items()}
        tensors["losses"] = torch.tensor(self.losses, dtype=torch.float64)
        told = {"atelier_lesson_state": "1", "step": str(self.step), "scale": repr(self.scaler.get_scale())}
        state.save(path, tensors, {**told, "optimizer": descent.kind_of(self.args.optimizer)})

    def load(self, path: Path) -> None:
        tensors, told = state.load(path)
        weights = {name[2:]: t for name, t in tensors.items() if name.startswith("w:")}
        fits = {n: t.shape for n, t in weights.items()} == {n: p.shape for n, p in self.parameters.items()}
        if not fits or told.get("optimizer") != descent.kind_of(self.args.optimizer):
            raise UserError("The state of this lesson fits another model or another optimizer.")
        for name, parameter in self.parameters.items():
            parameter.data.copy_(weights[name])
        kept = {name[2:]: t for name, t in tensors.items() if name.startswith("o:")}
        descent.from_tensors(self.optimizer, self.parameters, kept)
        self.step, self.losses = int(told["step"]), [float(one) for one in tensors["losses"]]
        self.scaler.update(float(told["scale"]))


def _cells(one: Shown) -> Extent:
    height, width = one.latents[0].shape[-2:]
    return Extent(width, height)


def learner_of(
    studio: Studio, args: TeachArgs, examples: Sequence[Fitted], captions: Sequence[str], known: Sequence[Fitted]
) -> Learner:
    _refuse(studio, args)
    trained = trained_of(studio, args)
    said = [_spelt(prompt_of(caption, args), trained, args) for caption in captions]
    orders = _orders(said, args)
    prompts, ways = [one for some in orders for one in some], len(orders[0])
    heard = Heard(prompts, None, ways) if _hears(args) else _heard(studio, prompts, ways)
    of_noun = _heard(studio, [args.noun]) if known else None
    shown = [_shown(studio, one, args.flip) for one in examples]
    return Learner(studio, args, trained, shown, heard, [_shown(studio, one, False) for one in known], of_noun)


def _hears(args: TeachArgs) -> bool:
    """Whether what the text encoder says changes while training."""
    return args.kind == "words" or args.text_rate > 0


def _orders(said: Sequence[str], args: TeachArgs) -> list[list[str]]:
    """Each prompt in as many orders as the others; in one, where there is nothing to shuffle."""
    if args.shuffle and "," not in base_of(args):  # which stays in one piece
        ways = max(2, min(WAYS, MOST_READ // len(said)))
        orders = [shuffled(prompt, ways, args.seed) for prompt in said]
        if any(len(set(some)) > 1 for some in orders):
            return orders
    return [[prompt] for prompt in said]


def _refuse(studio: Studio, args: TeachArgs) -> None:
    first = studio.layers.get("input_blocks.0.0")
    if getattr(first, "in_channels", 4) != 4:
        raise UserError("An inpainting model cannot be taught. Load a plain one.")
    if (args.text_rate or args.kind == "words") and not studio.trains_text:
        raise UserError("As this webui was started, its text encoder is not at hand. Train without it.")


def trained_of(studio: Studio, args: TeachArgs) -> LowRank | Words:
    if args.kind == "words":
        made = Words(studio.text_layers, studio.tokens, args.noun, args.vectors, args.seed)
        return made.to(studio.device)
    slot = args.slot if args.preset == "composition" else None
    ranks = Ranks(args.rank, args.alpha, args.conv_rank, args.text_rate > 0, slot)
    return LowRank(studio.layers, studio.text_layers, ranks, args.seed).to(studio.device)


def _spelt(prompt: str, trained: LowRank | Words, args: TeachArgs) -> str:
    return trained.in_prompt(prompt, args.trigger) if isinstance(trained, Words) else prompt


def _heard(studio: Studio, prompts: list[str], ways: int = 1) -> Heard:
    with torch.no_grad():
        return Heard(prompts, studio.encode(prompts).to("cpu"), ways)


def _shown(studio: Studio, one: Fitted, flip: bool) -> Shown:
    pixels = torch.from_numpy(one.pixels.astype(np.float32) / 127.5 - 1).movedim(-1, 0)[None]
    ways = [pixels, pixels.flip(-1)] if flip else [pixels]
    latents = [studio.latents(way.to(studio.device)).cpu() for way in ways]
    masks = None
    if one.mask is not None:
        mask = torch.from_numpy(by_area(one.mask, studio.cell))[None, None]
        masks = [mask, mask.flip(-1)] if flip else [mask]
    return Shown(latents, masks, torch.tensor([one.sizes], dtype=torch.float32))
