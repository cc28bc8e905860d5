"""The webui's loaded model as a training needs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from modules import devices, lowvram, prompt_parser, sd_samplers_common, shared

from ...errors import UserError
from ...studio import Meaning, Studio, set_aside, untrained, waves
from .texts import text_layers, tokens

SIZES = 6 * 256  # entries of SDXL's vector behind the pooled text
OWN_CHECKPOINTING = ("checkpoint", "use_checkpoint")  # attributes of ldm's and sgm's blocks


class A1111Studio:
    def __init__(self, model: Any) -> None:
        self.model = model

    @contextmanager
    def opened(self) -> Iterator[Studio]:
        with ExitStack() as inside:
            self.prepare(inside)
            yield Studio(
                checkpoint=str(self.model.sd_checkpoint_info.name_for_extra),
                digest=str(self.model.sd_checkpoint_info.shorthash or ""),
                layers=self.layers(),
                text_layers=text_layers(self.model),
                alphas=self.alphas(),
                prediction="v" if self.predicts_velocity() else "epsilon",
                device=devices.device,
                dtype=self.dtype(),
                encode=self.encode,
                tokens=partial(tokens, self.model),
                latents=self.latents,
                predict=self.predict,
                trains_text=not lowvram.is_enabled(self.model),  # which takes the text encoder off the card meanwhile
            )

    def prepare(self, inside: ExitStack) -> None:
        if shared.cmd_opts.lowvram:
            raise UserError("With --lowvram the webui takes the network apart. Start it without to train a concept.")
        inside.enter_context(untrained([self.model]))
        # theirs forgets the gradients of whatever a hook adds within a block
        inside.enter_context(set_aside([self.model], OWN_CHECKPOINTING, False))
        inside.enter_context(
            set_aside([getattr(self.model, "conditioner", torch.nn.Module())], ["_is_trainable"], True)
        )
        inside.enter_context(_no_loras())

    def layers(self) -> Mapping[str, Any]:
        return dict(self.model.model.diffusion_model.named_modules())

    def alphas(self) -> torch.Tensor:
        found = getattr(self.model, "alphas_cumprod_original", None)
        return (self.model.alphas_cumprod if found is None else found).detach().float().cpu()

    def predicts_velocity(self) -> bool:
        return bool(getattr(self.model, "parameterization", "eps") == "v")

    def dtype(self) -> torch.dtype:
        return devices.dtype_unet

    def encode(self, texts: Sequence[str]) -> Meaning:
        with devices.autocast():
            read = self.model.get_learned_conditioning(prompt_parser.SdConditioning(list(texts)))
        if isinstance(read, dict):
            return Meaning(read["crossattn"], read["vector"][:, :-SIZES])
        return Meaning(read)

    def latents(self, pictures: torch.Tensor) -> torch.Tensor:
        """The webui draws luck here; it is the same each time, and the webui's own goes on as if nothing had been."""
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            made = sd_samplers_common.images_tensor_to_samples(pictures * 0.5 + 0.5, 0, self.model)
        return made.clone().float()

    def predict(self, noisy: torch.Tensor, times: torch.Tensor, read: Meaning, sizes: torch.Tensor) -> torch.Tensor:
        told: dict[str, Any] = {"c_crossattn": [read.context]}
        if read.pooled is not None:
            vector = torch.cat([read.pooled, waves(sizes.to(read.pooled.device)).to(read.pooled)], dim=1)
            told = {"crossattn": read.context, "vector": vector}
        return self.model.apply_model(noisy, times, told).float()


@contextmanager
def _no_loras() -> Iterator[None]:
    """What the last prompt loaded stays in the weights until the next one: the webui takes it out at the next call."""
    networks = sys.modules.get("networks")
    loaded = getattr(networks, "loaded_networks", [])
    before = list(loaded)
    loaded.clear()
    try:
        yield
    finally:
        loaded[:] = before
