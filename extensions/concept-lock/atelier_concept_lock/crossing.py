"""Cross-attention by region: each reads its own prompt with its own cards, and the answers are laid side by side.

h = Σ M_n attend(q + Δq_n, K_n, V_n), then one `to_out` for all and each region's own change of it. Equal, cell by cell,
to a whole pass for every region pasted by its mask. What a region's prompt and cards make of K and V stays there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from .attention import attend
from .branches import Branch, Field, Layer
from .hypernet import Bend, bent
from .session import Session

Tensor = torch.Tensor
PARTS = ("to_q", "to_k", "to_v", "to_out.0")
LEAST = 1e-6  # of a share, below which it is rounding
BASE = -1  # in place of a region's number


@dataclass(frozen=True)
class Path:
    """A region's way through one attention. Without contexts of its own it reads what the host reads."""

    zone: int
    contexts: Mapping[str, Tensor] = field(default_factory=dict)  # "cond", "uncond" -> [1, L, C]
    layers: Mapping[str, Layer] = field(default_factory=dict)  # of PARTS
    bends: Sequence[Bend] = ()

    def entries(self) -> dict[int, int]:
        """Line of the report -> region."""
        branches = {entry: zone for layer in self.layers.values() for entry, zone in layer.entries().items()}
        return branches | {bend.entry: self.zone for bend in self.bends}


@dataclass(frozen=True)
class Asked:
    """One kind of rows of one call: what the host gave and found."""

    kind: str
    heads: int
    x: Tensor
    q: Tensor
    h: Tensor  # before `to_out`
    read: Tensor
    output: Tensor


class Crossing:
    def __init__(self, session: Session, name: str, paths: Sequence[Path], base: Mapping[str, Tensor]) -> None:
        self.session, self.name, self.paths = session, name, paths
        self.base = Path(BASE, base)
        self.parts = {part: session.denoiser.layers[f"{name}.{part}"] for part in PARTS}
        self._q: Tensor = torch.empty(0)
        self._h: Tensor = torch.empty(0)
        self._read: dict[Any, tuple[Tensor, Tensor]] = {}
        self._sums: dict[Any, Tensor] = {}

    def attach(self) -> None:
        self.session.crossings.add(self.name)
        self.session.hook(f"{self.name}.to_q", self._keep_q)
        self.session.denoiser.before(f"{self.name}.to_out.0", self._keep_h)
        self.session.hook(self.name, self.after, options=True)

    def _keep_q(self, module: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        if not self.session.is_aside:
            self._q = output

    def _keep_h(self, module: Any, inputs: tuple[Any, ...]) -> None:
        if self.session.acting and not self.session.is_aside:
            self._h = inputs[0]

    def after(self, module: Any, inputs: tuple[Any, ...], options: dict[str, Any], output: Tensor) -> Tensor:
        self.session.crossed.add(self.name)
        named: Any = options.get("context", options.get("encoder_hidden_states"))
        read = inputs[1] if len(inputs) > 1 else named
        for kind, rows in self.session.rows(output.shape[0]):
            given = (one[rows] for one in (inputs[0], self._q, self._h, read, output))
            asked = Asked(kind, module.heads, *given)
            made = self._regional(asked)
            self._measure(asked, made)
            output[rows] = made
        self._q = self._h = torch.empty(0)
        return output

    def _measure(self, asked: Asked, made: Tensor) -> None:
        if asked.kind != "cond" or not self.session.measures(self.name):
            return
        field = self.session.field(made, tokens=True)
        for entry, zone in (one for path in self.paths for one in path.entries().items()):
            change = (made - self._regional(asked, entry)).abs()
            self.session.report.measure(entry, change, field.of(zone))

    def _regional(self, asked: Asked, twist: int | None = None) -> Tensor:
        field = self.session.field(asked.output, tokens=True)
        shares = [field.of(path.zone).to(asked.output.dtype) for path in self.paths]
        rest = self._rest(field, shares, asked.output)
        base = self.base if asked.kind in self.base.contexts else None
        h = attend(asked.q, *self._keys(base, asked), asked.heads) if base else asked.h
        answers = [self._answer(path, asked, twist) for path in self.paths]
        together = _where(rest, h)
        for share, answer in zip(shares, answers, strict=True):
            together = together + _where(share, answer)
        with self.session.aside():
            made = self.parts["to_out.0"](together)
        for path, share, answer in zip(self.paths, shares, answers, strict=True):
            made = made + _where(share, self._change(path, "to_out.0", answer, made, twist))
        return made if base else torch.where(rest == 1, asked.output, made)

    def _answer(self, path: Path, asked: Asked, twist: int | None) -> Tensor:
        q = asked.q + self._change(path, "to_q", asked.x, asked.q, twist)
        return attend(q, *self._keys(path, asked, twist), asked.heads)

    def _rest(self, field: Field, shares: Sequence[Tensor], like: Tensor) -> Tensor:
        """What the paths leave to the base prompt, [T, 1]."""
        device, dtype = like.device, like.dtype
        key = field.key, dtype
        if key not in self._sums:
            left = torch.ones((), dtype=torch.float64, device=device)
            for share in shares:
                left = left - share
            self._sums[key] = torch.where(left < LEAST, 0.0, left).to(dtype)
        return self._sums[key]

    def _change(self, path: Path, part: str, x: Tensor, like: Tensor, twist: int | None) -> Tensor:
        if part not in path.layers:
            return like.new_zeros(())
        return path.layers[part].delta(x, like, None, twist)

    def _keys(self, path: Path, asked: Asked, twist: int | None = None) -> tuple[Tensor, Tensor]:
        """K and V. A context of ours stays the same from step to step, and so do they."""
        own, read = path.contexts.get(asked.kind), asked.read
        key = (path.zone, asked.kind, asked.x.device, asked.x.dtype)
        if own is not None and twist is None and key in self._read:
            return self._read[key]
        context = read if own is None else own.to(read.device, read.dtype)
        k, v = (self._made(path, part, context, twist) for part in (0, 1))
        if own is not None and twist is None:
            self._read[key] = k, v
        return k, v

    def _made(self, path: Path, part: int, context: Tensor, twist: int | None) -> Tensor:
        name, context = ("to_k", "to_v")[part], bent(path.bends, context, part, twist)
        with self.session.aside():
            plain = self.parts[name](context)
        return plain + self._change(path, name, context, plain, twist)


def _where(share: Tensor, x: Tensor) -> Tensor:
    """Left out where there is no share: 0 times infinity would not be 0."""
    return torch.where(share != 0, share * x, x.new_zeros(()))


def paths_of(
    session: Session,
    name: str,
    branches: Mapping[str, Sequence[Branch]],
    contexts: Mapping[int, Mapping[str, Tensor]],
    bends: Sequence[Bend] = (),
) -> list[Path]:
    """A path for each region that has a prompt of its own or a card on this attention."""
    paths = []
    for zone in range(session.levels.count):
        layers = {}
        for part in PARTS:
            own = sorted((b for b in branches.get(f"{name}.{part}", ()) if b.zone == zone), key=session.report.order)
            if own:
                layers[part] = Layer(session.denoiser.layers[f"{name}.{part}"], own)
        own_bends = [bend for bend in bends if bend.zone == zone]
        if layers or own_bends or contexts.get(zone):
            paths.append(Path(zone, contexts.get(zone, {}), layers, own_bends))
    return paths
