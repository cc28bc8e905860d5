"""What a user can say about a posed or sketched picture; the same words in panel, REST body and infotext."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from atelier_core.args import arg, to_infotext

LABEL = "Atelier pose"
WAYS = ("new", "picture", "complete", "expression")
STICKS = ("standard", "wide")
# What the host's own infotext holds already, or what is no setting of a picture.
ELSEWHERE = {
    "prompt",
    "negative",
    "steps",
    "cfg",
    "sampler",
    "scheduler",
    "seed",
    "batch",
    "count",
    "denoise",
    "frames",
}


@dataclass(frozen=True)
class PoseArgs:
    document: str = arg("", "the pose: as a document, OpenPose JSON or the code of an infotext", picture=True)
    picture: str = arg("", "the picture to start from or to look at: an id or base64", picture=True)
    sketch: str = arg("", "the drawing, with a transparent ground: an id or base64", picture=True)
    way: str = arg("new", "a new picture, from the picture, beyond its frame, or its face anew", choices=WAYS)
    prompt: str = arg("", "what the picture shows")
    negative: str = arg("", "what it shall not show")
    steps: int = arg(20, least=1, most=150)
    cfg: float = arg(7.0, least=0, most=30)
    sampler: str = arg("Euler a")
    scheduler: str = arg("Automatic")
    seed: int = arg(-1, "-1: another one each time", least=-1, most=2**32 - 1)
    batch: int = arg(1, least=1, most=16)
    count: int = arg(1, "batches", least=1, most=100)
    denoise: float = arg(0.75, "how much of the picture may change", least=0, most=1)
    pose_weight: float = arg(1.0, "of the pose's ControlNet; 0: without", least=0, most=2)
    pose_start: float = arg(0.0, "share of the steps", least=0, most=1)
    pose_end: float = arg(1.0, "share of the steps", least=0, most=1)
    pose_model: str = arg("", "a ControlNet by name; empty: the first for openpose")
    stick: str = arg("standard", "wide: for ControlNets that were trained on thicker sticks", choices=STICKS)
    sketch_map: str = arg("", "how the drawing is read; empty: not at all")
    sketch_weight: float = arg(1.0, least=0, most=2)
    sketch_start: float = arg(0.0, least=0, most=1)
    sketch_end: float = arg(1.0, least=0, most=1)
    sketch_model: str = arg("")
    picture_map: str = arg("", "what of the picture is kept; empty: nothing")
    picture_weight: float = arg(1.0, least=0, most=2)
    picture_start: float = arg(0.0, least=0, most=1)
    picture_end: float = arg(1.0, least=0, most=1)
    picture_model: str = arg("")
    look: str = arg("", "a preset of words and weights")
    expression: str = arg("smiling", "of the face, for the way expression")
    margin: int = arg(32, "pixels beyond the feet and the head, for the way complete", least=0, most=2048)
    padding: str = arg(
        "", "“left,top,right,bottom” in pixels instead of what the margin asks for, for the way complete"
    )
    seam: int = arg(8, "pixels inside the old frame that may change beside the new ones", least=0, most=128)
    frames: int = arg(1, "pictures of a series from the first person's pose to the second's", least=1, most=64)


def infotext(args: PoseArgs, code: str) -> dict[str, str]:
    """The pose, and the settings that differ from the usual ones."""
    usual = {f.name: f.default for f in fields(PoseArgs)}
    written: dict[str, Any] = to_infotext(LABEL, args)
    own = {
        key: value
        for key, value in written.items()
        if (name := key.removeprefix(f"{LABEL} ").replace(" ", "_")) not in ELSEWHERE and value != str(usual[name])
    }
    return {LABEL: code, **own} if code else own
