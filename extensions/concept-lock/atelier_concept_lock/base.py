"""Which base model an adapter is made for: by its shapes, else by what its trainer wrote into it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atelier_core.errors import UserError

from .adapters import sorted_out
from .files import Header
from .keys import Place
from .kinds import outline_of

CONTEXT = {768: "SD 1.5", 1024: "SD 2", 2048: "SDXL", 1280: "SDXL refiner"}  # width of what attn2 reads
TEXT = {768: "SD 1.5", 1024: "SD 2"}  # width of the first text encoder, where it is the only one
MARKS = [  # what of a name tells the family, where this project serves none of it
    (re.compile(r"double_blocks|single_blocks|single_transformer_blocks"), "Flux"),
    (re.compile(r"joint_blocks"), "Stable Diffusion 3"),
]
WRITTEN = [  # what trainers write -> family
    (re.compile(r"refiner"), "SDXL refiner"),
    (re.compile(r"xl"), "SDXL"),
    (re.compile(r"flux"), "Flux"),
    (re.compile(r"diffusion-3|^sd3"), "Stable Diffusion 3"),
    (re.compile(r"v2|^sd_?2"), "SD 2"),
    (re.compile(r"v1|^sd_?1"), "SD 1.5"),
]
VARIANTS = [(re.compile(r"pony", re.I), "Pony"), (re.compile(r"noob", re.I), "NoobAI"),
            (re.compile(r"illustrious|ilxl", re.I), "Illustrious")]  # fmt: skip
DEEP = re.compile(r"transformer_blocks\.([2-9]|\d\d)\.")


@dataclass(frozen=True)
class Base:
    family: str = ""  # empty: unknown
    by: str = ""  # what it was told by: "shapes", or an entry of the metadata
    variant: str = ""  # of SDXL: "Pony", …; empty: unknown
    prediction: str = ""  # "v" where the file says so
    conflicts: tuple[str, ...] = ()  # entries of the metadata that say otherwise


def detect(header: Header, sidecar: str = "", chosen: str = "") -> Base:
    """Shapes before the trainer's words, these before `chosen`, what a user said. Conflicts are told, not settled."""
    written = [(key, family) for key, text in _texts(header) if (family := _written(text))]
    if header.metadata.get("ss_v2") == "True":
        written.append(("ss_v2", "SD 2"))
    told = [("shapes", by_shapes(header)), *written, ("user", chosen)]
    by, family = next(((by, family) for by, family in told if family), ("", ""))
    conflicts = tuple(f"{key}: {one}" for key, one in written if one != family)
    variant = _variant(header, sidecar) if family == "SDXL" else ""
    v = "v" in (header.metadata.get("modelspec.prediction_type", "")[:1], _v_parameter(header))
    return Base(family, by, variant, "v" if v else "", conflicts)


def _texts(header: Header) -> list[tuple[str, str]]:
    return [(key, header.metadata.get(key, "")) for key in ("modelspec.architecture", "ss_base_model_version")]


def _written(text: str) -> str:
    return next((family for mark, family in WRITTEN if mark.search(text.lower())), "")


def _v_parameter(header: Header) -> str:
    return "v" if header.metadata.get("ss_v_parameterization") == "True" else ""


def _variant(header: Header, sidecar: str) -> str:
    """Pony and its like have SDXL's shapes: only names tell."""
    said = " ".join([header.metadata.get("ss_sd_model_name", ""), header.metadata.get("modelspec.title", ""), sidecar])
    return next((name for mark, name in VARIANTS if mark.search(said)), "")


def by_shapes(header: Header) -> str:
    for mark, family in MARKS:
        if any(mark.search(key) for key in header.shapes):
            return family
    try:
        layers = outlines(header)
    except UserError:  # what cannot be read tells nothing; reading it for use says why
        return ""
    return _by_context(layers) or _by_texts(layers) or _by_build(header, layers)


def outlines(header: Header) -> dict[Place, tuple[str, tuple[int, int]]]:
    """Layer -> kind of adapter and (outputs, inputs); no tensor is read."""
    found = {}
    for place, roles in sorted_out(header)[0].items():
        shapes = {role: header.shapes[key] for role, key in roles.items()}
        try:
            found[place] = outline_of(shapes, place.layer)
        except (RuntimeError, IndexError) as error:
            raise UserError("The tensors of “{layer}” do not fit together.", layer=place.layer) from error
    return found


def _by_context(layers: Mapping[Place, tuple[str, Any]]) -> str:
    widths = (o[1] for p, (_, o) in layers.items() if p.layer.endswith(("attn2.to_k", "attn2.to_v")))
    return next((CONTEXT[width] for width in widths if width in CONTEXT), "")


def _by_texts(layers: Mapping[Place, tuple[str, Any]]) -> str:
    widths = {p.target: o[1] for p, (_, o) in layers.items() if p.layer.endswith(("q_proj", "k_proj", "v_proj"))}
    if "te2" in widths:
        return "SDXL"
    return TEXT.get(widths.get("te1", 0), "")


def _by_build(header: Header, layers: Mapping[Place, tuple[str, Any]]) -> str:
    if any(DEEP.search(place.layer) for place in layers):
        return "SDXL"
    roles = sorted_out(header)[0]
    for place, own in roles.items():
        if place.layer.endswith("proj_in") and (key := own.get("down") or own.get("diff")):
            return "SD 1.5" if len(header.shapes[key]) == 4 else "SD 2"
    return ""
