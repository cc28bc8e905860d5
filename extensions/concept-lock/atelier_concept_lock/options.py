"""What a user can say about a locked picture; the same words in the panel, the REST body and the infotext."""

from __future__ import annotations

from dataclasses import dataclass

from atelier_core.args import arg

LABEL = "Atelier lock"
REGIONS = 4  # in the panel


@dataclass(frozen=True)
class LockArgs:
    lock: str = arg(
        "{}", "the lock as JSON: prompt, cards, regions (mask, prompt, cards), feather, dial, uncond, start, end"
    )
    negative: str = arg("", "what the picture must not show")
    width: int = arg(512, "pixels", least=64, most=8192)
    height: int = arg(512, "pixels", least=64, most=8192)
    steps: int = arg(20, "of the sampler", least=1, most=150)
    cfg: float = arg(7.0, "how strongly the prompt is followed", least=1, most=30)
    sampler: str = arg("Euler a", "name of a sampler of the webui")
    scheduler: str = arg("Automatic", "name of a schedule of the webui")
    seed: int = arg(-1, "-1: any", least=-1, most=2**32 - 1)
    batch: int = arg(1, "pictures at once", least=1, most=8)
    count: int = arg(1, "batches", least=1, most=16)
    picture: str = arg("", "id of an uploaded picture, or base64 of its file, to start from", picture=True)
    denoise: float = arg(0.75, "how far to go from the start picture", least=0, most=1)
    measure: bool = arg(False, "draw once more without each card to tell its indirect share; costs a run per card")


@dataclass(frozen=True)
class FileArgs:
    file: str = arg(about="name of a LoRA in the webui's list")


@dataclass(frozen=True)
class MergeArgs:
    first: str = arg(about="name of a LoRA in the webui's list")
    second: str = arg(about="name of another one")
    name: str = arg(about="of the file that is made")
    first_weight: float = arg(1.0, "how much of the first", least=-2, most=2)
    second_weight: float = arg(1.0, "how much of the second", least=-2, most=2)
    way: str = arg("exact", "how they are put together", choices=("exact", "reduced", "elements"))
    rank: int = arg(32, "of the reduced file", least=1, most=1024)
    anyway: bool = arg(False, "write it though it is not what its parts do together")
