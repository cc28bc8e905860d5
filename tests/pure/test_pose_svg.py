from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.skeleton import NO_BODY, NOWHERE, Joint, Person, Pose
from atelier_pose_editor.svg import from_svg, to_svg
from atelier_pose_editor.transforms import apply, matrix_of
from hypothesis import given
from hypothesis import strategies as st

SPACE = "{http://www.w3.org/2000/svg}"
places = st.integers(-1_000_000, 1_000_000).map(lambda tenths: tenths / 10)
joints = st.builds(Joint, places, places, st.booleans(), st.booleans())
hands = st.just(()) | st.tuples(*[joints] * 21)
persons = st.builds(
    Person,
    st.tuples(*[joints] * 18),
    feet=st.just(()) | st.tuples(*[joints] * 6),
    left=hands,
    right=hands,
    face=st.just(()) | st.tuples(*[joints] * 70),
    on=st.booleans(),
)


@given(st.lists(persons, min_size=1, max_size=2), st.integers(1, 8192))
def test_what_is_drawn_is_read_back(people: list[Person], width: int) -> None:
    pose = Pose(Extent(width, 300), tuple(people))
    assert from_svg(to_svg(pose)) == pose
    assert from_svg(to_svg(pose).encode()) == pose


def drawing(inside: str, head: str = 'viewBox="0 0 80 60"') -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {head}>{inside}</svg>'


def nose(inside: str, head: str = 'viewBox="0 0 80 60"') -> Joint:
    return from_svg(drawing(inside, head)).people[0].body[0]


def test_shapes_have_the_ids_and_colours_of_the_map() -> None:
    body = list(NO_BODY)
    body[1], body[5], body[2] = Joint(10, 20), Joint(40, 60), Joint(5, 5, on=False)
    root = ElementTree.fromstring(to_svg(Pose(Extent(80, 60), (Person((*body,), left=(Joint(1, 2),) * 21),))))
    shapes = {shape.get("id"): shape for shape in root.iter() if shape.get("id")}
    assert root.get("viewBox") == "0 0 80 60" and root[0].get("fill") == "#000000"
    limb = shapes["P00_B01"]
    assert limb.tag == SPACE + "ellipse" and limb.get("fill") == "#993300" and limb.get("display") is None
    assert (limb.get("cx"), limb.get("cy"), limb.get("rx"), limb.get("ry")) == ("25.00", "40.00", "25.00", "4")
    dx, dy = apply(matrix_of(limb.get("transform")), 50, 40)
    assert (abs(dx - 25), abs(dy - 40)) == pytest.approx((15, 20), abs=0.01)
    joint = shapes["P00_J05"]
    assert joint.tag == SPACE + "circle" and joint.get("fill") == "#55ff00"
    assert (joint.get("cx"), joint.get("cy"), joint.get("r")) == ("40", "60", "4")
    assert shapes["P00_J02"].get("display") == shapes["P00_B00"].get("display") == "none"
    assert shapes["P00_L20"].get("fill") == "#0000ff" and "P00_R00" not in shapes
    order = list(shapes)
    assert order.index("P00_B16") < order.index("P00_J00") < order.index("P00_LB00") < order.index("P00_L00")


@pytest.mark.parametrize(
    ("inside", "place"),
    [
        ('<circle id="P00_J00" cx="10" cy="4.26"/>', (10, 4.3)),
        ('<circle id="P00_J00" cx="10px" cy="-4"/>', (10, -4)),
        ('<ellipse id="P00_J00" cx="1e1" cy=".5" transform="translate(3 -1)"/>', (13, -0.5)),
        ('<g transform="scale(2)"><circle id="P00_J00" cx="10" cy="4" transform="translate(3,1)"/></g>', (26, 10)),
        ('<g transform="translate(3,1) scale(2 3)"><circle id="P00_J00" cx="10" cy="4"/></g>', (23, 13)),
        ('<g transform="rotate(90)"><circle id="P00_J00" cx="10" cy="4"/></g>', (-4, 10)),
        ('<g transform="rotate(90 10 10)"><circle id="P00_J00" cx="10" cy="4"/></g>', (16, 10)),
        ('<g transform="matrix(1 2 3 4 5 6)"><g/><circle id="P00_J00" cx="10" cy="4"/></g>', (27, 42)),
        ('<g transform="skewX(45)"><circle id="P00_J00" cx="10" cy="4"/></g>', (14, 4)),
        ('<g transform="translate(9)"/><circle id="P00_J00" cx="10"/>', (10, 0)),
    ],
)
def test_a_joint_is_where_a_drawing_program_put_it(inside: str, place: tuple[float, float]) -> None:
    assert nose(inside) == Joint(*place)


