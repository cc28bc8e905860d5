"""Hypernetworks: small networks that bend what attention makes its keys and values of.

In cross-attention a region's own prompt is bent for it alone. In self-attention the cells of its region are: others
still look at them, which is an indirect way like any other.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from atelier_core import weights
from atelier_core.errors import UserError
from torch.nn.modules import activation as activations

from .branches import TWIST, shape_of
from .session import Session

Tensor = torch.Tensor
Pair = tuple[torch.nn.Module, torch.nn.Module]  # for keys and for values
Nets = Mapping[int, Pair]  # by the width of what they bend
OLD = {"linear1": "linear.0", "linear2": "linear.1"}
KEPT = 0.3  # share that dropout had in training; here only its place among the layers counts


@dataclass(frozen=True)
class Bend:
    entry: int  # line of the report
    zone: int | None
    nets: Nets
    strength: float

    def __call__(self, x: Tensor, part: int, twist: int | None = None) -> Tensor:
        pair = self.nets.get(x.shape[-1])
        if pair is None:
            return x
        strength = self.strength * (TWIST if self.entry == twist else 1.0)
        return x + (pair[part].to(x.device)(x.float()) * strength).to(x.dtype)


def bent(bends: Sequence[Bend], x: Tensor, part: int, twist: int | None = None) -> Tensor:
    """`part` 0: as keys read it, 1: as values do."""
    for bend in bends:
        x = bend(x, part, twist)
    return x


def read(path: Path) -> Nets:
    state: Mapping[Any, Any] = weights.read(path)
    pairs = {width: pair for width, pair in state.items() if isinstance(width, int)}
    if not pairs:
        raise UserError("{name} is no hypernetwork.", name=path.name)
    try:
        return {width: (_net(width, state, pair[0]), _net(width, state, pair[1])) for width, pair in pairs.items()}
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise UserError("The hypernetwork {name} cannot be read: its parts do not fit together.",
                        name=path.name) from error  # fmt: skip


def _net(width: int, told: Mapping[Any, Any], state: Mapping[str, Tensor]) -> torch.nn.Module:
    """As the webui builds it: the places of its layers are in their names."""
    own = {_renamed(str(name)): tensor.float() for name, tensor in state.items()}
    if not all(torch.isfinite(tensor).all() for tensor in own.values()):
        raise UserError("A hypernetwork holds invalid numbers.")
    factors = [float(one) for one in told.get("layer_structure") or (1, 2, 1)]
    with torch.device("meta"):  # no memory for what the file does not hold, and no luck is drawn
        net = torch.nn.Sequential()
        for n, (into, out) in enumerate(zip(factors, factors[1:], strict=False)):
            net.append(torch.nn.Linear(int(width * into), int(width * out)))
            last = n == len(factors) - 2
            if told.get("activation_func") not in (None, "linear") and not (
                last and not told.get("activate_output", True)
            ):
                net.append(_activation(str(told["activation_func"])))
            if told.get("is_layer_norm"):
                net.append(torch.nn.LayerNorm(int(width * out)))
            if _drops(told, len(factors))[n + 1]:
                net.append(torch.nn.Dropout())
    net.load_state_dict({name.removeprefix("linear."): tensor for name, tensor in own.items()}, assign=True)
    return net.eval().requires_grad_(False)


def _renamed(name: str) -> str:
    head, _, tail = name.partition(".")
    return f"{OLD[head]}.{tail}" if head in OLD else name


def _activation(name: str) -> torch.nn.Module:
    if name == "swish":
        return torch.nn.Hardswish()
    known: dict[str, type[torch.nn.Module]] = {
        key.lower(): kind
        for key, kind in vars(activations).items()
        if inspect.isclass(kind) and issubclass(kind, torch.nn.Module)
    }
    if name not in known:
        raise UserError("A hypernetwork asks for “{name}”, which is not known here.", name=name)
    return known[name]()


def _drops(told: Mapping[Any, Any], count: int) -> list[float]:
    given = told.get("dropout_structure")
    if given is not None:
        return [float(one) for one in given]
    if not told.get("use_dropout"):
        return [0.0] * count
    return [0.0, *[KEPT] * (count - 3), KEPT if told.get("last_layer_dropout") else 0.0, 0.0]


def widths(layers: Mapping[str, Any]) -> dict[str, int]:
    """Attention -> width of what its keys are made of."""
    found = {name.removesuffix(".to_k"): shape_of(module) for name, module in layers.items() if name.endswith(".to_k")}
    return {name: shape[1] for name, shape in found.items() if shape}


class Bending:
    """Bends on one attention: in self-attention all of them, in cross-attention those that act everywhere."""

    def __init__(self, session: Session, name: str, bends: Sequence[Bend]) -> None:
        self.session, self.name = session, name
        self.everywhere = [bend for bend in bends if bend.zone is None]
        placed = [] if name.endswith(".attn2") else [bend.zone for bend in bends if bend.zone is not None]
        self.zones = {zone: [bend for bend in bends if bend.zone == zone] for zone in sorted(set(placed))}

    def attach(self) -> None:
        for part, name in enumerate(("to_k", "to_v")):
            if self.everywhere or self.zones:
                self.session.denoiser.before(f"{self.name}.{name}", self._hook(part))

    def _hook(self, part: int) -> Any:
        def before(module: Any, inputs: tuple[Any, ...]) -> Any:
            if not self.session.acting:
                return None
            x = inputs[0].clone()
            for kind, rows in self.session.rows(x.shape[0]):
                x[rows] = self._bent(x[rows], part, kind)
            return (x, *inputs[1:])

        return before

    def _bent(self, x: Tensor, part: int, kind: str) -> Tensor:
        plain = bent(self.everywhere, x, part)
        if not self.zones:
            return plain
        field, made = self.session.field(x, tokens=True), plain
        measured = kind == "cond" and self.session.measures(f"{self.name}, bent {part}")
        for zone, bends in self.zones.items():
            share = field.of(zone)
            more = torch.where(share != 0, share.to(x.dtype) * (bent(bends, plain, part) - plain), 0)
            made = made + more
            for bend in bends if measured else ():
                self.session.report.measure(bend.entry, more.abs(), share)
        return made
