"""The small family's export in a real webui: it draws there what the embedded host draws."""

from __future__ import annotations

import base64
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.job import Job
from PIL import Image
from webui import Webui, given

from dollhouse import export, home

PARTS = ("vae", "text", "unet")
PROMPT = "a smiling girl with fair skin and pink hair wearing a blue t-shirt and a red skirt, waving on a beach"
STEPS, SEED, SIDE = 12, 7, 192


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of an embedded host with the shipped weights, or with random ones where none are shipped yet."""
    root = tmp_path_factory.mktemp("embedded")
    torch.manual_seed(8)
    for name in PARTS:
        home.kept(name, network_of(name), root / "models" / "dollhouse")
    return root


def network_of(name: str) -> Any:
    if all(map(home.has, PARTS)):
        return home.opened(name)
    network = home.made(name)
    if name == "text":  # a webui divides by the mean of what is said, which is 0 before anything is learnt
        torch.nn.init.normal_(network.get_parameter("final_layer_norm.bias"))
    return network


@pytest.fixture(scope="module")
def drawing(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    checkout = given("a1111")
    if checkout is None:
        pytest.skip("no checkout")
    own = family / "models" / "dollhouse"
    path = export.write(tmp_path_factory.mktemp("export"), {name: home.opened(name, own) for name in PARTS})
    data = tmp_path_factory.mktemp("a1111")
    with Webui(checkout, data, checkpoint=path, extensions={}) as running:
        yield running
    shutil.rmtree(data, ignore_errors=True)


def test_the_webui_draws_the_same(drawing: Webui, family: Path) -> None:
    asked = {"prompt": PROMPT, "steps": STEPS, "seed": SEED, "width": SIDE, "height": SIDE, "cfg_scale": 4}
    status, answer = drawing.post("/sdapi/v1/txt2img", {**asked, "sampler_name": "Euler", "scheduler": "Automatic"})
    assert status == 200, drawing.said()[-6000:]
    theirs = np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))).convert("RGB"), np.int16)
    job = Job(prompt=PROMPT, steps=STEPS, seed=SEED, size=Extent(SIDE, SIDE), cfg=4, sampler="Euler")
    ours = np.asarray(EmbeddedHost(family).generate(job).pictures[0].convert("RGB"), np.int16)
    assert theirs.shape == ours.shape == (SIDE, SIDE, 3)
    assert ours.std() > 3
    assert np.abs(theirs - ours).mean() <= 1.0
