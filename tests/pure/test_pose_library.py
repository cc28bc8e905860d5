"""Poses to begin with: what there is, how it is placed, kept and read."""

from __future__ import annotations

import json
from dataclasses import replace
from math import hypot
from pathlib import Path

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor import document
from atelier_pose_editor.fit import fit_to, in_units
from atelier_pose_editor.library import Preset, imported, own, presets, removed, safe_name, saved
from atelier_pose_editor.skeleton import Pose, bounds
from hypothesis import given
from hypothesis import strategies as st

BODIES = [one for one in presets() if one.kind == "body"]
BONES = {  # shares of the standing height that no picture of a grown person exceeds
    (2, 3): 0.2, (3, 4): 0.18, (5, 6): 0.2, (6, 7): 0.18, (8, 9): 0.27, (9, 10): 0.27, (11, 12): 0.27, (12, 13): 0.27,
    (1, 2): 0.15, (1, 5): 0.15, (1, 0): 0.17,
}  # fmt: skip


def named(id: str) -> Preset:
    return next(one for one in presets() if one.id == id)


def test_there_is_enough_of_each_kind() -> None:
    counts = {kind: sum(one.kind == kind for one in presets()) for kind in ("body", "hand", "face")}
    assert counts["body"] >= 24
    assert counts["hand"] >= 8
    assert counts["face"] >= 6
    assert len({one.id for one in presets()}) == len(presets())
    assert len({(one.kind, one.name) for one in presets()}) == len(presets())


def test_every_preset_has_its_korean_and_tags() -> None:
    for one in presets():
        assert any("가" <= letter <= "힣" for letter in one.korean), one.id
        assert one.tags and all(tag.isascii() for tag in one.tags), one.id
        assert one.korean_tags and not any(tag.isascii() for tag in one.korean_tags), one.id


@pytest.mark.parametrize("preset", BODIES, ids=lambda one: one.id)
def test_proportions_are_those_of_a_person(preset: Preset) -> None:
    body = preset.person.body
    for (a, b), most in BONES.items():
        assert hypot(body[a].x - body[b].x, body[a].y - body[b].y) <= most * 1000, (a, b)
    assert len(preset.person.feet) == 6
    assert max(joint.y for joint in preset.person.joints()) == 0
    for ankle, feet in ((13, preset.person.feet[:3]), (10, preset.person.feet[3:])):
        assert all(hypot(foot.x - body[ankle].x, foot.y - body[ankle].y) < 130 for foot in feet)


def test_standing_stands_and_back_turned_shows_no_face() -> None:
    standing, back = named("body/standing").person.body, named("body/back").person.body
    assert standing[0].y < standing[1].y < standing[8].y < standing[9].y < standing[10].y
    assert standing[2].x < standing[5].x
    assert back[2].x > back[5].x
    assert [back[i].on for i in (0, 14, 15, 16, 17)] == [False, False, False, True, True]


def test_hands_and_faces_tell_themselves_apart() -> None:
    def tips(id: str) -> list[float]:
        return [-named(id).person.right[i].y for i in (8, 12, 16, 20)]

    assert min(tips("hand/open")) > 700
    assert max(tips("hand/fist")) < 600
    index, *others = tips("hand/point")
    assert index > 900 > 600 > max(others)
    smile, sad, neutral = (named(f"face/{name}").person.face for name in ("smiling", "sad", "neutral"))
    assert smile[48].y < neutral[48].y < sad[48].y
    assert smile[54].y < neutral[54].y < sad[54].y
    surprised = named("face/surprised").person.face
    assert surprised[66].y - surprised[62].y > 3 * (neutral[66].y - neutral[62].y)
    for face in (smile, sad, neutral, surprised):
        assert face[0].x < face[36].x < face[39].x < face[42].x < face[45].x < face[16].x
        assert face[19].y < face[37].y < face[33].y < face[51].y < face[57].y < face[8].y


def test_a_preset_is_placed_by_its_middle_and_standing_height() -> None:
    """From the eyes to the toes a person has nine tenths of the height."""
    placed = fit_to(named("body/standing"), Extent(400, 600), at=(100, 300), height=500)
    left, top, right, bottom = bounds(placed) or (0, 0, 0, 0)
    assert ((left + right) / 2, (top + bottom) / 2) == (pytest.approx(100, abs=0.2), pytest.approx(300, abs=0.2))
    assert bottom - top == pytest.approx(450, abs=12)


def test_sitting_people_are_as_large_as_standing_ones() -> None:
    def thigh(id: str) -> float:
        body = fit_to(named(id), Extent(2000, 2000), height=1000).body
        return hypot(body[12].x - body[13].x, body[12].y - body[13].y)

    assert thigh("body/sitting") == pytest.approx(thigh("body/standing"), rel=0.05)


