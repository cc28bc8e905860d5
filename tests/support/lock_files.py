"""Adapters over every layer of a tiny model, in each kind, and calls of its denoiser with patches on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import loras as host_loras
from atelier_core.hosts.embedded.encode import contexts, text_layers, tokens
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.patches import Attached, Now, Texts
from oracle_adapters import CASES, draws
from safetensors.torch import save_file

Tensor = torch.Tensor
LATENT = Extent(16, 16)
OFF = re.compile(r"time_embed|label_emb|emb_layers")
EDGE = re.compile(r"^(input_blocks\.0\.0|out\.)")  # what adapters leave alone


def weight_shape(module: Any) -> tuple[int, ...]:
    return tuple(module.weight.shape)


def adapted(layers: Mapping[str, Any], only: str = "") -> dict[str, Any]:
    """The Linear and Conv2d layers that adapters are trained on."""
    return {
        name: module
        for name, module in layers.items()
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and not EDGE.match(name) and re.search(only, name)
    }


def lora(
    path: Path,
    layers: Mapping[str, Any],
    seed: int,
    rank: int = 4,
    size: float = 0.3,
    texts: Mapping[str, Any] | None = None,
) -> Path:
    """kohya's, of random factors that move a layer's answer by about `size` of its own spread."""
    luck = torch.Generator().manual_seed(seed)
    tensors: dict[str, Tensor] = {}
    named = {f"lora_unet_{name.replace('.', '_')}": module for name, module in layers.items()}
    for name, module in (texts or {}).items():
        if isinstance(module, torch.nn.Linear):
            target, rest = name.split(".", 1)
            prefix = "lora_te" if target == "te1" else f"lora_{target}"
            named[f"{prefix}_text_model_{rest.replace('.', '_')}"] = module
    for name, module in named.items():
        out, *ins = weight_shape(module)
        fan = torch.Size(ins).numel()
        tensors[f"{name}.lora_down.weight"] = torch.randn(rank, *ins, generator=luck) / fan**0.5
        up = torch.randn(out, rank, *[1] * (len(ins) - 1), generator=luck)
        tensors[f"{name}.lora_up.weight"] = up * size / rank**0.5
        tensors[f"{name}.alpha"] = torch.tensor(float(rank))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, path)
    return path


def adapter(path: Path, layers: Mapping[str, Any], kind: str, seed: int) -> Path:
    """Of a kind of `oracle_adapters.CASES`, on every layer whose shape the kind can have."""
    draw = draws(seed)
    wants = len(CASES[kind][0])
    tensors: dict[str, Tensor] = {}
    for name, module in layers.items():
        shape = weight_shape(module)
        if len(shape) == wants and all(side % 4 == 0 for side in shape[:2]):
            made = CASES[kind][1].endings(lambda *s: draw(*s) * 0.1, shape)
            tensors |= {f"lora_unet_{name.replace('.', '_')}.{ending}": t for ending, t in made.items()}
    save_file({k: v.contiguous() for k, v in tensors.items()}, path)
    return path


def norms(path: Path, layers: Mapping[str, Any], seed: int) -> Path:
    draw, tensors = draws(seed), {}
    for name, module in layers.items():
        if isinstance(module, (torch.nn.GroupNorm, torch.nn.LayerNorm)) and not EDGE.match(name):
            flat = f"lora_unet_{name.replace('.', '_')}"
            tensors |= {
                f"{flat}.w_norm": draw(*module.weight.shape) * 0.1,
                f"{flat}.b_norm": draw(*module.weight.shape) * 0.1,
            }
    save_file(tensors, path)
    return path


def texts_of(host: EmbeddedHost) -> Texts:
    return Texts(text_layers(host.model()), partial(contexts, host.model()), partial(tokens, host.model()))


def attached(host: EmbeddedHost, patches: Sequence[Any], now: Now) -> Attached:
    return Attached(host.model().layers, patches, now, texts_of(host))


def cond_first(latent: Extent, step: int = 0, steps: int = 1) -> Now:
    return Now(step, steps, 1.0, ("cond", "uncond"), latent)


def denoised(
    host: EmbeddedHost,
    patches: Sequence[Any] = (),
    loras: Sequence[Any] = (),
    latent: Extent = LATENT,
    prompt: str = "two women",
    negative: str = "blurry",
    seed: int = 0,
    now: Now | None = None,
    change: Callable[[Tensor], Tensor] = lambda x: x,
) -> Tensor:
    """One call of the denoiser, [2, 4, h, w]: the row of the prompt, the row of the negative one."""
    model = host.model()
    luck = torch.Generator().manual_seed(seed)
    x = change(torch.randn(1, 4, latent.height, latent.width, generator=luck)).repeat(2, 1, 1, 1)
    with torch.no_grad(), host_loras.applied(loras):
        read = torch.cat(contexts(model, [prompt, negative])).to(model.dtype)
        with attached(host, patches, now or cond_first(latent)):
            return model.unet(x.to(model.dtype), 500, read, return_dict=False)[0].float()
