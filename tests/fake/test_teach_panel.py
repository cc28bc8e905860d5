"""Teaching over REST and in the panel, on the fake host."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from atelier_concept_lock import api, run, teaching
from atelier_concept_lock.teach.desk import desk
from atelier_concept_lock.teach.options import LessonArgs, PictureArgs
from atelier_core import units
from atelier_core.errors import UserError
from atelier_core.hosts.fake import FakeHost
from atelier_core.ui import tabs
from lesson_files import pair, pictured, small

HOME = Path(__file__).parents[2] / "extensions" / "concept-lock"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FakeHost]:
    assert units.load(HOME) is not None
    made = FakeHost(tmp_path)
    yield made
    desk.latest.clear()
    desk.troubles.clear()


def encoded(seed: int = 1) -> str:
    out = io.BytesIO()
    pictured(seed).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def given(**more: Any) -> Any:
    told = [{"picture": encoded(1), "caption": "red"}, {"picture": encoded(2), "crop": [0, 0, 0.8, 0.9]}]
    return small(pictures=json.dumps(told), **more)


def settled(host: FakeHost, name: str = "doll") -> dict[str, Any]:
    until = time.monotonic() + 60
    while desk.runs(name) and time.monotonic() < until:
        time.sleep(0.01)
    return api.lesson(host, LessonArgs(name))


def test_a_lesson_goes_on_by_itself_and_tells_how_far_it_is(host: FakeHost) -> None:
    begun = api.teach(host, given(sample_every=3))
    json.dumps(begun)
    assert (begun["name"], begun["steps"]) == ("doll", 6)
    end = settled(host)
    assert (end["state"], end["step"], end["trouble"], len(end["losses"])) == ("finished", 6, None, 6)
    assert [one["file"] for one in end["samples"]] == ["000003.png", "000006.png"]
    assert [one["name"] for one in api.lessons(host)["lessons"]] == ["doll"]
    assert "doll" in {model.name for model in host.models("lora")}


def test_pause_resume_and_stop(host: FakeHost) -> None:
    host.on_step = lambda done, total: run.wish("doll", "pause") if (done, total) == (3, 6) else None
    api.teach(host, given())
    rested = settled(host)
    assert rested["state"] == "paused" and rested["step"] in (3, 4)
    with pytest.raises(UserError, match="does not run"):
        api.pause(host, LessonArgs("doll"))
    host.on_step = lambda done, total: None
    api.stop(host, LessonArgs("doll"))
    assert settled(host)["state"] == "finished" and settled(host)["step"] == rested["step"]
    with pytest.raises(UserError, match="at its end"):
        api.resume(host, LessonArgs("doll"))


def test_two_cannot_teach_one_lesson(host: FakeHost) -> None:
    steps = run.teach(host, small(), pair())
    next(steps)
    with pytest.raises(UserError, match="runs already"):
        run.resume(host, "doll")
    assert list(steps)[-1].state == "finished"


def test_trouble_in_the_background_is_told(host: FakeHost) -> None:
    name = run.prepared(host, small(kind="words"), pair())  # the fake text encoder has no words
    run.in_background(host, name)
    end = settled(host)
    for _ in range(200):  # the thread tells it just after it has let the lesson go
        end = api.lesson(host, LessonArgs("doll"))
        if end["trouble"]:
            break
        time.sleep(0.01)
    assert end["state"] == "paused" and "cannot be taught words" in end["trouble"]


def test_bad_input_is_refused_in_the_request_itself(host: FakeHost) -> None:
    for more, sentence in (
        ({"pictures": "[]"}, "at least one picture"),
        ({"pictures": json.dumps([{"picture": base64.b64encode(b"no picture").decode()}])}, "Picture 1 cannot be used"),
        ({"pictures": json.dumps([{"picture": encoded()[:200]}])}, "Picture 1 cannot be used"),
        ({"name": "../up"}, "A concept's name"),
        ({"faces": True}, "no preprocessor that finds people"),
        ({"noun": "", "prior": 1.0}, "say what the concept is one of"),
    ):
        with pytest.raises(UserError, match=sentence):
            api.teach(host, small(**{"pictures": json.dumps([{"picture": encoded()}]), **more}))
    with pytest.raises(UserError, match="There is no lesson"):
        api.lesson(host, LessonArgs("../../etc"))
    assert api.lessons(host) == {"lessons": []} and not list(host.folder("lora").iterdir())


def test_an_estimate_and_a_caption(host: FakeHost) -> None:
    told = api.estimate(host, given())
    assert told["fits"] is True and told["step"] > 0
    assert api.caption(host, PictureArgs(encoded())) == {"caption": "a picture of 80 by 72 pixels"}


def values(host: FakeHost, tmp_path: Path, **more: Any) -> list[Any]:
    files = []
    for n in (1, 2):
        pictured(n).save(tmp_path / f"{n}.png")
        files.append(SimpleNamespace(name=str(tmp_path / f"{n}.png")))
    plain = {**vars(small()), "rank": 4.0, "steps": 4.0, "sample_every": 2.0, **more}
    return [files, "red\nblue, on a chair", *(plain[name] for name in teaching.TAUGHT)]


def test_the_panel_teaches(host: FakeHost, tmp_path: Path) -> None:
    block, _, _ = tabs.tab(units.loaded.units["concept-lock"], host)
    ids = [one.elem_id for one in block.blocks.values() if getattr(one, "elem_id", None)]
    assert len(set(ids)) == len(ids) and {f"atelier_concept_lock_teach_{name}" for name in teaching.TAUGHT} <= set(ids)
    given_ = values(host, tmp_path)
    assert teaching._captioned(host, given_[0])[0].count("\n") == 1
    assert "GB" in teaching._estimated(host, *given_)[1]
    shown, said = teaching._started(host, *given_)
    assert "<svg" in shown and shown.count("<img") == 2 and "step 4 of 4" in shown
    assert "doll.safetensors is ready: call it “doll woman”" in said
    sources = teaching._taught_args(given_)[1]
    assert [one.caption for one in sources] == ["red", "blue, on a chair"]
    assert teaching._wished(host, "pause", "doll").startswith('<p class="atelier-error">')
    assert teaching._looked(host, None)[1] == teaching._looked(host, "doll")[1] != ""


def test_the_panel_says_when_a_lesson_rests(host: FakeHost, tmp_path: Path) -> None:
    host.on_step = lambda done, total: run.wish("doll", "pause") if (done, total) == (2, 4) else None
    shown, said = teaching._started(host, *values(host, tmp_path, sample_every=0))
    assert "resting" in shown and "can be resumed" in said
    host.on_step = lambda done, total: None
    assert "is ready" in teaching._resumed(host, "doll")[1]
