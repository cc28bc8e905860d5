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
        ({"name": "a", "share": 10**400}, "type number"),
        ({"name": "a", "depth": 10**400}, "type integer"),
        ({"name": "a", "share": "1"}, "type number"),
        ({"name": "a", "edge": "round"}, "one of: soft, hard"),
        ({"name": "a", "on": 1}, "type boolean"),
    ],
)
def test_bad_values_are_told_in_a_sentence(body: object, told: str) -> None:
    with pytest.raises(UserError, match=told):
        parse(Cut, body)


def test_half_an_emoji_becomes_something_that_a_file_can_hold() -> None:
    assert parse(Cut, {"name": "a\ud83d"}).name == "a?" and parse(Cut, {"name": "a😀"}).name == "a😀"


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
    assert add_entries("Steps: 1, A b: x, Seed: 3", {"A b": "y"}) == "Steps: 1, Seed: 3, A b: y"
    assert add_entries("Steps: 1, Ab: x, Cd: z", {"Ab": "y", "Cd": "a, b"}) == 'Steps: 1, Ab: y, Cd: "a, b"'
    assert add_entries('Ab: "x, \\"y\\"", Steps: 1', {"Ab": "y"}) == "Steps: 1, Ab: y"
    assert add_entries("", {"Atelier b": "1"}) == "Atelier b: 1"
    assert add_entries("Atelier b: 1", {"Atelier b": "2"}) == "Atelier b: 2"
    assert add_entries("only a prompt", {"Atelier b": "1"}) == "only a prompt\nAtelier b: 1"
    assert add_entries("only a prompt", {}) == "only a prompt"


PLAIN = "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 4, Size: 512x512, Model hash: 6ce0161689, Model: v1-5"
CONTROLNET = (
    'ControlNet 0: "Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1, Resize Mode: Crop and Resize, '
    'Threshold A: 100, Guidance Start: 0, Note: \\"a, b: c\\", Control Mode: Balanced"'
)
SETTINGS = {
    "A1111": PLAIN + ", Version: v1.10.1",
    "Forge": PLAIN + ", Distilled CFG Scale: 3.5, Module 1: ae, Version: f2.0.1v1.10.1-previous-669-gdfdcbab6",
    "hashes": PLAIN + ', Hashes: {"model": "6ce0161689", "vae": "b", "lora:x, y": "c"}, Version: v1.10.1',
    "hashes last": PLAIN + ', Hashes: {"model": "a", "vae": "b"}',
    "controlnet": f'{PLAIN}, {CONTROLNET}, ControlNet 1: "Module: none, Weight: 0.5", Version: v1.10.1',
    "lora": PLAIN + ', Lora hashes: "add_detail: 7c6bad76eb54, x: 1", TI hashes: "easynegative: c74b4e810b03"',
    "civitai": PLAIN
    + ', Clip skip: 2, Created Date: 2024-07-21T10:01:13.08Z, Civitai resources: [{"type":"checkpoint",'
    '"modelVersionId":290640,"modelName":"Pony, V6: XL"},{"type":"lora","weight":0.8}], Civitai metadata: {"a":1}',
    "quoted prompt": PLAIN + ', Template: "a cat, Atelier cut depth: 3, b", Hires prompt: "x: y,\\nz", Version: v1',
    "odd": PLAIN + ', Mask blur: 4,  Model 2: 5" nail , (brackets): x, é: è, Schedule type: , Version: v1.10.1,',
}
PROMPTS = {
    "two": "a cat, sitting\nNegative prompt: dog\n",
    "no negative": "a cat (fur: red:1.2) <lora:add_detail:1>\n",
    "many lines": "one: a, two: b, three: c\n\nSteps: of stone, four: d\r\nNegative prompt: x: y,\n z: w, v: u\n",
    "none": "",
    "blank": "\n",
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("prompt", PROMPTS.values(), ids=PROMPTS)
@pytest.mark.parametrize("end", ["", "\n", " \r\n"])
def test_everything_else_in_an_infotext_stays_to_the_byte(prompt: str, settings: str, end: str) -> None:
    before = prompt + settings + end
    first, second = Cut("odd, name", 2), Cut("plain", 3, 0.25, "hard", False)
    for cut, text in (
        (first, 'name: "odd, name", Atelier cut depth: 2'),
        (second, "name: plain, Atelier cut depth: 3"),
    ):
        after = add_entries(before, to_infotext("Atelier cut", cut))
        assert after.startswith(f"{prompt}{settings}, Atelier cut {text}, Atelier cut share: ") and after.endswith(end)
        found = from_infotext("Atelier cut", Cut, read_entries(split_infotext(after)[1]))
        assert Cut(**found) == cut
    once = add_entries(before, to_infotext("Atelier cut", first))
    assert add_entries(once, to_infotext("Atelier cut", second)) == after
    between = once[: len(once) - len(end)] + ", Postprocess upscale by: 4" + end
    assert (
        add_entries(between, {"Atelier cut depth": "1"})
        == between[: len(between) - len(end)].replace(", Atelier cut depth: 2", "") + ", Atelier cut depth: 1" + end
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "a prompt, with: colon, two: x, three: y",
        "photo: a cat, style: oil, mood: dark",
        "a cat\nNegative prompt: a dog, tone: dull, hands: bad",
        "walk Steps: up, a: b, cc: d",
    ],
)
def test_a_prompt_without_settings_gets_a_line_of_its_own(prompt: str) -> None:
    assert split_infotext(prompt) == (prompt, "")
    after = add_entries(prompt, to_infotext("Atelier cut", Cut("a")))
    assert after.startswith(prompt + "\nAtelier cut name: a, ")
    assert split_infotext(after)[0] == prompt
    assert add_entries(after, to_infotext("Atelier cut", Cut("a"))) == after


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"])), st.integers(0, 9))
def test_any_text_survives_the_infotext(name: str, depth: int) -> None:
    text = add_entries("prompt\nSteps: 1, Seed: 2, Size: 8x8", to_infotext("Atelier cut", Cut(name, depth)))
    found = from_infotext("Atelier cut", Cut, read_entries(split_infotext(text)[1]))
    assert found["depth"] == depth
    assert found["name"] == name


def test_spoilt_entries_are_left_out() -> None:
    entries = {"Atelier cut depth": "many", "Atelier cut share": "7", "Atelier cut edge": "hard"}
    assert from_infotext("Atelier cut", Cut, entries) == {"edge": "hard"}
