"""A whole checkpoint as a concept: what it differs from the loaded one in, layer by layer, read from the files.

Reduced to its strongest directions it is a LoRA, made once and kept, with what was lost told; in full it is a weight
for every layer, in memory.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from atelier_core.errors import UserError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .adapters import Adapter
from .adapters import read as read_adapter
from .base import CONTEXT
from .files import Header, read_header
from .keys import Place, Target
from .kinds import part_of
from .merge import kohya_name

Tensor = torch.Tensor
RANK = 64
FULL = 0  # in place of a rank
SPARE = 8  # directions looked at beyond those that are kept
LOST = "The difference of {name} is kept in rank {rank}: {percent} % of it is lost."
HOMES: list[tuple[re.Pattern[str], Target]] = [
    (re.compile(r"^model\.diffusion_model\."), "unet"),
    (re.compile(r"^cond_stage_model\.(?:transformer\.(?:text_model\.)?|model\.)"), "te1"),
    (re.compile(r"^conditioner\.embedders\.0\.transformer\.(?:text_model\.)?"), "te1"),
    (re.compile(r"^conditioner\.embedders\.1\.model\."), "te2"),
]
OPEN_CLIP = [
    (re.compile(r"^transformer\.resblocks\.(\d+)\."), r"encoder.layers.\1."),
    (re.compile(r"\.attn\."), ".self_attn."),
    (re.compile(r"\.ln_([12])\."), r".layer_norm\1."),
    (re.compile(r"\.mlp\.c_fc\."), ".mlp.fc1."),
    (re.compile(r"\.mlp\.c_proj\."), ".mlp.fc2."),
    (re.compile(r"^ln_final\."), "final_layer_norm."),
    (re.compile(r"^token_embedding\."), "embeddings.token_embedding."),
]
UNPLACED = re.compile(r"position_ids|logit_scale|attn_mask|text_projection|positional_embedding|position_embedding")
JOINT = re.compile(r"self_attn\.in_proj_(weight|bias)$")
ATTENTION = re.compile(r"attn2\.to_k\.weight$")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Whole:
    """A checkpoint's tensors, one at a time."""

    header: Header
    file: Any

    def __getitem__(self, key: str) -> Tensor:
        return self.file.get_tensor(key).float()

    @property
    def family(self) -> str:
        widths = (shape[-1] for key, shape in self.header.shapes.items() if ATTENTION.search(key))
        return next((CONTEXT[width] for width in widths if width in CONTEXT), "")


def read(base: Path, other: Path, rank: int, kept: Path, progress: Progress) -> Adapter:
    """`kept`: the folder for what is made once."""
    if base == other:
        raise UserError("{name} is the loaded model itself.", name=other.name)
    for one in (base, other):
        read_header(one)  # says what is wrong before anything is looked for
    if rank == FULL:
        return _full(base, other, progress)
    path = kept / f"{other.stem}-{_key(base, other, rank)}.safetensors"
    if not path.is_file():
        _make(base, other, rank, path, progress)
    lost = float(read_header(path).metadata.get("atelier_lost", 0))
    note = UserError(LOST, name=other.name, rank=rank, percent=round(100 * lost, 1)) if lost else None
    made = read_adapter(path)
    return Adapter(other.stem, made.parts, note=note)


def _full(base: Path, other: Path, progress: Progress) -> Adapter:
    parts: dict[Place, dict[str, Tensor]] = {}
    for place, role, change in _changes(base, other, progress):
        parts.setdefault(place, {})[role] = change
    return Adapter(other.stem, {place: part_of(w, place.layer) for place, w in parts.items()})


def _make(base: Path, other: Path, rank: int, path: Path, progress: Progress) -> None:
    tensors: dict[str, Tensor] = {}
    whole = lost = 0.0
    for place, role, change in _changes(base, other, progress):
        name = kohya_name(place, True)
        if role != "diff":
            tensors[f"{name}.{role}"] = change
            continue
        down, up = reduced(change, rank)
        tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
        whole += float(change.square().sum())
        lost += float((change.flatten(1) - up.flatten(1).float() @ down.flatten(1).float()).square().sum())
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    try:
        save_file(tensors, part, {"atelier_lost": str((lost / whole) ** 0.5 if whole else 0.0)})
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise UserError("The difference of {name} could not be kept: {reason}.", name=other.name,
                        reason=error) from error  # fmt: skip
    finally:
        part.unlink(missing_ok=True)


