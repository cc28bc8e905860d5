"""The trainings' parts: what each keeps, and that a network which goes on is the one that stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dollhouse import home, light
from dollhouse.lightball import light_map
from dollhouse.poses import TRAIN_POSES
from dollhouse.scene import hiding, upright
from dollhouse.train import control, inpaint, latents, openpose, pace, painter, vae
from dollhouse.train.__main__ import Turn, _lifted, _workplace, turns_of
from dollhouse.train.jobs import JOBS, plans, run, training
from dollhouse.train.pace import Keeper, Mean, Pace, adam
from dollhouse.train.store import Plan, Store, fill, palette, pending

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("work") / "scenes"
    Store.made(folder, Plan(12, 6, side=64))
    fill(folder, 0, 1)
    return Store.opened(folder)


def test_turns_are_shares_of_the_time() -> None:
    assert turns_of("painter:30-100,vae:0-30", 200) == [Turn("vae", 0, 60), Turn("painter", 60, 140)]
    assert turns_of("readers", 50) == [Turn("readers", 0, 50)]
    with pytest.raises(SystemExit, match="no training 'wae'"):
        turns_of("wae:0-30", 200)


def test_every_job_has_a_store_and_a_training() -> None:
    drawn = plans(600, 100)
    for job, needed in JOBS.items():
        assert needed in drawn
        assert callable(training(job))
    assert drawn["others"].first >= drawn["scenes"].first + drawn["scenes"].count  # readers see other scenes


def test_a_time_that_is_over_ends_at_once_with_a_rate_that_is_no_less_than_nothing() -> None:
    pace = Pace(-5.0, adam([torch.nn.Parameter(torch.ones(1))], 0.1))
    assert list(pace.ticks()) == []
    assert 0 <= pace.factor() <= 1


def test_the_mean_swaps_in_and_out() -> None:
    net = torch.nn.Linear(2, 2)
    before = net.weight.detach().clone()
    mean = Mean(net, 0.5)
    with torch.no_grad():
        net.weight += 1
    mean.update()
    mean.swap()
    assert torch.allclose(net.weight, before + 1 - (1 + 1) / (10 + 1), atol=1e-6)  # the first steps count for more
    mean.swap()
    assert torch.allclose(net.weight, before + 1)


def test_what_is_kept_is_the_mean_and_the_training_goes_on_with_its_own() -> None:
    net = torch.nn.Linear(2, 2)
    mean, written = Mean(net, 0.5), list[torch.Tensor]()
    keeper = Keeper(mean, lambda: written.append(net.weight.detach().clone()), every=0.0)
    with torch.no_grad():
        net.weight += 1
    own = net.weight.detach().clone()
    keeper.maybe()
    assert torch.allclose(written[0], own - 1, atol=1e-6)  # nothing has gone into the mean yet
    assert torch.equal(net.weight, own)
    patient = Keeper(mean, lambda: written.append(own), every=1000.0)
    patient.maybe()
    assert len(written) == 1


def test_settling_makes_latents_of_unit_variance_and_changes_no_picture(store: Store) -> None:
    torch.manual_seed(1)
    net = home.made("vae")
    pictures = vae.scaled(torch.from_numpy(store["picture"][:4]))
    with torch.no_grad():
        before = net.decode(net.encode(pictures).latent_dist.mean).sample
        vae.settle(net, store, CPU)
        after = net.decode(net.encode(pictures).latent_dist.mean).sample
    assert (before - after).abs().max() < 1e-3
    values = vae.encoded(net, torch.from_numpy(store["picture"][:]), CPU).float()
    assert values.mean((0, 2, 3)).abs().max() < 0.1
    assert (values.std((0, 2, 3)) - 1).abs().max() < 0.1


def test_latents_hold_each_scene_once_with_its_captions(store: Store) -> None:
    known = latents.Latents(store, home.made("vae").eval(), CPU)
    grown = [known.grow(5) for _ in range(4)]
    assert grown == [5, 5, 2, 0]
    assert sorted(known.numbers.tolist()) == list(range(12))
    assert np.array_equal(known.tokens[3].numpy(), store["tokens"][known.numbers[3]])
    places, clean, words = known.batch(64, painter.empty_words(CPU))
    assert clean.shape == (64, 4, 8, 8)
    empty = (words == painter.empty_words(CPU)).all(1)
    assert 0 < empty.sum() < 32
    assert torch.equal(clean, known.values[places].float())


def test_faces_count_more_and_every_other_crop_holds_one(store: Store) -> None:
    torch.manual_seed(6)
    known = vae.Pictures(store, CPU)
    known.grow(12)
    boxes = store["boxes"][:, :, 1]
    assert np.array_equal(known.faces[:6].numpy(), boxes.astype(np.float32)) and not known.faces[6:].any()
    seen, weights = known.crops(3, 64)  # whole pictures
    for picture, counts in zip(seen, weights, strict=True):
        number = next(i for i in range(12) if torch.equal(picture, vae.scaled(known.values[i : i + 1])[0]))
        wanted = np.ones((64, 64), np.float32)
        for left, upper, right, lower in boxes[number] if number < 6 else ():
            wanted[upper:lower, left:right] = vae.FACE
        assert np.array_equal(counts[0].numpy(), wanted)
    known.count = 6
    known._held.fill_(6)
    some = [known.crops(60, 24)[1] for _ in range(2)]
    assert torch.cat(some).amax((1, 2, 3)).eq(vae.FACE).float().mean() > 0.45


def test_latents_that_a_painter_knows_stay_near(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "NEARNESS", 100.0)  # so that a few steps tell
    torch.manual_seed(7)
    net = home.made("vae")
    pictures = vae.Pictures(store, CPU)
    pictures.grow(12)
    seen, drifts = [pictures.crops(2, 32) for _ in range(16)], []
    for known in (None, deepcopy(net)):
        learns = deepcopy(net)
        optimizer = adam(learns.parameters(), 1e-3, 0.0)
        for crops in seen:
            vae.step(learns, known, crops, optimizer, CPU)
        before, after = (vae.encoded(one, torch.from_numpy(store["picture"][:2]), CPU).float() for one in (net, learns))
        drifts.append(float((before - after).square().mean()))
    assert drifts[1] < 0.5 * drifts[0]


def test_noise_is_added_by_the_schedule() -> None:
    torch.manual_seed(2)
    noise = painter.Noise(CPU)
    noisy, times, wanted = noise.added(torch.ones(512, 4, 2, 2))
    alpha = noise.alphas[times][:, None, None, None]
    assert torch.allclose((noisy - (1 - alpha).sqrt() * wanted) / alpha.sqrt(), torch.ones(1), atol=1e-2)
    assert noise.loss(wanted, wanted, times) == 0
    signal = noise.alphas / (1 - noise.alphas)
    assert noise.weights[0] < 0.01
    assert noise.weights[int((signal - 5).abs().argmin())] == pytest.approx(1, abs=0.02)
    assert noise.weights[int((signal - 1).abs().argmin())] == pytest.approx(1, abs=0.02)
    assert noise.weights[int((signal - 0.04).abs().argmin())] == pytest.approx(5, abs=0.1)


def test_fine_noise_is_the_same_for_twins_where_a_mood_is_open() -> None:
    torch.manual_seed(2)
    noise = painter.Noise(CPU, painter.MOODS)
    pairs = noise.pairs(2000)
    assert pairs == 750 and painter.Noise(CPU).pairs(2000) == 0
    _, times, added = noise.added(torch.ones(2000, 4, 2, 2))
    first, second, rest = (slice(0, pairs), slice(pairs, 2 * pairs), slice(2 * pairs, None))
    assert torch.equal(times[first], times[second]) and torch.equal(added[first], added[second])
    assert times[first].min() >= painter.MOODS.open[0] and times[first].max() < painter.MOODS.open[1]
    assert times[first].float().std() > 100
    assert (times[rest] < painter.LATE).float().mean() == pytest.approx(painter.LATE_SHARE, abs=0.06)
    assert noise.weights[: painter.LATE].eq(1).all() and noise.weights.max() == painter.EARLY_MOST


def test_strays_are_seen_on_their_way_to_their_twins_and_meant_as_they_are() -> None:
    torch.manual_seed(2)
    noise = painter.Noise(CPU, painter.Twins((650, 1000), 4.0, 24.0, share=3 / 16, strays=0.5))
    own, twins, rows = torch.ones(1600, 4, 2, 2), torch.full((500, 4, 2, 2), 3.0), noise.strays(1600)
    assert noise.pairs(1600) == 300 and rows == slice(600, 1100)
    twins[100:200] = 1  # no way to go
    noisy, times, wanted = noise.added(own, twins)
    alpha = noise.alphas[times][:, None, None, None]
    assert torch.allclose((noisy - (1 - alpha).sqrt() * wanted) / alpha.sqrt(), own, atol=1e-2)  # whatever is seen
    assert painter.ASTRAY[0] <= times[rows].min() and times[rows].max() < painter.ASTRAY[1]
    assert abs(wanted[:600].mean()) < 0.1 and abs(wanted[1100:].mean()) < 0.1
    off = wanted.mean((1, 2, 3)) * ((1 - alpha) / alpha).sqrt().flatten()
    far = off[rows].view(5, 100).mean(1)
    assert abs(far[1]) < 0.3 and far[[0, 2, 3, 4]].mean() == pytest.approx(2 * (3 / 8 + 5 / 16), abs=0.2)
    moods = painter.Noise(CPU, painter.MOODS)
    assert moods.strays(1600).start == moods.strays(1600).stop


def test_more_is_asked_for_of_what_a_map_adds_where_it_shows() -> None:
    noise = painter.Noise(CPU, painter.Twins((650, 1000), 4.0, 24.0, louder=0.5))
    wanted, alone = torch.full((3, 4, 6, 6), 2.0), torch.ones(3, 4, 6, 6)
    times = torch.tensor([0, painter.LOUD // 2, 900])
    cells = torch.zeros(3, 1, 6, 6, dtype=torch.bool)
    assert torch.equal(noise.louder(wanted, alone, times, cells), wanted)
    everywhere = noise.louder(wanted, alone, times, ~cells)
    assert torch.allclose(everywhere, (2 + torch.tensor([0, 0.25, 0.5]))[:, None, None, None].expand_as(wanted))
    cells[..., :2] = True
    across = noise.louder(wanted, alone, times, cells)[2, 0, 3] - 2
    assert across[0] == pytest.approx(0.5) and (across[3:] == 0).all() and 0 < across[2] < across[1] < across[0]


def test_faces_count_more_in_fine_noise_and_most_in_what_tells_twins_apart() -> None:
    noise = painter.Noise(CPU, painter.MOODS)
    faces = torch.zeros(8, 1, 2, 2, dtype=torch.bool)
    faces[..., 0, 0] = True
    times, wanted = torch.full((8,), 100), torch.zeros(8, 4, 2, 2)
    same = torch.ones(8, 4, 2, 2)  # twins of which the same is said
    assert noise.loss(same, wanted, times) == pytest.approx(1.0)
    assert noise.loss(same, wanted, times, faces) == pytest.approx((painter.MOODS.cell + 3) / 4)
    other = same.clone()
    other[3:6] = -1  # as wrong as before, but not the same
    assert noise.loss(other, wanted, times) == pytest.approx(1.0 + 4 * 3 / 8)
    more = (painter.MOODS.cell + 3) / 4 + 4 * 3 / 8 * (painter.MOODS.apart + 3) / 4
    assert noise.loss(other, wanted, times, faces) == pytest.approx(more)


def test_twins_differ_in_a_mood_alone_and_are_found_however_they_come(tmp_path: Path) -> None:
    plan = Plan(8, 4, side=64, people=(0.5, 0.5, 0.0), core=1.0, twins="moods")
    for number in range(0, 8, 2):
        one, other = plan.scene(number), plan.scene(number + 1)
        changed = [a != b for a, b in zip(one.people, other.people, strict=True)]
        assert sum(changed) == 1
        who = changed.index(True)
        assert other.with_expression(who, one.people[who].expression) == one
        assert plan.seed(number) == plan.seed(number + 1)
    assert plan.scene(0) != plan.scene(2)
    folder = tmp_path / "twins"
    drawn = Store.made(folder, plan)
    fill(folder, 0, 1)
    known = latents.Latents(Store.opened(folder), home.made("vae").eval(), CPU)
    for ready in ((1, 2, 5), (0, 3, 4, 6)):
        drawn["ready"][:] = 0
        drawn["ready"][list(ready)] = 1
        known.grow(len(ready))
    assert known.numbers[:7].tolist() == [1, 2, 5, 0, 3, 4, 6]
    assert known.numbers[known.twins[:7].numpy()].tolist() == [0, 3, 4, 1, 2, 5, 6]
    torch.manual_seed(3)
    places, clean, words = known.batch(64, painter.empty_words(CPU), 24)
    assert torch.equal(places[24:48], known.twins[places[:24]])
    empty = (words == painter.empty_words(CPU)).all(1)
    assert torch.equal(empty[:24], empty[24:48]) and empty.any()
    alone = places[:24] == places[24:48]
    assert torch.equal(words[:24][alone], words[24:48][alone]) and not torch.equal(words[:24], words[24:48])


def test_twins_in_other_poses_are_the_same_in_all_else() -> None:
    plan = Plan(240, 0, side=64, people=(0.4, 0.4, 0.2), core=0.5, twins="poses")
    changed, near, offs = [], [], []
    for number in range(0, 240, 2):
        one, other = plan.scene(number), plan.scene(number + 1)
        both = list(zip(one.people, other.people, strict=True))
        assert replace(other, people=tuple(replace(b, pose=a.pose, x=a.x) for a, b in both)) == one
        changed.append([a.pose != b.pose for a, b in both])
        near.append(any(a.x != b.x for a, b in both))
        if near[-1]:
            assert all(a.pose.name == b.pose.name for a, b in both)
            offs.append(np.abs([np.subtract(a.pose.angles, b.pose.angles) for a, b in both]).max())
        names = TRAIN_POSES if one.camera.framing == "full body" else upright(TRAIN_POSES)
        assert all(b.pose.name in names for b in other.people)
        assert not hiding(other.people)
    assert all(any(some) for some in changed)
    two = [tuple(some) for some, beside in zip(changed, near, strict=True) if len(some) == 2 and not beside]
    assert set(two) == {(True, False), (False, True), (True, True)}
    assert 0.35 < np.mean(near) < 0.65 and np.median(offs) > 5 and max(offs) < 90


def test_skeletons_are_learnt_first_by_what_reads_them_then_with_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "poses"
    Store.made(folder, Plan(24, 24, side=64, twins="poses"))
    fill(folder, 0, 1)
    store = Store.opened(folder)
    for name in ("vae", "text", "unet"):
        home.kept(name, home.made(name), tmp_path)
    kept = home.opened("unet", tmp_path).state_dict()
    monkeypatch.setattr(openpose, "BATCH", 48)

    plain = list[painter.Painter]()

    def trained(seconds: float) -> tuple[bool, dict[str, torch.Tensor]]:
        """Whether the map was read alone, and what the ControlNet is then."""
        read, clock = openpose._read, count(0, 10.0)
        told = list[bool]()
        now = SimpleNamespace(monotonic=lambda: next(clock))
        with monkeypatch.context() as patch:
            patch.setattr(pace, "time", now)
            patch.setattr(openpose, "time", now)
            patch.setattr(openpose, "_read", lambda *given: (told.append(True), read(*given)))
            patch.setattr(openpose, "step_of", lambda *given: (plain.append(given[-1]), painter.step_of(*given))[1])
            openpose.train(store, tmp_path, seconds, CPU)
        return bool(told), home.opened("openpose", tmp_path).state_dict()

    hint, entered = "controlnet_cond_embedding.conv_in.weight", "controlnet_mid_block.weight"
    alone, begun = trained(0.0)
    assert alone and torch.equal(begun["conv_in.weight"], kept["conv_in.weight"]) and not begun[entered].any()
    monkeypatch.setattr(openpose, "READING", 1.0)
    alone, reads = trained(150.0)  # nothing had entered the painter, so it begins with reading again
    assert alone and not torch.equal(reads[hint], begun[hint])
    assert torch.equal(reads["conv_in.weight"], kept["conv_in.weight"]) and not reads[entered].any()
    monkeypatch.setattr(openpose, "READING", 0.0)
    alone, steers = trained(400.0)
    assert alone and steers[entered].any() and not torch.equal(steers["conv_in.weight"], kept["conv_in.weight"])
    assert not trained(0.0)[0]  # goes on where it was
    assert openpose.APART.louder and len(plain) == 4
    assert all(torch.equal(one.unet.state_dict()[k], v) for one in plain for k, v in kept.items())


def test_some_twins_are_told_apart_by_their_skeletons_alone() -> None:
    words = torch.arange(12)[:, None].repeat(1, 3)
    told, same = (painter.Noise(CPU, painter.Twins((650, 1000), 4.0, 24.0, 1 / 3, same_words=n)) for n in (0.0, 1.0))
    assert openpose.APART.same_words and torch.equal(told.said_alike(words), words)
    alike = same.said_alike(words)
    assert torch.equal(alike[4:8], words[:4])
    assert torch.equal(alike[:4], words[:4]) and torch.equal(alike[8:], words[8:])


def test_cells_of_faces_are_known_where_boxes_are(store: Store) -> None:
    known = latents.Latents(store, home.made("vae").eval(), CPU)
    known.grow(12)
    assert not known.faces[known.numbers >= 6].any()
    for place, number in enumerate(known.numbers):
        cells = np.zeros((8, 8), bool)
        for left, upper, right, lower in store["boxes"][number, :, 1] if number < 6 else ():
            cells[upper // 8 : -(-lower // 8), left // 8 : -(-right // 8)] = True
        assert np.array_equal(known.faces[place, 0].numpy(), cells)
    assert known.faces.any()


def test_a_widened_network_says_at_first_what_it_said_before() -> None:
    torch.manual_seed(3)
    narrow = home.made("unet").eval()
    wide = inpaint.widened(narrow).eval()
    noisy, beside, words = torch.randn(1, 4, 8, 8), torch.randn(1, 5, 8, 8), torch.randn(1, 77, 128)
    with torch.no_grad():
        one, other = narrow(noisy, 9, words).sample, wide(torch.cat([noisy, beside], 1), 9, words).sample
    assert torch.allclose(one, other, atol=1e-5)


def test_masks_are_ones_and_noughts_of_every_kind() -> None:
    torch.manual_seed(4)
    owner = torch.zeros(2, 64, 64, dtype=torch.uint8)
    owner[:, 20:40, 30:34] = 2
    masks = inpaint.Covers(owner)(torch.zeros(200, dtype=torch.long))
    assert masks.shape == (200, 1, 64, 64)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    shares = masks.mean((1, 2, 3))
    assert shares.max() == 1
    assert (shares < 0.5).float().mean() > 0.5
    doll = inpaint.Covers(owner)._dolls(torch.zeros(1, dtype=torch.long))[0, 0]
    assert doll[20:40, 30:34].all()
    assert doll[14:46, 24:40].sum() == doll.sum() == 32 * 16


def test_maps_are_those_of_the_scenes(store: Store) -> None:
    known = control.Known(latents.Latents(store, home.made("vae").eval(), CPU, store.plan.facts))
    known.grow()
    assert known.count == 6
    places = torch.tensor([2, 4])
    lines, lights = known.scribble(places), known.light(places)
    assert lines.shape == lights.shape == (2, 3, 64, 64)
    numbers = known.latents.numbers[places]
    assert not lines[
        torch.from_numpy((store["line"][numbers] == 0) & (store["canny"][numbers] == 0))[:, None].expand_as(lines)
    ].any()
    small = torch.nn.functional.interpolate(lights, (48, 48), mode="area").movedim(1, -1) * 255
    assert np.abs(small.numpy() - store["light"][numbers]).mean() < 6


def test_skeletons_are_those_of_the_scenes_and_so_are_their_bones(store: Store) -> None:
    known = openpose.Skeletons(latents.Latents(store, home.made("vae").eval(), CPU, store.plan.facts))
    known.grow()
    places = torch.tensor([2, 4])
    numbers = store["skeleton"][known.latents.numbers[places]]
    made = (known.maps(places) * 255).round().byte().movedim(1, -1).numpy()
    assert np.array_equal(made, palette()[numbers])
    bones, near = known.bones(places), known.near(places)
    assert bones.shape == (2, 36, 8, 8) and near.shape == (2, 1, 8, 8)
    for row, column in np.ndindex(8, 8):
        cell = numbers[:, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        for picture in range(2):
            told = set(np.flatnonzero(bones[picture, :, row, column]) + 1)
            assert told == set(cell[picture].ravel()) - {0}
    touched = bones.amax(1, keepdim=True) > 0
    assert near[touched].all() and near.sum() > touched.sum() and not near.all()
    known.latents.twins[places] = torch.tensor([3, 5])
    either = near | known.near(torch.tensor([3, 5]))
    assert torch.equal(known.near(places), either) and not torch.equal(either, near)


def test_a_step_shows_strays_with_their_own_twins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    known = latents.Latents(store, home.made("vae").eval(), CPU)
    known.grow(12)
    known.twins = torch.arange(12).flip(0)
    noise = painter.Noise(CPU, painter.Twins((650, 1000), 4.0, 24.0, share=1 / 8, strays=0.5))
    asked, given = list[torch.Tensor](), list[torch.Tensor]()
    added, net = noise.added, torch.nn.Conv2d(4, 4, 1)
    monkeypatch.setattr(noise, "added", lambda *both: (given.extend(both), added(*both))[1])

    def ask(places: torch.Tensor, noisy: torch.Tensor, *rest: torch.Tensor) -> torch.Tensor:
        asked.append(places)
        return net(noisy)

    painter.step_of(known, 16, noise, ask, adam(net.parameters(), 1e-3))()
    assert torch.equal(given[0], known.values[asked[0]].float())
    assert noise.strays(16) == slice(4, 10) and torch.equal(given[1], known.values[11 - asked[0][4:10]])


def test_a_step_asks_for_more_than_what_is_said_without_a_map(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    known = latents.Latents(store, home.made("vae").eval(), CPU)
    known.grow(12)
    twins = painter.Twins((650, 1000), 4.0, 24.0, same_words=1.0, louder=1.0)
    noise, net = painter.Noise(CPU, twins), torch.nn.Conv2d(4, 4, 1)
    seen, meant, heard = list[tuple[torch.Tensor, ...]](), list[torch.Tensor](), list[torch.Tensor]()
    added, loss, before = noise.added, noise.loss, deepcopy(net)
    monkeypatch.setattr(noise, "added", lambda *both: (seen.append(added(*both)), seen[-1])[1])
    monkeypatch.setattr(noise, "loss", lambda *told: (meant.append(told[1]), loss(*told))[1])

    def says(noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        assert torch.equal(times, seen[0][1])
        heard.append(words)
        return net(noisy)

    def ask(_: torch.Tensor, *asked: torch.Tensor) -> torch.Tensor:
        return says(*asked)

    everywhere = torch.ones(16, 1, *known.values.shape[-2:], dtype=torch.bool)
    painter.step_of(known, 16, noise, ask, adam(net.parameters(), 1e-3), lambda _: everywhere, says)()
    noisy, times, wanted = seen[0]
    with torch.no_grad(), pace.amp(CPU):
        more = noise.louder(wanted, before(noisy).float(), times, everywhere)
    assert torch.equal(meant[0], more) and not torch.equal(more, wanted) and not meant[0].requires_grad
    assert torch.equal(heard[0], heard[1]) and torch.equal(heard[0][:6], heard[0][6:12])
    assert loss(more, more, times, everywhere) == 0 and loss(wanted, more, times, everywhere) > 0


@pytest.mark.parametrize(
    ("direction", "bright", "dark"),
    [("left", (32, 12), (32, 52)), ("right", (32, 52), (32, 12)), ("above", (10, 32), (54, 32))],
)
def test_the_ball_is_bright_where_the_light_comes_from(direction: str, bright: tuple, dark: tuple) -> None:
    ball = light_map(light("sun", direction), 64).astype(int)
    assert ball[bright].sum() > ball[dark].sum() + 60
    assert ball[0, 0].sum() == 0


def test_the_ball_tells_front_from_behind_and_warm_from_cool() -> None:
    front, behind = (light_map(light("sun", name), 64).astype(int) for name in ("front", "behind"))
    assert front[32, 32].sum() > behind[32, 32].sum() + 60
    warm, cool = (light_map(light("sun", "front", colour), 64).astype(int) for colour in ("warm", "cool"))
    assert warm[32, 32, 0] > warm[32, 32, 2]
    assert cool[32, 32, 0] < cool[32, 32, 2]


def test_a_training_goes_on_where_it_stopped(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vae, "CROP", 32)
    monkeypatch.setattr(vae, "ENOUGH", 8)
    vae.train(store, tmp_path, 1.0, CPU)
    first = home.opened("vae", tmp_path).state_dict()
    monkeypatch.setattr(vae, "step", lambda *_: [torch.ones(())] * 3)
    vae.train(store, tmp_path, 0.2, CPU)  # learns nothing more, settles again
    second = home.opened("vae", tmp_path).state_dict()
    changed = {name for name in first if not torch.equal(first[name], second[name])}
    assert changed <= {f"{part}.{kind}" for part in ("quant_conv", "post_quant_conv") for kind in ("weight", "bias")}


def test_latents_wait_for_a_whole_portion(tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    drawn = Store.made(folder, Plan(6, side=64))
    known = latents.Latents(Store.opened(folder), home.made("vae").eval(), CPU)
    pictures = vae.Pictures(Store.opened(folder), CPU)
    drawn["ready"][:3] = 1
    assert known.grow(4) == 0
    pictures.grow(4)
    assert pictures.count == 0
    drawn["ready"][3:5] = 1
    assert known.grow(4) == 4
    pictures.grow(4)
    assert pictures.count == 4
    assert known.grow(4) == 0
    drawn["ready"][5] = 1
    assert [known.grow(4), known.grow(4)] == [2, 0]


def test_a_training_that_ended_however_it_did_keeps_nobody_waiting(tmp_path: Path) -> None:
    sign = pending(tmp_path, "vae")
    sign.touch()
    _lifted(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]), sign)
    assert not sign.exists()
    _lifted(subprocess.Popen([sys.executable, "-c", ""]), sign)


def test_those_who_need_the_painter_wait_until_nobody_trains_it(store: Store, tmp_path: Path) -> None:
    sign = pending(store.folder.parent, "painter")
    sign.touch()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(control.trained_painter, store, tmp_path)
        with pytest.raises(TimeoutError):
            found.result(0.5)
        for name in ("text", "unet"):
            home.kept(name, home.made(name), tmp_path)
        sign.unlink()
        assert not next(found.result(60).parameters()).requires_grad


def test_a_job_is_given_the_time_that_is_left_when_it_begins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[float]()
    monkeypatch.setattr("dollhouse.train.jobs.training", lambda _: lambda *given: told.append(given[2]))
    run("vae", store.folder.parent, Path(), time.monotonic() + 50)
    assert 45 < told[0] <= 50


def test_scenes_lie_in_memory_only_if_they_have_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(10, 4, side=64)
    assert plan.size == sum(value.nbytes for value in Store.made(tmp_path, plan)._arrays.values())
    monkeypatch.setattr("dollhouse.train.__main__.tempfile.mkdtemp", lambda prefix, dir: dir or tmp_path)
    for room, place in ((2 * plan.size, Path("/dev/shm")), (plan.size, tmp_path)):
        monkeypatch.setattr(
            "dollhouse.train.__main__.shutil.disk_usage", lambda _, free=room: SimpleNamespace(free=free)
        )
        assert _workplace([plan]) == (place if Path("/dev/shm").is_dir() else tmp_path)


def test_controls_and_repainting_begin_from_the_painter_and_are_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vae", "text", "unet"):
        home.kept(name, home.made(name), tmp_path)
    kept = home.opened("unet", tmp_path).conv_in.weight
    control.train(store, tmp_path, 0.0, CPU, ("light", "scribble"))
    inpaint.train(store, tmp_path, 0.0, CPU)
    assert torch.equal(home.opened("inpaint", tmp_path).conv_in.weight[:, :4], kept)
    for kind in ("light", "scribble"):
        assert torch.equal(home.opened(kind, tmp_path).conv_in.weight, kept)
    clock = count(0, 10.0)  # a few steps, on every machine
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    control.train(store, tmp_path, 120.0, CPU, ("light",))
    assert not torch.equal(home.opened("light", tmp_path).conv_in.weight, kept)
    inpaint.train(store, tmp_path, 120.0, CPU)
    assert not torch.equal(home.opened("inpaint", tmp_path).conv_in.weight[:, :4], kept)