def test_the_corner_of_the_view_box_is_the_corner_of_the_picture() -> None:
    assert nose('<circle id="P00_J00" cx="10" cy="4"/>', 'viewBox="-5 2 80 60"') == Joint(15, 2)
    plain = drawing('<circle id="P00_J00" cx="10" cy="4"/>', 'width="80px" height="60"')
    assert from_svg(plain).size == Extent(80, 60)


@pytest.mark.parametrize("how", ['display="none"', 'visibility="hidden"', 'style="fill:red; display: none"'])
def test_what_is_hidden_is_off(how: str) -> None:
    assert not nose(f'<circle id="P00_J00" cx="10" cy="4" {how}/>').on
    assert not nose(f'<g {how}><circle id="P00_J00" cx="10" cy="4"/></g>').on
    person = from_svg(drawing(f'<g id="P00" {how}><circle id="P00_J00" cx="10" cy="4"/></g>')).people[0]
    assert person.body[0].on and not person.on


def test_only_shapes_with_known_ids_count() -> None:
    inside = """
      <script>alert(1)</script><circle id="P00_J18" cx="1" cy="1"/><circle id="P0_J01" cx="1" cy="1"/>
      <rect id="P00_J01" cx="1" cy="1"/><circle id="P03_L20" cx="7" cy="8"/><text id="P00_J02">x</text>
      <circle id="P00_J03" cx="5" cy="6" onclick="alert(1)"/><circle cx="1e9" cy="1"/>
    """
    pose = from_svg(drawing(inside))
    assert len(pose.people) == 2
    assert [place for place, joint in enumerate(pose.people[0].body) if joint.on] == [3]
    assert pose.people[1] == Person(NO_BODY, left=(*(NOWHERE,) * 20, Joint(7, 8)))


LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
GOOD = '<circle id="P00_J00" cx="10" cy="4"/>'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LAUGHS + drawing("&b;" + GOOD), "document type"),
        ((LAUGHS + drawing(GOOD)).encode("utf-16"), "document type"),
        ('<!DOCTYPE svg SYSTEM "file:///etc/passwd">' + drawing(GOOD), "document type"),
        ("", "not an SVG"),
        ("{}", "not an SVG"),
        (b"\x89PNG\r\n", "not an SVG"),
        (drawing(GOOD)[:-3], "not an SVG"),
        (drawing("&b;" + GOOD), "not an SVG"),
        ('<?xml version="1.0" encoding="klingon"?>' + drawing(GOOD), "not an SVG"),
        (f"<html>{GOOD}</html>", "not an SVG"),
        (drawing(""), "no joints of a pose"),
        ("<svg>" * 100_000, "not in pixels"),
        (drawing("<g>" * 100_000 + "</g>" * 100_000), "no joints of a pose"),
        (drawing(GOOD, 'viewBox="0 0 80 9999"'), "1 to 8192 pixels"),
        (drawing(GOOD, 'viewBox="0 0 80 1e999"'), "not an SVG"),
        (drawing(GOOD, 'width="100%" height="60"'), "not in pixels"),
        (drawing('<circle id="P00_J00" cx="1e9"/>'), "too far"),
        (drawing('<circle id="P00_J00" cx="nan"/>'), "not in pixels"),
        (drawing(f'<circle id="P00_J00" cx="{"1" * 100_000}x"/>'), "not in pixels"),
        (drawing(f'<g transform="scale(1e300)"><g transform="scale(1e300)">{GOOD}</g></g>'), "too far"),
        (drawing(f'<g transform="translate(1 2 3)">{GOOD}</g>'), "transform"),
        (drawing(f'<g transform="url(#x)">{GOOD}</g>'), "transform"),
        (drawing(f'<g transform="{"scale(1)" * 10_000}">{GOOD}</g>'), "transform"),
        ("<!--" + "x" * (8 << 20) + "-->", "larger than 8 MB"),
    ],
)
def test_what_is_no_drawing_of_a_pose_is_a_sentence(text: str | bytes, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        from_svg(text)


@given(
    st.lists(st.sampled_from(["translate(3 4)", "scale(2 -1)", "rotate(30 1 2)", "skewY(20)", "matrix(1 2 3 4 5 6)"]))
)
def test_transforms_in_a_row_are_one_after_the_other(steps: list[str]) -> None:
    x, y = 1.5, -2.0
    for step in reversed(steps):
        x, y = apply(matrix_of(step), x, y)
    assert np.allclose(apply(matrix_of(" ".join(steps)), 1.5, -2.0), (x, y), rtol=1e-6)
