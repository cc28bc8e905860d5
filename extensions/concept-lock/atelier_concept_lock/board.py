"""The board: what the page on which regions are drawn and the panel tell each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.job import MAX_SIDE

from .options import REGIONS
from .regions import Box, Drawn, mask_from, mask_text

VERSION = 1
MOST_NAME = 200
COLOURS = ("#e6a23c", "#409eff", "#67c23a", "#f56cb0")
NO_BOARD = "This is not a board of regions."


@dataclass(frozen=True)
class BoardRegion:
    id: str  # for life, and never another region's
    name: str
    colour: str
    on: bool
    mask: Box | Drawn


@dataclass(frozen=True)
class Board:
    size: Extent  # of the picture that it was drawn for
    regions: tuple[BoardRegion, ...]
    picture: str = ""  # id of the one that lies behind them


def beginning(size: Extent) -> Board:
    """Two people side by side."""
    halves = (Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1))
    return Board(size, tuple(BoardRegion(f"r{n}", "", COLOURS[n - 1], True, box) for n, box in enumerate(halves, 1)))


def board_of(text: str) -> Board:
    """Raises one and the same sentence for whatever is malformed; a mask that cannot be read has its own."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(NO_BOARD) from error
    if not isinstance(body, Mapping) or body.get("atelier_board") != VERSION:
        raise UserError(NO_BOARD)
    size, found = Extent(_side(body.get("width")), _side(body.get("height"))), body.get("regions")
    if not isinstance(found, list):
        raise UserError(NO_BOARD)
    if len(found) > REGIONS:
        raise UserError("A board holds {most} regions.", most=REGIONS)
    regions = tuple(_region(n, one) for n, one in enumerate(found))
    if len({region.id for region in regions}) < len(regions):
        raise UserError(NO_BOARD)
    picture = body.get("picture")
    return Board(size, regions, picture if isinstance(picture, str) else "")


def _side(said: Any) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or not 1 <= said <= MAX_SIDE:
        raise UserError(NO_BOARD)
    return said


def _region(n: int, body: Any) -> BoardRegion:
    if not isinstance(body, Mapping):
        raise UserError(NO_BOARD)
    name, colour, on = body.get("name", ""), body.get("colour", COLOURS[n]), body.get("on", True)
    texts = body.get("id"), name, colour
    if not all(isinstance(one, str) and len(one) <= MOST_NAME for one in texts) or not isinstance(on, bool):
        raise UserError(NO_BOARD)
    if not body.get("id"):
        raise UserError(NO_BOARD)
    return BoardRegion(body["id"], name, colour, on, mask_from(body.get("mask")))


def board_text(board: Board) -> str:
    regions = [
        {"id": one.id, "name": one.name, "colour": one.colour, "on": one.on, "mask": mask_text(one.mask)}
        for one in board.regions
    ]
    head = {"atelier_board": VERSION, "width": board.size.width, "height": board.size.height}
    behind = {"picture": board.picture} if board.picture else {}
    return json.dumps({**head, "regions": regions, **behind}, ensure_ascii=False)
