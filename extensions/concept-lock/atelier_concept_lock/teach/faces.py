"""Where a face is, from the joints that a preprocessor finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import dist
from typing import Any

from atelier_core.geometry import Extent

from .crops import Box

NOSE, NECK, HEAD = 0, 1, (0, 14, 15, 16, 17)  # eyes and ears follow; in OpenPose's order of 18
AROUND = 1.6  # sides of the crop over the head's own height: hair and chin belong to a face
Point = tuple[float, float]


def face_box(poses: Sequence[Mapping[str, Any]], size: Extent) -> Box | None:
    """In shares of the picture, square in pixels where there is room; of several people the largest face."""
    heads = [one for pose in poses for person in pose.get("people") or () if (one := _head(person))]
    if not heads:
        return None
    (x, y), high = max(heads, key=lambda head: head[1])
    half = min(high * AROUND / 2, min(size) / 2)
    x, y = (min(max(at, half), side - half) for at, side in zip((x, y), size, strict=True))
    return (x - half) / size.width, (y - half) / size.height, (x + half) / size.width, (y + half) / size.height


def _head(person: Mapping[str, Any]) -> tuple[Point, float] | None:
    """Its middle and its height."""
    told = person.get("pose_keypoints_2d") or ()
    joints = {n: (told[3 * n], told[3 * n + 1]) for n in (*HEAD, NECK) if len(told) > 3 * n + 2 and told[3 * n + 2] > 0}
    seen = [joints[n] for n in HEAD if n in joints]
    if len(seen) < 2:
        return None
    middle = sum(x for x, _ in seen) / len(seen), sum(y for _, y in seen) / len(seen)
    wide = max(x for x, _ in seen) - min(x for x, _ in seen)
    long = dist(joints[NOSE], joints[NECK]) if NOSE in joints and NECK in joints else 0.0
    high = max(1.5 * wide, 1.2 * long)
    return (middle, high) if high > 0 else None
