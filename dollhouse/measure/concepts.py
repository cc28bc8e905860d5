"""`--lock` and `--teach`: what is asked for on the command line, and what is printed."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dollhouse import home
from dollhouse.measure import lock, teach
from dollhouse.measure.pair import ALIKE, DOLLS, Concept, concepts
from dollhouse.measure.report import table
from dollhouse.measure.rows import Rows, fill
from dollhouse.measure.taught import MINUTES, digest, host_of, minutes_of, taught, weights
from dollhouse.measure.ways import Brush
from dollhouse.readers import FILE, Readers

DIAL = 0.75  # of `ours_dial`


def add_options(parser: argparse.ArgumentParser) -> None:
    some = parser.add_argument_group("--lock and --teach")
    some.add_argument(
        "--out", type=Path, default=Path("measured"), help="lessons, rows, pictures; gone on with if there"
    )
    some.add_argument("--seeds", type=int, default=64)
    some.add_argument("--minutes", type=float, help="for drawing; a later run goes on")
    some.add_argument("--lesson-minutes", type=float, default=MINUTES)
    some.add_argument("--lesson", nargs="*", default=[], metavar="OPTION=VALUE", help="of the teaching: steps=400")
    some.add_argument("--dolls", type=_listed, default=list(DOLLS), help="two names, such as Pim,Rafi")
    some.add_argument("--dial", type=float, default=DIAL)
    some.add_argument("--dials", type=_numbers, help="a sweep, such as 0,.25,.5,.75,1")
    some.add_argument("--steps", type=int, default=Brush.steps)
    some.add_argument("--cfg", type=float, default=Brush.cfg)
    some.add_argument("--sampler", default=Brush.sampler)
    some.add_argument("--batch", type=int, default=ALIKE, choices=[n for n in range(1, ALIKE + 1) if ALIKE % n == 0])


def _listed(said: str) -> list[str]:
    return said.split(",")


def _numbers(said: str) -> list[float]:
    return [float(one) for one in said.split(",")]


def lesson_options(told: Iterable[str]) -> dict[str, Any]:
    pairs = (one.partition("=") for one in told)
    return {name: _value(value) for name, _, value in pairs}


def _value(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said


def measure_lock(asked: argparse.Namespace) -> None:
    host, brush = host_of(asked.models, asked.out), _brush(asked)
    both = _taught(asked, host, concepts(asked.dolls))
    dials = sorted({0.0, asked.dial, *(asked.dials or ())})
    bench = lock.Bench(host, _readers(asked.models), both, brush, _folder(asked.out / "pictures"))
    told, seeds = bench.ways(dials), range(asked.seeds)
    rows = _rows(asked, "lock", brush, both)
    fill(rows, told, seeds, asked.batch, _until(asked))
    found = lock.figures(rows, list(told), seeds)
    print(table([*found, *lock.goals(rows, list(told), seeds)]))
    if asked.dials:
        print(lock.sweep_line(found, dials))
    print(lock.last_line(found, asked.dial, len(rows.whole(told, seeds))))


def measure_teach(asked: argparse.Namespace) -> None:
    host, brush, concept = host_of(asked.models, asked.out), _brush(asked), concepts(asked.dolls)[0]
    given = lesson_options(asked.lesson)
    prior = taught(host, concept, given, asked.lesson_minutes)
    plain = taught(host, concept, {**given, "prior": 0}, asked.lesson_minutes)
    pupil = teach.Pupil(host, _readers(asked.models), brush, prior, plain)
    told, seeds = pupil.ways(), range(asked.seeds)
    rows = _rows(asked, "teach", brush, (prior, plain))
    fill(rows, told, seeds, asked.batch, _until(asked))
    found = teach.figures(rows, list(told), seeds, minutes_of(host, prior.file))
    print(table(found))
    print(teach.last_line(found))


def _taught(asked: argparse.Namespace, host: Any, both: tuple[Concept, Concept]) -> tuple[Concept, Concept]:
    given = lesson_options(asked.lesson)
    one, other = (taught(host, concept, given, asked.lesson_minutes) for concept in both)
    return one, other


def _readers(models: Path) -> Readers:
    """A family's own, or those that come along."""
    return Readers.load(models if (models / FILE).is_file() else home.HOME)


def _brush(asked: argparse.Namespace) -> Brush:
    return Brush(asked.steps, asked.cfg, asked.sampler)


def _rows(asked: argparse.Namespace, what: str, brush: Brush, told: Sequence[Concept]) -> Rows:
    """Rows of another brush, of other lessons or another model are another file's."""
    name = digest(asdict(brush), [one.file for one in told], weights(asked.models))
    return Rows(asked.out / f"{what}-{name}.jsonl")


def _until(asked: argparse.Namespace) -> float:
    return time.monotonic() + (asked.minutes * 60 if asked.minutes else float("inf"))


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
