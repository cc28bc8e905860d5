"""LoRAs for a real webui's random checkpoint, and pictures of them by the lock's route."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from atelier_concept_lock.files import read_header
from PIL import Image
from safetensors.torch import save_file
from webui import Webui

URL = "/atelier/v1/concept-lock/"
LAYER = re.compile(
    r"^model\.diffusion_model\.(.*(?:attn[12]\.to_\w+(?:\.0)?|ff\.net\.(?:0\.proj|2)|proj_in|proj_out))\.weight$"
)
TEXT = re.compile(
    r"^cond_stage_model\.transformer\.text_model\.(encoder\.layers\.\d+\.(?:self_attn|mlp)\.\w+)\.weight$"
)
PLAIN: dict[str, Any] = {"width": 128, "height": 128, "steps": 3, "cfg": 4.0, "seed": 7, "sampler": "Euler"}
PROMPT, NEGATIVE = "two women at a table", "blurry"


def furnish(webui: Webui) -> None:
    """Two LoRAs over every attention, feed-forward and projection layer, and over the text encoder."""
    for seed, name in enumerate(("anne", "beth")):
        path = webui.data / "models" / "Lora" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors_for(checkpoint(webui), seed), path, {"ss_network_module": "networks.lora"})
    webui.post("/sdapi/v1/refresh-loras", {})


def checkpoint(webui: Webui) -> Path:
    narrow = webui.checkout.kind == "a1111"
    return webui.data.parent / f"random-{'narrow' if narrow else 'full'}.safetensors"


def tensors_for(path: Path, seed: int, rank: int = 4) -> dict[str, torch.Tensor]:
    luck, made = torch.Generator().manual_seed(seed), {}
    for key, shape in read_header(path).shapes.items():
        for pattern, prefix in ((LAYER, "lora_unet_"), (TEXT, "lora_te_text_model_")):
            if found := pattern.match(key):
                name = prefix + found[1].replace(".", "_")
                point = (1,) * (len(shape) - 2)
                down = torch.randn(rank, shape[1], *point, generator=luck) / shape[1] ** 0.5
                up = torch.randn(shape[0], rank, *point, generator=luck) * 0.3 / rank**0.5
                made |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
    return made


def card(name: str, weight: float = 1.0, text: float = 0.0) -> dict[str, Any]:
    return {"name": name, "files": [name], "unet": weight, "text": text}


def drawn(webui: Webui, regions: list[dict[str, Any]], prompt: str = PROMPT, **more: Any) -> tuple[np.ndarray, Any]:
    lock = {"prompt": prompt, "regions": regions, **more}
    status, answer = webui.post(URL + "generate", {**PLAIN, "negative": NEGATIVE, "lock": json.dumps(lock)})
    assert status == 200, answer
    folder = next(path for path in webui.data.rglob(answer["pictures"][0]["file"]))
    return whole(Image.open(folder)), answer


def whole(picture: Image.Image) -> np.ndarray:
    """A picture of invalid numbers is black all over, and equal to every other one."""
    pixels = np.asarray(picture.convert("RGB"), int)
    assert len(np.unique(pixels)) > 50
    return pixels
