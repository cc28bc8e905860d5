from __future__ import annotations

import json
from dataclasses import replace

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.document import code, from_code, from_document, from_text, to_document, to_text
from atelier_pose_editor.skeleton import (
    BODY_25,
    HAND_EDGES,
    LIMBS,
    NO_BODY,
    PARENTS,
    PARTS,
    Joint,
    Person,
    Pose,
    bounds,
    mirrored,
    moved,
    resized,
    scaled,
)
from hypothesis import given
from hypothesis import strategies as st

places = st.integers(-1_000_000, 1_000_000).map(lambda tenths: tenths / 10)
joints = st.builds(Joint, places, places, st.booleans(), st.booleans())


def parts(name: str, may_lack: bool = True) -> st.SearchStrategy[tuple[Joint, ...]]:
    whole = st.tuples(*[joints] * PARTS[name])
    return st.just(()) | whole if may_lack else whole


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
persons = st.builds(
    Person,
    body=parts("body", may_lack=False),
    **{name: parts(name) for name in ("feet", "left", "right", "face")},
    name=texts,
    colour=st.sampled_from(["", "#e6a23c", "#00FF7f"]),
    on=st.booleans(),
    concept=texts,
    prompt=texts,
)
sides = st.integers(1, 8192)
poses = st.builds(Pose, st.builds(Extent, sides, sides), st.lists(persons, max_size=2).map(tuple))


def standing() -> Person:
    """Not symmetric: joint i at (10 i, 100 + i)."""
    return Person(tuple(Joint(10.0 * i, 100.0 + i) for i in range(18)), name="Ann")


def document(**changes: object) -> dict:
    return to_document(Pose(Extent(40, 30), (standing(),))) | changes


def with_person(**changes: object) -> dict:
    whole = document()
    return whole | {"people": [whole["people"][0] | changes]}


@given(poses)
def test_text_and_code_give_the_same_pose_back(pose: Pose) -> None:
    assert from_text(to_text(pose)) == pose
    assert from_code(code(pose)) == pose
    assert from_document(json.loads(json.dumps(to_document(pose)))) == pose


def test_the_document_is_the_agreed_one() -> None:
    feet = tuple(Joint(1.5, -2.0, on=i in (1, 2), locked=i >= 2) for i in range(4)) + (Joint(0, 0),) * 2
    person = Person(NO_BODY, feet=feet, name="Person 1", colour="#e6a23c", on=False, concept="ann", prompt="red")
    assert to_document(Pose(Extent(512, 768), (person,))) == {
        "atelier_pose": 1,
        "width": 512,
        "height": 768,
        "people": [
            {
                "name": "Person 1", "colour": "#e6a23c", "on": False, "concept": "ann", "prompt": "red",
                "body": [0, 0, 0] * 18,
                "feet": [1.5, -2, 0, 1.5, -2, 1, 1.5, -2, 2, 1.5, -2, 3, 0, 0, 1, 0, 0, 1],
                "left": [], "right": [], "face": [],
            }
        ],
    }  # fmt: skip


def test_places_are_rounded_to_tenths_when_they_come_in() -> None:
    read = from_document(with_person(body=[-0.04, 1.26, 1] * 18))
    assert (read.people[0].body[3].x, read.people[0].body[3].y) == (0.0, 1.3)
    assert str(read.people[0].body[3].x) == "0.0"


def test_what_a_person_lacks_is_filled_in() -> None:
    read = from_document({"atelier_pose": 1, "width": 4, "height": 3, "people": [{}]})
    assert read == Pose(Extent(4, 3), (Person(NO_BODY),))


def test_a_code_of_another_packing_says_so() -> None:
    with pytest.raises(UserError, match="newer version"):
        from_code("ap12." + code(Pose(Extent(8, 8)))[4:])


def test_half_an_emoji_in_a_name_can_be_written_everywhere() -> None:
    told = to_document(Pose(Extent(8, 8), (Person(NO_BODY, name="a"),)))
    told["people"][0]["name"] = "a\ud83d"
    read = from_document(told)
    assert read.people[0].name == "a?" and from_code(code(read)) == read


