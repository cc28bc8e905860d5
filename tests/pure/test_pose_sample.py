"""The few presets that the page has when it stands alone are the library's own."""

from __future__ import annotations

import json
from pathlib import Path

from atelier_pose_editor import library, shapes

SAMPLE = Path(__file__).parents[2] / "extensions" / "pose-editor" / "web" / "sample" / "presets.json"


def test_the_samples_are_the_librarys() -> None:
    told = {one.id: shapes.as_json(one) for one in library.presets()}
    samples = json.loads(SAMPLE.read_text())["presets"]
    assert {one["kind"] for one in samples} == {"body", "hand", "face"}
    assert samples == [told[one["id"]] for one in samples]
