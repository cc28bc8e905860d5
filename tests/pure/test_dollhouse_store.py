"""Drawn scenes on disk: what a plan says is what lies there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dollhouse import caption, heldout_dolls, openpose, render, truth
from dollhouse.train.store import (
    DROPOUTS,
    MOST,
    WORDS,
    Plan,
    Store,
    coded,
    fill,
    palette,
    tokenized,
)

PLAN = Plan(count=6, facts=4, first=500, cast=0.5, side=64, people=(0.2, 0.4, 0.4))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return filled(tmp_path_factory.mktemp("store"), PLAN)


def filled(folder: Path, plan: Plan, workers: int = 2) -> Store:
    Store.made(folder, plan)
    for worker in range(workers):
        fill(folder, worker, workers)
    return Store.opened(folder)


def test_everything_is_drawn_and_the_plan_is_kept(store: Store) -> None:
    assert store.plan == PLAN
    assert store.ready().tolist() == [0, 1, 2, 3, 4, 5]
    assert store.ready(facts=True).tolist() == [0, 1, 2, 3]


def test_what_lies_there_is_the_plans_scene(store: Store) -> None:
    for number in range(PLAN.count):
        made = PLAN.scene(number)
        assert np.array_equal(store["picture"][number], render(made, PLAN.side))
        assert np.array_equal(store["tokens"][number, 0], tokenized([caption(made, None, 0.0, limit=70)])[0])


def test_facts_are_those_of_the_scene(store: Store) -> None:
    for number in range(PLAN.facts):
        known = truth(PLAN.scene(number), PLAN.side)
        count = len(known.joints)
        for name in ("owner", "part", "line", "canny"):
            assert np.array_equal(store[name][number], getattr(known, name)), name
        assert np.array_equal(palette()[store["skeleton"][number]], known.skeleton)
        assert np.array_equal(store["joints"][number, :count], known.joints)
        assert np.array_equal(store["visible"][number, :count], known.visible)
        assert not store["visible"][number, count:].any()


def test_boxes_are_of_dolls_and_faces(store: Store) -> None:
    for number in range(PLAN.facts):
        known = truth(PLAN.scene(number), PLAN.side)
        for doll in range(MOST):
            boxes = known.boxes(doll) if doll < len(known.joints) else {}
            wanted = [list(boxes.get(name, (0, 0, 0, 0))) for name in ("doll", "face")]
            assert store["boxes"][number, doll].tolist() == wanted


def test_one_seed_gives_the_same_bytes_whoever_draws(store: Store, tmp_path: Path) -> None:
    again = filled(tmp_path, replace(PLAN, count=3, facts=3, first=502), workers=1)
    for name in ("picture", "tokens", "owner", "skeleton", "boxes"):
        assert np.array_equal(again[name][:2], store[name][2:4]), name


def test_a_scene_without_facts_has_the_same_picture(store: Store, tmp_path: Path) -> None:
    again = filled(tmp_path, replace(PLAN, count=2, facts=0), workers=1)
    assert np.array_equal(again["picture"], store["picture"][:2])
    assert not (tmp_path / "owner.npy").exists()


def test_a_store_half_full_is_gone_on_with(store: Store, tmp_path: Path) -> None:
    Store.made(tmp_path, replace(PLAN, count=4))
    half = Store.opened(tmp_path, writing=True)
    half["ready"][[0, 2, 3]] = 1
    assert half.ready().tolist() == [0, 2, 3]
    fill(tmp_path, 0, 1)
    again = Store.opened(tmp_path)
    assert again.ready().tolist() == [0, 1, 2, 3]
    assert np.array_equal(again["picture"][1], store["picture"][1])
    assert not again["picture"][0].any()


def test_as_many_dolls_are_held_out_ones_as_the_plan_says() -> None:
    plan, names = Plan(count=200, cast=0.3), set(heldout_dolls())
    dolls = [actor.doll for number in range(200) for actor in plan.scene(number).people]
    known = [doll.name for doll in dolls if doll.name]
    assert 0.2 < len(known) / len(dolls) < 0.4
    assert set(known) <= names
    assert len(set(known)) > 12


def test_nobody_is_twice_in_a_scene() -> None:
    for number in range(60):
        names = [actor.doll.name for actor in replace(PLAN, cast=1.0).scene(number).people]
        assert len(set(names)) == len(names)
        assert all(names)


def test_without_a_cast_nobody_is_known() -> None:
    assert not any(actor.doll.name for number in range(60) for actor in Plan(60).scene(number).people)


def test_skeleton_maps_come_back_from_their_numbers() -> None:
    colours = palette()
    assert len(np.unique(colours, axis=0)) == len(colours) == 1 + 2 * len(openpose.COLOURS)
    known = truth(PLAN.scene(1), 256)
    assert known.skeleton.any()
    numbers = coded(known.skeleton)
    assert numbers.dtype == np.uint8
    assert np.array_equal(colours[numbers], known.skeleton)
    assert np.array_equal(coded(colours[None]), np.arange(len(colours))[None])


def test_captions_fit_and_leave_out_more_and_more(store: Store) -> None:
    tokens = store["tokens"]
    assert tokens.shape == (PLAN.count, len(DROPOUTS), WORDS)
    said = (tokens != tokens[0, 0, -1]).sum(2)  # the last token is the end's and the padding's
    assert (said[:, 0] > said[:, -1]).all()
    assert (said < WORDS - 1).all()
