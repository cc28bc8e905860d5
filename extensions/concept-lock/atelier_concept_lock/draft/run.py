"""The use case: the prompts of regions, to a board on which each region lies where the model would draw it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.job import Job
from PIL import Image

from ..board import COLOURS, Board, BoardRegion
from ..options import REGIONS
from .options import DraftArgs

LOST = "Region {n} was not found in what the model draws. Its place is a guess; move it."


@dataclass(frozen=True)
class Drafted:
    board: Board
    picture: Image.Image  # that the model drew meanwhile, in few steps
    seed: int  # with which it may be drawn again
    notes: tuple[str, ...]


def draft(host: Host, args: DraftArgs) -> Drafted:
    """Each region where the model looks for its prompt's words while it draws them all, in a few steps."""
    from . import masks
    from .watch import Watch

    job, prompts, asked = _job(args)
    watch = Watch(prompts)
    with host.working("Concept lock"):
        result = host.generate(replace(job, patches=(watch,)))
    found = masks.divided(watch.scores()[-asked:], job.size)
    areas = [masks.column(n, asked) if one is None else masks.drawn(one) for n, one in enumerate(found)]
    regions = tuple(BoardRegion(f"r{n}", "", COLOURS[n - 1], True, area) for n, area in enumerate(areas, 1))
    lost = [UserError(LOST, n=n).told(host.translate) for n, one in enumerate(found, 1) if one is None]
    return Drafted(Board(job.size, regions), result.pictures[0], result.seeds[0], (*result.notes, *lost))


def _job(args: DraftArgs) -> tuple[Job, list[str], int]:
    """What is drawn, the prompts that its prompt is made of, and how many of the last ones are regions'."""
    from ..reading import ASKED, words
    from .words import together

    asked, base = [words(one).strip() for one in prompts_of(args.prompts)], words(args.prompt).strip()
    for n, one in enumerate(asked, 1):
        if not one:
            raise UserError("Region {n} has no prompt: there is nothing to look for.", n=n)
    prompts = [base, *asked] if base else asked
    extras = "".join(ASKED.findall(args.prompt))  # last: what they are to the host, tokens or none, words stay in place
    job = Job(
        together(prompts) + extras,
        args.negative,
        Extent(args.width, args.height),
        args.steps,
        args.cfg,
        args.sampler,
        args.scheduler,
        args.seed,
        title="Concept lock",
    )
    return job, prompts, len(asked)


def prompts_of(text: str) -> list[str]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError("“{key}” must be a list.", key="prompts") from error
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise UserError("“{key}” must be a list.", key="prompts")
    if not 1 <= len(told) <= REGIONS:
        raise UserError("A draft is for one to {most} regions.", most=REGIONS)
    return told
