"""Captions say what is there, and parse back to it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

import dollhouse
from dollhouse import Scene, grammar, words

SEEDS = range(0, 400, 2)


def by_place(scene: Scene) -> list[dict]:
    people = dollhouse.attributes(scene)["people"]
    return [people[i] for i in sorted(range(len(people)), key=lambda i: scene.people[i].x)]


def assert_true(scene: Scene, text: str) -> int:
    """Everything the text says holds; gives how much it says."""
    truth, said = dollhouse.attributes(scene), dollhouse.parse(text)
    assert len(said["people"]) == len(scene.people), text
    for spoken, real in zip(said["people"], by_place(scene), strict=True):
        assert spoken.items() <= real.items(), text
    assert all(thing in truth["objects"] for thing in said["objects"]), text
    plain = {trait: value for trait, value in said.items() if isinstance(value, str)}
    assert plain.items() <= truth.items(), text
    return len(plain) + sum(len(person) for person in said["people"]) + len(said["objects"])


def sayable(scene: Scene) -> int:
    truth = dollhouse.attributes(scene)
    unsaid = {"size": "average", "light_colour": "white", "light_strength": "normal"}
    traits = [item for person in truth["people"] for item in person.items()]
    traits += [item for item in truth.items() if isinstance(item[1], str)]
    return len([1 for trait, value in traits if value and unsaid.get(trait) != value]) + len(truth["objects"])


@pytest.mark.parametrize("split", ["train", "test"])
def test_full_captions_parse_back_to_every_attribute(split: str) -> None:
    for seed in SEEDS:
        scene = dollhouse.scene(seed, split)
        for way in (None, seed, seed + 1):
            assert assert_true(scene, dollhouse.caption(scene, way)) == sayable(scene)


def test_dropout_leaves_out_and_never_lies() -> None:
    shares = []
    for seed in SEEDS:
        scene = dollhouse.scene(seed)
        shares.append(assert_true(scene, dollhouse.caption(scene, seed, dropout=0.4)) / sayable(scene))
    assert 0.4 < sum(shares) / len(shares) < 0.7


def test_there_are_paraphrases() -> None:
    scene = dollhouse.scene(3)
    assert len({dollhouse.caption(scene, seed) for seed in range(40)}) > 20
    assert dollhouse.caption(scene, 7) == dollhouse.caption(scene, 7)
    assert dollhouse.caption(scene) == dollhouse.caption(scene)


def test_a_plain_caption_in_full() -> None:
    scene = dollhouse.scene(0, people=1, dolls=(dollhouse.heldout_dolls()["Nilo"],))
    scene = replace(scene.with_pose(0, dollhouse.pose("waving")).with_expression(0, "smiling"), props=())
    scene = replace(scene, camera=replace(scene.camera, framing="full body", size=3.0, y=1.0))
    scene = scene.with_background("forest").with_style("cartoon").with_light(dollhouse.light("sun", "left", "warm"))
    assert dollhouse.caption(scene) == (
        "a smiling slim boy with tan skin and short brown hair wearing a blue t-shirt, grey shorts and white shoes, "
        "waving in a forest, full body, warm sunlight from the left, flat cartoon"
    )
    assert dollhouse.caption(scene, names={0: "Nilo"}) == (
        "smiling Nilo, waving in a forest, full body, warm sunlight from the left, flat cartoon"
    )


def test_what_the_frame_cuts_off_is_not_said() -> None:
    scenes = [s for s in map(dollhouse.scene, range(200)) if s.camera.framing == "portrait"]
    assert len(scenes) > 5
    for scene in scenes:
        assert not re.search(r"\b(shoes|boots|trousers|shorts)\b", dollhouse.caption(scene))
        assert "shoes" not in dollhouse.attributes(scene)["people"][0]


def test_what_a_style_does_not_show_is_not_said() -> None:
    lamps = dollhouse.light("lamp", "left", "pink", "bright"), dollhouse.light("lamp", "left", "cool", "dim")
    for style in words.STYLE:
        one, other = (dollhouse.scene(4).with_style(style).with_light(lamp) for lamp in lamps)
        alike = np.array_equal(dollhouse.render(one, 64), dollhouse.render(other, 64))
        assert alike == (dollhouse.caption(one) == dollhouse.caption(other)) == (style == "sketch")
        shown = {trait for trait in dollhouse.attributes(one) if trait.startswith("light_")}
        assert shown == {"light_direction"} if alike else len(shown) == 4
        turned = one.with_light(dollhouse.light("lamp", "right", "pink", "bright"))
        assert not np.array_equal(dollhouse.render(one, 64), dollhouse.render(turned, 64))


def test_a_limit_is_kept() -> None:
    for seed in range(60):
        scene = dollhouse.scene(seed, people=3)
        text = dollhouse.caption(scene, seed, limit=60)
        assert len(re.findall(r"\w+|[^\w\s]", text)) <= 60
        assert_true(scene, text)


def test_a_negative_prompt_names_what_is_absent() -> None:
    for seed in SEEDS:
        scene = dollhouse.scene(seed)
        truth = dollhouse.attributes(scene)
        tags = dollhouse.negative(scene, seed, 5).split(", ")
        assert len(tags) == 5
        for tag in tags:
            trait, value = grammar.TAGS[tag]
            assert truth.get(trait) != value
            assert all(person.get(trait) != value for person in truth["people"])


def test_the_vocabulary_has_no_phrase_with_two_meanings() -> None:
    tables = [getattr(words, name) for name in ("EXPRESSION", "SIZE", "BACKGROUND", "FRAMING", "STYLE", "POSE")]
    phrases = [phrase for table in tables for ways in table.values() for phrase in ways]
    assert len(phrases) == len(set(phrases))


def test_no_caption_says_a_held_out_trait() -> None:
    kinds = {mark.kind for doll in dollhouse.heldout_dolls().values() for mark in doll.marks}
    for doll in dollhouse.heldout_dolls().values():
        scene = dollhouse.scene(5, "test", dolls=(doll,))
        for seed in range(12):
            text = dollhouse.caption(scene, seed)
            assert doll.name not in text
            assert not [kind for kind in kinds if kind in text]
