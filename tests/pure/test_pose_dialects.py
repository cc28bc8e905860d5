from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.dialects import openpose, read
from atelier_pose_editor.document import from_text, to_document, to_text
from atelier_pose_editor.skeleton import NO_BODY, NOWHERE, PARTS, Joint, Person, Pose
from hypothesis import given
from hypothesis import strategies as st

SIZE = Extent(400, 600)
BODY = [(10.0 + 20 * i, 30.0 + 31 * i) for i in range(18)]  # not symmetric; the last at (350, 557)


def triples(points: list[tuple[float, float]], sure: float = 1.0) -> list[float]:
    return [number for x, y in points for number in (x, y, sure)]


def person(**changes: Any) -> dict[str, Any]:
    whole = {
        "pose_keypoints_2d": triples(BODY),
        "face_keypoints_2d": None,
        "hand_left_keypoints_2d": None,
        "hand_right_keypoints_2d": None,
    }
    return whole | changes


def file(*people: dict[str, Any], **changes: Any) -> dict[str, Any]:
    canvas = {"canvas_width": SIZE.width, "canvas_height": SIZE.height}
    return {"people": list(people or [person()]), "animals": []} | canvas | changes


def fractions(points: list[tuple[float, float]]) -> list[float]:
    return triples([(x / SIZE.width, y / SIZE.height) for x, y in points])


def body_of(found: Any, size: Extent | None = None) -> list[tuple[float, float]]:
    pose, notes = read(found, size)
    assert notes == ()
    assert all(joint.on for joint in pose.people[0].body)
    return [(joint.x, joint.y) for joint in pose.people[0].body]


def test_pixels_are_pixels() -> None:
    pose, notes = read(json.dumps(file()))
    assert notes == () and pose.size == SIZE
    assert pose.people == (Person(tuple(Joint(x, y) for x, y in BODY)),)


def test_our_own_document_is_read_as_it_is() -> None:
    pose = Pose(SIZE, (Person(tuple(Joint(x, y, locked=True) for x, y in BODY), name="Ann", on=False),))
    assert read(to_text(pose), Extent(1, 1)) == (pose, ())


def test_fractions_become_pixels() -> None:
    assert body_of(file(person(pose_keypoints_2d=fractions(BODY)))) == BODY


@pytest.mark.parametrize("low", [666.0, 1100.0, -250.0])
def test_one_joint_far_below_the_frame_does_not_make_pixels_of_fractions(low: float) -> None:
    """666 of 600 is the 1.11 that turns a person into a blob of 5 by 6 pixels elsewhere."""
    points = [*BODY[:10], (190.0, low), *BODY[11:]]
    assert body_of(file(person(pose_keypoints_2d=fractions(points)))) == points


def test_the_whole_file_is_in_fractions_or_none_of_it() -> None:
    beyond = [(x + 2 * SIZE.width, y) for x, y in BODY]
    few = [fractions(BODY)[i] if i < 12 else 0.0 for i in range(54)]
    hands = fractions([(9.0 + i, 8.0) for i in range(21)])
    people = [person(pose_keypoints_2d=fractions(BODY), hand_left_keypoints_2d=hands)] * 3
    pose, _ = read(file(*people, person(pose_keypoints_2d=few), person(pose_keypoints_2d=fractions(beyond))))
    assert [(j.x, j.y) for j in pose.people[4].body] == beyond
    assert [(j.x, j.y) for j in pose.people[3].body[:4]] == BODY[:4] and pose.people[3].body[4] == NOWHERE
    assert pose.people[0].left[20] == Joint(29.0, 8.0)


def test_undetected_hand_points_do_not_make_fractions_of_pixels() -> None:
    undetected = triples([(-1 / SIZE.width, -1 / SIZE.height)] * 21)
    pose, _ = read(file(person(hand_left_keypoints_2d=undetected, hand_right_keypoints_2d=undetected)))
    assert pose.people == (Person(tuple(Joint(x, y) for x, y in BODY)),)


@pytest.mark.parametrize("as_fractions", [False, True])
def test_a_hand_point_that_was_not_found_is_off(as_fractions: bool) -> None:
    hand = [(-1.0, -1.0), *((50.0 + i, -1.0) for i in range(20))]
    write = fractions if as_fractions else triples
    pose, _ = read(file(person(pose_keypoints_2d=write(BODY), hand_right_keypoints_2d=write(hand))))
    assert pose.people[0].right[0] == NOWHERE
    assert pose.people[0].right[1:3] == (Joint(50.0, -1.0), Joint(51.0, -1.0))


def test_real_confidences_are_thresholded_and_the_place_is_kept() -> None:
    given = triples(BODY, 0.93)
    given[2], given[5], given[8] = 0.19, 0.2, 0.0
    pose, _ = read(file(person(pose_keypoints_2d=given)))
    assert [joint.on for joint in pose.people[0].body] == [False, True, False, *[True] * 15]
    assert (pose.people[0].body[0].x, pose.people[0].body[0].y) == BODY[0]
    written = openpose(pose)["people"][0]["pose_keypoints_2d"]
    assert set(written[2::3]) == {0.0, 1.0} and written[:6] == [0, 0, 0, *BODY[1], 1]


