"""The concept lock in a real webui: equal to its own LoRAs where it should be, and gone where nothing is asked."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from lock_webui import NEGATIVE, PLAIN, PROMPT, URL, card, checkpoint, drawn, tensors_for, whole
from PIL import Image
from safetensors.torch import save_file
from webui import Webui


def by_host(webui: Webui, prompt: str) -> np.ndarray:
    body = {k: v for k, v in PLAIN.items() if k not in ("cfg", "sampler")}
    body |= {"cfg_scale": PLAIN["cfg"], "sampler_name": PLAIN["sampler"], "prompt": prompt, "negative_prompt": NEGATIVE}
    status, answer = webui.post("/sdapi/v1/txt2img", body)
    assert status == 200
    return whole(Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))))


WHOLE, LEFT, RIGHT = [0, 0, 1, 1], [0, 0, 0.5, 1], [0.5, 0, 1, 1]


def test_nothing_asked_is_the_webui_s_own_picture(loras: Webui) -> None:
    made, _ = drawn(loras, [{"mask": LEFT, "cards": [card("anne", 0.0)]}])
    assert (made == by_host(loras, PROMPT)).all()


@pytest.mark.parametrize(("text", "tag"), [(0.0, "<lora:anne:0:1>"), (1.0, "<lora:anne:1:1>")])
def test_a_mask_over_all_is_the_webui_s_own_lora(loras: Webui, text: float, tag: str) -> None:
    plain = by_host(loras, PROMPT)
    theirs = by_host(loras, PROMPT + tag)
    mine, answer = drawn(loras, [{"mask": WHOLE, "cards": [card("anne", text=text)]}], uncond=True)
    assert np.abs(theirs - plain).max() > 8
    assert np.abs(mine - theirs).max() <= 2
    assert not answer["report"]["cards"][0]["missed"]
    assert (by_host(loras, PROMPT) == plain).all()  # nothing stays


def test_two_concepts_in_one_pass_keep_to_their_halves(loras: Webui) -> None:
    regions = [
        {"mask": LEFT, "prompt": "a woman reading", "cards": [card("anne", text=1.0)]},
        {"mask": RIGHT, "prompt": "a woman writing", "cards": [card("beth", text=1.0)]},
    ]
    _, answer = drawn(loras, regions, dial=0.5)
    report = answer["report"]
    assert report["clean"] and report["calls"] == PLAIN["steps"]
    assert [one["outside"] for one in report["cards"]] == [0, 0]
    assert all(one["inside"] > 0 and not one["missed"] for one in report["cards"])


def test_files_are_told_apart_and_bad_locks_get_one_sentence(loras: Webui) -> None:
    found = {one["name"]: one for one in loras.get(URL + "list")["files"]}
    assert found["anne"]["base"] == "SD 1.5" and found["anne"]["kinds"] == ["LoRA"]
    for lock, sentence in (("[", "not valid JSON"), ("{}", "nothing to lock")):
        status, answer = loras.post(URL + "generate", {**PLAIN, "lock": lock})
        assert status == 400 and sentence in answer["error"]


def test_with_weights_of_eight_bits_both_concepts_act(webui: Webui) -> None:
    """Test 12 on A1111 alone: there the webui's own way keeps only the last LoRA."""
    if webui.checkout.kind != "a1111":
        pytest.skip("another storage")
    folder = webui.data.parent / "fp8"
    with Webui(webui.checkout, folder, options={"fp8_storage": "Enable"}) as narrow:
        for seed, name in enumerate(("anne", "beth")):
            path = folder / "models" / "Lora" / f"{name}.safetensors"
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensors_for(checkpoint(webui), seed), path)
        narrow.post("/sdapi/v1/refresh-loras", {})
        cards = {"none": [card("anne", 0)], "anne": [card("anne")], "beth": [card("beth")]}
        made = {name: drawn(narrow, [{"mask": WHOLE, "cards": some}])[0] for name, some in cards.items()}
        both, answer = drawn(narrow, [{"mask": WHOLE, "cards": [card("anne"), card("beth")]}])
    assert all(np.abs(both - one).max() > 8 for one in made.values())
    assert answer["report"]["clean"]
