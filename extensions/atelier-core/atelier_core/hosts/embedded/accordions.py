"""The units' accordions in txt2img and img2img; their components stand among the panel's as `<unit>/<name>`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from ...args import add_entries, read_entries, split_infotext
from ...entries import Additions
from ...errors import UserError
from ...job import Job, Result
from ...patches import Spare
from ...units import Unit
from .host import EmbeddedHost


def controls(host: EmbeddedHost, tab: str, unit: Unit) -> dict[str, Any]:
    return {f"{unit.name}/{name}": part for name, part in unit.module("panel").ALWAYS.controls(host, tab).items()}


def is_of_unit(name: str) -> bool:
    return "/" in name


def drawn(host: EmbeddedHost, job: Job, units: Sequence[Unit], values: Mapping[str, Any]) -> Result:
    """With all that the accordions add. What one of them refuses is said, and the picture is made without it."""
    patched: list[tuple[Additions, list[UserError]]] = []
    for unit in units:
        own = {name.partition("/")[2]: value for name, value in values.items() if name.startswith(f"{unit.name}/")}
        try:
            more = unit.module("panel").ALWAYS.add(host, own, job.size)
        except UserError as error:
            patched.append((Additions(), [error]))
            continue
        job = replace(job, controls=job.controls + more.controls)
        if more.patches:
            refusals: list[UserError] = []
            patched.append((more, refusals))
            job = replace(job, patches=(*job.patches, *(Spare(patch, refusals.append) for patch in more.patches)))
        else:
            job = replace(job, info={**job.info, **more.info})
    return _told(host, host.generate(job), patched)


def _told(host: EmbeddedHost, result: Result, patched: Sequence[tuple[Additions, list[UserError]]]) -> Result:
    """What patches have found is known only now."""
    texts, notes = result.infotexts, list(result.notes)
    for more, refusals in patched:
        notes += [error.told(host.translate) for error in refusals]
        if not refusals:
            found = more.found()
            texts = tuple(add_entries(text, {**more.info, **found.info}) for text in texts)
            notes += found.notes
    return replace(result, infotexts=texts, notes=tuple(notes))


def restored(host: EmbeddedHost, tab: str, units: Sequence[Unit], names: tuple[str, ...], infotext: str) -> list[Any]:
    """What an infotext says of the accordions, one update for each of their components."""
    entries, known = read_entries(split_infotext(infotext)[1]), {unit.name: unit for unit in units}
    found = []
    for of_unit, _, name in (name.partition("/") for name in names if is_of_unit(name)):
        value = known[of_unit].module("panel").ALWAYS.read(host, tab, name, entries) if entries else None
        found.append(gr.update() if value is None else value)
    return found
