"""Pictures of every kind into a lesson, and what is said of those that cannot be used; on the fake host."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from atelier_concept_lock.teach import course, lessons, run, state
from atelier_concept_lock.teach.crops import MOST
from atelier_concept_lock.teach.intake import sources_of, sources_on_page
from atelier_core.api.pictures import source
from atelier_core.errors import UserError
from atelier_core.hosts.fake import FakeHost
from lesson_files import pair, pictured, small
from PIL import Image

TURNED = 6  # EXIF: the camera was held on its side


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def bytes_of(picture: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def given(*pictures: bytes | dict[str, Any]) -> str:
    told = [one if isinstance(one, dict) else {"picture": text_of(one)} for one in pictures]
    return json.dumps(told)


def taught(host: FakeHost, pictures: str, **more: Any) -> Any:
    return list(run.teach(host, small(**more), sources_of(pictures, source)))[-1]


def kept(host: FakeHost, name: str = "doll") -> list[Image.Image]:
    folder = run.lessons_in(host) / name / "pictures"
    return [Image.open(path) for path in sorted(folder.glob("???.png"))]


@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "I;16"])
def test_pictures_of_every_mode_are_taught(host: FakeHost, mode: str) -> None:
    deep = Image.fromarray((np.arange(80 * 72).reshape(72, 80) * 9).astype(np.uint16))
    one = deep if mode == "I;16" else pictured(1).convert(mode)
    assert taught(host, given(bytes_of(one))).state == "finished"
    assert [(picture.mode, picture.size) for picture in kept(host)] == [("RGB", (80, 72))]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF"])
def test_pictures_in_every_container_are_taught(host: FakeHost, kind: str) -> None:
    assert taught(host, given(bytes_of(pictured(1), kind))).state == "finished"


def test_transparency_says_what_counts_and_a_given_mask_wins(host: FakeHost) -> None:
    one = pictured(1).convert("RGBA")
    one.putalpha(Image.fromarray(np.repeat(np.uint8([[0] * 40 + [255] * 40]), 72, axis=0)))
    mask = Image.fromarray(np.uint8([[255, 0]]))
    found = sources_of(
        given(bytes_of(one), {"picture": text_of(bytes_of(one)), "mask": text_of(bytes_of(mask))}), source
    )
    sides = [[int(np.asarray(each.mask)[36, x]) for x in (10, 70)] for each in found]
    assert sides == [[0, 255], [255, 0]]
    assert found[0].picture.getpixel((10, 10)) == (128, 128, 128)  # what is not there has no colour of its own
    one.putalpha(0)
    with pytest.raises(UserError, match="Picture 1 cannot be used: Its mask is empty"):
        sources_of(given(bytes_of(one)), source)


def test_a_picture_is_turned_upright_before_it_is_cropped(host: FakeHost) -> None:
    stored = Image.new("RGB", (120, 60), (0, 0, 200))
    stored.paste((200, 0, 0), (0, 0, 40, 60))  # the top third, once it is upright
    exif = Image.Exif()
    exif[0x0112] = TURNED
    told = {"picture": text_of(bytes_of(stored, "JPEG", exif=exif, quality=95)), "crop": [0, 0, 1, 1 / 3]}
    (found,) = sources_of(given(told), source)
    assert found.picture.size == (60, 40)
    red, _, blue = np.asarray(found.picture, float).mean(axis=(0, 1))
    assert red > 180 and blue < 30


def test_one_picture_and_two_hundred_but_no_more(host: FakeHost) -> None:
    assert taught(host, given(bytes_of(pictured(1)))).state == "finished"
    many = given(*(bytes_of(pictured(n, 32, 32)) for n in range(MOST)))
    assert taught(host, many, name="many", batch=16).state == "finished" and len(kept(host, "many")) == MOST == 200
    with pytest.raises(UserError, match="at most 200 pictures"):
        taught(host, given(*[bytes_of(pictured(1, 32, 32))] * (MOST + 1)), name="more")
    with pytest.raises(UserError, match="at least one picture"):
        taught(host, "[]", name="none")
    assert run.lesson_names(host) == ["doll", "many"]


def test_a_broken_picture_is_named_by_its_place_and_leaves_nothing(host: FakeHost) -> None:
    whole = bytes_of(pictured(1))
    for broken in (whole[:150], b"", b"GIF89a", whole[:60] + bytes(400)):
        with pytest.raises(UserError, match=r"^Picture 2 cannot be used: "):
            taught(host, given(whole, broken, whole))
    assert run.lesson_names(host) == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"caption": "x" * 2001}, "at most 2000 letters"),
        ({"caption": 5}, "at most 2000 letters"),
        ({"crop": [0.5, 0, 0.5, 1]}, "A crop lies between 0 and 1"),
        ({"crop": [0, 0, 0.1, 1]}, "fewer than 32 pixels"),
        ({"crop": "all"}, "A crop lies between 0 and 1"),
        ({"mask": text_of(b"no mask")}, "cannot be used"),
        ({"mask": 7}, "at most 2000 letters"),
        ({"captions": []}, "There is no option “captions”"),
    ],
)
def test_what_is_said_of_a_picture_is_checked(more: dict[str, Any], sentence: str) -> None:
    one = {"id": text_of(bytes_of(pictured(1))), **more}
    with pytest.raises(UserError, match=f"Picture 1 cannot be used: .*{sentence}|{sentence}"):
        sources_on_page(json.dumps({"pictures": [one]}), source)


def test_a_lesson_with_fewer_captions_than_pictures_has_empty_ones(host: FakeHost) -> None:
    told = [{"picture": text_of(bytes_of(pictured(n)))} for n in (1, 2, 3)]
    told[1]["caption"] = " on a chair "
    assert taught(host, json.dumps(told)).state == "finished"
    assert lessons.opened(run.lessons_in(host), "doll").captions == ("", " on a chair ", "")


# ---- a disk that is full, a process that is killed


def test_a_disk_that_is_full_at_the_start_leaves_no_lesson(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, saved = Image.Image.save, []

    def full(self: Image.Image, *told: Any, **how: Any) -> None:
        saved.append(self.size)
        if len(saved) == 2:
            raise OSError(28, "No space left on device")
        plain(self, *told, **how)

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(UserError, match=r"^001.png could not be saved: No space left on device"):
        run.prepared(host, small(), pair())
    assert run.lesson_names(host) == []
    monkeypatch.setattr(Image.Image, "save", plain)
    assert list(run.teach(host, small(), pair()))[-1].state == "finished"


def test_a_disk_that_is_full_at_a_sample_rests_the_lesson(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(lesson: Any, step: int, picture: Any) -> Path:
        raise UserError("{name} could not be saved: {reason}.", name="000004.png", reason="No space left on device")

    monkeypatch.setattr(lessons.Lesson, "keep_sample", full)
    with pytest.raises(UserError, match="No space left"):
        list(run.teach(host, small(sample_every=4), pair()))
    assert run.lesson_status(host, "doll")["step"] == 4
    monkeypatch.undo()
    assert list(run.resume(host, "doll"))[-1].state == "finished"


def test_a_process_that_is_killed_costs_the_steps_since_its_last_state(host: FakeHost, tmp_path: Path) -> None:
    script = f"""
