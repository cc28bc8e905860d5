from dataclasses import dataclass

import pytest
from atelier_core.args import (
    add_entries,
    arg,
    from_infotext,
    json_schema,
    parse,
    read_entries,
    split_infotext,
    to_infotext,
)
from atelier_core.errors import UserError
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Cut:
    name: str
    depth: int = arg(3, "in pixels", least=0, most=9)
    share: float = arg(0.5, least=0, most=1)
    edge: str = arg("soft", choices=("soft", "hard"))
    on: bool = arg(True)
    picture: str = arg("", picture=True)


def test_values_arrive_in_their_types() -> None:
    cut = parse(Cut, {"name": "a", "depth": 4.0, "share": 1, "on": False})
    assert cut == Cut("a", 4, 1.0, "soft", False)
    assert isinstance(cut.depth, int) and isinstance(cut.share, float)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], "JSON object"),
        ({}, "“name” is missing"),
        ({"name": 3}, "“name” must be of type string"),
        ({"name": "a", "deep": 1}, "no option “deep”"),
        ({"name": "a", "depth": 10}, "between 0 and 9"),
        ({"name": "a", "depth": True}, "type integer"),
        ({"name": "a", "depth": 1.5}, "type integer"),
        ({"name": "a", "depth": 1e300}, "between 0 and 9"),
        ({"name": "a", "share": float("nan")}, "type number"),
        ({"name": "a", "share": "1"}, "type number"),
        ({"name": "a", "edge": "round"}, "one of: soft, hard"),
        ({"name": "a", "on": 1}, "type boolean"),
    ],
)
def test_bad_values_are_told_in_a_sentence(body: object, told: str) -> None:
    with pytest.raises(UserError, match=told):
        parse(Cut, body)


def test_the_schema_says_what_parse_demands() -> None:
    schema = json_schema(Cut)
    assert schema["required"] == ["name"]
    assert schema["properties"]["depth"] == {
        "type": "integer",
        "description": "in pixels",
        "minimum": 0,
        "maximum": 9,
        "default": 3,
    }
    assert schema["properties"]["edge"]["enum"] == ["soft", "hard"]


def test_infotext_as_the_webuis_write_it() -> None:
    before = "a cat, sitting\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Seed: 4"
    entries = to_infotext("Atelier cut", Cut('odd, name: "x"', 2, 0.25, "hard", False, "secret"))
    after = add_entries(before, entries)
    assert after.startswith(before + ", Atelier cut name: ")
    assert "secret" not in after
    head, settings = split_infotext(after)
    assert head == "a cat, sitting\nNegative prompt: dog"
    found = from_infotext("Atelier cut", Cut, read_entries(settings))
    assert found == {"name": 'odd, name: "x"', "depth": 2, "share": 0.25, "edge": "hard", "on": False}


def test_entries_are_replaced_not_repeated() -> None:
    assert add_entries("Steps: 1, A b: x, Seed: 3", {"A b": "y"}) == "Steps: 1, A b: y, Seed: 3"
    assert add_entries("", {"Atelier b": "1"}) == "Atelier b: 1"
    assert add_entries("only a prompt", {"Atelier b": "1"}) == "only a prompt\nAtelier b: 1"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"])), st.integers(0, 9))
def test_any_text_survives_the_infotext(name: str, depth: int) -> None:
    text = add_entries("prompt\nSteps: 1, Seed: 2, Size: 8x8", to_infotext("Atelier cut", Cut(name, depth)))
    found = from_infotext("Atelier cut", Cut, read_entries(split_infotext(text)[1]))
    assert found["depth"] == depth
    assert found["name"] == name


def test_spoilt_entries_are_left_out() -> None:
    entries = {"Atelier cut depth": "many", "Atelier cut share": "7", "Atelier cut edge": "hard"}
    assert from_infotext("Atelier cut", Cut, entries) == {"edge": "hard"}
