"""The pose editor on the fake host: what is drawn, what steers it, what stays, what is refused, what routes answer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import mount
from atelier_core.args import read_entries, split_infotext
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.fake import FakeHost
from atelier_core.job import Job
from atelier_core.units import load
from atelier_pose_editor import api, dialects, document, draw, looks, plan, run
from atelier_pose_editor.skeleton import Joint, Person, Pose
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

PACK = Path(__file__).parents[2]
BODY = (
    *((66, 30), (64, 52), (46, 53), (36, 75), (30, 96), (83, 52), (95, 74), (99, 97), (53, 99)),
    *((50, 127), (47, 155), (76, 99), (79, 127), (82, 156), (62, 26), (70, 26), (57, 29), (76, 29)),
)


@pytest.fixture(autouse=True)
def loaded() -> None:
    load(PACK / "extensions" / "pose-editor")


class Host(FakeHost):
    """Notes the jobs that it draws; has every ControlNet."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.jobs: list[Job] = []
        for kind in ("openpose", "scribble", "canny", "lineart"):
            (self.folder("controlnet") / f"{kind}.safetensors").write_bytes(b"")

    def generate(self, job: Job) -> Any:
        self.jobs.append(job)
        return super().generate(job)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def person(dx: float = 0, **more: Any) -> Person:
    return Person(tuple(Joint(float(x + dx), float(y)) for x, y in BODY), **more)


def posed(*people: Person, width: int = 128, height: int = 192) -> str:
    return document.to_text(Pose(Extent(width, height), people or (person(),)))


def scene(width: int = 128, height: int = 192) -> bytes:
    y, x = np.mgrid[:height, :width]
    return png(np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], 2).astype(np.uint8))


