"""Teaching over REST and in the panel, on the fake host."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from atelier_concept_lock.teach import api, panel, run
from atelier_concept_lock.teach.desk import desk
from atelier_concept_lock.teach.options import LessonArgs, PictureArgs
from atelier_core import units
from atelier_core.api.pictures import store
from atelier_core.errors import UserError
from atelier_core.host import Annotated, Annotator
from atelier_core.hosts.fake import FakeHost
from atelier_core.ui import tabs
from lesson_files import pair, pictured, small

HOME = Path(__file__).parents[2] / "extensions" / "concept-lock"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FakeHost]:
    assert units.load(HOME) is not None
    made = FakeHost(tmp_path)
    yield made
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
    assert end["state"] == "paused" and "cannot be taught words" in end["trouble"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # whose traceback is wanted
def test_a_fault_in_the_background_is_told_too(host: FakeHost) -> None:
    def broken(done: int, total: int) -> None:
        if (done, total) == (3, 6):
            raise ValueError("as a library may")

    host.on_step = broken
    api.teach(host, given())
    end = settled(host)
    assert (end["state"], end["step"]) == ("paused", 3) and "ValueError: as a library may" in end["trouble"]


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


def on_page(*captions: str, **more: Any) -> str:
    """As the page of pictures writes it."""
    pictures = []
    for n, caption in enumerate(captions, 1):
        key = store.put(base64.b64decode(encoded(n)))
        pictures.append({"id": key, "caption": caption, "crop": None, "mask": None, **more})
    return json.dumps({"atelier_pictures": 1, "pictures": pictures})


def values(**more: Any) -> list[Any]:
    plain = {**vars(small()), "rank": 4.0, "steps": 4.0, "sample_every": 2.0, **more}
    return [plain[name] for name in panel.TAUGHT]


def test_the_panel_teaches(host: FakeHost) -> None:
    block, _, _ = tabs.tab(units.loaded.units["concept-lock"], host)
    ids = [one.elem_id for one in block.blocks.values() if getattr(one, "elem_id", None)]
    assert len(set(ids)) == len(ids) and {f"atelier_concept_lock_teach_{name}" for name in panel.TAUGHT} <= set(ids)
    state = on_page("red", "blue, on a chair", crop=[0, 0, 0.8, 0.9])
    assert [one.caption for one in panel._asked(state, values())[1]] == ["red", "blue, on a chair"]
    assert {one.picture.size for one in panel._asked(state, values())[1]} == {(64, 65)}
    (told,) = panel._estimated(host, state, *values())
    assert "GB" in told and "draws pictures: 3." in told and "atelier-error" not in told
    shown, said = panel._started(host, 4, state, *values())
    opened = json.loads(html.unescape(re.search('data-open="([^"]*)"', shown)[1]))  # type: ignore[index]
    assert json.loads(opened["options"]) == {"name": "doll", "regions": 4} and said == ""
    assert settled(host)["state"] == "finished"


def test_starting_says_what_is_wrong_and_leaves_the_page(host: FakeHost) -> None:
    for state, more, sentence in (
        ("", {}, "at least one picture"),
        ("[]", {}, "must be a list"),
        ('{"pictures": [1]}', {}, "must be a list"),
        ("{", {}, "not valid JSON"),
        (on_page("red"), {"name": " "}, "A concept&#x27;s name"),
        (json.dumps({"pictures": [{"id": "x" * 22}]}), {}, "Picture 1 cannot be used: This picture is no longer held"),
    ):
        shown, said = panel._started(host, 4, state, *values(**more))
        assert sentence in said and "atelier-error" in said and not isinstance(shown, str)


def test_an_estimate_that_does_not_fit_warns(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("atelier_concept_lock.teach.measure.free", lambda device: 10)
    (told,) = panel._estimated(host, on_page("red"), *values())
    assert "atelier-error" in told and "That will not fit" in told


def test_presets_say_what_they_do(host: FakeHost) -> None:
    said = {name: panel._says(host, name, "lora") for name in ("face", "character", "style", "composition")}
    assert "crop to it" in said["face"] and "600 steps, rank 16" in said["face"] and "weight of 0.5" in said["face"]
    assert "Nothing of a noun" in said["style"] and "by its slot" in said["composition"]
    assert "kilobytes" in panel._says(host, "face", "words") and "rank" not in panel._says(host, "face", "words")


def test_what_was_taught_is_used_in_a_region(host: FakeHost) -> None:
    list(run.teach(host, small(), pair()))
    found = panel._used(host, 3, '{"region": 1, "name": "doll"}')
    assert [one.get("value") for one in found] == [None, None, "doll", "doll woman", None, None]
    for text in ("", "{}", '{"region": 7, "name": "doll"}', '{"region": "1", "name": "doll"}'):
        assert all("value" not in one for one in panel._used(host, 3, text))
    rest = run.teach(host, small("rest"), pair())
    next(rest)
    rest.close()
    with pytest.raises(UserError, match="not at its end"):
        run.card(host, "rest")


def test_a_lesson_tells_what_goes_on_before_its_first_step(host: FakeHost) -> None:
    steps = run.teach(host, small(prior=1.0), pair())
    told = []
    for _ in range(4):
        next(steps)
        told.append((run.lesson_status(host, "doll")["note"], run.lesson_status(host, "doll")["left"]))
    drawing, reading = "The webui draws pictures of the noun.", "The pictures and captions are read."
    assert told == [(drawing, None), (drawing, None), (reading, None), ("", None)]
    next(steps)
    now = run.lesson_status(host, "doll", since=1)
    assert (now["state"], now["step"], len(now["losses"])) == ("running", 2, 1) and now["left"] > 0
    list(steps)
    end = run.lesson_status(host, "doll", since=4)
    assert len(end["losses"]) == 2 and end["left"] is None and end["taught"]["state"] == "finished"
    assert end["taught"]["drift"] >= 0 and end["preview"].name == "doll.png"


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("stop", "stopped")])
def test_a_wish_counts_while_pictures_of_the_noun_are_drawn(host: FakeHost, wish: str, state: str) -> None:
    steps = run.teach(host, small(prior=1.0, class_pictures=5), pair())
    next(steps)
    run.wish("doll", wish)
    assert list(steps)[-1].state == state
    assert len(list((run.lessons_in(host) / "doll").rglob("class/*.png"))) == 0


def test_a_lesson_can_be_discarded_and_a_damaged_one_hides_no_other(host: FakeHost) -> None:
    steps = run.teach(host, small(), pair())
    next(steps)
    with pytest.raises(UserError, match="runs already"):
        api.discard(host, LessonArgs("doll"))
    steps.close()
    list(run.teach(host, small("other"), pair()))
    (run.lessons_in(host) / "doll" / "lesson.json").write_text("{")
    told = {one["name"]: one["state"] for one in api.lessons(host)["lessons"]}
    assert told == {"doll": "damaged", "other": "finished"}
    assert [one["name"] for one in api.discard(host, LessonArgs("doll"))["lessons"]] == ["other"]
    assert (host.folder("lora") / "other.safetensors").is_file()
    for name in ("doll", "../lora", ".."):
        with pytest.raises(UserError, match="There is no lesson"):
            api.discard(host, LessonArgs(name))


def test_a_face_is_asked_for_by_picture(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no preprocessor that finds people"):
        api.face(host, PictureArgs(encoded()))
    person = [0.0] * 54
    person[0:6] = [40, 20, 1, 40, 40, 1]  # nose and neck of a picture of 80 x 72
    person[42:45] = [36, 18, 1]
    poses = ({"people": [{"pose_keypoints_2d": person}]},)
    monkeypatch.setattr(FakeHost, "annotators", lambda _: (Annotator("people", "openpose"),))
    monkeypatch.setattr(FakeHost, "annotate", lambda *_: Annotated(pictured(1), poses))
    assert api.face(host, PictureArgs(encoded()))["crop"] == pytest.approx((0.235, 0, 0.715, 0.533), abs=0.01)
    monkeypatch.setattr(FakeHost, "annotate", lambda *_: Annotated(pictured(1)))
    assert api.face(host, PictureArgs(encoded())) == {"crop": None}
