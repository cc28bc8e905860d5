"""The pose editor inside a real webui: what its ControlNet receives, from our route and from the host's own tab."""

import base64
import hashlib
import io
import json
import urllib.request
from typing import Any

import numpy as np
import pytest
from atelier_core.geometry import Extent
from atelier_pose_editor import dialects, document, draw
from atelier_pose_editor.skeleton import Joint, Person, Pose
from PIL import Image
from webui import CONTROLNET, Webui

URL = "/atelier/v1/pose-editor"
BODY = (
    *((66, 30), (64, 52), (46, 53), (36, 75), (30, 96), (83, 52), (95, 74), (99, 97), (53, 99)),
    *((50, 127), (47, 155), (76, 99), (79, 127), (82, 156), (62, 26), (70, 26), (57, 29), (76, 29)),
)


def pose(width: int = 128, height: int = 192) -> Pose:
    return Pose(Extent(width, height), (Person(tuple(Joint(float(x), float(y)) for x, y in BODY), name="one"),))


@pytest.fixture(scope="module")
def steered(webui: Webui) -> Webui:
    import os

    if webui.checkout.kind == "a1111" and CONTROLNET not in os.environ:
        pytest.skip(f"skipped: {CONTROLNET} names no sd-webui-controlnet")
    webui.post("/atelier-hints", {})
    return webui


def noted(webui: Webui) -> list[dict[str, Any]]:
    return webui.get("/atelier-hints")


def of(pixels: np.ndarray) -> dict[str, Any]:
    return {"shape": list(pixels.shape), "sha256": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()}


def test_the_control_tensor_is_our_map(steered: Webui) -> None:
    asked = {"document": document.to_text(pose()), "steps": 2, "seed": 3, "pose_model": "random"}
    status, answer = steered.post(f"{URL}/generate", asked)
    assert status == 200, answer
    (made,) = answer["pictures"]
    assert (made["width"], made["height"], made["seed"]) == (128, 192, 3)
    assert of(draw.map_of(pose())) in noted(steered)
    assert any("ControlNet" in note for note in made["notes"])
    assert document.from_code(entry(made["infotext"])) == pose()


def entry(infotext: str) -> str:
    return infotext.partition("Atelier pose: ")[2].partition(",")[0].strip()


def test_an_accordion_of_the_host_s_own_tab_gives_the_same_map(steered: Webui) -> None:
    steered.post("/atelier-hints", {})
    status, answer = steered.post("/sdapi/v1/txt2img", own_tab(steered))
    assert status == 200, answer
    assert of(draw.map_of(pose())) in noted(steered)
    info = json.loads(answer["info"])["infotexts"][0]
    assert document.from_code(entry(info)) == pose() and "ControlNet 0" in info


def test_a_loop_over_one_run_steers_each_picture_once(steered: Webui) -> None:
    steered.post("/atelier-hints", {})
    start = io.BytesIO()
    Image.new("RGB", (128, 192), (90, 120, 60)).save(start, "PNG")
    loop = {"script_name": "Loopback", "script_args": [3, 0.5, "Linear", "None"]}
    asked = {**own_tab(steered, img2img=True), **loop, "init_images": [base64.b64encode(start.getvalue()).decode()]}
    status, answer = steered.post("/sdapi/v1/img2img", asked)
    assert status == 200, answer
    assert noted(steered) == [of(draw.map_of(pose()))] * 3


@pytest.mark.parametrize("own", [True, False], ids=["tab", "route"])
def test_a_model_that_is_none_is_told(steered: Webui, own: bool) -> None:
    steered.post("/atelier-hints", {})
    if own:
        status, answer = steered.post("/sdapi/v1/txt2img", own_tab(steered, pose_model="spoilt"))
        assert status == 200 and "Atelier pose" not in answer["info"], answer
        assert "ControlNet did not run; the webui's console says why." in steered.said()
    else:
        asked = {"document": document.to_text(pose()), "steps": 2, "pose_model": "spoilt"}
        status, answer = steered.post(f"{URL}/generate", asked)
        assert (status, answer["error"]) == (400, "ControlNet did not run; the webui's console says why.")
    assert noted(steered) == []


def own_tab(webui: Webui, img2img: bool = False, **changed: Any) -> dict[str, Any]:
    """A request as the host's API takes it; the arguments of our script in the order of its controls."""
    scripts = {one["name"]: one for one in webui.get("/sdapi/v1/script-info") if one["is_img2img"] == img2img}
    labels = [argument["label"] for argument in scripts["atelier: pose"]["args"]]
    state = json.dumps({"pose": document.to_document(pose()), "picture": None, "sketch": None})
    values = {"on": True, "page": "", "hint": "", "state": state, "preset": "", "pose_weight": 1, "pose_start": 0}
    values |= {"pose_end": 1, "pose_model": "random", **changed}
    assert len(labels) == len(values), labels
    scripts_asked = {"atelier: pose": {"args": list(values.values())}}
    size = {"width": 128, "height": 192, "steps": 2, "seed": 3, "prompt": "a cat"}
    return {**size, "alwayson_scripts": scripts_asked, "save_images": False}


def test_an_accordion_that_is_off_changes_nothing(webui: Webui) -> None:
    plain = {key: value for key, value in own_tab(webui).items() if key != "alwayson_scripts"}
    pictures = [webui.post("/sdapi/v1/txt2img", asked)[1]["images"][0] for asked in (plain, own_tab(webui, on=False))]
    assert pixels(pictures[0]) == pixels(pictures[1])


def pixels(coded: str) -> bytes:
    return Image.open(io.BytesIO(base64.b64decode(coded))).convert("RGB").tobytes()


def test_what_is_wrong_with_an_accordion_is_said(webui: Webui) -> None:
    status, answer = webui.post("/sdapi/v1/txt2img", own_tab(webui, pose_model="no such model"))
    assert status == 200 and "Atelier pose" not in answer["info"], answer
    said = webui.said()
    assert "There is no ControlNet model for “no such model”." in said or "ControlNet is not running." in said


def test_a_map_is_drawn_and_read_back(webui: Webui) -> None:
    status, answer = webui.post(f"{URL}/draw", {"document": json.dumps(dialects.openpose(pose()))})
    assert status == 200, answer
    with urllib.request.urlopen(f"{webui.url}/atelier/v1/core/pictures/{answer['id']}") as file:
        drawn = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
    assert (drawn == draw.map_of(pose())).all()
    status, answer = webui.post(f"{URL}/read", {"picture": answer["id"]})
    assert status == 200 and len(answer["document"]["people"]) == 1, answer


@pytest.mark.parametrize(
    ("verb", "body", "sentence"),
    [
        ("generate", {"document": "{"}, "This is not a pose: it cannot be read as JSON."),
        ("generate", {"document": '{"people": [{"pose_keypoints_2d": [1e9, 1, 1]}]}'}, None),
        ("detect", {"picture": "!!"}, "The picture is neither an id nor base64."),
        ("generate", {"way": "picture"}, "Choose a picture first."),
    ],
)
def test_bad_input_is_one_sentence(webui: Webui, verb: str, body: dict[str, Any], sentence: str | None) -> None:
    status, answer = webui.post(f"{URL}/{verb}", body)
    assert status == 400 and answer["error"] and (sentence is None or answer["error"] == sentence)
