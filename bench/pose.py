"""How well people are found, and how well those that the picture's edge cuts off are completed.

    python bench/pose.py [--seeds N]

Each detector that this interpreter has is measured: mediapipe where its package still has networks, the dollhouse's
readers, and its detector where ultralytics is. Figures are drawn by rule at known poses and odd proportions
(mannequin.py); dolls are scenes of the dollhouse; the astronaut is scikit-image's picture, whose joints were marked by
eye. PCK counts the joints within a tenth of the torso. Completion: the figure is cut at a share of its legs, found,
completed, and the error of the knees and ankles beyond the cut is said in lengths of the leg. Constants of ours were
chosen on even seeds; these are odd.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "extensions/atelier-core"), str(ROOT / "extensions/pose-editor")]

import mannequin  # noqa: E402
from atelier_core.errors import UserError  # noqa: E402
from atelier_core.geometry import Extent  # noqa: E402
from atelier_pose_editor.detect import Detector  # noqa: E402
from atelier_pose_editor.frame import padding_for  # noqa: E402
from atelier_pose_editor.mediapipe_people import MediapipePeople  # noqa: E402
from atelier_pose_editor.skeleton import LIMBS, Joint, Person, Pose  # noqa: E402
from atelier_pose_editor.solve import completed  # noqa: E402

CUTS = (0.1, 0.3, 0.5, 0.7, 0.9)  # shares of the leg that are left
LEGS = (9, 10, 12, 13)
ASTRONAUT = {0: (224, 122), 14: (202, 101), 15: (248, 104), 2: (105, 262), 5: (310, 262)}  # joints, by eye
Points = np.ndarray  # [18, 2]
# The figure whose offsets the editor of fkunn1326 fills missing joints with, on its canvas of 512 pixels.
FILLER = np.array(
    [
        *((241, 77), (241, 120), (191, 118), (177, 183), (163, 252), (298, 118), (317, 182), (332, 245), (225, 241)),
        *((213, 359), (215, 454), (270, 240), (282, 360), (286, 456), (232, 59), (253, 60), (225, 70), (260, 72)),
    ],
    float,
)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=6)
    seeds = [2 * number + 1 for number in range(options.parse_args().seeds)]
    figures: dict[str, float] = {}
    print(f"{'':14}{'mannequins':>12}{'groups':>10}{'dolls':>8}{'astronaut':>11}{'median ms':>11}")
    for detector in (MediapipePeople(), Dolls()):
        if reason := detector.available():
            print(f"{detector.name:14}not measured: {reason}")
            continue
        row = measured(detector, seeds)
        print(f"{detector.name:14}{row[0]:>12}{row[1]:>10}{row[2]:>8}{row[3]:>11}{row[4]:11.0f}")
        figures |= {f"{detector.name}_pck": float(row[0]), f"{detector.name}_dolls_pck": float(row[2])}
        figures[f"{detector.name}_ms"] = round(row[-1])
    if not MediapipePeople().available():
        figures |= completion(MediapipePeople(), seeds)
    inside, asked = frames(Dolls())
    print(f"cut-off dolls whose feet the grown frame holds: {inside} of {asked}")
    figures["feet_inside"] = round(inside / asked, 2)
    print("pose: " + " ".join(f"{name}={value}" for name, value in figures.items()))


class Dolls:
    """The small networks that come along."""

    name = "dollhouse"

    def __init__(self) -> None:
        from dollhouse.home import HOME
        from dollhouse.readers import Readers

        self.readers = Readers.load(HOME)

    def available(self) -> str:
        return ""

    def find(self, picture: np.ndarray) -> list[Person]:
        found = self.readers.read([picture])[0].people
        return [Person(tuple(map(_joint, one.joints, one.visible))) for one in found]


def _joint(place: np.ndarray, visible: float) -> Joint:
    return Joint(float(place[0]), float(place[1]), on=bool(visible >= 0.5))


def measured(detector: Detector, seeds: list[int]) -> list:
    """PCK of single figures, people found in groups, PCK of dolls, of the astronaut, and milliseconds."""
    detector.find(mannequin.figure(0, "standing", "grey", True).picture)  # loads what is loaded late
    right, times = [], []
    for seed in seeds:
        for number, posture in enumerate(mannequin.POSTURES):
            figure = drawn(seed, number, posture)
            started = time.perf_counter()
            found = detector.find(figure.picture)
            times.append(time.perf_counter() - started)
            right += hits(found, figure.joints, range(18))
    return [
        f"{np.mean(right):.2f}",
        groups(detector, seeds),
        dolls(detector),
        astronaut(detector),
        1000 * np.median(times),
    ]


def frames(detector: Dolls, most: int = 32) -> tuple[int, int]:
    """Whole dolls, cut off between hip and ankle, found and completed: does the proposed canvas hold their feet?"""
    import dollhouse

    held = asked = seed = 0
    while asked < most:
        known = dollhouse.truth(dollhouse.scene(seed, "test", people=1), 192)
        lowest = int(np.flatnonzero(known.doll(0).any(axis=1)).max())
        hip, ankle = known.joints[0][[8, 11], 1].mean(), known.joints[0][[10, 13], 1].min()
        seed += 1
        if lowest >= 190 or ankle < hip + 20:
            continue
        cut = round(hip + (0.25, 0.5, 0.75)[asked % 3] * (ankle - hip))
        asked += 1
        held += lowest < cut + room_below(detector, known.picture[:cut])
    return held, asked


def room_below(detector: Dolls, picture: np.ndarray, margin: int = 16) -> int:
    size = Extent(picture.shape[1], picture.shape[0])
    found = detector.find(picture)
    try:
        people = tuple(completed(person, size)[0] for person in found)
    except UserError:
        return 0
    return padding_for(Pose(size, people), size, margin).bottom if people else 0


def drawn(seed: int, number: int, posture: str) -> mannequin.Figure:
    ground = tuple(mannequin.GROUNDS)[(seed + number) % 3]
    return mannequin.figure(seed, posture, ground, (seed // 3 + number) % 2 == 0)


def hits(found: list[Person], truth: Points, joints: range | list[int]) -> list[bool]:
    """Whether each joint is where it should be in the person that fits best; what is not on counts as not found."""
    near = 0.1 * np.linalg.norm(truth[1] - (truth[8] + truth[11]) / 2)
    rows = [
        [person.body[i].on and np.linalg.norm(places(person)[i] - truth[i]) < near for i in joints] for person in found
    ]
    return max(rows, key=sum, default=[False] * len(joints))


def places(person: Person) -> Points:
    return np.array([(joint.x, joint.y) for joint in person.body])


def groups(detector: Detector, seeds: list[int]) -> str:
    """People found of those that stand there, two to five beside each other."""
    there = found = 0
    for seed in seeds:
        for count in (2, 3, 5):
            size, postures = (1024 // count, 768), tuple(mannequin.POSTURES)
            row = [
                mannequin.figure(seed * 7 + i, postures[(seed + i) % len(postures)], "grey", seed % 4 == 1, size)
                for i in range(count)
            ]
            there += count
            people = detector.find(np.concatenate([figure.picture for figure in row], 1))
            for i, figure in enumerate(row):
                shifted = figure.joints + [i * size[0], 0]
                found += sum(hits(people, shifted, range(18))) >= 6
    return f"{found}/{there}"


def dolls(detector: Detector, count: int = 40) -> str:
    """Joints that can be seen, in scenes that no training saw."""
    import dollhouse

    right: list[bool] = []
    for seed in range(count):
        known = dollhouse.truth(dollhouse.scene(seed, "test"), 256)
        people = detector.find(known.picture)
        for joints, seen in zip(known.joints, known.visible, strict=True):
            right += hits(people, joints, [int(i) for i in np.flatnonzero(seen)])
    return f"{np.mean(right):.2f}"


def astronaut(detector: Detector) -> str:
    """Joints within a tenth of the picture's usual torso there, 200 pixels."""
    try:
        from skimage import data
    except ImportError:  # also where only a part of it is installed
        return "n/a"
    found = detector.find(data.astronaut())
    near = [
        sum(np.linalg.norm(places(person)[i] - at) < 20 and person.body[i].on for i, at in ASTRONAUT.items())
        for person in found
    ]
    return f"{max(near, default=0)}/{len(ASTRONAUT)}"