@given(place=st.integers(0, len(BODIES) - 1), width=st.integers(64, 1200), height=st.integers(64, 1200))
def test_without_a_place_everybody_fits_into_the_picture(place: int, width: int, height: int) -> None:
    left, top, right, bottom = bounds(fit_to(BODIES[place], Extent(width, height))) or (-1, 0, 0, 0)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    person = replace(fit_to(named("body/waving"), Extent(400, 700)), right=named("hand/open").person.right)
    path = saved(person, "내 포즈", tmp_path / "library")
    (back,), notes = own(tmp_path / "library")
    assert notes == ()
    assert (back.name, back.own, path.name) == ("내 포즈", True, "내 포즈.json")
    placed = fit_to(back, Extent(400, 700), at=(200, 300), height=500)
    again = fit_to(named("body/waving"), Extent(400, 700), at=(200, 300), height=500)
    scale = (placed.body[10].y - placed.body[8].y) / (again.body[10].y - again.body[8].y)
    assert scale == pytest.approx(1, abs=0.06)
    assert len(placed.right) == 21
    assert [file.name for file in (tmp_path / "library").iterdir()] == ["내 포즈.json"]


def test_a_name_that_is_taken_is_not_overwritten_unasked(tmp_path: Path) -> None:
    one, two = fit_to(named("body/waving"), Extent(40, 70)), fit_to(named("body/standing"), Extent(40, 70))
    path = saved(one, "mine", tmp_path)
    before = path.read_bytes()
    with pytest.raises(UserError, match="already"):
        saved(two, "mine", tmp_path)
    assert path.read_bytes() == before
    assert saved(two, "mine", tmp_path, over=True).read_bytes() != before


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b\\c", "a_b_c"),
        ("../../x", "_.._x"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        (" . two  words. ", "two  words"),
        ("가" * 100, "가" * 40),
        ("a\x00\nb", "a__b"),
    ],
)
def test_names_stay_in_the_folder(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(name=st.text(max_size=60) | st.text(st.characters(categories=["Cs", "Lu"]), max_size=9))
def test_any_name_is_a_file_in_the_folder_or_a_sentence(name: str) -> None:
    try:
        safe = safe_name(name)
    except UserError:
        return
    assert Path(safe).name == safe
    assert len(safe.encode()) <= 121
    assert safe not in (".", "..")


@pytest.mark.parametrize("name", ["", "  ", "...", " . "])
def test_no_name_is_a_sentence(name: str) -> None:
    with pytest.raises(UserError, match="name"):
        safe_name(name)


def test_a_pose_is_removed_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}", "utf-8")
    folder = tmp_path / "library"
    saved(fit_to(named("body/waving"), Extent(40, 70)), "mine", folder)
    with pytest.raises(UserError, match="no pose named"):
        removed("../secret", folder)
    removed("mine", folder)
    assert list(folder.iterdir()) == []
    assert (tmp_path / "secret.json").exists()


def test_a_library_that_was_never_saved_to_is_empty(tmp_path: Path) -> None:
    assert own(tmp_path / "none") == ((), ())
    with pytest.raises(UserError, match="no folder"):
        imported(tmp_path / "none")


def test_a_folder_is_read_but_for_its_bad_files(tmp_path: Path) -> None:
    keypoints = [number for i in range(18) for number in (100 + 3 * i, 100 + 7 * i, 1.0)]
    people = [{"pose_keypoints_2d": keypoints}, {"pose_keypoints_2d": keypoints}]
    good = {"people": people, "canvas_width": 512, "canvas_height": 512}
    (tmp_path / "b-two.json").write_text(json.dumps(good), "utf-8")
    (tmp_path / "a-bad.json").write_text("{not json", "utf-8")
    (tmp_path / "c-empty.json").write_text(json.dumps({**good, "people": []}), "utf-8")
    (tmp_path / "notes.txt").write_text("{}", "utf-8")
    (tmp_path / "d-folder.json").mkdir()
    pose = Pose(Extent(50, 50), (fit_to(named("body/tree"), Extent(50, 50)),))
    (tmp_path / "e-ours.JSON").write_text(document.to_text(pose), "utf-8")
    found, notes = imported(tmp_path)
    assert [one.name for one in found] == ["b-two 1", "b-two 2", "e-ours"]
    assert [str(note).split(" was left out")[0] for note in notes] == ["a-bad.json", "c-empty.json"]


def test_units_make_people_of_any_size_alike() -> None:
    small, large = (in_units(fit_to(named("body/waving"), Extent(side, side))) for side in (300, 4000))
    for one, two in zip(small.joints(), large.joints(), strict=True):
        assert hypot(one.x - two.x, one.y - two.y) < 4
