"""How many scenes a second one core draws, at 128 pixels. `python bench/dollhouse.py [scenes]`"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2

ROOT = Path(__file__).resolve().parents[1]
sys.path[0] = str(ROOT)  # not this folder, whose file has the package's name

import dollhouse  # noqa: E402 - found by the line above
from dollhouse import Scene  # noqa: E402

ROUNDS = 3  # the best of them counts: the machine may be shared


def main(count: int) -> None:
    cv2.setNumThreads(1)
    scenes = [dollhouse.scene(seed) for seed in range(count)]
    for style in dollhouse.STYLE_NAMES:  # fills caches
        dollhouse.truth(scenes[0].with_style(style))
    rows = {"sample a scene": rate(lambda scene: dollhouse.scene(scene.seed), scenes)}
    rows["caption"] = rate(lambda scene: dollhouse.caption(scene, scene.seed, 0.2), scenes)
    for number in (1, 2, 3):
        some = [scene for scene in scenes if len(scene.people) == number]
        rows[f"picture, {number} doll{'s' * (number > 1)}"] = rate(dollhouse.render, some)
    for style in dollhouse.STYLE_NAMES:
        rows[f"picture, {style}"] = rate(dollhouse.render, [scene.with_style(style) for scene in scenes])
    rows["picture, as sampled"] = rate(dollhouse.render, scenes)
    rows["picture and every map"] = rate(dollhouse.truth, scenes)
    for name, per_second in rows.items():
        print(f"{name:26}{per_second:9.0f} /s{1000 / per_second:9.2f} ms")
    print(
        f"dollhouse: pictures_per_s={rows['picture, as sampled']:.0f} truths_per_s={rows['picture and every map']:.0f}"
    )


def rate(work: Callable[[Scene], object], scenes: list[Scene]) -> float:
    def seconds() -> float:
        started = time.perf_counter()
        for scene in scenes:
            work(scene)
        return time.perf_counter() - started

    return len(scenes) / min(seconds() for _ in range(ROUNDS))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