def completion(detector: Detector, seeds: list[int]) -> dict[str, float]:
    """Errors by cut, for the detector's own guess, the filler's offsets, ours without its guess and ours with it."""
    ways = {"raw": raw, "offsets": offsets, "ours, no guess": unaided, "ours": ours}
    errors: dict[str, list[float]] = {name: [] for name in ways}
    missed = 0
    print(f"\n{'legs left':16}" + "".join(f"{cut:>8}" for cut in CUTS))
    for cut in CUTS:
        rows: dict[str, list[float]] = {name: [] for name in ways}
        for seed in seeds:
            for number, posture in enumerate(mannequin.POSTURES):
                figure = drawn(seed, number, posture)
                picture = np.ascontiguousarray(figure.picture[: cut_at(figure, cut)])
                people, size = detector.find(picture), Extent(picture.shape[1], picture.shape[0])
                beyond = [i for i in LEGS if figure.joints[i, 1] > size.height]
                missed += not people
                for name, way in ways.items():
                    if people and beyond:
                        apart = way(people[0], size)[beyond] - figure.joints[beyond]
                        rows[name].append(float(np.linalg.norm(apart, axis=1).mean()) / figure.leg)
        for name, row in rows.items():
            errors[name].append(float(np.mean(row)))
    for name, row in errors.items():
        print(f"{name:16}" + "".join(f"{error:8.2f}" for error in row) + f"   mean {np.mean(row):.3f}")
    print(f"not found: {missed}")
    keys = {"raw": "raw", "offsets": "offsets", "ours, no guess": "unaided", "ours": "ours"}
    return {f"complete_{key}": round(float(np.mean(errors[name])), 3) for name, key in keys.items()}


def cut_at(figure: mannequin.Figure, share: float) -> int:
    hips, ankles = figure.joints[[8, 11], 1].mean(), figure.joints[[10, 13], 1].mean()
    return int(hips + share * (ankles - hips))


def raw(person: Person, size: Extent) -> Points:
    return places(person)


def ours(person: Person, size: Extent) -> Points:
    return places(completed(person, size, person)[0])


def unaided(person: Person, size: Extent) -> Points:
    return places(completed(person, size)[0])


def offsets(person: Person, size: Extent) -> Points:
    """Breadth first along the limbs, each missing joint by the filler's offset, and pressed into the canvas."""
    found = {i: places(person)[i] for i, joint in enumerate(person.body) if joint.on}
    for _ in range(18):
        for a, b in LIMBS:
            for start, end in ((a, b), (b, a)):
                if start in found and end not in found:
                    found[end] = np.clip(found[start] + FILLER[end] - FILLER[start], 0, (size.width, size.height))
    return np.array([found[i] for i in range(18)])


if __name__ == "__main__":
    main()
