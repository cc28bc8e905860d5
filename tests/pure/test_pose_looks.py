"""Looks, expressions and room styles as data, and where a face is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.faces import face_mask, face_oval, feather_of
from atelier_pose_editor.looks import EXPRESSIONS, LOOKS, PHOTO, ROOM_STYLES, Hint
from atelier_pose_editor.maps import MAPS
from hypothesis import given
from hypothesis import strategies as st

PRESETS = [*LOOKS.values(), *EXPRESSIONS.values(), *ROOM_STYLES.values()]
SIZE = Extent(300, 200)


@dataclass(frozen=True)
class Spot:
    x: float
    y: float
    on: bool = True


@dataclass(frozen=True)
class Someone:
    body: tuple[Spot, ...] = ()
    face: tuple[Spot, ...] = ()


def someone(**places: tuple[float, float]) -> Someone:
    """Only the joints named are on."""
    order = {"nose": 0, "neck": 1, "right_eye": 14, "left_eye": 15, "right_ear": 16, "left_ear": 17}
    body = [Spot(0, 0, on=False)] * 18
    for name, place in places.items():
        body[order[name]] = Spot(*place)
    return Someone(tuple(body))


def extent_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def test_the_presets_that_were_asked_for_are_there() -> None:
    assert {"illustration", "photo"} <= LOOKS.keys()
    assert {"smiling", "angry", "sad", "laughing"} <= EXPRESSIONS.keys()
    assert {"modern", "nordic", "industrial", "hanok", "japandi", "classic"} <= ROOM_STYLES.keys()


def test_presets_have_names_and_words_of_their_own() -> None:
    for words in ("title", "prompt"):
        assert len({getattr(preset, words) for preset in PRESETS}) == len(PRESETS)
    assert all(preset.prompt and preset.negative and preset.name == preset.name.lower() for preset in PRESETS)


def test_hints_are_weights_and_ranges_that_a_control_can_have() -> None:
    hints = [hint for look in LOOKS.values() for hint in look.hints]
    hints += [one.hint for one in (*EXPRESSIONS.values(), *ROOM_STYLES.values())]
    assert all(0 < hint.weight <= 1 and 0 <= hint.start < hint.end <= 1 for hint in hints)
    assert all(0.3 <= one.denoise <= 0.9 for one in (*EXPRESSIONS.values(), *ROOM_STYLES.values()))
    assert {one.hint.kind for one in EXPRESSIONS.values()} == {"canny"}
    assert {one.hint.kind for one in ROOM_STYLES.values()} == {"mlsd"}
    assert {"canny", "mlsd"} <= {kind for one in MAPS.values() for kind in one.kinds}


def test_a_look_knows_its_kinds_and_its_checkpoints() -> None:
    assert PHOTO.hint("scribble").end < 1
    assert PHOTO.hint("tile") == Hint("tile", 1.0, 0.0, 1.0)
    assert PHOTO.fitting(["RealisticVision_V51", "anything-v5", "epiCRealism"]) == (
        "RealisticVision_V51",
        "epiCRealism",
    )


# --- faces


def test_a_face_is_the_hull_of_its_points_and_a_little_more() -> None:
    points = (Spot(100, 50), Spot(140, 50), Spot(140, 110), Spot(100, 110), Spot(120, 80), Spot(290, 190, on=False))
    assert extent_of(face_mask(Someone(face=points), SIZE, grow=0)) == (100, 50, 141, 111)
    mask = face_mask(Someone(face=points), SIZE)
    assert extent_of(mask) == (96, 44, 145, 117)
    assert sorted(np.unique(mask)) == [0, 255]
    assert mask[51, 101] == 255 and mask.sum() // 255 == pytest.approx(49 * 73, abs=2)


def test_without_points_a_face_is_an_oval_around_eyes_and_nose() -> None:
    person = someone(right_eye=(130, 80), left_eye=(170, 80), nose=(150, 110), neck=(150, 190))
    left, top, right, bottom = extent_of(face_mask(person, SIZE, grow=0))
    assert (left, right) == pytest.approx((150 - 46, 150 + 46), abs=2)
    assert (top, bottom) == pytest.approx((100 - 60, 100 + 60), abs=2)


def test_an_oval_turns_with_the_head() -> None:
    upright = face_oval(someone(right_eye=(130, 80), left_eye=(170, 80), nose=(150, 110)))
    lying = face_oval(someone(right_eye=(80, 170), left_eye=(80, 130), nose=(110, 150)))
    assert (upright.angle, lying.angle) == (pytest.approx(0), pytest.approx(-90))
    assert lying.centre.tolist() == pytest.approx([100, 150], abs=0.1)
    hanging = face_oval(someone(right_eye=(170, 80), left_eye=(130, 80), nose=(150, 50), neck=(150, 10)))
    assert abs(hanging.angle) == pytest.approx(180) and hanging.centre.tolist() == pytest.approx([150, 60], abs=0.1)


def test_seen_from_behind_the_face_is_still_above_the_neck() -> None:
    person = someone(right_ear=(180, 80), left_ear=(120, 80), neck=(150, 150))
    assert face_oval(person).centre.tolist() == pytest.approx([150, 80 + 30 / 2.3])


def test_in_profile_the_ear_tells_the_size() -> None:
    person = someone(right_eye=(130, 80), right_ear=(178, 80), nose=(120, 105), neck=(170, 190))
    oval = face_oval(person)
    assert oval.half_height == pytest.approx(1.5 * 40, rel=0.06)
    assert oval.angle == pytest.approx(0)
    assert oval.centre[0] == pytest.approx(130 + 0.35 * 48)
    mask = face_mask(person, SIZE)
    assert all(mask[y, x] == 255 for x, y in [(130, 80), (178, 80), (120, 105), (128, 135)])
    assert mask[182, 170] == 0


eyes = st.tuples(*[st.floats(40, 160)] * 4).filter(lambda e: np.hypot(e[0] - e[2], e[1] - e[3]) > 8)


@given(eyes)
def test_the_eyes_lie_in_the_face(places: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = places
    mask = face_mask(someone(right_eye=(x0, y0), left_eye=(x1, y1)), SIZE)
    assert mask[round(y0), round(x0)] == mask[round(y1), round(x1)] == 255


def test_a_face_that_cannot_be_found_or_is_not_in_the_picture_is_said() -> None:
    for person in (Someone(), someone(nose=(5, 5)), someone(neck=(5, 5), nose=(3, 3))):
        with pytest.raises(UserError, match="cannot be found"):
            face_mask(person, SIZE)
    with pytest.raises(UserError, match="outside the picture"):
        face_mask(someone(right_eye=(-900, -900), left_eye=(-860, -900)), SIZE)
    line = Someone(face=tuple(Spot(x, 50) for x in range(5)))
    with pytest.raises(UserError, match="cannot be found"):
        face_mask(line, SIZE)


def test_a_far_face_does_no_harm() -> None:
    with pytest.raises(UserError, match="outside the picture"):
        face_mask(someone(right_eye=(1e5, 1e5), left_eye=(99_000, 1e5)), SIZE)
    huge = face_mask(someone(right_eye=(-50_000, 100), left_eye=(50_000, 100)), SIZE)
    assert huge.all()


def test_a_feather_is_a_share_of_the_faces_height() -> None:
    mask = np.zeros((60, 40), np.uint8)
    mask[5:45, 3:9] = 255
    assert feather_of(mask, 0.1) == 4
    assert feather_of(np.zeros((5, 5), np.uint8), 0.1) == 0
