"""python -m dollhouse.export FOLDER        writes the family as one checkpoint in the names that webuis know

FOLDER/dollhouse.safetensors and its .yaml are for a webui's models/Stable-diffusion. The narrow text encoder
lies in FOLDER/dollhouse-clip, and the .yaml says where: export to where the files are to stay. `--inpainting` writes
the model of nine channels likewise.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import torch

from dollhouse import home, nets
from dollhouse.widen import COPIES, widened

UNET, VAE, TEXT = "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.text_model."
_TEXT = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "projection_dim", "vocab_size")
_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def checkpoint(parts: dict[str, Any]) -> dict[str, torch.Tensor]:
    """UNet, VAE and text encoder, in ldm's names."""
    from atelier_core.hosts.embedded import names

    back = {new: old for old, new in names.unet_table(parts["unet"].config).items()}
    unet = {names.renamed(key, back): value for key, value in parts["unet"].state_dict().items()}
    vae = {vae_name(key): vae_value(key, value) for key, value in widened(parts["vae"].state_dict()).items()}
    text = {key.removeprefix("text_model."): value for key, value in parts["text"].state_dict().items()}
    made = {UNET + str(key): value for key, value in unet.items()} | {VAE + key: value for key, value in vae.items()}
    made |= {TEXT + key: value for key, value in text.items() if "position_ids" not in key}
    return made | {TEXT + "embeddings.position_ids": torch.arange(77)[None], **schedule()}


def schedule() -> dict[str, torch.Tensor]:
    """A webui that skips all initialisation takes these from the file, and draws black without them."""
    alphas = nets.alphas().double()
    betas = 1 - alphas / torch.cat([alphas.new_ones(1), alphas[:-1]])
    return {"alphas_cumprod": alphas, "betas": betas}


def vae_name(key: str) -> str:
    """encoder.down_blocks.0.resnets.1.conv1.weight -> encoder.down.0.block.1.conv1.weight"""
    levels = len(nets.VAE_WIDTHS)
    key = re.sub(r"^encoder\.down_blocks\.(\d+)\.resnets\.(\d+)\.", r"encoder.down.\1.block.\2.", key)
    key = re.sub(r"^encoder\.down_blocks\.(\d+)\.downsamplers\.0\.", r"encoder.down.\1.downsample.", key)
    key = re.sub(
        r"^decoder\.up_blocks\.(\d+)\.resnets\.(\d+)\.",
        lambda m: f"decoder.up.{levels - 1 - int(m[1])}.block.{m[2]}.",
        key,
    )
    key = re.sub(
        r"^decoder\.up_blocks\.(\d+)\.upsamplers\.0\.", lambda m: f"decoder.up.{levels - 1 - int(m[1])}.upsample.", key
    )
    key = re.sub(r"\.mid_block\.resnets\.(\d+)\.", lambda m: f".mid.block_{int(m[1]) + 1}.", key)
    key = re.sub(
        r"\.mid_block\.attentions\.0\.(.+)\.(weight|bias)$", lambda m: f".mid.attn_1.{_ATTENTION[m[1]]}.{m[2]}", key
    )
    return key.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")


def vae_value(key: str, value: torch.Tensor) -> torch.Tensor:
    """ldm's attention is made of convolutions."""
    projects = ".attentions." in key and key.endswith(".weight") and "group_norm" not in key
    return value[:, :, None, None] if projects else value


def yaml_of(channels: int, clip: Path) -> str:
    """As the ldm code of the webuis reads it."""
    record = {
        "model": {
            "target": "ldm.models.diffusion.ddpm." + ("LatentDiffusion" if channels == 4 else "LatentInpaintDiffusion"),
            "params": {
                "linear_start": nets.BETAS[0],
                "linear_end": nets.BETAS[1],
                "num_timesteps_cond": 1,
                "log_every_t": 200,
                "timesteps": 1000,
                "first_stage_key": "jpg",
                "cond_stage_key": "txt",
                "image_size": 24,
                "channels": 4,
                "cond_stage_trainable": False,
                "conditioning_key": "crossattn" if channels == 4 else "hybrid",
                "monitor": "val/loss_simple_ema",
                "scale_factor": nets.LATENT_SCALE,
                "use_ema": False,
                "unet_config": {
                    "target": "ldm.modules.diffusionmodules.openaimodel.UNetModel",
                    "params": _unet(channels),
                },
                "first_stage_config": {"target": "ldm.models.autoencoder.AutoencoderKL", "params": _vae()},
                "cond_stage_config": {
                    "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
                    "params": {"version": clip.as_posix()},
                },
            },
        }
    }
    return json.dumps(record, indent=2) + "\n"  # JSON is YAML


def _unet(channels: int) -> dict[str, Any]:
    return {
        "image_size": 24,
        "in_channels": channels,
        "out_channels": 4,
        "model_channels": nets.WIDTHS[0],
        "attention_resolutions": [1, 2, 4],
        "num_res_blocks": 2,
        "channel_mult": [width // nets.WIDTHS[0] for width in nets.WIDTHS],
        "num_heads": nets.HEADS,
        "use_spatial_transformer": True,
        "transformer_depth": 1,
        "context_dim": nets.CONTEXT,
        "use_checkpoint": False,
        "legacy": False,
    }


def _vae() -> dict[str, Any]:
    shape = {
        "double_z": True,
        "z_channels": 4,
        "resolution": 192,
        "in_channels": 3,
        "out_ch": 3,
        "ch": nets.VAE_WIDTHS[0] * COPIES,
        "ch_mult": [width // nets.VAE_WIDTHS[0] for width in nets.VAE_WIDTHS],
        "num_res_blocks": 2,
        "attn_resolutions": [],
        "dropout": 0.0,
    }
    nothing = {"target": "torch.nn.Identity"}
    return {"embed_dim": 4, "monitor": "val/rec_loss", "ddconfig": shape, "lossconfig": nothing}


def write(folder: Path, parts: dict[str, Any], name: str = "dollhouse") -> Path:
    """The checkpoint's path."""
    from atelier_core.hosts.embedded.tokenizer import write_clip

    folder, clip = folder.resolve(), folder.resolve() / "dollhouse-clip"
    path = folder / f"{name}.safetensors"
    side = 8 * parts["unet"].config.sample_size
    home.write(path, checkpoint(parts), {"format": "pt", "modelspec.resolution": f"{side}x{side}"})
    path.with_suffix(".yaml").write_text(yaml_of(parts["unet"].config.in_channels, clip), encoding="utf-8")
    write_clip(clip, {name: getattr(parts["text"].config, name) for name in _TEXT})
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--inpainting", action="store_true")
    asked = parser.parse_args()
    which, name = ("inpaint", "dollhouse-inpainting") if asked.inpainting else ("unet", "dollhouse")
    parts = {"unet": home.opened(which), "vae": home.opened("vae"), "text": home.opened("text")}
    print(write(asked.folder, parts, name))


if __name__ == "__main__":
    main()