def test_a_code_is_short_and_in_one_word() -> None:
    text = code(Pose(Extent(512, 768), (standing(),)))
    assert len(text) < 200
    assert text.isascii() and not set(text) & set(' ,:"\n=+/')


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "This is not a pose."),
        ({"width": 3}, "This is not a pose."),
        (document(atelier_pose=2), "This pose was written by a newer version."),
        (document(width=0), "The picture of a pose must have 1 to 8192 pixels per side."),
        (document(height=8193), "The picture of a pose must have 1 to 8192 pixels per side."),
        (document(width="40"), "The picture of a pose must have 1 to 8192 pixels per side."),
        (document(width=10.5), "The picture of a pose must have 1 to 8192 pixels per side."),
        (document(width=float("nan")), "The picture of a pose must have 1 to 8192 pixels per side."),
        (document(people=None), "The pose has no list of people."),
        (document(people=[{}] * 10_000), "The pose has 10000 people; at most 100 are possible."),
        (document(people=[[]]), "Person 1 of the pose cannot be read."),
        (with_person(on=1), "Person 1 of the pose cannot be read."),
        (with_person(colour="url(http://x)"), "Person 1 of the pose cannot be read."),
        (with_person(colour="#123456\n"), "Person 1 of the pose cannot be read."),
        (with_person(name=7), "A text of person 1 is longer than 200 letters."),
        (with_person(prompt="x" * 4001), "A text of person 1 is longer than 4000 letters."),
        (with_person(body=[1, 2, 1] * 17), "The part “body” of person 1 has 51 numbers instead of 54."),
        (with_person(left=[1, 2, 1] * 20), "The part “left” of person 1 has 60 numbers instead of 63."),
        (with_person(body=[1, 2, 4] * 18), "Person 1 of the pose cannot be read."),
        (with_person(body=[1, 2, 0.5] * 18), "Person 1 of the pose cannot be read."),
    ],
)
def test_a_wrong_document_is_a_sentence(wrong: object, sentence: str) -> None:
    with pytest.raises(UserError) as told:
        from_document(wrong)
    assert str(told.value) == sentence


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9, -100_000.1, 10**400, "1", None, True, [1], {}])
def test_what_is_no_place_is_a_sentence(value: object) -> None:
    with pytest.raises(UserError, match="“face” of person 1 has something that is no number from -100000 to 100000"):
        from_document(with_person(face=[value, 1, 1] * 70))


@pytest.mark.parametrize(
    "text", ["", "{", "pose", b"\xff\xfe\x00", "[" * 200_000, "9" * 5000, '{"atelier_pose":' * 30_000]
)
def test_what_is_no_json_is_a_sentence(text: str | bytes) -> None:
    with pytest.raises(UserError, match="cannot be read as JSON"):
        from_text(text)


def test_a_text_of_more_than_8_mb_is_a_sentence() -> None:
    with pytest.raises(UserError, match="larger than 8 MB"):
        from_text(" " * ((8 << 20) + 1))


def bomb() -> str:
    import base64
    import zlib

    return "ap1." + base64.urlsafe_b64encode(zlib.compress(b"[1,1," + b" " * (9 << 20) + b"[]]", 9)).decode()


GOOD = code(Pose(Extent(40, 30), (standing(),)))


@pytest.mark.parametrize("text", ["", "ap1.", "ap1.AAAA", GOOD[:-4], "ap1.ä", "ap1.a b", bomb()])
def test_a_damaged_code_is_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match="The pose in this text is damaged"):
        from_code(text)


@given(st.integers(0, len(GOOD) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_code_with_one_wrong_letter_is_never_another_pose(place: int, letter: str) -> None:
    try:
        read = from_code(GOOD[:place] + letter + GOOD[place + 1 :])
    except UserError:
        return
    assert read == from_code(GOOD)


def test_a_person_moves_grows_and_is_measured() -> None:
    person = replace(standing(), left=(Joint(-7.5, 4.0, on=False),) * 20 + (Joint(-3.0, 300.0),))
    assert bounds(person) == (-3.0, 100.0, 170.0, 300.0)
    assert bounds(moved(person, 1.25, -100)) == (-1.8, 0.0, 171.2, 200.0)
    assert scaled(person, 2, 0.5, about=(10, 100)).body[2] == Joint(30.0, 101.0)
    assert bounds(Person(NO_BODY)) is None


def test_in_a_mirror_the_right_arm_is_the_left_one() -> None:
    person = replace(
        standing(),
        feet=tuple(Joint(float(i), 0.0) for i in range(6)),
        right=tuple(Joint(float(i), 5.0) for i in range(21)),
        face=tuple(Joint(float(i), 9.0) for i in range(70)),
    )
    seen = mirrored(person, 100)
    assert seen.body[5] == Joint(200.0 - 20, 102.0)  # was the right shoulder
    assert seen.body[16] == Joint(200.0 - 170, 117.0)  # was the left ear
    assert seen.body[1] == Joint(190.0, 101.0)
    assert seen.feet[0].x == 197.0 and seen.right == () and seen.left[4].x == 196.0
    assert [int(200 - seen.face[i].x) for i in (0, 17, 30, 31, 36, 42, 48, 55, 60, 65, 68)] == [
        *(16, 26, 30, 35, 45, 39, 54, 59, 64, 67, 69)
    ]
    assert mirrored(seen, 100) == person


def test_a_pose_on_a_larger_picture() -> None:
    large = resized(Pose(Extent(200, 100), (standing(),)), Extent(400, 50))
    assert large.size == Extent(400, 50) and large.people[0].body[4] == Joint(80.0, 52.0)


def test_tables_fit_each_other() -> None:
    assert len(set(LIMBS)) == 17 and {joint for limb in LIMBS for joint in limb} == set(range(18))
    assert {(PARENTS[joint], joint) for joint in range(18) if joint != 1} == set(LIMBS)
    assert HAND_EDGES[:5] == ((0, 1), (1, 2), (2, 3), (3, 4), (0, 5)) and HAND_EDGES[-1] == (19, 20)
    assert sorted({*range(25)} - {*BODY_25}) == [8, *range(19, 25)]


def test_a_part_with_too_few_joints_is_a_fault() -> None:
    with pytest.raises(ValueError, match="left has 20 joints"):
        Person(NO_BODY, left=(Joint(0, 0),) * 20)
