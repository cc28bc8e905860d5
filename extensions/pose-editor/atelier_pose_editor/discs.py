"""The flat colours of a skeleton map as labels, and the discs of one colour in it, also where others cover them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from atelier_core.errors import UserError

from .draw import EDGE_COLOURS, JOINT_RADIUS, WHITE
from .skeleton import COLOURS, LIMB_COLOURS

BLACK, JOINT, LIMB, EDGE, DOT, UNKNOWN = 0, 1, 19, 36, 56, 255  # the first label of each kind
BLUE = JOINT + 12  # a left knee, or a joint of a hand
_MOST_UNKNOWN = 0.02  # of what is not black
_ROWS = 512  # of the picture at a time
_CELL = 16  # pixels
Place = tuple[int, int]  # x, y


def _palette() -> dict[int, int]:
    """Colour as 0xrrggbb -> label. Two edges of hands have the colour, and so the label, of a joint of the body."""
    edges = np.zeros((1, len(EDGE_COLOURS), 3), np.uint8)
    for number, colour in enumerate(EDGE_COLOURS):
        cv2.line(edges, (number, 0), (number, 0), colour, 1)  # rounds as the map does
    groups = ((DOT, [WHITE]), (EDGE, edges[0].tolist()), (LIMB, LIMB_COLOURS), (JOINT, COLOURS))
    return {r << 16 | g << 8 | b: first + i for first, colours in groups for i, (r, g, b) in enumerate(colours)}


_PALETTE = _palette()
_KEYS = np.array(sorted(_PALETTE), np.int32)
_LABELS = np.array([_PALETTE[key] for key in _KEYS], np.uint8)
EDGE_LABELS = tuple({0: JOINT, 10: JOINT + 9}.get(edge, EDGE + edge) for edge in range(len(EDGE_COLOURS)))


class Labels(NamedTuple):
    grid: np.ndarray  # [H, W] uint8
    pixels: dict[int, tuple[np.ndarray, np.ndarray]]  # of each label: rows, columns

    def has(self, *labels: int) -> bool:
        return any(label in self.pixels for label in labels)


class Group(NamedTuple):
    """Pixels of one colour near each other, in a view of the grid with a border around them."""

    left: int  # of the view
    top: int
    mine: np.ndarray  # uint8, 0 or 1
    black: np.ndarray


def labels_of(rgb: np.ndarray) -> Labels:
    """[H, W, 3] uint8; a sentence when these are not the colours of a skeleton map."""
    grid = np.zeros(rgb.shape[:2], np.uint8)
    for top in range(0, len(rgb), _ROWS):
        part = rgb[top : top + _ROWS]
        rows, columns = part.any(axis=2).nonzero()
        keys = part[rows, columns].astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
        place = np.minimum(np.searchsorted(_KEYS, keys), len(_KEYS) - 1)
        grid[top : top + _ROWS][rows, columns] = np.where(_KEYS[place] == keys, _LABELS[place], np.uint8(UNKNOWN))
    rows, columns = grid.nonzero()
    kinds = grid[rows, columns]
    if not len(kinds) or (kinds == UNKNOWN).mean() > _MOST_UNKNOWN:
        raise UserError("This picture is no skeleton map, or it was resized or saved with losses.")
    found = {int(kind): (kinds == kind).nonzero()[0] for kind in np.unique(kinds)}
    return Labels(grid, {kind: (rows[places], columns[places]) for kind, places in found.items()})


def disc_kernel(radius: int) -> np.ndarray:
    """The pixels of cv2's filled circle."""
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.uint8)
    cv2.circle(kernel, (radius, radius), radius, (1,), -1)
    return kernel


def discs(labels: Labels, label: int, least: float, radius: int = JOINT_RADIUS) -> list[Place]:
    """Middles of the discs of one colour of which at least this share is seen, also a little outside of the picture."""
    kernel = disc_kernel(radius)
    return [
        (group.left + x, group.top + y)
        for group in groups_of(labels, label, 2 * radius)
        for x, y in _covering(group.mine, group.black, kernel, least * int(kernel.sum()))
    ]


def groups_of(labels: Labels, label: int, pad: int) -> Iterator[Group]:
    """Pixels less than `_CELL` apart are in one group, more than twice as much in two."""
    if not labels.has(label):
        return
    rows, columns = labels.pixels[label]
    height, width = labels.grid.shape
    cells = np.zeros((height // _CELL + 1, width // _CELL + 1), np.uint8)
    cells[rows // _CELL, columns // _CELL] = 1
    count, numbered = cv2.connectedComponents(cells, connectivity=8)
    numbers = numbered[rows // _CELL, columns // _CELL]
    order = np.argsort(numbers, kind="stable")
    for some in np.split(order, np.searchsorted(numbers[order], np.arange(2, count))):
        yield _group(labels, rows[some], columns[some], pad)


def _group(labels: Labels, rows: np.ndarray, columns: np.ndarray, pad: int) -> Group:
    left, top = int(columns.min()) - pad, int(rows.min()) - pad
    right, bottom = int(columns.max()) + pad + 1, int(rows.max()) + pad + 1
    black = np.zeros((bottom - top, right - left), np.uint8)  # beyond the picture nothing is known to be black
    mine = np.zeros_like(black)
    view = labels.grid[max(top, 0) : bottom, max(left, 0) : right] == BLACK
    y, x = max(-top, 0), max(-left, 0)
    black[y : y + view.shape[0], x : x + view.shape[1]] = view
    mine[rows - top, columns - left] = 1
    return Group(left, top, mine, black)


def _covering(mine: np.ndarray, black: np.ndarray, kernel: np.ndarray, least: float) -> Iterator[Place]:
    """Disc after disc, the one that explains most pixels first; no disc can be over black."""
    radius = len(kernel) // 2
    free = cv2.filter2D(black, cv2.CV_16S, kernel, borderType=cv2.BORDER_CONSTANT) == 0
    mine = mine.copy()
    while True:
        explained = np.where(free, cv2.filter2D(mine, cv2.CV_16S, kernel, borderType=cv2.BORDER_CONSTANT), 0)
        most = int(explained.max())
        if most < max(least, 1):
            return
        rows, columns = (explained == most).nonzero()
        nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
        x, y = int(columns[nearest]), int(rows[nearest])
        yield x, y
        cv2.circle(mine, (x, y), radius, (0,), -1)
