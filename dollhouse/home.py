"""Where the family's weights lie, as diffusers lays out its folders, and how they are read and written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from dollhouse import nets

HOME = Path(__file__).resolve().parents[1] / "models" / "dollhouse"
_WEIGHTS = "diffusion_pytorch_model.safetensors"
CONTROLS = ("openpose", "scribble", "light")
BASE = "Stable-diffusion/dollhouse"  # folders as a host has them, so that it finds everything in its place
PLACES = {
    "vae": f"{BASE}/vae/{_WEIGHTS}",
    "text": f"{BASE}/text_encoder/model.safetensors",
    "unet": f"{BASE}/unet/{_WEIGHTS}",
    "inpaint": f"{BASE}-inpainting/unet/{_WEIGHTS}",
    **{kind: f"ControlNet/dollhouse-{kind}/{_WEIGHTS}" for kind in CONTROLS},
}
UPSCALER = "ESRGAN/dollhouse-x4.safetensors"
_MAKERS = {"vae": nets.vae, "text": nets.text, "unet": nets.unet, "inpaint": lambda: nets.unet(9)}
_SCHEDULE = {
    "_class_name": "DDIMScheduler",
    "num_train_timesteps": 1000,
    "beta_start": nets.BETAS[0],
    "beta_end": nets.BETAS[1],
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}


def has(name: str, home: Path = HOME) -> bool:
    return (home / PLACES[name]).is_file()


def made(name: str) -> Any:
    """A network of that name as it begins."""
    return _MAKERS.get(name, nets.controlnet)()


def filled(network: Any, path: Path) -> bool:
    """Fills the network from a file, if there is one."""
    if path.is_file():
        network.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    return path.is_file()


def taken(name: str, network: Any, home: Path) -> bool:
    """Fills the network with what is kept, if there is something."""
    return filled(network, home / PLACES[name])


def opened(name: str, home: Path = HOME) -> Any:
    """A network ready to use."""
    network = made(name)
    if not taken(name, network, home):
        raise FileNotFoundError(f"{home} has no {PLACES[name]}: train it with python -m dollhouse.train")
    return network.eval().requires_grad_(False)


def kept(name: str, network: Any, home: Path) -> None:
    """Halves, with the configurations by which diffusers finds its way."""
    path = home / PLACES[name]
    write(path, network.state_dict())
    network.config.save_pretrained(path.parent) if name == "text" else network.save_config(path.parent)
    if name in ("unet", "inpaint"):
        folder = path.parents[1]
        (folder / "scheduler").mkdir(exist_ok=True)
        _json(folder / "scheduler" / "scheduler_config.json", _SCHEDULE)
        # what another folder already has is not kept twice
        _json(folder / "model_index.json", _INDEX if name == "unet" else {**_INDEX, "_parts_from": "../dollhouse"})


def _json(path: Path, record: dict[str, Any]) -> None:
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    """Halves, but for doubles, which become singles; a file that is there stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {name: _half(tensor) for name, tensor in tensors.items()}
    unfinished = path.with_suffix(".tmp")
    save_file(halves, unfinished, metadata or {"format": "pt"})
    unfinished.replace(path)


def _half(tensor: torch.Tensor) -> torch.Tensor:
    shorter = {torch.double: torch.float, torch.float: torch.half, torch.bfloat16: torch.half}
    return tensor.detach().cpu().to(shorter.get(tensor.dtype, tensor.dtype)).contiguous()
