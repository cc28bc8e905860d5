"""The embedded host's one preprocessor: people of the small world, found where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.hosts.embedded.host import EmbeddedHost
from PIL import Image

import dollhouse


def test_dolls_are_found_where_they_are(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    (one,) = host.annotators()
    assert (one.name, one.kind, one.missing) == ("dollhouse", "openpose", "")
    near = []
    for seed in (3, 4, 5, 6):
        known = dollhouse.truth(dollhouse.scene(seed, "test", people=1), 192)
        (pose,) = host.annotate(one.name, Image.fromarray(known.picture)).poses
        assert (pose["canvas_width"], pose["canvas_height"]) == (192, 192)
        triples = np.array(pose["people"][0]["pose_keypoints_2d"]).reshape(18, 3)
        seen = known.visible[0] & (triples[:, 2] > 0)
        near += list(np.linalg.norm(triples[seen, :2] - known.joints[0][seen], axis=1))
    assert len(near) > 30 and np.median(near) < 6


def test_another_preprocessor_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no preprocessor “dw_openpose_full” here."):
        EmbeddedHost(tmp_path).annotate("dw_openpose_full", Image.new("RGB", (64, 64)))