def png(pixels: np.ndarray, **texts: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info, out = PngInfo(), io.BytesIO()
    for key, text in texts.items():
        info.add_text(key, text)
    Image.fromarray(pixels).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def drawing(width: int = 128, height: int = 192) -> bytes:
    """A stroke on nothing, as the page gives it."""
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[60:64, 20:100] = (30, 30, 30, 255)
    return png(pixels)


def made(host: Host, **options: Any) -> list[run.Done]:
    args = run.given(options)
    return list(run.generate(host, args, run.seen(source, args)))


SHOWN = base64.b64encode(scene()).decode()


def test_a_pose_becomes_a_control_of_its_own_size(host: Host) -> None:
    (done,) = made(host, document=posed(), prompt="a cat", seed=5, steps=2, pose_weight=0.8, pose_end=0.5)
    (job,) = host.jobs
    (control,) = job.controls
    assert (job.size, job.prompt, job.seed) == ((128, 192), "a cat", 5)
    assert (control.kind, control.weight, control.start, control.end) == ("openpose", 0.8, 0.0, 0.5)
    assert (np.asarray(control.map) == draw.map_of(Pose(Extent(128, 192), (person(),)))).all()
    assert Image.open(done.path).size == (128, 192)


def test_the_infotext_holds_the_pose_and_what_is_unusual(host: Host) -> None:
    (done,) = made(host, document=posed(person(name="Ann", prompt="a girl")), steps=2, pose_weight=0.8)
    entries = read_entries(split_infotext(Image.open(done.path).text["parameters"])[1])  # type: ignore[attr-defined]
    assert run.pose_in(entries) == Pose(Extent(128, 192), (person(name="Ann", prompt="a girl"),))
    assert entries["Atelier pose pose weight"] == "0.8"
    assert not {key for key in entries if "sketch" in key or "seam" in key}


def test_the_same_settings_make_the_same_picture(host: Host) -> None:
    first, again = (made(host, document=posed(), steps=2, seed=5)[0] for _ in range(2))
    other = made(host, document=posed(person(9)), steps=2, seed=5)[0]
    assert same(first.path, again.path) and not same(first.path, other.path)


def same(one: Path, other: Path) -> bool:
    return bool((np.asarray(Image.open(one)) == np.asarray(Image.open(other))).all())


def test_a_drawing_and_a_picture_steer_beside_the_pose(host: Host) -> None:
    sketch, shown = store.put(drawing()), store.put(scene())
    made(host, document=posed(), sketch=sketch, picture=shown, sketch_map="lines", picture_map="canny", steps=2)
    (job,) = host.jobs
    assert [control.kind for control in job.controls] == ["openpose", "scribble", "canny"]
    lines = np.asarray(job.controls[1].map)
    assert (lines[60:64, 20:100] == 255 - 30).all() or (lines[60:64, 20:100] > 128).all()
    assert lines[:60].max() == 0


def test_a_drawing_is_kept_beside_the_result(host: Host) -> None:
    (done,) = made(host, sketch=store.put(drawing()), sketch_map="lines", steps=2)
    entries = read_entries(split_infotext(Image.open(done.path).text["parameters"])[1])  # type: ignore[attr-defined]
    kept = done.path.with_name(f"drawing-{entries['Atelier pose drawing']}.png")
    assert (np.asarray(Image.open(kept)) == np.asarray(Image.open(io.BytesIO(drawing())))).all()


def test_a_preprocessor_of_the_host_makes_a_map(host: Host) -> None:
    made(host, picture=store.put(scene()), picture_map="outline", way="picture", steps=2)
    (control,) = host.jobs[0].controls
    assert control.kind == "lineart" and control.map.size == (128, 192)


def test_a_completed_picture_keeps_every_old_pixel_outside_the_seam(host: Host) -> None:
    cut = scene(128, 140)  # knees at 127, ankles at 155: beyond the frame
    pose = posed(person(), height=140)
    (done,) = made(host, way="complete", picture=store.put(cut), document=pose, margin=16, seam=4, steps=2)
    result, source = np.asarray(Image.open(done.path)), np.asarray(Image.open(io.BytesIO(cut)))
    assert result.shape[1] == 128 and result.shape[0] >= 156 + 16
    assert (result[:136] == source[:136]).all()
    assert (result[140:] != result[139]).any()
    assert done.certificate is not None and done.certificate["equal"] and done.certificate["kept"] == 128 * 136
    assert done.certificate["before"] == hashlib.sha256(source[:136].tobytes()).hexdigest()
    (control,) = host.jobs[0].controls
    assert control.map.size == host.jobs[0].size and np.asarray(control.map)[150:160].any()


def test_the_user_s_own_padding_is_taken(host: Host) -> None:
    pose, shown = posed(person(), height=140), store.put(scene(128, 140))
    (done,) = made(host, way="complete", picture=shown, document=pose, padding="8,0,16,60", seam=0, steps=2)
    assert done.extent == (152, 200)
    assert (np.asarray(Image.open(done.path))[:140, 8:136] == np.asarray(Image.open(store.get(shown)))).all()


def test_an_expression_changes_nothing_but_the_face(host: Host) -> None:
    shown = store.put(scene())
    (done,) = made(host, way="expression", expression="angry", picture=shown, document=posed(), prompt="Ann", steps=2)
    (job,) = host.jobs
    assert job.prompt.startswith("Ann, ")
    (edges,) = job.controls
    hint = looks.EXPRESSIONS["angry"].hint
    assert (edges.kind, edges.weight, edges.start, edges.end) == ("canny", hint.weight, hint.start, hint.end)
    before, after = (np.asarray(Image.open(at)).astype(int) for at in (store.get(shown), done.path))
    changed = (before != after).any(axis=2)
    assert changed[20:40, 55:78].any() and not changed[60:].any()


def test_a_map_that_the_user_chose_holds_an_expression_as_they_say(host: Host) -> None:
    shown, own = store.put(scene()), {"picture_map": "canny", "picture_weight": 0.9}
    made(host, way="expression", picture=shown, document=posed(), steps=2, **own)
    (edges,) = host.jobs[0].controls
    assert (edges.weight, edges.end) == (0.9, 1.0)


def test_a_second_face_far_away_does_not_soften_the_first_one_more(host: Host) -> None:
    shown = store.put(scene(height=384))
    far = Person(tuple(Joint(float(x), float(y + 190)) for x, y in BODY))
    feathers = [
        plan.planned(plan.Given(run.given({"way": "expression"}), pose, picture.read(store.get(shown)), (), {})).feather
        for pose in (Pose(Extent(128, 384), (person(),)), Pose(Extent(128, 384), (person(), far)))
    ]
    assert feathers[0] == feathers[1] > 0


def test_a_result_gives_every_setting_back_without_the_look_s_words(host: Host) -> None:
    said = {"prompt": "Ann: tall, “shy”", "negative": "blurry", "steps": 3, "cfg": 4.5, "seed": 9, "look": "photo"}
    (done,) = made(host, document=posed(person(name="Ann")), pose_weight=0.8, **said)
    assert host.jobs[0].prompt.startswith("Ann: tall, “shy”, ") and host.jobs[0].prompt != said["prompt"]
    pose, found, notes = run.settings_in(done.infotext)
    assert pose == Pose(Extent(128, 192), (person(name="Ann"),)) and notes == ()
    assert {name: found[name] for name in said} == said
    assert (found["pose_weight"], found["pose_end"], found["way"]) == (0.8, 1.0, "new")


def test_an_expression_s_words_come_out_again_too(host: Host) -> None:
    asked = {"way": "expression", "expression": "angry", "look": "photo", "prompt": "Ann", "steps": 2}
    (done,) = made(host, picture=store.put(scene()), document=posed(), **asked)
    found = run.settings_in(done.infotext)[1]
    assert {name: found[name] for name in asked} == asked and found["negative"] == ""


def test_a_spoilt_pose_is_a_note_and_the_rest_is_read(host: Host) -> None:
    (done,) = made(host, document=posed(), steps=3)
    spoilt = done.infotext.replace("ap1.", "ap1.!")
    pose, found, notes = run.settings_in(spoilt)
    assert pose is None and found["steps"] == 3 and len(notes) == 1
    assert run.settings_in("a cat\nSteps: 3, Seed: 4") == (None, {}, ())


def test_what_a_plain_result_lost_of_its_picture_is_told(host: Host) -> None:
    clear = np.dstack([np.asarray(Image.open(io.BytesIO(scene()))), np.full((192, 128), 90, np.uint8)])
    plain, see_through = (
        made(host, way="picture", picture=store.put(one), steps=2)[0] for one in (scene(), png(clear))
    )
    assert not [note for note in plain.notes if "plain RGB" in note]
    assert [note for note in see_through.notes if "plain RGB" in note]


def test_a_series_goes_from_one_pose_to_the_other(host: Host) -> None:
    pose = posed(person(-20), person(20))
    done = made(host, document=pose, frames=3, steps=2, seed=4)
    assert len(done) == 3 and {job.seed for job in host.jobs} == {4}
    first, last = (np.asarray(host.jobs[place].controls[0].map) for place in (0, -1))
    assert (first == draw.map_of(Pose(Extent(128, 192), (person(-20),)))).all()
    assert (last == draw.map_of(Pose(Extent(128, 192), (person(20),)))).all()


def test_pictures_of_a_series_share_a_seed_and_each_holds_its_own_pose(host: Host) -> None:
    made(host, document=posed(person(-20), person(20)), frames=3, steps=2)
    (seed,) = {job.seed for job in host.jobs}
    assert 0 <= seed < 2**32
    poses = [run.pose_in(job.info) for job in host.jobs]
    assert [[round(one.body[1].x) for one in pose.people] for pose in poses] == [[44], [64], [84]]  # type: ignore[union-attr]


def test_beyond_the_frame_of_a_see_through_picture_something_is_seen(host: Host) -> None:
    pixels = np.zeros((140, 128, 4), np.uint8)
    pixels[30:120, 40:90] = (200, 100, 50, 255)
    shown = store.put(png(pixels))
    (done,) = made(host, way="complete", picture=shown, document=posed(), padding="8,0,16,60", seam=0, steps=2)
    result = np.asarray(Image.open(done.path))
    assert (result[:140, 8:136] == pixels).all()
    assert (result[140:, :, 3] == 255).all() and (result[:, :8, 3] == 255).all() and (result[:, 136:, 3] == 255).all()


def test_a_series_that_is_stopped_gives_what_is_saved(host: Host) -> None:
    host.on_step = lambda done, total: setattr(host, "stopping", len(host.jobs) == 3)
    done = made(host, document=posed(person(-20), person(20)), frames=4, steps=2)
    assert len(done) == 2 == len(list(host.outputs("pose-editor").glob("*.png")))
    host.on_step = lambda done, total: setattr(host, "stopping", True)
    with pytest.raises(Interrupted):
        made(host, document=posed(), steps=2)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"document": posed(width=60)}, "A picture must have at least 64 pixels on each side."),
        ({"way": "picture"}, "Choose a picture first."),
        ({"way": "complete", "document": posed()}, "Choose a picture first."),
        ({"document": "{"}, "This is not a pose: it cannot be read as JSON."),
        ({"document": posed(), "frames": 3}, "A series needs exactly two people who are shown"),
        ({"sketch_map": "lines"}, "There is no drawing to make a map of."),
        ({"look": "no such"}, "There is no look “no such”."),
        ({"document": posed(), "pose_model": "no such"}, "There is no ControlNet model for “openpose”."),
        *(
            ({"padding": sides, "way": "complete", "document": posed(), "picture": SHOWN}, "“padding” must be four")
            for sides in ("1,2,3", "1,2,3,4,5", "1,-2,3,4", "1,,3,4", "²,0,0,8", "9" * 5000 + ",0,0,0", "0,0,0,9000")
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(host: Host, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as refused:
        made(host, steps=2, **options)
    assert sentence in str(refused.value)
    assert not list(host.outputs("pose-editor").glob("*.png"))


def test_an_accordion_adds_the_stage_s_pose_or_a_preset(host: Host) -> None:
    values = {"pose_weight": 1.0, "pose_start": 0.0, "pose_end": 1.0, "pose_model": ""}
    state = json.dumps({"pose": json.loads(posed()), "picture": None, "sketch": None})
    size = Extent(256, 384)
    assert not run.additions(host, {"on": False, "state": state, **values}, size).controls
    of_stage = run.additions(host, {"on": True, "state": state, "preset": "", **values}, size)
    (control,) = of_stage.controls
    assert control.map.size == size
    joint = run.pose_in(of_stage.info).people[0].body[0]  # type: ignore[union-attr]
    assert (joint.x, joint.y) == (132.0, 60.0)
    name = run.preset_names(host)[3]
    of_library = run.additions(host, {"on": True, "state": state, "preset": name, **values}, size)
    assert (np.asarray(of_library.controls[0].map) != np.asarray(control.map)).any()
    with pytest.raises(UserError, match="There is nobody on the stage"):
        run.additions(host, {"on": True, "state": "", "preset": "", **values}, size)


# ---- the routes


@pytest.fixture
def client(host: Host) -> TestClient:
    app = FastAPI()
    mount(app, host, "pose-editor", api.ROUTES)
    return TestClient(app)


def asked(client: TestClient, verb: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/atelier/v1/pose-editor/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_generate_answers_with_ids_and_infotexts(client: TestClient, host: Host) -> None:
    (one,) = asked(client, "generate", document=posed(), steps=2, seed=8)["pictures"]
    assert (one["width"], one["height"], one["seed"]) == (128, 192, 8)
    assert Image.open(store.get(one["id"])).size == (128, 192) and "Seed: 8" in one["infotext"]


def test_a_drawn_map_is_read_back(client: TestClient) -> None:
    key = asked(client, "draw", document=posed())["id"]
    assert (np.asarray(Image.open(store.get(key))) == draw.map_of(document.from_text(posed()))).all()
    (found,) = asked(client, "read", picture=key)["document"]["people"]
    places = np.array(found["body"]).reshape(18, 3)[:, :2]
    assert np.abs(places - np.array(BODY)).max() <= 1


def test_a_result_gives_its_pose_back(client: TestClient) -> None:
    (one,) = asked(client, "generate", document=posed(person(name="Ann")), steps=2)["pictures"]
    assert asked(client, "read", picture=one["id"])["document"] == json.loads(posed(person(name="Ann")))


def test_a_file_of_any_dialect_is_read(client: TestClient) -> None:
    pose = Pose(Extent(128, 192), (person(),))
    text = json.dumps(dialects.openpose(pose))
    read = asked(client, "read", text=text)["document"]
    assert document.from_document(read).people[0].body == pose.people[0].body
    svg = asked(client, "svg", document=posed())["svg"]
    assert document.from_document(asked(client, "read", text=svg)["document"]).people[0].body == pose.people[0].body
    assert asked(client, "openpose", document=posed()) == dialects.openpose(pose)


def test_what_the_frame_cuts_off_is_proposed(client: TestClient) -> None:
    body = tuple(Joint(j.x, j.y, on=j.y < 140) for j in person().body)
    answer = asked(client, "complete", document=posed(Person(body), height=140), margin=16)
    proposed = {(one["part"], one["index"]) for one in answer["ghosts"]}
    assert {("body", 10), ("body", 13)} <= proposed
    assert answer["padding"]["bottom"] >= 16 and answer["padding"]["top"] == 0


def test_one_who_is_hardly_seen_does_not_stop_the_others(client: TestClient) -> None:
    cut = Person(tuple(Joint(j.x, j.y, on=j.y < 140) for j in person().body))
    hardly = Person((Joint(20, 20), *(Joint(0, 0, on=False),) * 17))
    answer = asked(client, "complete", document=posed(hardly, cut, height=140), margin=16)
    assert {one["person"] for one in answer["ghosts"]} == {1}
    assert answer["document"]["people"][0]["body"][:3] == [20, 20, 1]


def test_a_new_pose_begins_with_a_size_that_the_model_draws_well(client: TestClient, host: Host) -> None:
    def told() -> Any:
        return client.get("/atelier/v1/pose-editor/canvas").json()

    assert told() == {"width": 512, "height": 768}
    head = b'{"conditioner.embedders.1.model.ln_final.weight": {}}'
    (host.folder("checkpoint") / "0.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    assert told() == {"width": 832, "height": 1216}


def test_presets_come_with_points_and_own_ones_are_kept(client: TestClient) -> None:
    before = client.get("/atelier/v1/pose-editor/presets").json()["presets"]
    kinds = [one["kind"] for one in before]
    assert kinds.count("body") >= 24 and kinds.count("hand") >= 8 and kinds.count("face") >= 6
    assert all(set(one["name"]) == {"en", "ko"} and one["points"] for one in before)
    assert asked(client, "keep", document=posed(), name="my wave", person=0) == {"name": "my wave"}
    after = client.get("/atelier/v1/pose-editor/presets").json()["presets"]
    (own,) = [one for one in after if one["own"]]
    neck, nose = own["points"][1], own["points"][0]
    assert asked(client, "forget", name="my wave") == {"name": "my wave"}
    assert not [one for one in client.get("/atelier/v1/pose-editor/presets").json()["presets"] if one["own"]]
    assert own["name"]["en"] == "my wave" and neck == [0.0, 0.0] and nose[1] < 0


def test_a_left_hand_is_kept_as_a_right_one(client: TestClient) -> None:
    left = tuple(Joint(40.0 - 2 * i, 50.0 - i) for i in range(21))
    face = tuple(Joint(60.0 + i % 7, 20.0 + i // 7) for i in range(70))
    pose = posed(person(left=left, face=face))
    for kind, part in (("hand", "left"), ("face", "")):
        assert asked(client, "keep", document=pose, name=f"my {kind}", kind=kind, part=part) == {"name": f"my {kind}"}
    presets = client.get("/atelier/v1/pose-editor/presets").json()["presets"]
    own = {one["kind"]: one["points"] for one in presets if one["own"]}
    assert set(own) == {"hand", "face"} and len(own["hand"]) == 21 and len(own["face"]) == 70
    assert own["hand"][0] == [0.0, 0.0] and own["hand"][9][0] > 0 > own["hand"][9][1]
    assert np.hypot(*own["hand"][9]) == pytest.approx(1, abs=1e-3)
    answer = client.post(
        "/atelier/v1/pose-editor/keep", json={"document": pose, "name": "no", "kind": "hand", "part": "right"}
    )
    assert answer.status_code == 400 and answer.json()["error"] == "This person has no such part to keep."


def test_regions_are_masks_of_people_with_their_words(client: TestClient) -> None:
    hidden, shown = person(30, on=False), person(name="Ann", concept="ann-v2", prompt="a girl")
    (one,) = asked(client, "regions", document=posed(shown, hidden))["regions"]
    mask = np.asarray(Image.open(store.get(one["mask"])))
    assert (one["name"], one["concept"], one["prompt"]) == ("Ann", "ann-v2", "a girl")
    assert mask.shape == (192, 128) and mask[80, 64] == 255 and mask[5, 5] == 0


def test_a_structure_map_is_previewed(client: TestClient) -> None:
    shown = base64.b64encode(scene()).decode()
    answer = asked(client, "map", picture=shown, map="canny", parameters='{"low": 50}')
    assert answer["kind"] == "canny" and Image.open(store.get(answer["id"])).size == (128, 192)
    names = {one["name"] for one in client.get("/atelier/v1/pose-editor/maps").json()["maps"]}
    assert {"canny", "lines", "outline"} <= names and "fancy" not in names


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("map", {"picture": "", "map": "canny"}),
        ("map", {"picture": "AAAA", "map": "canny"}),
        ("map", {"picture": base64.b64encode(scene()).decode(), "map": "canny", "parameters": '{"low": "x"}'}),
        ("keep", {"document": posed(), "name": "../..", "person": 7}),
        ("keep", {"document": posed(), "name": " . "}),
        ("read", {"text": "[" * 100_000}),
        ("read", {"text": "<svg onload='x()'/>"}),
        ("read", {"text": "ap1.AAAA"}),
        ("complete", {"document": document.to_text(Pose(Extent(64, 64), (Person((Joint(0, 0, on=False),) * 18),)))}),
        ("detect", {"picture": base64.b64encode(scene()).decode()}),
        ("draw", {"document": '{"atelier_pose": 1, "width": 1e9, "height": 4, "people": []}'}),
    ],
)
def test_bad_input_is_one_sentence(client: TestClient, verb: str, body: dict[str, Any]) -> None:
    answer = client.post(f"/atelier/v1/pose-editor/{verb}", json=body)
    assert answer.status_code == 400 and len(answer.json()["error"]) > 10, answer.text