def reduced(change: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Down [r, in, …kernel] and up [out, r, …1], in half precision: the nearest of that rank, but for luck."""
    flat = change.flatten(1)
    if min(flat.shape) <= rank + SPARE:
        left, sizes, right = torch.linalg.svd(flat, full_matrices=False)
    else:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            left, sizes, turned = torch.svd_lowrank(flat, rank + SPARE, niter=4)
            right = turned.T
    root = sizes[:rank].sqrt()
    up, down = left[:, :rank] * root, root[:, None] * right[:rank]
    ones = [1] * (change.ndim - 2)
    return down.reshape(-1, *change.shape[1:]).half().contiguous(), up.reshape(*up.shape, *ones).half().contiguous()


def _changes(base: Path, other: Path, progress: Progress) -> Iterator[tuple[Place, str, Tensor]]:
    """Place, role and change of every tensor that differs."""
    with ExitStack() as files:
        one, two = (_opened(path, files) for path in (base, other))
        keys = _shared(one, two)
        for n, key in enumerate(keys):
            progress(n, len(keys))
            change = two[key] - one[key]
            if not torch.isfinite(change).all():
                raise UserError("{name} holds invalid numbers (in {key}).", name=other.name, key=key)
            for name, part in _split(key, change):
                if part.any():
                    yield *_placed(name, part), part.contiguous()


def _opened(path: Path, files: ExitStack) -> Whole:
    header = read_header(path)
    try:
        return Whole(header, files.enter_context(safe_open(path, framework="pt", device="cpu")))
    except (SafetensorError, OSError) as error:
        raise UserError("{name} is damaged or no safetensors file.", name=path.name) from error


def _shared(one: Whole, two: Whole) -> list[str]:
    found = [key for key in one.header.shapes if any(home.match(key) for home, _ in HOMES) and not UNPLACED.search(key)]
    if not any(key.startswith("model.diffusion_model.") for key in two.header.shapes):
        raise UserError("{name} is no whole checkpoint.", name=two.header.path.name)
    if one.family != two.family:
        raise UserError("{name} is made for {family}, but the loaded model is {base}.", name=two.header.path.name,
                        family=two.family or "?", base=one.family or "?")  # fmt: skip
    for key in found:
        if two.header.shapes.get(key) != one.header.shapes[key]:
            raise UserError("{name} is built differently from the loaded model, in {key}.",
                            name=two.header.path.name, key=key)  # fmt: skip
    return found


def _split(key: str, change: Tensor) -> Iterator[tuple[str, Tensor]]:
    home, target = next((home, target) for home, target in HOMES if home.match(key))
    name = home.sub("", key)
    for old, new in OPEN_CLIP if target != "unet" else ():
        name = old.sub(new, name)
    if joint := JOINT.search(name):
        for part, third in zip(("q_proj", "k_proj", "v_proj"), change.chunk(3), strict=True):
            yield f"{target}:{name[: joint.start()]}self_attn.{part}.{joint[1]}", third
    else:
        yield f"{target}:{name}", change


def _placed(name: str, change: Tensor) -> tuple[Place, str]:
    target, _, rest = name.partition(":")
    layer, _, kind = rest.rpartition(".")
    norm = change.ndim == 1 and kind == "weight" or "norm" in layer.rsplit(".", 1)[-1] or _is_group_norm(layer)
    role = ("w_norm" if norm else "diff") if kind == "weight" else ("b_norm" if norm else "diff_b")
    return Place(target, layer), role  # type: ignore[arg-type]


def _is_group_norm(layer: str) -> bool:
    return layer.endswith((".in_layers.0", ".out_layers.0")) or layer == "out.0"


def _key(base: Path, other: Path, rank: int) -> str:
    about = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in (base, other)]
    return hashlib.sha256(repr((about, rank)).encode()).hexdigest()[:16]
