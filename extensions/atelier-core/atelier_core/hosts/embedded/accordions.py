"""The units' accordions in txt2img and img2img; their components stand among the panel's as `<unit>/<name>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from ...args import read_entries, split_infotext
from ...job import Job
from ...units import Unit
from .host import EmbeddedHost


def controls(host: EmbeddedHost, tab: str, unit: Unit) -> dict[str, Any]:
    return {f"{unit.name}/{name}": part for name, part in unit.module("panel").ALWAYS.controls(host, tab).items()}


def is_of_unit(name: str) -> bool:
    return "/" in name


def added(host: EmbeddedHost, job: Job, units: Sequence[Unit], values: Mapping[str, Any]) -> Job:
    for unit in units:
        own = {name.partition("/")[2]: value for name, value in values.items() if name.startswith(f"{unit.name}/")}
        more = unit.module("panel").ALWAYS.add(host, own, job.size)
        job = replace(job, controls=job.controls + more.controls, info={**job.info, **more.info})
    return job


def restored(host: EmbeddedHost, tab: str, units: Sequence[Unit], names: tuple[str, ...], infotext: str) -> list[Any]:
    """What an infotext says of the accordions, one update for each of their components."""
    entries, known = read_entries(split_infotext(infotext)[1]), {unit.name: unit for unit in units}
    found = []
    for of_unit, _, name in (name.partition("/") for name in names if is_of_unit(name)):
        value = known[of_unit].module("panel").ALWAYS.read(host, tab, name, entries) if entries else None
        found.append(gr.update() if value is None else value)
    return found
