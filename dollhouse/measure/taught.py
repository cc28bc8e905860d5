"""Dolls taught to the small model from five pictures each, by the concept lock's own teaching. What was taught stays in
the host's folder, and a lesson that was cut off goes on."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from atelier_concept_lock.teach import run
from atelier_concept_lock.teach.crops import Source
from atelier_concept_lock.teach.options import TeachArgs
from atelier_core.args import parse
from atelier_core.hosts.embedded.host import EmbeddedHost
from PIL import Image

from dollhouse import Scene, caption, core, home, render
from dollhouse.measure.pair import SHOWN, Concept
from dollhouse.train.store import LONGEST, SIDE

PICTURES = 5
MINUTES = 15.0  # after which a lesson ends with what it has
NOTED = 25  # steps between two notes of the time
USUAL: dict[str, Any] = {
    "size": SIDE,
    "rank": 16,
    "alpha": 16.0,
    "steps": 500,
    "rate": 1e-3,
    "text_rate": 5e-4,
    "batch": PICTURES,
    "prior": 0.5,
    "sample_every": 0,
    "sample_steps": 16,
    "save_every": NOTED,
}


def host_of(models: Path, out: Path) -> EmbeddedHost:
    """With the family as its only model; all that it makes lies in `out`."""
    place = out / "models" / "dollhouse"
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.is_symlink():
        place.symlink_to(models.resolve(), target_is_directory=True)
    if place.resolve() != models.resolve():
        raise SystemExit(f"{out} was measured with {place.resolve()}; take another folder for {models}")
    return EmbeddedHost(out)


def digest(*told: Any) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def weights(models: Path) -> str:
    """What the networks are, in few letters."""
    files = (models / home.PLACES[name] for name in ("vae", "text", "unet"))
    return digest([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])


def shown(concept: Concept, first: int = SHOWN) -> list[Scene]:
    """Five scenes, no two of one pose on one background."""
    found: dict[tuple[str, str], Scene] = {}
    seed = first
    while len(found) < PICTURES:
        one = core.sampled(seed, "train", 1, [concept.doll])
        found.setdefault((one.people[0].pose.name, one.background.name), one)
        seed += 1
    return list(found.values())


def sources(concept: Concept) -> list[Source]:
    """Captions say all but who it is: that is in the trigger alone."""
    return [
        Source(Image.fromarray(render(one, SIDE)), None, caption(one, names={0: concept.called}, limit=LONGEST))
        for one in shown(concept)
    ]


def lesson_of(concept: Concept, given: Mapping[str, Any], model: str) -> TeachArgs:
    """Named by all that it depends on."""
    args = parse(
        TeachArgs, {**USUAL, **given, "name": concept.trigger, "trigger": concept.trigger, "noun": concept.doll.kind}
    )
    return replace(args, name=f"{concept.trigger}-{digest(asdict(args), model, SHOWN)}")


def taught(host: EmbeddedHost, concept: Concept, given: Mapping[str, Any], minutes: float = MINUTES) -> Concept:
    """The concept with its file, which is made where there is none."""
    args = lesson_of(concept, given, weights(host.root / "models" / "dollhouse"))
    if not (host.folder("lora") / f"{args.name}.safetensors").exists():
        begun = args.name in run.lesson_names(host)
        steps = run.resume(host, args.name) if begun else run.teach(host, args, sources(concept))
        _timed(host, args.name, steps, minutes)
    return replace(concept, file=args.name)


def _timed(host: EmbeddedHost, name: str, steps: Iterator[Any], minutes: float) -> None:
    """Time of earlier turns counts, but for what a crash cost."""
    before, began = minutes_of(host, name), time.monotonic()
    for progress in steps:
        so_far = before + (time.monotonic() - began) / 60
        if progress.step % NOTED == 0 or progress.state != "running":
            _note(host, name, so_far)
            print(f"{name}: step {progress.step} of {progress.steps}, {so_far:.1f} minutes", flush=True)
        if progress.state == "running" and so_far > minutes:
            run.wish(name, "stop")


def minutes_of(host: EmbeddedHost, name: str) -> float:
    return float(_minutes(host).get(name, 0.0))


def _minutes(host: EmbeddedHost) -> dict[str, float]:
    file = host.root / "minutes.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _note(host: EmbeddedHost, name: str, minutes: float) -> None:
    text = json.dumps({**_minutes(host), name: round(minutes, 3)}, indent=2)
    (host.root / "minutes.json").write_text(text + "\n", encoding="utf-8")
