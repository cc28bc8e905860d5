"""The pose unit on the small family that comes along: dolls stand as their skeletons do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from atelier_pose_editor import run
from PIL import Image

from dollhouse import caption, home, truth
from dollhouse.measure.draw import Asked, joints_read
from dollhouse.measure.taught import host_of
from dollhouse.readers import Readers
from dollhouse.train.store import LONGEST, SIDE


def test_dolls_in_poses_that_nobody_was_trained_on_follow_their_skeletons(tmp_path: Path) -> None:
    host, readers = host_of(home.HOME, tmp_path), Readers.load(home.HOME)
    right: dict[float, list[bool]] = {0.0: [], 1.0: []}
    for seed, scene in Asked(5).posed().items():
        known = truth(scene, SIDE)
        for weight, rows in right.items():
            asked = {"document": json.dumps(known.openpose), "prompt": caption(scene, limit=LONGEST)}
            args = run.given({**asked, "cfg": 4.0, "steps": 12, "seed": seed % 1000, "pose_weight": weight})
            (made,) = run.generate(host, args, run.Seen())
            rows += joints_read(readers, np.asarray(Image.open(made.path).convert("RGB")), known, 0.2)
    share = {weight: float(np.mean(rows)) for weight, rows in right.items()}
    assert share[1.0] > 0.5 and share[1.0] > share[0.0] + 0.2, share
