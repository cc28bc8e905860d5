"""Hands out of a skeleton map: their edges have twenty colours, which tell which joints the blue discs are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations
from math import hypot

import cv2
import numpy as np

from .discs import BLACK, EDGE_LABELS, LIMB, Labels, Place, groups_of
from .draw import EDGE_THICKNESS, JOINT_RADIUS
from .skeleton import HAND_EDGES

Hand = dict[int, Place]  # joint -> where
_REACH = JOINT_RADIUS + 3  # pixels from an end of what is seen of an edge to the middle of its disc
_LEAST = 2  # pixels of an edge


def hands_of(labels: Labels, blue: list[Place]) -> list[Hand]:
    """Of hands whose joints stand apart; a joint that is hidden below others is missing."""
    return [hand for group in _connected(_edges(labels, blue)) if (hand := _named(group))]


def _edges(labels: Labels, blue: list[Place]) -> dict[tuple[Place, Place], int]:
    """Which edge of a hand joins two discs: the one of which most is seen between them."""
    middles = np.array(blue)
    found: dict[tuple[Place, Place], tuple[int, int]] = {}
    for edge, label in enumerate(EDGE_LABELS):
        for piece in _pieces(labels, label) if blue else ():
            pair = _ends(labels.grid, middles, piece)
            if pair and len(piece) > found.get(pair, (0, 0))[0]:
                found[pair] = len(piece), edge
    return {pair: edge for pair, (_, edge) in found.items()}


def _pieces(labels: Labels, label: int) -> Iterator[np.ndarray]:
    """Pixels of one colour that touch, # [n, 2]: x, y."""
    for group in groups_of(labels, label, 2 * JOINT_RADIUS):
        mask = group.mine
        if label < LIMB:  # of a joint of the body too: the discs of those are thicker than any edge
            mask = mask & (1 - cv2.dilate(cv2.erode(mask, np.ones((5, 5), np.uint8)), np.ones((11, 11), np.uint8)))
        count, numbered = cv2.connectedComponents(mask, connectivity=8)
        for number in range(1, count):
            rows, columns = (numbered == number).nonzero()
            if len(rows) >= _LEAST:
                yield np.stack([columns + group.left, rows + group.top], axis=1)


def _ends(grid: np.ndarray, middles: np.ndarray, piece: np.ndarray) -> tuple[Place, Place] | None:
    """The two discs whose line lies best on a piece of an edge."""
    low, high = piece.min(axis=0) - 3 * _REACH, piece.max(axis=0) + 3 * _REACH
    around = middles[((middles >= low) & (middles <= high)).all(axis=1)]
    best, least = None, 1.5  # pixels that the piece may be off the line
    for one, other in combinations(around.tolist(), 2):
        way = np.subtract(other, one)
        length = hypot(*way.tolist())
        along, off = (piece - one) @ way / length, abs((piece - one) @ (-way[1], way[0])) / length
        if along.min() < -1 or along.max() > length + 1 or _black(grid, one, other):
            continue
        worth = float(off.mean()) + length / 1000  # of two that fit, the nearer ones
        if off.max() <= EDGE_THICKNESS + 0.5 and worth < least:
            best, least = (tuple(one), tuple(other)), worth
    return best


def _black(grid: np.ndarray, one: list[int], other: list[int]) -> bool:
    steps = int(max(abs(one[0] - other[0]), abs(one[1] - other[1]))) + 1
    points = np.linspace(one, other, steps).round().astype(int)
    inside = points[((points >= 0) & (points < grid.shape[::-1])).all(axis=1)]
    return bool((grid[inside[:, 1], inside[:, 0]] == BLACK).any())


def _connected(edges: dict[tuple[Place, Place], int]) -> list[dict[tuple[Place, Place], int]]:
    """Edges in groups that share discs: one group is one hand."""
    groups: list[tuple[set[Place], dict[tuple[Place, Place], int]]] = []
    for pair, edge in edges.items():
        touching = [group for group in groups if group[0] & set(pair)]
        groups = [group for group in groups if group not in touching]
        discs = set(pair).union(*(group[0] for group in touching))
        groups.append((discs, {pair: edge} | {k: v for group in touching for k, v in group[1].items()}))
    return [group for _, group in groups]


def _named(edges: dict[tuple[Place, Place], int]) -> Hand:
    """Which joint each disc is: the one that has most of the edges that meet there."""
    meeting: dict[Place, set[int]] = defaultdict(set)
    for pair, edge in edges.items():
        for disc in pair:
            meeting[disc].add(edge)
    votes: dict[tuple[Place, int], float] = defaultdict(float)
    for (one, other), edge in edges.items():
        start, end = HAND_EDGES[edge]
        forth = _fit(meeting[one], start) + _fit(meeting[other], end)
        back = _fit(meeting[one], end) + _fit(meeting[other], start)
        near, far = (one, other) if forth >= back else (other, one)
        votes[near, start] += 1 + abs(forth - back)
        votes[far, end] += 1 + abs(forth - back)
    hand: Hand = {}
    taken: set[Place] = set()
    for (disc, joint), _ in sorted(votes.items(), key=lambda vote: -vote[1]):
        if joint not in hand and disc not in taken:
            hand[joint] = disc
            taken.add(disc)
    return hand


def _fit(meeting: set[int], joint: int) -> int:
    has = {edge for edge, ends in enumerate(HAND_EDGES) if joint in ends}
    return len(meeting & has) - len(meeting - has)
