"""What a user can say about a draft of regions; the same words in the panel and the REST body."""

from __future__ import annotations

from dataclasses import dataclass

from atelier_core.args import arg


@dataclass(frozen=True)
class DraftArgs:
    prompts: str = arg(about="JSON list of texts: the prompt of each region, in the order of the regions")
    prompt: str = arg("", "of the whole picture")
    negative: str = arg("", "what the picture must not show")
    width: int = arg(512, "pixels", least=64, most=8192)
    height: int = arg(512, "pixels", least=64, most=8192)
    steps: int = arg(8, "of the sampler; a few suffice", least=3, most=50)
    cfg: float = arg(7.0, "how strongly the prompt is followed", least=1, most=30)
    sampler: str = arg("Euler a", "name of a sampler of the webui")
    scheduler: str = arg("Automatic", "name of a schedule of the webui")
    seed: int = arg(-1, "-1: any", least=-1, most=2**32 - 1)
