"""Teaching the tiny model: what it learns, what stays, and what is left when it is stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from atelier_concept_lock import adapters, base, cards, named
from atelier_concept_lock.files import read_header
from atelier_concept_lock.hashes import hashes, trusted
from atelier_concept_lock.matching import match
from atelier_concept_lock.report import Line
from atelier_concept_lock.teach import basis, course, lessons, measure, output, run, state
from atelier_concept_lock.teach.course import Hands, Progress
from atelier_concept_lock.teach.desk import desk
from atelier_concept_lock.teach.learner import Learner
from atelier_concept_lock.teach.lowrank import LowRank
from atelier_concept_lock.teach.options import TeachArgs
from atelier_concept_lock.teach.recompute import recomputed
from atelier_core.errors import Interrupted, UserError
from atelier_core.hosts.embedded import loras as host_loras
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.prompt import Wish
from atelier_core.patches import hooks_on
from atelier_core.studio import Studio
from lesson_files import pair, pictured, small
from lock_files import denoised
from safetensors.torch import load_file

from tests.contract.suite import state_hash

Tensor = torch.Tensor


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The tiny model's layers are so small that threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    root = tmp_path_factory.mktemp("teach")
    tiny.tiny_sd15(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    made = EmbeddedHost(root)
    with made.studio() as studio:
        studio.encode(["warm"])  # transformers puts hooks of its own on a text encoder at its first use
    return made


@pytest.fixture
def fresh(host: EmbeddedHost) -> Iterator[EmbeddedHost]:
    """Before and after each test: no lesson, no file, and a model that nothing has touched."""
    before = [(state_hash(one), hooks_on(one)) for one in host.model().parts]
    yield host
    model = host.model()
    assert [(state_hash(one), hooks_on(one)) for one in model.parts] == before
    assert all(p.grad is None for part in model.parts for p in part.parameters())
    for folder in (host.folder("lora"), host.folder("embedding"), run.lessons_in(host)):
        for path in sorted(folder.rglob("*"), reverse=True) if folder.exists() else []:
            path.rmdir() if path.is_dir() else path.unlink()


def last(steps: Iterator[Progress]) -> Progress:
    return list(steps)[-1]


def weights(host: EmbeddedHost, name: str = "doll") -> dict[str, Tensor]:
    tensors, _ = state.load(run.lessons_in(host) / name / state.STATE)
    return {key: one for key, one in tensors.items() if key.startswith("w:")}


def learner(studio: Studio, root: Path, args: TeachArgs, *captions: str) -> Learner:
    return course.opened(studio, lessons.begin(root, args, pair(*captions)))


def judged(made: Learner, steps: int = 12) -> float:
    """The mean loss over the same draws, whatever was learnt."""
    total = sum(made.gradients(step) for step in range(steps)) / steps
    made.optimizer.zero_grad(set_to_none=True)
    return total


def of_class(made: Learner) -> Tensor:
    """What the taught network says to the noun."""
    studio = made.studio
    with torch.no_grad():
        read = studio.encode([made.args.noun])
        luck = torch.Generator().manual_seed(9)
        told = []
        for time in (100, 500, 900):
            noisy = torch.randn(1, 4, 8, 8, generator=luck)
            told.append(studio.predict(noisy, torch.tensor([time]), read, torch.zeros(1, 6)))
    return torch.cat(told)


# learning


def test_the_loss_falls_in_fifty_steps(fresh: EmbeddedHost, tmp_path: Path) -> None:
    with fresh.studio() as studio:
        made = learner(studio, tmp_path, small(steps=50))
        with made.trained.attached():
            before = judged(made)
            for _ in range(50):
                made.advance()
            after = judged(made)
    assert after < 0.95 * before, (before, after)


@pytest.mark.parametrize("by", ["answer", "noise"])
def test_what_is_known_of_the_noun_drifts_less_where_it_is_kept(fresh: EmbeddedHost, tmp_path: Path, by: str) -> None:
    drift, told = [], []
    for prior in (0.0, 2.0):
        with fresh.studio() as studio:
            lesson = lessons.begin(tmp_path / str(prior), small(steps=40, prior=prior, prior_by=by), pair())
            for n in range(2):
                lesson.keep_known(n, pictured(20 + n, 64, 64))
            made = course.opened(studio, lesson)
            plain = of_class(made)
            with made.trained.attached():
                assert measure.drift(made) == 0
                for _ in range(40):
                    made.advance()
                drift.append(float((of_class(made) - plain).square().mean()))
                told.append(measure.drift(made))
    if by == "answer":
        assert drift[1] < 0.5 * drift[0], drift
        assert told[1] < 0.7 * told[0] < 0.7, told
    else:  # a random model is not right about its own pictures: held to their noise, it moves too
        assert drift[1] > 0 and drift[0] > 0


def test_a_lesson_from_start_to_end(fresh: EmbeddedHost) -> None:
    told = list(run.teach(fresh, small(prior=0.5, sample_every=3), pair("red", "")))
    assert [one.step for one in told if one.loss is not None] == [1, 2, 3, 4, 5, 6]
    assert [one.sample.name for one in told if one.sample] == ["000003.png", "000006.png"]
    end = told[-1]
    assert end.state == "finished" and end.taught is not None and end.taught.layers == 192
    home = fresh.folder("lora")
    assert sorted(one.name for one in home.iterdir()) == ["doll.json", "doll.png", "doll.safetensors"]
    sidecar = json.loads((home / "doll.json").read_text("utf-8"))
    assert sidecar["activation text"] == "doll woman" and sidecar["sd version"] == "SD1"
    assert cards.card_from(sidecar["atelier card"]) == end.taught.card
    assert len(list((run.lessons_in(fresh) / "doll" / "class").iterdir())) == 2
    found = run.lesson_status(fresh, "doll")
    assert (found["state"], found["step"], len(found["losses"]), len(found["samples"])) == ("finished", 6, 6, 2)
    with pytest.raises(UserError, match="at its end"):
        last(run.resume(fresh, "doll"))
    with pytest.raises(UserError, match="There is a file “doll” already"):
        last(run.teach(fresh, small(), pair()))


def test_each_step_says_its_pictures_captions_in_some_of_their_orders(
    fresh: EmbeddedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, read = ("red, on a chair, by night", "blue"), list[list[int]]()
    with fresh.studio() as studio:
        made, plain, whole = (
            learner(studio, tmp_path, small(f"lesson {n}", trigger=trigger, shuffle=on, batch=2), *said)
            for n, (trigger, on) in enumerate((("doll", True), ("doll", False), ("doll, red", True)))
        )
        rows = made.heard.rows([0, made.heard.ways], studio.device).context
        assert torch.allclose(rows, plain.heard.rows([0, 1], studio.device).context, atol=1e-5)
        taken = type(made.heard).rows
        monkeypatch.setattr(
            type(made.heard), "rows", lambda self, at, device: read.append(at) or taken(self, at, device)
        )
        for step in range(30):
            made.gradients(step)
    assert plain.heard.prompts == ["doll woman, red, on a chair, by night", "doll woman, blue"]
    assert whole.heard.ways == plain.heard.ways == 1  # a trigger with a comma stays in one piece
    ways = made.heard.ways
    assert [[n // ways for n in at] for at in read] == [made.epoch(step)[0] for step in range(30)]
    assert len({n for at in read for n in at}) > ways and len(set(made.heard.prompts[:ways])) > 4


def test_a_lesson_from_before_captions_were_shuffled_goes_on_without(tmp_path: Path) -> None:
    lesson = lessons.begin(tmp_path, small(), pair("red, on a chair", "blue"))
    record = lesson.folder / lessons.RECORD
    told = json.loads(record.read_text("utf-8"))
    assert lessons.opened(tmp_path, "doll").args.shuffle and told["args"].pop("shuffle")
    record.write_text(json.dumps(told), "utf-8")
    assert not lessons.opened(tmp_path, "doll").args.shuffle


def test_a_file_is_whole_and_says_all_of_itself(fresh: EmbeddedHost) -> None:
    last(run.teach(fresh, small(conv_rank=2, text_rate=1e-4, flip=True, batch=2), pair("red, on a chair", "blue")))
    path = fresh.folder("lora") / "doll.safetensors"
    header = read_header(path)
    meta = header.metadata
    assert trusted(path, meta["sshs_model_hash"]) and meta["modelspec.hash_sha256"] == "0x" + meta["sshs_model_hash"]
    assert hashes(path).v3 == meta["sshs_model_hash"][:12] and len(meta["sshs_legacy_hash"]) == 8
    assert meta["ss_network_module"] == "networks.lora" and (meta["ss_network_dim"], meta["ss_steps"]) == ("4", "6")
    assert json.loads(meta["ss_network_args"]) == {"conv_dim": "2", "conv_alpha": "2.0"}
    assert json.loads(meta["ss_tag_frequency"]) == {
        "1_doll woman": {"doll woman": 2, "red": 1, "on a chair": 1, "blue": 1}
    }
    assert json.loads(meta["ss_bucket_info"])["buckets"]["0"] == {"resolution": [64, 64], "count": 2}
    assert meta["modelspec.architecture"] == "stable-diffusion-v1/lora" and meta["ss_sd_model_name"] == "tiny"
    assert meta["modelspec.trigger_phrase"] == "doll woman" and meta["ss_flip_aug"] == "True"
    found = base.detect(header)
    assert (found.family, found.conflicts) == ("SD 1.5", ())
    assert all(
        key.startswith(("lora_unet_down", "lora_unet_up", "lora_unet_mid", "lora_te_text")) for key in header.shapes
    )
    model, line = fresh.model(), Line("doll", None)
    with fresh.studio() as studio:
        match(model.layers, studio.text_layers, cards.ConceptCard("doll"), [adapters.read(path)], line, (0, None))
    assert line.missed == [] and line.off == 0 and line.matched == len(header.shapes) // 3
    assert host_loras.read(Wish("doll", 1, 1), path, model).left == 0


def test_a_file_read_back_is_what_was_taught(fresh: EmbeddedHost, tmp_path: Path) -> None:
    with fresh.studio() as studio:
        made = learner(studio, tmp_path, small(steps=4, conv_rank=2, text_rate=1e-3, rate=1e-2))
        with made.trained.attached():
            for _ in range(4):
                made.advance()
            taught = denoised(fresh)
        path = output.write(made, tmp_path, output.told_of(made, ("", ""), 0.0, False)).path
    read = host_loras.read(Wish("doll", 1, 1), path, fresh.model())
    back, plain = denoised(fresh, loras=[read]), denoised(fresh)
    assert float((taught - plain).abs().max()) > 1e-3
    assert float((taught - back).abs().max() / back.abs().max()) <= 1e-6


# going on


@pytest.mark.parametrize("more", [{}, {"prior": 0.5, "text_rate": 1e-3, "batch": 2, "flip": True, "noise_offset": 0.1}])
def test_a_lesson_that_was_stopped_goes_on_as_if_it_had_not_been(fresh: EmbeddedHost, more: dict[str, Any]) -> None:
    said = "red, on a chair, by night", "blue"
    last(run.teach(fresh, small("whole", trigger="ohwx", **more), pair(*said)))
    steps = run.teach(fresh, small("parts", trigger="ohwx", **more), pair(*said))
    for progress in steps:
        if progress.step == 2:
            run.wish("parts", "pause")
    assert progress.state == "paused" and progress.step == 2
    for progress in run.resume(fresh, "parts"):
        if progress.step == 5:
            run.wish("parts", "pause")
    fresh.unload()  # as after a restart
    with fresh.studio() as studio:
        studio.encode(["warm"])
    assert last(run.resume(fresh, "parts")).state == "finished"
    one, other = weights(fresh, "whole"), weights(fresh, "parts")
    assert one.keys() == other.keys() and all(float((one[k] - other[k]).abs().max()) <= 1e-6 for k in one)
    files = [load_file(fresh.folder("lora") / f"{name}.safetensors") for name in ("whole", "parts")]
    assert all(float((files[0][k] - files[1][k]).abs().max()) <= 1e-6 for k in files[0])


def test_a_crash_costs_only_the_steps_since_the_last_state(
    fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    last(run.teach(fresh, small("whole", trigger="ohwx"), pair()))
    plain = Learner.advance

    def dies(self: Learner) -> float:
        if self.step == 4:
            monkeypatch.setattr(Learner, "save", lambda *_: None)  # as after a loss of power
            raise ZeroDivisionError("on purpose")
        return plain(self)

    save = Learner.save
    monkeypatch.setattr(Learner, "advance", dies)
    with pytest.raises(ZeroDivisionError):
        last(run.teach(fresh, small("parts", trigger="ohwx", save_every=3), pair()))
    monkeypatch.setattr(Learner, "advance", plain)
    monkeypatch.setattr(Learner, "save", save)
    assert run.lesson_status(fresh, "parts")["step"] == 3 and not desk.runs("parts")
    last(run.resume(fresh, "parts"))
    one, other = weights(fresh, "whole"), weights(fresh, "parts")
    assert all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("at", [0, 1, 4])
def test_an_interrupt_keeps_what_was_learnt(fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    plain = Learner.advance

    def stopped(self: Learner) -> float:
        if self.step == at:
            fresh.interrupt()
        return plain(self)

    monkeypatch.setattr(Learner, "advance", stopped)
    end = last(run.teach(fresh, small(), pair()))
    assert end.state == "paused" and end.step == at + 1
    assert run.lesson_status(fresh, "doll")["step"] == at + 1 and not list(fresh.folder("lora").iterdir())
    monkeypatch.setattr(Learner, "advance", plain)
    assert last(run.resume(fresh, "doll")).state == "finished"


def test_an_interrupt_among_the_pictures_of_the_noun_keeps_those_that_are_there(fresh: EmbeddedHost) -> None:
    lesson = lessons.begin(run.lessons_in(fresh), small(prior=1.0, class_pictures=3), pair())
    drawn = []

    def draw(*told: Any) -> Any:
        drawn.append(told)
        if len(drawn) == 3:
            raise Interrupted
        return pictured(len(drawn), 64, 64)

    hands = Hands(draw, lambda *_: None, lambda _: None, lambda: "", fresh.folder("lora"))
    with fresh.studio() as studio:
        *_, end = course.course(studio, lesson, hands)
        assert (end.state, len(lesson.known())) == ("paused", 2)
        drawn.clear()
        drawn.append(None)
        assert list(course.course(studio, lesson, hands))[-1].state == "finished"
    assert [told[3] for told in drawn[1:]] == [3, 1]  # the third picture's seed, and the preview's


def test_stop_keeps_what_there_is(fresh: EmbeddedHost) -> None:
    for progress in run.teach(fresh, small(), pair()):
        if progress.step == 3 and progress.state == "running":
            run.wish("doll", "stop")
    assert progress.state == "stopped" and progress.step == 3 and progress.taught is not None
    assert read_header(progress.taught.path).metadata["ss_steps"] == "3"
    last(run.teach(fresh, small("other"), pair()))


def test_a_lesson_that_rests_can_be_stopped_too(fresh: EmbeddedHost) -> None:
    for progress in run.teach(fresh, small(), pair()):
        if progress.step == 2:
            run.wish("doll", "pause")
    with pytest.raises(UserError, match="not at its end"):
        run.prepared(fresh, small(), pair())
    assert last(run.resume(fresh, "doll", "stop")).state == "stopped"
    with pytest.raises(UserError, match="does not run"):
        run.wish("doll", "pause")


def test_a_lesson_stays_with_its_model(fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for progress in run.teach(fresh, small(), pair()):
        if progress.step == 1:
            run.wish("doll", "pause")
    record = run.lessons_in(fresh) / "doll" / lessons.RECORD
    record.write_text(record.read_text("utf-8").replace('"tiny"', '"another"'), "utf-8")
    with pytest.raises(UserError, match="begun on another"):
        last(run.resume(fresh, "doll"))


# trouble


def test_a_full_disk_keeps_the_last_state(fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, calls = state.save_file, []

    def full(tensors: Any, path: Path, metadata: Any) -> None:
        calls.append(path)
        if len(calls) > 1:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        plain(tensors, path, metadata)

    monkeypatch.setattr(state, "save_file", full)
    with pytest.raises(UserError, match="could not be saved: No space left"):
        last(run.teach(fresh, small(), pair()))
    monkeypatch.setattr(state, "save_file", plain)
    assert run.lesson_status(fresh, "doll")["step"] == 2
    assert not list((run.lessons_in(fresh) / "doll").glob("*.part"))
    assert last(run.resume(fresh, "doll")).state == "finished"


def test_a_full_disk_at_the_end_leaves_no_half_file(fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = state.save_file

    def full(tensors: Any, path: Path, metadata: Any) -> None:
        if "ss_steps" in metadata:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        plain(tensors, path, metadata)

    monkeypatch.setattr(state, "save_file", full)
    with pytest.raises(UserError, match="doll.safetensors could not be saved"):
        last(run.teach(fresh, small(), pair()))
    assert not list(fresh.folder("lora").iterdir())
    monkeypatch.setattr(state, "save_file", plain)
    assert last(run.resume(fresh, "doll")).state == "finished"  # without a further step


def test_a_loss_that_is_no_number_ends_in_a_sentence_and_loses_nothing(
    fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Learner._judged

    def astray(self: Learner, *told: Any, **more: Any) -> Tensor:
        found = plain(self, *told, **more)
        return found * float("nan") if self.step == 3 else found

    monkeypatch.setattr(Learner, "_judged", astray)
    with pytest.raises(UserError, match="At step 4 the loss was no number"):
        last(run.teach(fresh, small(), pair()))
    kept = weights(fresh)
    assert run.lesson_status(fresh, "doll")["step"] == 3 and all(torch.isfinite(one).all() for one in kept.values())
    monkeypatch.setattr(Learner, "_judged", plain)
    assert last(run.resume(fresh, "doll")).state == "finished"


def test_an_exception_in_a_hook_leaves_the_host_whole(fresh: EmbeddedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Any, x: Tensor) -> Tensor:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("atelier_concept_lock.teach.lowrank.Pair.added", fails)
    with pytest.raises(ZeroDivisionError):
        last(run.teach(fresh, small(), pair()))
    assert not desk.runs("doll")


def test_pictures_of_many_shapes_one_or_none(fresh: EmbeddedHost) -> None:
    assert last(run.teach(fresh, small(steps=2), pair("alone"))).state == "finished"
    shapes = [lessons.Source(pictured(n, *size)) for n, size in enumerate([(200, 100), (100, 200), (90, 90)])]
    told = list(run.teach(fresh, small("many", steps=4, size=128, batch=2), shapes))
    assert told[-1].state == "finished"
    buckets = read_header(told[-1].taught.path).metadata["ss_bucket_info"]  # type: ignore[union-attr]
    assert {tuple(one["resolution"]) for one in json.loads(buckets)["buckets"].values()} == {
        (128, 128),
        (192, 64),
        (64, 192),
    }
    with pytest.raises(UserError, match="at least one picture"):
        last(run.teach(fresh, small("none"), []))


# kinds


def test_masked_pictures_are_learnt_where_the_mask_is(fresh: EmbeddedHost, tmp_path: Path) -> None:
    """What lies outside changes nothing: two pictures that differ only there teach the same."""
    found = []
    for n in (1, 2):
        one = pictured(5, 64, 64)
        one.paste((n * 90, 10, 10), (32, 0, 64, 64))
        mask = pictured(1, 64, 64).convert("L")
        mask.paste(255, (0, 0, 64, 64))
        mask.paste(0, (24, 0, 64, 64))
        with fresh.studio() as studio:
            lesson = lessons.begin(tmp_path / str(n), small(steps=1), [lessons.Source(one, mask)])
            made = course.opened(studio, lesson)
            made.shown[0].latents[0][..., :3] = 0.5  # as if the encoder had no reach
            with made.trained.attached():
                found.append((made.gradients(0), made._mask(made.shown, 0)))
    assert torch.equal(found[0][1], found[1][1]) and found[0][1][0, 0, 0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    assert found[0][0] > 0


def test_words_alone_are_learnt_and_saved_as_webuis_read_them(fresh: EmbeddedHost) -> None:
    end = last(run.teach(fresh, small(kind="words", trigger="ohwx", vectors=3, rate=0.05), pair("red", "")))
    assert end.taught is not None and end.taught.path.parent == fresh.folder("embedding")
    made = load_file(end.taught.path)
    assert list(made) == ["emb_params"] and made["emb_params"].shape == (3, 32)
    card = run.card(fresh, "doll")  # webuis call such words by their file's name
    assert (card.files, card.triggers) == (("embedding:doll",), "doll woman")
    assert card.files[0] in [name for name, _ in named.files(fresh)]
    assert run.lesson_status(fresh, "doll")["taught"]["drift"] == 0  # a word that is not said moves nothing
    begun = weights(fresh)["w:words.te1"]
    assert (
        torch.equal(begun, made["emb_params"]) and read_header(end.taught.path).metadata["ss_network_module"] == "None"
    )


def test_words_fall_too(fresh: EmbeddedHost, tmp_path: Path) -> None:
    with fresh.studio() as studio:
        made = learner(studio, tmp_path, small(kind="words", vectors=2, rate=0.05, steps=30))
        with made.trained.attached():
            before = judged(made)
            for _ in range(30):
                made.advance()
            assert judged(made) < before


def test_the_composition_preset_learns_in_directions_of_its_own(fresh: EmbeddedHost) -> None:
    for slot, name in ((0, "anne"), (1, "beth")):
        last(run.teach(fresh, small(name, preset="composition", slot=slot, steps=3), pair()))
    one, other = (load_file(fresh.folder("lora") / f"{name}.safetensors") for name in ("anne", "beth"))
    for key in (key for key in one if key.endswith("lora_down.weight")):
        mine, its = one[key].flatten(1), other[key].flatten(1)
        assert torch.allclose(mine @ mine.T, torch.eye(len(mine)), atol=1e-5)
        assert float((mine @ its.T).abs().max()) < 1e-5
    meta = read_header(fresh.folder("lora") / "beth.safetensors").metadata
    assert (meta["ss_atelier_basis_seed"], meta["ss_atelier_basis_slot"]) == (str(basis.SEED), "1")


def test_blocks_computed_anew_give_the_same_gradients_for_less_memory(fresh: EmbeddedHost, tmp_path: Path) -> None:
    from atelier_concept_lock.teach.measure import estimate

    with fresh.studio() as studio:
        made = learner(studio, tmp_path, small(conv_rank=2))
        assert isinstance(made.trained, LowRank)
        for pair_ in made.trained.pairs.values():
            pair_.up.data.normal_(generator=torch.Generator().manual_seed(1))
        found, memory, own = [], [], {name: set(vars(m)) for name, m in studio.layers.items()}
        with made.trained.attached():
            for layers in ({}, studio.layers):
                with recomputed(layers) as blocks:
                    made.gradients(0)
                    found.append({name: p.grad.clone() for name, p in made.parameters.items() if p.grad is not None})
                    made.optimizer.zero_grad(set_to_none=True)
                    told = estimate(made)
                    memory.append(told.memory)
        assert blocks > 20 and {name: set(vars(m)) for name, m in studio.layers.items()} == own
    assert found[0].keys() == found[1].keys() and len(found[0]) == len(made.parameters)
    assert all(torch.allclose(found[0][name], found[1][name], atol=1e-6) for name in found[0])
    assert memory[1] < 0.7 * memory[0], memory
    assert told.step > 0 and told.whole == pytest.approx(told.step * 6) and told.fits


def test_an_estimate_leaves_nothing(fresh: EmbeddedHost) -> None:
    told = run.estimate(fresh, small(prior=0.5), pair())
    assert 0 < told.memory < 2**30 and told.to_json()["fits"] is True
    assert run.lesson_names(fresh) == [] and not list(fresh.folder("lora").iterdir())


def test_sdxl_is_taught_with_sizes_and_both_encoders(tmp_path: Path) -> None:
    tiny.tiny_sdxl(tmp_path / "models" / "Stable-diffusion" / "xl.safetensors")
    host = EmbeddedHost(tmp_path)
    before = state_hash(host.model().unet)
    end = last(run.teach(host, small(steps=3, text_rate=1e-4, prior=0.5, sample_every=2), pair()))
    assert end.taught is not None
    header = read_header(end.taught.path)
    assert {key.split("_")[1] for key in header.shapes} == {"unet", "te1", "te2"}
    assert any(key.startswith("lora_unet_input_blocks_4_1_transformer_blocks_0") for key in header.shapes)
    assert header.metadata["modelspec.architecture"] == "stable-diffusion-xl-v1-base/lora"
    assert header.metadata["ss_base_model_version"] == "sdxl_base_v1-0"
    assert host_loras.read(Wish("doll", 1, 1), end.taught.path, host.model()).left == 0
    assert state_hash(host.model().unet) == before


def test_an_inpainting_model_is_refused(tmp_path: Path) -> None:
    tiny.tiny_sd15(tmp_path / "models" / "Stable-diffusion" / "paint.safetensors", tiny.SD15_INPAINT)
    with pytest.raises(UserError, match="inpainting model cannot be taught"):
        last(run.teach(EmbeddedHost(tmp_path), small(), pair()))
