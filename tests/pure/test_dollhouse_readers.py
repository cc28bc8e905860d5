"""The readers' geometry, and what they are taught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from dollhouse import Truth, attributes, heldout_dolls, pose, scene, truth
from dollhouse.home import write
from dollhouse.measure import drawn
from dollhouse.measure.drawn import FIRST, drawn_figures, shown_of
from dollhouse.parts import PART, SURFACE
from dollhouse.reader_nets import (
    BODY_READ,
    DOLL_CROP,
    DOLL_READ,
    FACE_CROP,
    FACE_READ,
    HEAT,
    SCENE_READ,
    both_ways,
    doll_crops,
    doll_windows,
    dolls_read,
    face_crops,
    hottest,
    into,
    networks,
    out_of,
    places,
    scenes_read,
)
from dollhouse.readers import FILE, Readers, boxes_of, overlap
from dollhouse.skeleton import JOINT_NAMES, L_WRIST, MIRROR, NECK, NOSE, R_WRIST
from dollhouse.train.reader_losses import box_loss, joint_loss, mirrored, swung, trait_loss, worsened
from dollhouse.train.readers import step_losses, train
from dollhouse.train.shelf import Gathering, Shelf, labels
from dollhouse.train.store import Plan, Store, _draw

SIDE = 64
NOWHERE = torch.zeros(1, 4)  # the box of a face that is not known
PLAN = Plan(count=8, facts=8, first=40, cast=0.4, side=SIDE, people=(0.4, 0.4, 0.2))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("readers")
    made = Store.made(folder, PLAN)
    for number in range(PLAN.count):
        _draw(made, number)
    return Store.opened(folder)


@pytest.fixture(scope="module")
def shelf(store: Store) -> Shelf:
    made, numbers = Shelf(PLAN.count, SIDE, torch.device("cpu")), np.arange(PLAN.count)
    made.put({**labels(str(store.folder), numbers.tolist()), "picture": store["picture"][numbers]})
    return made


def everything(shelf: Shelf) -> dict[str, Tensor]:
    return shelf.taken(torch.arange(shelf.count))


def test_labels_are_what_can_be_seen(shelf: Shelf) -> None:
    rows, traits = everything(shelf), list(DOLL_READ)
    for number in range(PLAN.count):
        scene = PLAN.scene(number)
        said, known = attributes(scene), truth(scene, SIDE)
        told = dict(zip(SCENE_READ, rows["scene"][number].tolist(), strict=True))
        assert {name for name, value in told.items() if value >= 0} == {"count", *said} & set(SCENE_READ)
        assert SCENE_READ["style"][told["style"]] == said["style"]
        assert SCENE_READ["count"][told["count"]] == str(len(scene.people))
        for place, person in enumerate(said["people"]):
            row = dict(zip(traits, rows["dolls"][number, place].tolist(), strict=True))
            shown = {trait: DOLL_READ[trait][value] for trait, value in row.items() if value >= 0}
            name = shown.pop("identity", None)
            assert name in (None, scene.people[place].doll.name)
            assert shown.items() <= person.items()
            assert bool(shown) == (known.doll(place).sum() >= 400)
        assert (rows["dolls"][number, len(scene.people) :] == -1).all()


def test_pictures_mirrored_twice_are_as_they_were(shelf: Shelf) -> None:
    batch = everything(shelf)
    again = mirrored(mirrored(batch))
    for name, values in batch.items():
        assert torch.equal(values, again[name]) or torch.allclose(values.float(), again[name].float(), atol=1e-4), name


def test_a_mirrored_doll_has_its_right_hand_where_the_left_was(shelf: Shelf) -> None:
    batch = everything(shelf)
    other = mirrored(batch)
    assert torch.allclose(other["joints"][0, 0, R_WRIST, 0], SIDE - batch["joints"][0, 0, L_WRIST, 0])
    assert torch.allclose(other["joints"][0, 0, NOSE, 1], batch["joints"][0, 0, NOSE, 1])
    assert torch.equal(other["light"][:, 0], -batch["light"][:, 0])
    way = list(SCENE_READ).index("light_direction")
    left, right = (batch["scene"][:, way] == SCENE_READ["light_direction"].index(d) for d in ("left", "right"))
    assert (other["scene"][left, way] == SCENE_READ["light_direction"].index("right")).all()
    assert (other["scene"][right, way] == SCENE_READ["light_direction"].index("left")).all()


def test_a_crop_shows_the_box_and_marks_it() -> None:
    picture = torch.zeros(2, 3, 60, 80)
    picture[1, 0, 10:40, 20:30] = 1
    boxes = torch.tensor([[20.0, 10, 30, 40]])
    windows = doll_windows(boxes)
    seen = doll_crops(picture, torch.tensor([1]), boxes, windows)
    assert windows.tolist() == [[25, 25, pytest.approx(36), 0]]
    assert torch.allclose(seen[0, 0, 16:144, 61:99], torch.ones(128, 38))  # without the edges' blends
    assert (seen[0, 0] - seen[0, 3]).abs().mean() < 0.02  # their edges are not as sharp
    assert seen[0, 3].mean().item() == pytest.approx(300 / 36**2, rel=0.05)


def hot(*cells: tuple[int, int, float], side: int = HEAT) -> Tensor:
    maps = torch.full((1, 18, side, side), -20.0)
    for down, across, heat in cells:
        maps[0, :, down, across] = heat
    return maps


def test_joints_are_where_their_maps_are_hot() -> None:
    maps, windows = hot((10, 22, 20.0)), torch.tensor([[100.0, 50, HEAT * 2, 0]])
    joints = out_of(windows, places(maps))
    assert torch.allclose(joints[0, 3], torch.tensor([100.0, 50]) + torch.tensor([22.5, 10.5]) * 2 - HEAT)
    visible, seen = torch.ones(1, 18, dtype=torch.bool), torch.full((1, 18), 9.0)
    found = hot((5, 11, 20.0), side=HEAT // 2), maps
    right, off = (joint_loss(found, seen, windows, joints + by, visible) for by in (0, 9))
    assert right < off
    hidden = joint_loss(found, -seen, windows, joints + torch.arange(18)[:, None], ~visible)
    assert hidden > joint_loss(found, -seen, windows, joints, ~visible)  # these are learnt too


def test_a_joint_that_is_as_far_off_counts_more_for_a_doll_that_bows() -> None:
    windows, visible, seen = torch.tensor([[80.0, 80, 160, 0]]), torch.ones(1, 18, dtype=torch.bool), torch.zeros(1, 18)
    found = torch.zeros(1, 18, HEAT // 2, HEAT // 2), hot((40, 40, 9.0))
    upright, bowed = (torch.full((1, 18, 2), 84.0) for _ in range(2))
    for joints, length in ((upright, 50), (bowed, 25)):
        joints[0, NECK, 1] = 84 - length
    near, wrong = (joint_loss(found, seen, windows, joints, visible) for joints in (upright, bowed))
    assert wrong > near + 0.05


def test_a_joint_is_where_it_is_likeliest_and_not_between() -> None:
    maps = hot((10, 22, 9.0), (10, 23, 8.5), (50, 60, 8.9))
    spot = places(hottest(maps))[0, 3] * HEAT
    assert 22.5 < spot[0] < 23.5 and spot[1] == pytest.approx(10.5)
    assert places(maps)[0, 3, 1] * HEAT > 20


def test_a_window_turned_shows_what_it_says_and_finds_its_way_back() -> None:
    windows, boxes = torch.tensor([[30.0, 40, 20, torch.pi / 2]]), torch.tensor([[20.0, 30, 40, 50]])
    picture = torch.zeros(1, 3, 80, 80)
    picture[0, :, 45:50, 25:30] = 1  # low and left: by a quarter turn low and right is what was low and left
    seen = doll_crops(picture, torch.tensor([0]), boxes, windows)
    there = into(windows, torch.tensor([[[27.5, 47.5]]]))[0, 0]
    assert torch.allclose(there, torch.tensor([0.875, 0.625]), atol=1e-5)
    assert seen[0, 0, int(there[1] * DOLL_CROP), int(there[0] * DOLL_CROP)] == 1 and seen[0, 0].mean() < 0.1
    spots = torch.rand(1, 18, 2)
    assert torch.allclose(into(windows, out_of(windows, spots)), spots, atol=1e-5)


def test_what_joints_say_hangs_on_the_shape_that_they_make() -> None:
    torch.manual_seed(8)
    body, spots, shown = networks()["body"].eval(), torch.rand(3, 18, 2), torch.randn(3, 18)
    with torch.inference_mode():
        said, smaller, other = body(spots, shown), body(spots / 4 + 0.3, shown), body(spots.flip(1), shown)
    assert torch.allclose(said, smaller, atol=1e-3) and not torch.allclose(said, other, atol=1e-3)
    for row, trait in enumerate(BODY_READ):
        assert (said[:, row].softmax(-1)[:, len(DOLL_READ[trait]) :] == 0).all()


@pytest.mark.parametrize("trait", BODY_READ)
def test_a_doll_is_read_from_its_look_and_its_joints_together(trait: str) -> None:
    torch.manual_seed(8)
    nets, picture, box = networks().eval(), torch.randn(1, 3, 96, 96), torch.tensor([[10.0, 10, 60, 90]])
    with torch.inference_mode():
        before, joints, _ = dolls_read(nets, picture, torch.tensor([0]), box, NOWHERE)
        value, longest = len(DOLL_READ[trait]) - 1, max(len(DOLL_READ[one]) for one in BODY_READ)
        nets["body"].outer[-1].bias[BODY_READ.index(trait) * longest + value] += 50
        after, same, _ = dolls_read(nets, picture, torch.tensor([0]), box, NOWHERE)
    row = list(DOLL_READ).index(trait)
    assert before[0, row].argmax() != value == after[0, row].argmax() and torch.equal(joints, same)
    rest = [n for n in range(len(DOLL_READ)) if n != row]
    assert torch.equal(before[:, rest], after[:, rest])


def test_heads_are_read_beside_their_dolls_where_their_faces_are_known() -> None:
    torch.manual_seed(8)
    nets, pictures, which = networks().eval(), torch.randn(2, 3, 96, 96), torch.tensor([1, 0])
    boxes, face = torch.tensor([[10.0, 10, 60, 90]] * 2), torch.tensor([[20.0, 10, 40, 30]])
    with torch.inference_mode():
        without = dolls_read(nets, pictures, which, boxes, NOWHERE.expand(2, -1))[0]
        found = dolls_read(nets, pictures, which, boxes, torch.cat([NOWHERE, face]))[0] - without
        head = face_crops(pictures, torch.tensor([0]), face)
        told = ((nets["face"](head) + nets["face"](head.flip(-1))) / 2).log_softmax(-1)[0]
    assert not found[0].any()  # its face is not known
    for row, trait in enumerate(DOLL_READ):
        values = len(DOLL_READ[trait])
        added = told[FACE_READ.index(trait), :values] if trait in FACE_READ else torch.zeros(values)
        assert torch.allclose(found[1, row, :values], added, atol=1e-4), trait


def test_a_face_s_crop_shows_as_much_again_around_it_and_marks_it() -> None:
    seen = face_crops(torch.ones(1, 3, 96, 96), torch.tensor([0]), torch.tensor([[40.0, 40, 60, 56]]))
    assert seen.shape == (1, 4, FACE_CROP, FACE_CROP) and seen[:, :3].min() == 1
    assert seen[0, 3].mean().item() == pytest.approx(20 * 16 / 40**2, rel=0.05)
    assert seen[0, 3, FACE_CROP // 2, FACE_CROP // 2] == 1


def test_a_scene_and_its_mirror_image_are_read_alike() -> None:
    torch.manual_seed(8)
    nets, pictures = networks().eval(), torch.randn(3, 3, 64, 96)
    with torch.inference_mode():
        (said, way, maps), (told, back, _) = (scenes_read(nets, some) for some in (pictures, pictures.flip(-1)))
        assert torch.equal(maps, nets["scene"](pictures)[2])
    assert torch.allclose(way, back * torch.tensor([-1.0, 1, 1]), atol=1e-5)
    assert torch.allclose(way.norm(dim=1), torch.ones(3))
    row = list(SCENE_READ).index("light_direction")
    rest = [n for n in range(len(SCENE_READ)) if n != row]
    assert torch.allclose(said[:, rest], told[:, rest], atol=1e-4)
    swapped = [SCENE_READ["light_direction"].index(side) for side in ("right", "left", "above", "front", "behind")]
    assert torch.allclose(said[:, row, :5], told[:, row, swapped], atol=1e-4) and not torch.allclose(said, told)


def test_windows_swing_about_their_middles() -> None:
    torch.manual_seed(8)
    windows = torch.tensor([[30.0, 40, 20, 0]]).expand(400, -1)
    other = swung(windows)
    assert torch.equal(other[:, :2], windows[:, :2]) and 0.3 < (other[:, 3] == 0).float().mean() < 0.5
    assert other[:, 2].std() == pytest.approx(1, rel=0.2) and 0.05 < other[:, 3].std() < 0.15


def test_a_doll_and_its_mirror_image_are_read_alike() -> None:
    torch.manual_seed(8)
    nets = networks().eval()
    seen = torch.randn(2, 4, DOLL_CROP, DOLL_CROP)
    with torch.inference_mode():
        (said, maps, shown), (told, others, there) = (both_ways(nets, one) for one in (seen, seen.flip(-1)))
    assert torch.allclose(said, told, atol=1e-4)
    assert maps.shape == (2, 18, HEAT, HEAT) and torch.allclose(maps, others.flip(-1)[:, MIRROR], atol=1e-4)
    assert torch.allclose(shown, there[:, MIRROR], atol=1e-4)
    names = [JOINT_NAMES[i] for i in MIRROR]
    assert [n.replace("r_", "?_").replace("l_", "r_").replace("?_", "l_") for n in JOINT_NAMES] == names


def box_maps(boxes: Tensor, cells: int) -> Tensor:
    """Maps that say just these boxes, [B, dolls, 2, 4]."""
    maps = torch.zeros(len(boxes), 2, 5, cells, cells)
    maps[:, :, 0] = -9
    for i, doll, kind in np.ndindex(*boxes.shape[:3]):
        a, b, c, d = (boxes[i, doll, kind] / 4).tolist()
        x, y = (a + c) / 2, (b + d) / 2
        if c > a:
            said = [9, x - int(x), y - int(y), np.log(c - a), np.log(d - b)]
            maps[i, kind, :, int(y), int(x)] = torch.tensor(said)
    return maps


def test_boxes_are_read_as_they_are_taught() -> None:
    boxes = torch.zeros(1, 3, 2, 4)
    boxes[0, 0] = torch.tensor([[5.0, 10, 45, 90], [15, 12, 30, 28]])
    boxes[0, 1] = torch.tensor([[60.0, 8, 92, 80], [0, 0, 0, 0]])
    maps = box_maps(boxes, 24)
    found = boxes_of(maps)[0]
    assert [box for box, _ in found.faces] == [pytest.approx((15, 12, 30, 28), abs=1e-3)]
    assert sorted(box for box, _ in found.dolls)[0] == pytest.approx((5, 10, 45, 90), abs=1e-3)
    assert len(found.dolls) == 2
    assert box_loss(maps, boxes) < 0.01 < box_loss(maps, boxes + torch.tensor([8.0, 0, 8, 0]))


def test_overlap() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (20, 20, 30, 30)) == 0


def test_what_is_hidden_is_not_taught() -> None:
    said = torch.zeros(2, 2, 3)
    said[0, 0, 1] = 50
    assert trait_loss(said, torch.tensor([[1, -1], [-1, -1]])) == pytest.approx(0, abs=1e-6)
    assert trait_loss(said, torch.tensor([[1, 0], [-1, -1]])) == pytest.approx(np.log(3) / 2)


def test_worsened_pictures_stay_pictures(shelf: Shelf) -> None:
    x = everything(shelf)["picture"].permute(0, 3, 1, 2) / 127.5 - 1
    made = worsened(x)
    assert made.shape == x.shape
    assert made.abs().max() <= 1
    assert 0 < (made - x).abs().mean() < 0.2


def test_a_few_steps_on_one_batch_teach_it(shelf: Shelf) -> None:
    torch.manual_seed(0)
    nets, batch = networks().train(), everything(shelf)
    optimizer = torch.optim.AdamW(nets.parameters(), 2e-3)
    sums = []
    for _ in range(12):
        loss = torch.stack(list(step_losses(nets, batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sums.append(loss.item())
    assert np.mean(sums[-3:]) < 0.8 * sums[0]


def test_scenes_are_gathered_and_every_ninth_kept_out(tmp_path: Path) -> None:
    plan = Plan(count=12, facts=12, side=SIDE)
    store = Store.made(tmp_path, plan)
    for number in range(12):
        _draw(store, number)
    shelves = Gathering(store, torch.device("cpu"), helpers=1)
    while shelves.learnt.count < 11:
        shelves.more()
    shelves.close()
    assert (shelves.learnt.count, shelves.kept.count) == (11, 1)
    kept = shelves.kept.taken(torch.tensor([0]))["picture"][0]
    assert np.array_equal(kept.numpy(), store["picture"][8])


def test_readers_are_loaded_and_read_pictures_of_any_size(tmp_path: Path) -> None:
    write(tmp_path / FILE, networks().state_dict())
    assert (tmp_path / FILE).stat().st_size < 6_000_000
    readers, picture = Readers.load(tmp_path), np.full((90, 120, 3), 90, np.uint8)
    one, other = readers.read([picture, picture], [[(10, 5, 50, 80), (60, 5, 100, 80)], []])
    assert [person.box for person in one.people] == [
        pytest.approx((10, 5, 50, 80)),
        pytest.approx((60, 5, 100, 80)),
    ]
    assert other.people == []
    assert set(one.traits) == set(SCENE_READ)
    assert sum(one.people[0].likely.values()) == pytest.approx(1)
    assert set(one.people[0].likely) == {"", *heldout_dolls()}
    assert ((one.people[0].joints > -20) & (one.people[0].joints < 130)).all()
    assert len(readers.find([picture])) == 1


def test_a_training_ends_by_the_clock_and_goes_on_from_its_file(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        train(store, tmp_path, 1.0, torch.device("cpu"), batch=3)
    assert set(networks().state_dict()) == set(load_file(tmp_path / FILE))
    assert load_file(tmp_path / FILE)["face.trunk.stem.1.num_batches_tracked"] >= 2


def test_nobody_is_asked_for_what_a_picture_does_not_show() -> None:
    one = scene(11, "test", people=1).with_pose(0, pose("standing"))
    whole, said = truth(one, 192), attributes(one)["people"][0]
    assert shown_of(whole, 0, said) == said
    surface, part = whole.surface.copy(), whole.part.copy()
    surface[whole.of_surface(0, "mouth")] = SURFACE["skin"]
    assert said.keys() - shown_of(replace(whole, surface=surface), 0, said) == {"expression"}
    part[part == PART["hair"]] = PART["head"]
    gone = said.keys() - shown_of(replace(whole, part=part), 0, {**said, "hat": "", "scarf": ""})
    assert gone == {"hair", "hair_style"}


def test_each_doll_is_asked_for_what_is_seen_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / FILE, networks().state_dict())
    one = scene(FIRST + 1, "test", people=2)
    made = replace(one, people=tuple(sorted(one.people, key=lambda actor: -actor.x)))  # the second is at the left
    asked = list[tuple[int, dict[str, str]]]()

    def seen(known: Truth, doll: int, said: dict[str, str]) -> dict[str, str]:
        asked.append((doll, said))
        return {"pose": said["pose"]}

    monkeypatch.setattr(drawn, "cast", lambda seed: made)
    monkeypatch.setattr(drawn, "shown_of", seen)
    names = {figure.name for figure in drawn_figures(tmp_path, 1)}
    assert asked == [(doll, attributes(made)["people"][doll]) for doll in (1, 0)]
    assert "drawn_attr.pose" in names and "drawn_attr.hair" not in names


def test_readers_are_measured_on_drawn_scenes(tmp_path: Path) -> None:
    write(tmp_path / FILE, networks().state_dict())
    figures = {figure.name: figure for figure in drawn_figures(tmp_path, 3)}
    assert {"drawn_attr", "drawn_identity", "drawn_light_deg", "drawn_pck", "drawn_map50_doll"} <= set(figures)
    assert figures["drawn_attr"].seeds == (FIRST, FIRST + 1, FIRST + 2)
    assert figures["drawn_attr.style"].count == 3
    assert figures["drawn_light_deg"].better == "lower"
    assert 0 <= figures["drawn_map50_doll"].value <= 1
