"""The upscaler inside a real webui, over HTTP."""

import base64
import io
import re
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import torch
from atelier_upscaler import engine, networks
from PIL import Image
from webui import Webui

MODEL = "random x4"
URL = "/atelier/v1/upscaler/upscale"


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


def coded(pixels: np.ndarray) -> str:
    return base64.b64encode(png(pixels)).decode()


def saved(webui: Webui) -> set[Path]:
    return {file for file in webui.data.rglob("*.png") if "outputs" in file.parts}


def test_the_result_is_what_the_network_makes(webui: Webui) -> None:
    pixels = noise(101, 67)
    status, answer = webui.post(URL, {"picture": coded(pixels), "model": MODEL, "mode": "exact", "tile": 48})
    assert (status, answer["width"], answer["height"]) == (200, 404, 268), answer
    with urllib.request.urlopen(f"{webui.url}/atelier/v1/core/pictures/{answer['id']}") as file:
        made = np.asarray(Image.open(io.BytesIO(file.read())))
    network = networks.load(webui.data / "models" / "ESRGAN" / f"{MODEL}.safetensors")
    with torch.inference_mode():
        whole = engine.upscale(network, pixels, side=512).pixels
    assert np.abs(made.astype(int) - whole).max() <= 1
    assert "Atelier upscale model: random x4" in answer["infotext"]
    assert any(file.name == answer["file"] for file in saved(webui))


def test_uploaded_pictures_serve_as_well(webui: Webui) -> None:
    status, up = webui.post("/atelier/v1/core/pictures", png(noise(40, 30)))
    assert (status, up["width"], up["height"]) == (200, 40, 30)
    status, answer = webui.post(
        URL, {"picture": up["id"], "model": "Lanczos", "target": "long side", "long_side": "2K"}
    )
    assert (status, answer["width"], answer["height"]) == (200, 2048, 1536)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "“picture” is missing."),
        ({"picture": "!!"}, "The picture is neither an id nor base64."),
        ({"picture": coded(noise(8, 8)), "model": "nothing"}, "There is no upscale model “nothing”."),
        ({"picture": coded(noise(8, 8)), "factor": 99}, "“factor” must be between 0.1 and 32."),
        ({"picture": base64.b64encode(b"GIF89a nonsense").decode()}, None),
        ({"picture": base64.b64encode(png(noise(90, 90))[:800]).decode()}, None),
        ({"picture": coded(noise(900, 900)), "factor": 32}, None),
    ],
)
def test_bad_requests_get_one_sentence(webui: Webui, body: dict, sentence: str | None) -> None:
    before = saved(webui)
    status, answer = webui.post(URL, body)
    assert status == 400 and answer["error"].endswith(".")
    assert sentence in (None, answer["error"])
    assert saved(webui) == before


def test_an_interrupt_stops_it_and_saves_nothing(webui: Webui) -> None:
    before, answers = saved(webui), []
    body = {"picture": coded(noise(1500, 1500)), "model": MODEL, "tile": 32}
    run = threading.Thread(target=lambda: answers.append(webui.post(URL, body)))
    run.start()
    while not webui.get("/sdapi/v1/progress")["state"]["sampling_step"]:
        time.sleep(0.05)
    started = time.monotonic()
    webui.post("/atelier/v1/upscaler/interrupt", {})
    run.join(60)
    assert answers == [(409, {"error": "Stopped. Nothing was saved."})]
    assert time.monotonic() - started < 5
    assert saved(webui) == before
    assert webui.post(URL, {"picture": coded(noise(9, 9)), "model": MODEL})[0] == 200


def test_the_hosts_own_list_gives_exact_sizes(webui: Webui) -> None:
    assert f"{MODEL} (Atelier)" in {one["name"] for one in webui.get("/sdapi/v1/upscalers")}
    body = {"image": coded(noise(33, 21)), "upscaling_resize": 4, "upscaler_1": f"{MODEL} (Atelier)"}
    status, answer = webui.post("/sdapi/v1/extra-single-image", body)
    assert status == 200
    assert Image.open(io.BytesIO(base64.b64decode(answer["image"]))).size == (132, 84)


def test_options_are_as_before(webui: Webui) -> None:
    before = webui.get("/sdapi/v1/options")
    assert "samples_format" in before
    webui.post(URL, {"picture": coded(noise(9, 9)), "model": MODEL})
    assert webui.get("/sdapi/v1/options") == before


def test_openapi_lists_the_routes(webui: Webui) -> None:
    paths = webui.get("/openapi.json")["paths"]
    body = paths[URL]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["factor"]["maximum"] == 32


def test_the_console_shows_no_fault_of_ours(webui: Webui) -> None:
    """Frames of ours in a traceback; what others report of themselves, and our warnings, are none."""
    traces = re.findall(r"Traceback \(most recent call last\):\n(?:\s.*\n)+", webui.said())
    assert [one for one in traces if "atelier_" in one] == []
