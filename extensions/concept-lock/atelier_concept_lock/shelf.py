"""What one file is, from its header alone: for whom it is made, what it is, and whether it can be locked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atelier_core import embeddings
from atelier_core.errors import UserError

from . import hypernet
from .adapters import sorted_out
from .base import CONTEXT, TEXT, Base, detect, outlines
from .files import Header, read_header
from .hashes import hashes
from .named import File

REFINER = 1280  # also a width within SD 1.5 and SDXL
SERVED = ("SD 1.5", "SD 2", "SDXL")


@dataclass(frozen=True)
class Verdict:
    name: str
    base: Base = Base()
    kinds: tuple[str, ...] = ()
    layers: int = 0
    words: tuple[str, ...] = ()  # textual inversions that lie within
    trouble: UserError | None = None  # why it cannot be locked

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "base": self.base.family,
            "told_by": self.base.by,
            "variant": self.base.variant,
            "prediction": self.base.prediction,
            "conflicts": list(self.base.conflicts),
            "kinds": list(self.kinds),
            "layers": self.layers,
            "words": list(self.words),
            "trouble": self.trouble and str(self.trouble),
        }


def verdict(name: str, file: File) -> Verdict:
    assert file.path is not None
    base = Base()
    try:
        if file.kind in WAYS:
            return WAYS[file.kind](name, file.path)
        header = read_header(file.path)
        base = detect(header)
        return _of(name, header, base)
    except UserError as error:
        return Verdict(name, base, trouble=error)


def _of_word(name: str, path: Path) -> Verdict:
    vectors = embeddings.read(path)
    widths = {key: one.shape[1] for key, one in vectors.items()}
    family = "SDXL" if "te2" in widths else TEXT.get(widths["te1"], "")
    return Verdict(name, Base(family, "shapes" if family else ""), ("textual inversion",), words=(path.stem,))


def _of_hypernetwork(name: str, path: Path) -> Verdict:
    nets = hypernet.read(path)
    family = next((CONTEXT[width] for width in nets if width in CONTEXT and width != REFINER), "")
    return Verdict(name, Base(family, "shapes" if family else ""), ("hypernetwork",), len(nets))


def _of_checkpoint(name: str, path: Path) -> Verdict:
    header = read_header(path)
    layers = [key for key in header.shapes if key.startswith("model.diffusion_model.") and key.endswith(".weight")]
    widths = [header.shapes[key][-1] for key in layers if key.endswith("attn2.to_k.weight")]
    family = next((CONTEXT[width] for width in widths if width in CONTEXT), "")
    if not layers:
        raise UserError("{name} is no whole checkpoint.", name=path.name)
    return Verdict(name, Base(family, "shapes" if family else ""), ("checkpoint",), len(layers))


WAYS: dict[str, Callable[[str, Path], Verdict]] = {
    "embedding": _of_word,
    "hypernetwork": _of_hypernetwork,
    "checkpoint": _of_checkpoint,
}


def _of(name: str, header: Header, base: Base) -> Verdict:
    layers, (_, words) = outlines(header), sorted_out(header)
    if base.family and base.family not in SERVED:
        text = "This file is made for {family}, which the concept lock does not serve."
        return Verdict(name, base, trouble=UserError(text, family=base.family))
    kinds = Counter(kind for kind, _ in layers.values())
    return Verdict(name, base, tuple(kind for kind, _ in kinds.most_common()), len(layers), tuple(words))


def inspected(name: str, file: File) -> dict[str, Any]:
    """The verdict and the hashes, for which the whole file is read."""
    said = verdict(name, file).to_json()
    if file.path is None or not file.path.is_file() or said["trouble"] and not said["base"]:
        return said
    found = hashes(file.path)
    return {**said, "autov1": found.v1, "autov2": found.v2, "autov3": found.v3}