import os, signal, sys
sys.path[:0] = {sys.path!r}
from pathlib import Path
from atelier_concept_lock.teach import run
from atelier_core.hosts.fake import FakeHost
from lesson_files import pair, small
for progress in run.teach(FakeHost(Path({str(tmp_path)!r})), small(steps=9, save_every=3), pair()):
    if progress.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", script], env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=120)
    assert ended.returncode == -signal.SIGKILL
    (run.lessons_in(host) / "doll" / ".0123456789abcdef.part").write_bytes(b"half")  # as if it had just been writing
    status = run.lesson_status(host, "doll")
    assert (status["state"], status["step"], len(status["losses"])) == ("paused", 3, 3)
    assert list(run.resume(host, "doll"))[-1].state == "finished"
    list(run.teach(host, small("whole", trigger="doll", steps=9, save_every=3), pair()))
    one, other = (state.load(run.lessons_in(host) / name / state.STATE)[0] for name in ("doll", "whole"))
    assert one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_memory_that_does_not_suffice_is_said_and_what_was_learnt_is_kept(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = course.Learner.gradients

    def short(self: Any, step: int) -> float:
        if step == 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return plain(self, step)

    monkeypatch.setattr(course.Learner, "gradients", short)
    with pytest.raises(UserError, match="The card's memory did not suffice"):
        list(run.teach(host, small(), pair()))
    assert run.lesson_status(host, "doll")["step"] == 3
    monkeypatch.undo()
    assert list(run.resume(host, "doll"))[-1].state == "finished"