@pytest.mark.parametrize("nothing", [None, [], [0, 0, 0] * 21])
def test_parts_that_are_null_empty_or_nowhere(nothing: Any) -> None:
    assert body_of(file(person(hand_left_keypoints_2d=nothing))) == BODY
    assert read(file(person(hand_left_keypoints_2d=nothing)))[0].people[0].left == ()


def test_a_person_may_be_only_a_body_or_only_a_face() -> None:
    assert body_of(file({"pose_keypoints_2d": triples(BODY)})) == BODY
    face = triples([(50.0 + i, 60.0) for i in range(68)])
    for body in (None, []):
        pose, notes = read(file({"pose_keypoints_2d": body, "face_keypoints_2d": face}))
        assert notes == () and pose.people[0].body == NO_BODY
        assert pose.people[0].face[67:] == (Joint(117.0, 60.0), NOWHERE, NOWHERE)


def test_a_person_without_any_joint_is_left_out_and_said() -> None:
    pose, notes = read(file(person(), {"pose_keypoints_2d": [0, 0, 0] * 18}))
    assert len(pose.people) == 1 and notes == ("People without any joint were left out.",)


def test_body_25_is_not_body_18() -> None:
    points = [(5.0 + 10 * i, 7.0 + 11 * i) for i in range(25)]
    found = read(file(person(pose_keypoints_2d=triples(points))))[0].people[0]
    order = [*range(8), 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]
    assert [(j.x, j.y) for j in found.body] == [points[i] for i in order]
    assert [(j.x, j.y) for j in found.feet] == points[19:]
    without = read(file(person(pose_keypoints_2d=triples(points[:19]) + [0, 0, 0] * 6)))[0].people[0]
    assert without.feet == ()


def test_frames_in_a_list_and_people_in_a_list() -> None:
    assert body_of([file()]) == BODY
    pose, notes = read([file(), file(person(), person())])
    assert len(pose.people) == 1 and notes == ("The file has several frames; the first one was read.",)
    assert body_of([person()], SIZE) == BODY


def test_a_padded_canvas_keeps_the_pixels_and_gets_the_size_of_the_picture() -> None:
    picture = Extent(389, 600)
    pose, notes = read(file(canvas_width=448, canvas_height=640), picture)
    assert pose.size == picture and [(j.x, j.y) for j in pose.people[0].body] == BODY
    assert notes == ("The canvas of the file had strips at its right or bottom that the picture does not have.",)
    in_parts = triples([(x / 448, y / 640) for x, y in BODY])
    pose, _ = read(file(person(pose_keypoints_2d=in_parts), canvas_width=448, canvas_height=640), picture)
    assert pose.size == picture and [(j.x, j.y) for j in pose.people[0].body] == BODY


def test_a_canvas_that_is_no_padding_stays() -> None:
    assert read(file(), Extent(399, 600))[0].size == SIZE
    assert read(file(canvas_width=512, canvas_height=640), Extent(389, 600))[0].size == Extent(512, 640)


def test_a_file_without_canvas() -> None:
    plain = {"people": [person()]}
    assert body_of(plain, SIZE) == BODY and read(plain, SIZE)[0].size == SIZE
    pose, notes = read(plain)
    assert pose.size == Extent(512, 576) and len(notes) == 1
    with pytest.raises(UserError, match="Open the picture first"):
        read({"people": [person(pose_keypoints_2d=fractions(BODY))]})


def test_pairs_of_another_editor() -> None:
    second = [[x + 1, y] for x, y in BODY[:17]] + [None]
    pose, _ = read({"width": 400, "height": 600, "keypoints": [list(pair) for pair in BODY] + second})
    assert pose.size == SIZE and len(pose.people) == 2
    assert pose.people[0].body[17] == Joint(*BODY[17])
    assert pose.people[1].body[16:] == (Joint(BODY[16][0] + 1, BODY[16][1]), NOWHERE)


def test_animals_stay_out() -> None:
    pose, notes = read(file(animals=[[1, 2, 1] * 17]))
    assert len(pose.people) == 1 and notes == ("The animals in the file were left out.",)
    pose, notes = read({"version": "ap10k", "animals": [[1, 2, 1] * 17], "canvas_width": 9, "canvas_height": 8})
    assert pose == Pose(Extent(9, 8)) and len(notes) == 1


