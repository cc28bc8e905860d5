"""Learnt words, hypernetworks and whole checkpoints on cards in a real webui, against its own ways with them."""

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
from lock_webui import NEGATIVE, PLAIN, PROMPT, URL, drawn, whole
from PIL import Image
from safetensors.torch import load_file, save_file
from webui import Webui, given

WHOLE, LEFT, RIGHT = [0, 0, 1, 1], [0, 0, 0.5, 1], [0.5, 0, 1, 1]
KEPT = ("time_embed", "emb_layers", "first_stage", "embedding", "input_blocks.0.0", "alphas", "betas", "position_ids")


@pytest.fixture(scope="module", params=["a1111", "forge"])
def kinds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    checkout = given(request.param)
    if checkout is None:
        pytest.skip("no checkout")
    webui = Webui(checkout, tmp_path_factory.getbasetemp() / "webui" / f"kinds-{checkout.kind}")
    webui.data.mkdir(parents=True)
    base = webui._checkpoint()
    _furnish(webui.data, base, checkout.kind == "a1111")
    with webui:
        yield webui


def _furnish(data: Path, base: Path, narrow: bool) -> None:
    luck = torch.Generator().manual_seed(1)
    words, hypers = data / "embeddings", data / "models" / "hypernetworks"
    for folder in (words, hypers, data / "models" / "Stable-diffusion"):
        folder.mkdir(parents=True, exist_ok=True)
    widths = (768, 32, 64, 128) if narrow else (768, 320, 640, 1280)
    old = {"_use_new_zipfile_serialization": False}  # what the newest torch adds, A1111 takes for a bad file
    torch.save({"string_to_param": {"*": torch.randn(2, 768, generator=luck) * 0.1}}, words / "annex.pt", **old)
    state: dict[Any, Any] = {"layer_structure": [1, 1], "activation_func": "linear", "name": "hyper"}
    for width in widths:
        net = {"linear.0.weight": torch.randn(width, width, generator=luck) * 0.3 / width**0.5,
               "linear.0.bias": torch.zeros(width)}  # fmt: skip
        state[width] = (net, net)
    torch.save(state, hypers / "hyper.pt", **old)
    if narrow:
        tensors = load_file(base)
        for key, tensor in tensors.items():
            if tensor.is_floating_point() and tensor.ndim and not any(one in key for one in KEPT):
                spread = tensor.float().std().nan_to_num() * 0.2
                more = torch.randn(tensor.shape, generator=luck) * spread
                tensors[key] = (tensor.float() + more).to(tensor.dtype)
        zoe = data / "models" / "Stable-diffusion" / "zoe.safetensors"
        save_file(tensors, zoe)
        shutil.copy(base.with_suffix(".yaml"), zoe.with_suffix(".yaml"))


def by_host(webui: Webui, prompt: str = PROMPT, **more: Any) -> np.ndarray:
    body = {k: v for k, v in PLAIN.items() if k not in ("cfg", "sampler")}
    body |= {"cfg_scale": PLAIN["cfg"], "sampler_name": PLAIN["sampler"], "prompt": prompt, "negative_prompt": NEGATIVE}
    status, answer = webui.post("/sdapi/v1/txt2img", {**body, **more})
    assert status == 200
    return whole(Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))))


def card(file: str, **more: Any) -> dict[str, Any]:
    return {"name": file, "files": [file], **more}


def test_a_word_over_all_is_the_webui_s_own(kinds: Webui) -> None:
    plain, theirs = by_host(kinds, "an annexe"), by_host(kinds, "an annex")
    region = {"mask": WHOLE, "prompt": "an annex", "cards": [card("embedding:annex")]}
    mine, answer = drawn(kinds, [region])
    assert np.abs(theirs - plain).max() > 8
    assert np.abs(mine - theirs).max() <= 2
    assert answer["report"]["cards"][0]["words"] == ["annex"]
    weighed, _ = drawn(kinds, [{**region, "cards": [card("embedding:annex", text=1.3)]}])
    assert np.abs(weighed - by_host(kinds, "an (annex:1.3)")).max() <= 2
    assert (by_host(kinds, "an annexe") == plain).all()


def test_a_hypernetwork_over_all_is_the_webui_s_own(kinds: Webui) -> None:
    """Forge has none of its own: there it acts, in its region, and is gone."""
    plain = by_host(kinds)
    mine, answer = drawn(kinds, [{"mask": WHOLE, "cards": [card("hypernetwork:hyper", unet=0.8)]}], uncond=True)
    assert np.abs(mine - plain).max() > 8 and not answer["report"]["cards"][0]["missed"]
    if kinds.checkout.kind == "a1111":
        assert np.abs(mine - by_host(kinds, PROMPT + "<hypernet:hyper:0.8>")).max() <= 2
    halves = [{"mask": LEFT, "cards": [card("hypernetwork:hyper")]}, {"mask": RIGHT, "prompt": "a boat"}]
    _, answer = drawn(kinds, halves)
    assert answer["report"]["clean"] and answer["report"]["calls"] == PLAIN["steps"]
    assert answer["report"]["cards"][0]["inside"] > 0
    assert (by_host(kinds) == plain).all()


def test_a_checkpoint_over_all_is_the_other_model(kinds: Webui) -> None:
    if kinds.checkout.kind != "a1111":
        pytest.skip("a model of the full size")
    plain = by_host(kinds)
    mine, answer = drawn(
        kinds, [{"mask": WHOLE, "cards": [card("checkpoint:zoe.safetensors@full", text=1.0)]}], uncond=True
    )
    theirs = by_host(kinds, override_settings={"sd_model_checkpoint": "zoe"})
    assert np.abs(theirs - plain).max() > 8 and np.abs(mine - theirs).max() <= 2
    assert not answer["report"]["cards"][0]["missed"]
    assert (by_host(kinds) == plain).all()


def test_all_that_a_card_can_name_is_listed(kinds: Webui) -> None:
    found = {one["name"]: one for one in kinds.get(URL + "list")["files"]}
    assert found["embedding:annex"]["kinds"] == ["textual inversion"] and not found["embedding:annex"]["trouble"]
    assert found["hypernetwork:hyper"]["kinds"] == ["hypernetwork"]
    assert not any("random" in name for name in found)  # the loaded model
