"""Who is asked for people, what is said about it, and what the answers become."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor import blazepose
from atelier_pose_editor.detect import people_in
from atelier_pose_editor.mediapipe_people import MediapipePeople, outline
from atelier_pose_editor.skeleton import NO_BODY, Joint, Person

PICTURE = np.full((200, 300, 3), 90, np.uint8)


def someone(x: float) -> Person:
    return Person(tuple(Joint(x, 10.0) for _ in NO_BODY))


@dataclass
class Fake:
    name: str
    people: list[Person] = field(default_factory=list)
    reason: str = ""
    asked: int = 0

    def available(self) -> str:
        return self.reason

    def find(self, picture: np.ndarray) -> list[Person]:
        self.asked += 1
        return self.people


def test_the_first_that_can_answers_and_the_others_are_not_asked() -> None:
    missing, empty = Fake("A", reason="it has no weights."), Fake("B")
    good, idle = Fake("C", [someone(200), someone(50)]), Fake("D", [someone(1)])
    pose, said = people_in(PICTURE, [missing, empty, good, idle])
    assert pose.size == Extent(300, 200)
    assert [(one.name, one.body[0].x) for one in pose.people] == [("Person 1", 50), ("Person 2", 200)]
    assert pose.people[0].colour != pose.people[1].colour
    assert [str(one) for one in said] == [
        "C found people: 2.",
        "A was not asked: it has no weights.",
        "B found nobody.",
    ]
    assert (missing.asked, empty.asked, good.asked, idle.asked) == (0, 1, 1, 0)


@pytest.mark.parametrize(
    ("detectors", "sentence"),
    [
        ([Fake("A", reason="it has no weights.")], "A was not asked: it has no weights."),
        ([Fake("A", reason="no."), Fake("B", reason="no.")], "Nothing that finds people is to be had here: A, B."),
        ([Fake("A", reason="no."), Fake("B")], "Nobody was found in this picture. Asked or not to be had: A, B."),
        ([], "Nothing that finds people is to be had here: ."),
    ],
)
def test_when_nobody_is_found_one_sentence_says_why(detectors: list[Fake], sentence: str) -> None:
    with pytest.raises(UserError) as told:
        people_in(PICTURE, detectors)
    assert str(told.value) == sentence


def test_a_picture_larger_than_a_canvas_is_not_looked_at() -> None:
    asked = Fake("A", [someone(1)])
    with pytest.raises(UserError, match="8192"):
        people_in(np.zeros((1, 8193, 3), np.uint8), [asked])
    assert asked.asked == 0


def test_a_hundred_people_at_most() -> None:
    pose, said = people_in(PICTURE, [Fake("A", [someone(x) for x in range(130)])])
    assert len(pose.people) == 100


def marks(**moved: tuple[float, float, float]) -> np.ndarray:
    """33 points of someone upright in a picture of 400 by 600; `p12=(x, y, visibility)` moves one."""
    points = np.full((33, 3), (200.0, 60.0, 1.0))
    upright = {
        0: (200, 62),
        2: (207, 54),
        5: (193, 54),
        7: (216, 58),
        8: (184, 58),
        11: (237, 100),
        12: (163, 100),
        13: (240, 162),
        14: (160, 162),
        15: (242, 212),
        16: (158, 212),
        23: (220, 200),
        24: (180, 200),
        25: (222, 285),
        26: (178, 285),
        27: (224, 370),
        28: (176, 370),
        29: (222, 385),
        30: (178, 385),
        31: (234, 392),
        32: (166, 392),
    }
    for place, at in upright.items():
        points[place, :2] = at
    for name, at in moved.items():
        points[int(name[1:])] = at
    return points


def test_33_points_are_18_joints_and_six_of_the_feet() -> None:
    person = blazepose.person(marks(), Extent(400, 600), None, None, None)
    assert [(joint.x, joint.y) for joint in person.body] == [
        *((200, 62), (200, 100), (163, 100), (160, 162), (158, 212), (237, 100), (240, 162), (242, 212)),
        *((180, 200), (178, 285), (176, 370), (220, 200), (222, 285), (224, 370)),
        *((193, 54), (207, 54), (184, 58), (216, 58)),
    ]
    assert all(joint.on for joint in person.body)
    big, small, heel = person.feet[:3]
    assert (heel.x, heel.y) == (222, 385)
    assert big.x < 234 < small.x
    assert person.feet[3].x > 166 > person.feet[4].x
    assert (person.left, person.right, person.face) == ((), (), ())


def test_an_unseen_joint_is_off_and_keeps_the_guess() -> None:
    person = blazepose.person(marks(p16=(158, 212, 0.3)), Extent(400, 600), None, None, None)
    assert person.body[4] == Joint(158, 212, on=False)


def test_a_limb_that_the_edge_cuts_off_is_a_guess_up_to_its_root() -> None:
    """Ankle and knee are pressed into a picture that ends at 290, and called rather visible."""
    shown = blazepose.visible(blazepose._with_neck(marks(p26=(178, 270, 0.9), p28=(176, 284, 0.8))), Extent(400, 290))
    assert (shown[8], shown[9], shown[10]) == (True, False, False)


def test_a_foot_near_the_edge_that_is_plainly_seen_stays() -> None:
    shown = blazepose.visible(blazepose._with_neck(marks(p28=(176, 370, 0.95))), Extent(400, 396))
    assert (shown[9], shown[10]) == (True, True)


def test_a_hand_says_where_its_wrist_is() -> None:
    hand = np.array([(150.04 + i, 220.0) for i in range(21)])
    person = blazepose.person(marks(p16=(158, 212, 0.1)), Extent(400, 600), None, hand, None)
    assert person.body[4] == Joint(150, 220)
    assert person.right[20] == Joint(170, 220)
    assert person.left == ()


def test_a_mesh_without_pupils_gets_them_from_the_eyes() -> None:
    mesh = np.zeros((468, 2))
    for place, x in zip((33, 160, 158, 133, 153, 144), (10, 11, 12, 13, 12, 11), strict=True):
        mesh[place] = (x, 30)
    face = blazepose.person(marks(), Extent(400, 600), None, None, mesh).face
    assert len(face) == 70
    assert face[68] == Joint(11.5, 30)


def test_a_whole_mesh_gives_70_different_points() -> None:
    mesh = np.stack((np.arange(478.0) % 399, np.arange(478.0) // 399), 1)
    face = blazepose.person(marks(), Extent(400, 600), None, None, mesh).face
    assert len({(joint.x, joint.y) for joint in face}) == 70
    assert (face[68].x, face[69].x) == (468 - 399, 473 - 399)


class Holistic:
    """Finds the leftmost red column of a picture and says that someone stands there."""

    made: list[dict[str, Any]] = []

    def __init__(self, **options: Any) -> None:
        Holistic.made.append(options)

    def __enter__(self) -> Holistic:
        return self

    def __exit__(self, *fault: object) -> None:
        return None

    def process(self, picture: np.ndarray) -> SimpleNamespace:
        red = np.flatnonzero((picture[..., 0] == 255).sum(0) > 30)
        points = marks()
        shift = red[0] - 200 if len(red) else 0
        found = [SimpleNamespace(x=(x + shift) / 900, y=y / 600, visibility=v) for x, y, v in points]
        body = SimpleNamespace(landmark=found) if len(red) else None
        return SimpleNamespace(
            pose_landmarks=body, left_hand_landmarks=None, right_hand_landmarks=None, face_landmarks=None
        )


def with_solutions(monkeypatch: pytest.MonkeyPatch, solutions: object) -> None:
    fake = ModuleType("mediapipe")
    fake.__spec__ = SimpleNamespace(name="mediapipe")  # type: ignore[assignment]
    if solutions is not None:
        fake.solutions = solutions  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mediapipe", fake)


def test_everybody_is_found_by_painting_over_who_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with_solutions(monkeypatch, SimpleNamespace(holistic=SimpleNamespace(Holistic=Holistic)))
    picture = np.full((600, 900, 3), 90, np.uint8)
    for left in (120, 420, 700):
        picture[60:200, left : left + 3] = (255, 0, 0)
    before = picture.copy()
    people = MediapipePeople().find(picture)
    assert [round(person.body[1].x) for person in people] == [120, 420, 700]
    assert (picture == before).all()
    assert Holistic.made[-1] == {"static_image_mode": True, "model_complexity": 1, "refine_face_landmarks": True}


def test_whoever_is_found_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stubborn(Holistic):
        def process(self, picture: np.ndarray) -> SimpleNamespace:
            red = np.zeros((600, 900, 3), np.uint8)
            red[:, 300] = 255
            return super().process(red)

    with_solutions(monkeypatch, SimpleNamespace(holistic=SimpleNamespace(Holistic=Stubborn)))
    assert len(MediapipePeople().find(np.zeros((600, 900, 3), np.uint8))) == 1


def test_a_joint_on_the_very_edge_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Low(Holistic):
        def process(self, picture: np.ndarray) -> SimpleNamespace:
            seen = super().process(picture)
            if seen.pose_landmarks:
                seen.pose_landmarks.landmark[0].y = 599.97 / 600
            return seen

    with_solutions(monkeypatch, SimpleNamespace(holistic=SimpleNamespace(Holistic=Low)))
    picture = np.full((600, 900, 3), 90, np.uint8)
    picture[60:200, 420:423] = (255, 0, 0)
    (person,) = MediapipePeople().find(picture)
    assert person.body[0].on and person.body[0].y == 600


def test_mediapipe_without_its_networks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with_solutions(monkeypatch, None)
    assert MediapipePeople().available() == "This version of mediapipe comes without its networks."
    monkeypatch.delitem(sys.modules, "mediapipe")
    monkeypatch.setattr("atelier_pose_editor.mediapipe_people.find_spec", lambda name: None)
    assert MediapipePeople().available() == "The package mediapipe is not installed."


def test_the_outline_covers_the_joints_and_not_the_room() -> None:
    person = blazepose.person(marks(), Extent(400, 600), None, None, None)
    mask = outline(person, Extent(400, 600))
    assert all(mask[int(joint.y), int(joint.x)] for joint in person.body)
    assert not mask[:, :60].any()
    assert 0.05 < (mask > 0).mean() < 0.35
