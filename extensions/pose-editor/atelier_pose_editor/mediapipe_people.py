"""People by the networks that come inside mediapipe's package, while it still has them: body, hands and face.

They find one person. So a person who was found is painted over, and the rest of the picture is looked at again.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
from atelier_core.geometry import Extent

from . import blazepose
from .detect import Bytes
from .skeleton import Person

MOST = 30  # persons
LEAST_JOINTS = 5  # of the body, to be a person
FULL = 1  # the middle one of three networks for the body; the others would be downloaded
_BONES = ((2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13))


class MediapipePeople:
    name = "mediapipe"

    def available(self) -> str:
        if find_spec("mediapipe") is None:
            return "The package mediapipe is not installed."
        return "" if _solutions() else "This version of mediapipe comes without its networks."

    def find(self, picture: Bytes) -> list[Person]:
        with _solutions().holistic.Holistic(
            static_image_mode=True, model_complexity=FULL, refine_face_landmarks=True
        ) as network:
            return _everybody(network, picture)


def _solutions() -> Any:
    import mediapipe  # only when asked: it takes seconds, and no host needs it

    return getattr(mediapipe, "solutions", None)


def _everybody(network: Any, picture: Bytes) -> list[Person]:
    size = Extent(picture.shape[1], picture.shape[0])
    left, covered = np.ascontiguousarray(picture), np.zeros(picture.shape[:2], np.uint8)
    found: list[Person] = []
    while len(found) < MOST:
        person = _one(network, left, size)
        if person is None or _again(person, covered):
            break
        found.append(person)
        mask = outline(person, size)
        covered |= mask
        left = left.copy()
        left[mask > 0] = cv2.mean(left, 255 - covered)[:3]
    return found


def _one(network: Any, picture: Bytes, size: Extent) -> Person | None:
    seen = network.process(picture)
    if seen.pose_landmarks is None:
        return None
    body = np.array([(p.x * size.width, p.y * size.height, p.visibility) for p in seen.pose_landmarks.landmark])
    parts = (seen.left_hand_landmarks, seen.right_hand_landmarks, seen.face_landmarks)
    person = blazepose.person(body, size, *(_points(part, size) for part in parts))
    return person if sum(joint.on for joint in person.body) >= LEAST_JOINTS else None


def _points(marks: Any, size: Extent) -> Any:
    return np.array([(p.x * size.width, p.y * size.height) for p in marks.landmark]) if marks else None


def _again(person: Person, covered: Bytes) -> bool:
    """Whether this is what is left of someone who was found before."""
    shown = np.array([(joint.y, joint.x) for joint in person.body if joint.on]).astype(int)
    rows, columns = np.minimum(shown, np.array(covered.shape) - 1).T  # rounded to 0.1 px, a joint may be on the edge
    return bool((covered[rows, columns] > 0).mean() > 0.5)


def outline(person: Person, size: Extent) -> Bytes:
    """About where a person is, [H, W], 0 or 255."""
    points = np.array([(joint.x, joint.y) for joint in person.body])
    torso = float(np.linalg.norm(points[1] - points[[8, 11]].mean(0)))
    torso = max(min(torso, 2.0 * float(np.linalg.norm(points[0] - points[1])) + float(np.ptp(points[[2, 5], 0]))), 4.0)
    mask = np.zeros((size.height, size.width), np.uint8)
    # cv2 draws nothing for lines that begin very far away
    places = [(int(x), int(y)) for x, y in np.clip(points, -2 * size.longer, 3 * size.longer)]
    for start, end in _BONES:
        cv2.line(mask, places[start], places[end], (255,), max(1, int(torso * 0.42)))
    hull = cv2.convexHull(np.array([places[i] for i in (2, 5, 8, 11)], np.int32))
    cv2.fillConvexPoly(mask, np.asarray(hull, np.int32), (255,))
    cv2.circle(mask, places[0], max(1, int(torso * 0.45)), (255,), -1)
    reach = max(1, int(torso * 0.08))
    return np.asarray(cv2.dilate(mask, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)), np.uint8)
