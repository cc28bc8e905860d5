"""The concept lock as a patch: attached to the denoiser for one run, by forward hooks alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.job import Denoiser

from .adapters import Adapter
from .branches import Branch, Layer
from .cards import ConceptCard
from .crossing import BASE, PARTS, Crossing, paths_of
from .hypernet import Bend, Bending, widths
from .leaks import Dial, SelfAttention, Statistics
from .levels import Levels
from .matching import Matched, match
from .named import TWICE, bare
from .reading import AS_WRITTEN, EDITED, called, readings, trouble, words, zoned
from .regions import Lock
from .report import Line, Report
from .session import Session
from .textside import Reading

Tensor = torch.Tensor
Contexts = dict[int, dict[str, Tensor]]  # region or BASE -> "cond", "uncond" -> what it reads


class LockPatch:
    name = "concept lock"

    def __init__(
        self,
        lock: Lock,
        size: Extent,
        adapters: Mapping[str, Adapter],
        negative: str = "",
        dial: Dial | None = None,
    ) -> None:
        """`adapters`: the files that the cards name. `dial` in place of the lock's own number."""
        masks = lock.masks(size)
        on = [n for n, region in enumerate(lock.regions) if region.on]
        seen = [n for n in on if masks[n].any()]
        self.report = Report()
        for n in sorted(set(on) - set(seen)):
            self.report.notes.append(UserError("Region {n} is empty and does nothing.", n=n + 1))
        self.lock = called(replace(lock, regions=tuple(lock.regions[n] for n in seen)), adapters)
        self.numbers = [n + 1 for n in seen]  # as the user counts
        self.levels = Levels(masks[seen] if seen else np.zeros((0, size.height, size.width)))
        self.adapters, self.negative = adapters, negative
        self.dial = dial or Dial.of(lock.dial)

    def attach(self, denoiser: Denoiser) -> None:
        self.report.begin()
        self._refuse_twice(denoiser.asked.loras)
        everywhere = self._matched(denoiser, self.lock.cards, None)
        own = [self._matched(denoiser, region.cards, zone) for zone, region in enumerate(self.lock.regions)]
        read = self._contexts(denoiser, everywhere, own)
        branches: dict[str, list[Branch]] = {}
        for matched in (everywhere, *own):
            for name, some in matched.unet.items():
                branches.setdefault(name, []).extend(some)
        session = Session(denoiser, self.lock, self.levels.within(denoiser.now.window), self.report)
        bends = [bend for matched in (everywhere, *own) for bend in matched.bends]
        crossings = self._crossings(session, branches, read, bends)
        if not branches and not crossings and not bends and not self._dials:
            return
        session.watch()
        self._by_region(session)  # first: cards may add to what a norm gives
        self._place(session, branches)
        for crossing in crossings:
            crossing.attach()
        for name in widths(denoiser.layers) if bends else ():
            Bending(session, name, bends).attach()
        self._apart(session)

    @property
    def _dials(self) -> bool:
        return bool(self.lock.regions) and (self.dial.attention > 0 or self.dial.statistics > 0)

    def _matched(self, denoiser: Denoiser, cards: tuple[ConceptCard, ...], zone: int | None) -> Matched:
        total = Matched()
        for card in cards:
            line = Line(card.name, None if zone is None else self.numbers[zone])
            at = len(self.report.lines), zone
            self.report.lines.append(line)
            files = [self.adapters[name] for name in card.files]
            for file in files:
                if file.note:
                    self.report.note(file.note)
            total.take(match(denoiser.layers, denoiser.text_layers, card, files, line, at))
        return total

    def _refuse_twice(self, loras: frozenset[str]) -> None:
        """The host applies what a prompt names, everywhere: that would act beside the card, or outside its region."""
        for name in sorted(loras & {bare(file) for card in self.lock.all_cards() for file in card.files}):
            raise UserError(TWICE, name=name)

    def _contexts(self, denoiser: Denoiser, everywhere: Matched, own: list[Matched]) -> Contexts:
        """Where that is not what the host reads."""
        bases = [words(one) for one in denoiser.asked.prompts or (self.lock.prompt,)]
        rows = [zoned(self.lock, base) for base in bases]
        changes = [_reading(everywhere), *(_reading(everywhere, one) for one in own)]
        by_zone = [[row[n] for row in rows] for n in range(len(changes))]
        wanted = [n for n, change in enumerate(changes) if change.acts_on(by_zone[n]) or by_zone[n] != bases]
        made = readings(denoiser, rows, changes, wanted)
        for sentence in trouble(by_zone, [everywhere.words, *(one.words for one in own)]):
            self.report.note(sentence)
        for prompt in dict.fromkeys(row[n] for row in rows for n in wanted if EDITED.search(row[n])):
            self.report.note(UserError(AS_WRITTEN, prompt=prompt))
        read: Contexts = {n - 1: {"cond": made[n]} for n in wanted}  # BASE is the first
        if self.lock.uncond:
            negatives = denoiser.asked.negatives or (self.negative,)
            changed = [n for n, change in enumerate(changes) if change.acts_on(negatives)]
            against = readings(denoiser, [[one] * len(changes) for one in negatives], changes, changed)
            for n in changed:
                read.setdefault(n - 1, {})["uncond"] = against[n]
        return read

    def _crossings(
        self,
        session: Session,
        branches: Mapping[str, list[Branch]],
        read: Contexts,
        bends: Sequence[Bend],
    ) -> list[Crossing]:
        names = [name for name in session.denoiser.layers if name.endswith(".attn2")]
        paths = {name: paths_of(session, name, branches, read, bends) for name in names}
        base = read.get(BASE, {})
        return [Crossing(session, name, paths[name], base) for name in names if paths[name] or base]

    def _place(self, session: Session, branches: Mapping[str, list[Branch]]) -> None:
        """Cross-attention sees to its regions itself; cards that act everywhere act there as on any other layer."""
        for name, some in branches.items():
            crossed = any(name.endswith(f".attn2.{part}") for part in PARTS)
            placed = [branch for branch in some if branch.zone is None] if crossed else some
            if placed:
                module = session.denoiser.layers[name]
                session.place(name, Layer(module, sorted(placed, key=self.report.order)))

    def _by_region(self, session: Session) -> None:
        if self._dials and self.dial.statistics:
            for name, module in session.denoiser.layers.items():
                if isinstance(module, torch.nn.GroupNorm):
                    Statistics(session, name, self.dial.statistics).attach()

    def _apart(self, session: Session) -> None:
        if self._dials and self.dial.attention and len(self.lock.regions) > 1:
            for name in [name for name in session.denoiser.layers if name.endswith(".attn1")]:
                SelfAttention(session, name, self.dial.attention).attach()


def _reading(everywhere: Matched, own: Matched | None = None) -> Reading:
    own = own or Matched()
    more = {name: [*everywhere.texts.get(name, ()), *some] for name, some in own.texts.items()}
    return Reading({**everywhere.texts, **more}, (*everywhere.words, *own.words))