def test_what_is_written_is_pixels_and_whole() -> None:
    hand = (Joint(3.5, -4.0), *(Joint(9.0, 9.0, on=False),) * 20)
    feet = tuple(Joint(i + 0.1, 5.0) for i in range(6))
    people = (Person(tuple(Joint(x, y) for x, y in BODY), feet=feet, left=hand), Person(NO_BODY, on=False))
    written = openpose(Pose(SIZE, people))
    assert [written[key] for key in ("canvas_width", "canvas_height", "animals")] == [400, 600, []]
    [only] = written["people"]
    assert only["hand_left_keypoints_2d"] == [3.5, -4.0, 1.0] + [0.0] * 60
    assert only["foot_keypoints_2d"][:6] == [0.1, 5.0, 1.0, 1.1, 5.0, 1.0] and len(only["foot_keypoints_2d"]) == 18
    assert only["hand_right_keypoints_2d"] is only["face_keypoints_2d"] is None
    assert all(isinstance(value, float) for value in only["pose_keypoints_2d"])
    footless = openpose(Pose(SIZE, (replace(people[0], feet=()),)))["people"][0]
    assert "foot_keypoints_2d" not in footless


places = st.integers(30, 8000).map(lambda tenths: tenths / 10)
joints = st.builds(Joint, places, places) | st.just(NOWHERE)


@given(st.lists(st.tuples(*[joints] * 18), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_what_is_written_is_read_back(bodies: list[tuple[Joint, ...]], feet: bool, hand: bool) -> None:
    extras = {"feet": bodies[0][:5] + (Joint(5, 6),)} if feet else {}
    extras |= {"right": (*bodies[0], Joint(4, 4.5), Joint(0.2, 0.1), NOWHERE)} if hand else {}
    people = tuple(Person(body, **extras) for body in bodies if any(joint.on for joint in body))
    assert read(json.dumps(openpose(Pose(SIZE, people))))[0] == Pose(SIZE, people)


NUMBERS = "has something that is no number from -100000 to 100000"


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (7, "This is not a pose"),
        ([], "The file has no pose"),
        ([[[]]], "This is not a pose"),
        ({}, "This is not a pose"),
        (file(people={}), "The pose has no list"),
        (file(people="x"), "The pose has no list"),
        (file(people=[person()] * 10_000), "has 10000 people; at most 100"),
        (file(7), "Person 1 of the pose cannot be read"),
        (file(person(pose_keypoints_2d=triples(BODY[:17]))), "has 51 numbers instead of 54"),
        (file(person(pose_keypoints_2d=triples(BODY)[:-1])), "has 53 numbers instead of 51"),
        (file(person(face_keypoints_2d=triples(BODY))), "has 54 numbers instead of 210"),
        (file(person(pose_keypoints_2d="abc")), NUMBERS),
        (file(person(pose_keypoints_2d={"0": 1})), NUMBERS),
        (file(canvas_width=None), "1 to 8192 pixels"),
        (file(canvas_width=100_000), "1 to 8192 pixels"),
        ({"keypoints": [[1, 2]] * 17, "width": 9, "height": 9}, "more or fewer joints than 18"),
        ({"keypoints": [[1, 2]] * 18}, "1 to 8192 pixels"),
        ({"keypoints": [[1, 2, 3]] * 18, "width": 9, "height": 9}, NUMBERS),
        ({"keypoints": [[1, 2]] * 1_818, "width": 9, "height": 9}, "has 101 people"),
        ('{"people":' + "[" * 100_000, "cannot be read as JSON"),
        ('{"people":[{"pose_keypoints_2d":[NaN' + ",1" * 53 + "]}]}", NUMBERS),
        ('{"people":[{"pose_keypoints_2d":[1e999' + ",1" * 53 + "]}]}", NUMBERS),
        ("x" * (8 << 20) + "x", "larger than 8 MB"),
    ],
)
def test_what_is_no_pose_is_a_sentence(found: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read(found)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 1e9, 10**400, "12", None, False, [1]])
@pytest.mark.parametrize("place", [0, 2])
def test_a_number_that_is_none_is_a_sentence(value: Any, place: int) -> None:
    given: list[Any] = triples(BODY)
    given[place] = value
    with pytest.raises(UserError, match=f"“pose_keypoints_2d” of person 2 {NUMBERS}"):
        read(file(person(), person(pose_keypoints_2d=given)))


def test_a_pose_of_a_hundred_whole_people_is_within_the_limits() -> None:
    whole = {name: tuple(Joint(1234.5 + i, 4321.5) for i in range(count)) for name, count in PARTS.items()}
    pose = Pose(Extent(8192, 8192), (Person(**whole),) * 100)
    assert from_text(to_text(pose)) == pose
    assert read(json.dumps(openpose(pose)))[0] == pose


CASES = json.loads((Path(__file__).parents[1] / "support" / "pose_dialects.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_run_reads_what_the_page_reads(case: dict[str, Any]) -> None:
    """The page's tests go through the same list."""
    source, size = case["text"] if "text" in case else case["obj"], case["size"]
    if case["expect"] == "error":
        with pytest.raises(UserError):
            read(source, size and Extent(*size))
        return
    found = to_document(read(source, size and Extent(*size))[0])
    assert [{part: one[part] for part in PARTS} for one in found["people"]] == case["expect"]["people"]
    assert (found["width"], found["height"]) == (case["expect"]["width"], case["expect"]["height"])
