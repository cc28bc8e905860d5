"""The page draws the very pixels that the run draws: node against cv2, on seeded poses."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atelier_pose_editor.document import from_document
from atelier_pose_editor.draw import map_of

NODE = Path(__file__).parent / "node"
PARTS = (("body", 18, 1.0), ("feet", 6, 1.0), ("left", 21, 0.4), ("right", 21, 0.5), ("face", 70, 0.4))
FAR = 100_000


def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed: the page's drawing was not tested")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version[1:].split(".")[0]) < 20:
        pytest.skip("node is older than 20: the page's drawing was not tested")
    return found


def joints(chance: random.Random, count: int, at: tuple[float, float], spread: float, missing: float) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        state = 0 if chance.random() < missing else chance.choice([1, 1, 1, 2])
        found += [round(chance.gauss(at[0], spread), 1), round(chance.gauss(at[1], spread), 1), state]
    return found


def person(chance: random.Random, width: int, height: int) -> dict[str, Any]:
    """From a heap of joints on one point to one far larger than the canvas, in it, half in it or beside it."""
    at = chance.uniform(-0.3, 1.3) * width, chance.uniform(-0.3, 1.3) * height
    spread = chance.choice([0, 2, 20, 80, 200, 600])
    missing = chance.choice([0.0, 0.0, 0.2, 0.6])
    found: dict[str, Any] = {"name": "", "colour": "#112233", "on": chance.random() < 0.95, "concept": "", "prompt": ""}
    for part, count, share in PARTS:
        given = part == "body" or chance.random() < 0.7
        found[part] = joints(chance, count, at, spread * share, missing) if given else []
        if found[part] and chance.random() < 0.1:
            found[part][:2] = [round(chance.uniform(-FAR, FAR), 1), round(chance.uniform(-FAR, FAR), 1)]
    return found


def document(chance: random.Random) -> dict[str, Any]:
    width, height = chance.choice([5, 64, 97, 256]), chance.choice([3, 64, 131, 384])
    people = [person(chance, width, height) for _ in range(chance.choice([1, 1, 2, 5]))]
    return {"atelier_pose": 1, "width": width, "height": height, "people": people}


def diagonal(turn: int) -> dict[str, Any]:
    """Limbs at exact multiples of 45°, where the angle is cut to whole degrees, on places no binary fraction meets."""
    body: list[float] = []
    for n in range(18):
        step = 5.7 * (n + turn)
        body += [round(10.1 + step * (n % 3), 1), round(20.3 + step * (n % 2) * (n % 3), 1), 1]
    people = [{"body": body}]
    return {"atelier_pose": 1, "width": 200, "height": 180, "people": people}


def drawn(documents: list[dict[str, Any]], stick: str) -> list[np.ndarray]:
    lines = "".join(json.dumps({"stick": stick, "document": found}) + "\n" for found in documents)
    command = [node(), str(NODE / "pose_maps.mjs")]
    ran = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=120)
    assert ran.returncode == 0, ran.stderr.decode()
    maps, at = [], 0
    for found in documents:
        shape = found["height"], found["width"], 3
        maps.append(np.frombuffer(ran.stdout, np.uint8, int(np.prod(shape)), at).reshape(shape))
        at += maps[-1].size
    assert at == len(ran.stdout)
    return maps


def different(documents: list[dict[str, Any]], stick: Any) -> dict[int, int]:
    """How many pixels differ, of the documents in which any does."""
    wanted = [map_of(from_document(found), stick) for found in documents]
    pairs = enumerate(zip(drawn(documents, stick), wanted, strict=True))
    counts = {place: int((one != other).any(-1).sum()) for place, (one, other) in pairs}
    return {place: count for place, count in counts.items() if count}


def test_the_page_draws_what_the_run_draws() -> None:
    chance = random.Random(20)
    documents = [document(chance) for _ in range(320)]
    seen = sum(int(map_of(from_document(found)).any()) for found in documents)
    assert seen > 250, "the seed gives too few maps with something on them"
    assert different(documents, "standard") == {}


def test_wide_sticks_too() -> None:
    chance = random.Random(21)
    documents = [{**document(chance), "width": width, "height": 90} for width in (499, 500, 999, 1000, 2100, 7000) * 4]
    assert different(documents, "wide") == {}
    assert different(documents[:1], "wide") == {}


def test_limbs_on_the_diagonals() -> None:
    assert different([diagonal(turn) for turn in range(40)], "standard") == {}


def test_the_order_of_people_is_the_order_of_drawing() -> None:
    chance = random.Random(22)
    people = [person(chance, 96, 96) | {"on": True} for _ in range(3)]
    for one in people:
        one["body"] = joints(chance, 18, (48, 48), 20, 0)
    documents = [{"atelier_pose": 1, "width": 96, "height": 96, "people": order} for order in (people, people[::-1])]
    assert different(documents, "standard") == {}
    one, other = drawn(documents, "standard")
    assert (one != other).any()
