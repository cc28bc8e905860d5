"""The detectors: average precision against numbers by hand, labels against the truth, files and losses."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dollhouse
from dollhouse import yolo
from dollhouse.detector import Detector, View, best, within
from dollhouse.home import write
from dollhouse.parts import PART
from dollhouse.precision import average_precision, matched, shared
from dollhouse.train import detector as training
from dollhouse.train.labels import LEAST, MIRROR, Labels, Move, masks_of, moved_joints, prepared
from dollhouse.train.store import Plan, Store, fill
from dollhouse.truth import box_of

SIDE = 96
PLAN = Plan(count=3, facts=3, first=1_000_000_000, people=(0, 1, 0), cast=0.3, side=SIDE)


def boxes(*rows: tuple[float, float, float, float]) -> Any:
    return np.array(rows, float).reshape(-1, 4)


A, B, FAR = (0, 0, 10, 10), (20, 0, 30, 20), (50, 50, 60, 60)


def test_shares() -> None:
    assert shared(boxes((0, 0, 2, 2)), boxes((1, 0, 3, 2), (0, 0, 2, 2), (2, 2, 4, 4)))[0].tolist() == [1 / 3, 1, 0]


def test_average_precision() -> None:
    """Right, wrong, right: precision 1 up to a recall of a half, 2/3 above it; 51 and 50 of 101 places."""
    found = (boxes(A, FAR, B), np.array([0.9, 0.8, 0.7]))
    assert average_precision([found], [boxes(A, B)]) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_average_precision_over_pictures() -> None:
    """The surest box of all is wrong, in another picture than the right one; one thing is never found."""
    found = [(boxes(FAR), np.array([0.9])), (boxes(B), np.array([0.5]))]
    assert average_precision(found, [boxes(A), boxes(B)]) == pytest.approx(0.5 * 51 / 101)


@pytest.mark.parametrize(
    ("found", "true", "told"),
    [
        ((boxes(), np.zeros(0)), boxes(A), 0.0),
        ((boxes(A), np.ones(1)), boxes(A), 1.0),
        ((boxes(A), np.ones(1)), boxes(), 0.0),
        ((boxes(A, A), np.array([0.9, 0.8])), boxes(A), 1.0),
        ((boxes(A, A, B), np.array([0.9, 0.8, 0.7])), boxes(A, B), (51 + 50 * 2 / 3) / 101),
    ],
    ids=["nothing found", "all found", "nothing there", "twice the same", "twice the same before another"],
)
def test_average_precision_at_the_ends(found: Any, true: Any, told: float) -> None:
    assert average_precision([found], [true]) == pytest.approx(told)


def test_a_thing_is_found_once_and_by_the_surest() -> None:
    near = (0, 0, 10, 9)
    assert matched(boxes(near, A), np.array([0.5, 0.9]), boxes(A), 0.5).tolist() == [False, True]
    assert matched(boxes((0, 0, 10, 4)), np.ones(1), boxes(A), 0.5).tolist() == [False]


def test_within() -> None:
    given = within(torch.tensor([[1.0, 0, 3, 1]]), torch.zeros(2, 4))
    assert given[0].tolist() == [[0, 1, 1, 0], [0, 0, 0, 0]]


def test_the_best_of_many_boxes() -> None:
    rows = torch.tensor([[0, 0, 10, 10, 0.6, 0.1, 7], [0, 0, 10, 9, 0.9, 0.1, 8], [0, 0, 10, 10, 0.1, 0.5, 9.0]])
    assert best(rows, 2, 0.3)[:, 4:].tolist() == [[pytest.approx(0.9), 0, 8], [0.5, 1, 9]]
    assert best(rows, 2, 0.95).shape == (0, 7)


def test_a_view_leads_back() -> None:
    seen = View.of(np.zeros((96, 384, 3), np.uint8), 256)
    assert seen.tensor.shape == (1, 3, 64, 256)
    assert seen.back(torch.tensor([[64.0, 32]])).tolist() == [[96, 48]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    Store.made(folder, PLAN)
    fill(folder, 0, 1)
    return Store.opened(folder)


def test_tables_tell_the_truth(store: Store) -> None:
    for number in range(PLAN.count):
        truth = dollhouse.truth(PLAN.scene(number), SIDE)
        wanted = set()
        for doll in range(2):
            known = truth.boxes(doll)
            for name, parts in enumerate((("doll",), ("face",), ("r_hand", "l_hand"))):
                seen = [known[part] for part in parts if part in known]
                wanted |= {(name, 2 + doll, *box) for box in seen if min(box[2] - box[0], box[3] - box[1]) >= LEAST}
        assert {(*row[:2], *row[3:]) for row in Labels(store).table(number).astype(int).tolist()} == wanted


def test_masks_and_joints_at_rest(store: Store) -> None:
    batch = Labels(store).batch(np.arange(PLAN.count))
    masks = masks_of(batch, Move.none(PLAN.count, torch.device("cpu")), SIDE).bool().numpy()
    for place, thing, mask, joints in zip(batch.place, batch.things.int().tolist(), masks, batch.joints, strict=True):
        truth = dollhouse.truth(PLAN.scene(int(place)), SIDE)
        part = truth.part == thing[2] if thing[2] else True
        assert (mask == (truth.doll(thing[1] - 2) & part)).all()
        assert (joints[:, :2].numpy() == truth.joints[thing[1] - 2]).all()
        assert ((joints[:, 2] == 2).numpy() == truth.visible[thing[1] - 2]).all()


def test_boxes_move_with_the_picture(store: Store) -> None:
    batch = Labels(store).batch(np.arange(PLAN.count))
    count = PLAN.count
    scale, shift = torch.tensor([[0.6], [1.0], [0.8]]), torch.tensor([[0.25, -0.1], [0.0, 0.0], [-0.15, 0.2]])
    move = Move(torch.tensor([[-1.0], [-1.0], [1.0]]), scale, shift)
    wanted = prepared(batch, move, 4 * SIDE)
    assert count <= len(wanted["bboxes"]) == len(wanted["masks"]) == len(wanted["keypoints"])
    for box, mask in zip(wanted["bboxes"].numpy() * SIDE, wanted["masks"].numpy(), strict=True):
        told = np.concatenate((box[:2] - box[2:] / 2, box[:2] + box[2:] / 2))
        assert np.abs(told - box_of(mask > 0)).max() < 1.5


def test_mirrored_joints_change_sides(store: Store) -> None:
    batch = Labels(store, dolls_only=True).batch(np.arange(PLAN.count))
    one = torch.ones(PLAN.count, 1)
    made = moved_joints(batch, Move(-one, one, torch.zeros(PLAN.count, 2)))
    assert torch.allclose(made[:, 3, 0] * SIDE, SIDE - batch.joints[:, 6, 0], atol=1e-3)  # elbows
    assert [dollhouse.skeleton.JOINT_NAMES[i] for i in MIRROR] == [
        {"r": "l", "l": "r"}[name[0]] + name[1:] if name[1] == "_" else name for name in dollhouse.skeleton.JOINT_NAMES
    ]


def test_hands_are_parts() -> None:
    assert PART["r_hand"] != PART["l_hand"]


@pytest.fixture
def ultralytics() -> None:
    if not find_spec("ultralytics"):  # not imported here: yolo.tasks() does that in private
        pytest.skip("ultralytics is not installed")


@pytest.mark.usefixtures("ultralytics")
@pytest.mark.parametrize("kind", yolo.KINDS)
def test_a_network_learns_and_comes_back_out_of_its_file(
    kind: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "scenes", lambda store, held_out: np.arange(PLAN.count))
    monkeypatch.setattr(yolo, "SIDE", 64)
    network = training.learned(store, tmp_path, 2.0, torch.device("cpu"), kind, batch=2)
    path = tmp_path / yolo.file_of(kind)
    assert path.stat().st_size <= 2_000_000
    picture = torch.rand(1, 3, 64, 64)
    made, again = (yolo.outputs(one, picture)[0] for one in (network, yolo.opened(path)))
    assert torch.allclose(made, again, atol=0.5)  # pixels, after rounding to halves
    found = Detector.load(tmp_path).detect(np.array(store["picture"][0]), least=0.0)
    assert all((one.mask is None) == (kind == "pose") and (one.joints is None) == (kind == "seg") for one in found)


@pytest.mark.usefixtures("ultralytics")
def test_the_masks_loss_is_that_of_ultralytics() -> None:
    torch.manual_seed(3)
    network = yolo.build(yolo.design_of("seg"))
    losses = training.losses_of(network)
    chosen, which = torch.rand(2, 20) < 0.4, torch.randint(0, 2, (2, 20))
    place = torch.tensor([0.0, 0, 1, 1])
    masks, bases, rows = (torch.rand(4, 8, 8) < 0.5).float(), torch.randn(2, 16, 8, 8), torch.randn(2, 20, 16)
    corner = torch.randint(0, 5, (2, 20, 2)) * 4.0  # whole pixels of the masks: between them the two round differently
    given = (
        chosen,
        masks,
        which,
        torch.cat((corner, corner + 12), 2),
        place[:, None],
        bases,
        rows,
        torch.full((2,), 32.0),
    )
    own = losses.calculate_segmentation_loss(*given)
    del losses.calculate_segmentation_loss
    assert own.item() == pytest.approx(losses.calculate_segmentation_loss(*given).item(), rel=1e-5)


@pytest.mark.usefixtures("ultralytics")
def test_ultralytics_keeps_to_itself() -> None:
    """In a fresh process: no connection is tried, and no settings lie beside the user's."""
    code = (
        "import socket, os; socket.socket.connect = lambda *a: os._exit(9); from pathlib import Path;"
        "from dollhouse import yolo; yolo.build(yolo.design_of('seg')); import ultralytics.utils as u;"
        "own = os.environ['YOLO_CONFIG_DIR']; print(u.ONLINE, u.USER_CONFIG_DIR.parent == Path(own), own)"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("YOLO_")}
    root = Path(dollhouse.__file__).parents[1]
    told = subprocess.run([sys.executable, "-c", code], cwd=root, env=clean, capture_output=True, text=True, check=True)
    online, private, folder = told.stdout.split()
    assert (online, private) == ("False", "True")
    assert not Path(folder).exists()


@pytest.mark.usefixtures("ultralytics")
@pytest.mark.parametrize("spoiling", [("Concat", "TorchVision"), ("nc: 3", "nc: 3\nactivation: print(1)")])
def test_a_foreign_design_is_refused(spoiling: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="may not name"):
        yolo.build(yolo.design_of("seg").replace(*spoiling))


@pytest.mark.usefixtures("ultralytics")
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    network = yolo.build(yolo.design_of("pose"))
    values = dict(list(yolo.tensors(network).items())[1:])
    write(tmp_path / "x.safetensors", values, {"yaml": yolo.design_of("pose")})
    with pytest.raises(ValueError, match="does not fit"):
        yolo.opened(tmp_path / "x.safetensors")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"detector-seg\.safetensors and no detector-pose"):
        Detector.load(tmp_path)
