"""What a file says of its training, in the entries that kohya's scripts and the model specification have."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import torch
from atelier_core import __version__
from atelier_core.geometry import Extent
from atelier_core.studio import Studio
from safetensors.torch import save

from . import basis
from .descent import MOST_NORM, kind_of
from .options import TeachArgs, base_of, called, prompt_of

Tensor = torch.Tensor
BASE = {"SD 1.5": "sd_v1", "SD 2": "sd_v2", "SDXL": "sdxl_base_v1-0"}
ARCHITECTURE = {"SD 1.5": "stable-diffusion-v1", "SD 2": "stable-diffusion-v2", "SDXL": "stable-diffusion-xl-v1-base"}
IMPLEMENTATION = {"SDXL": "https://github.com/Stability-AI/generative-models"}
OPTIMIZERS = {
    "adamw": "torch.optim.adamw.AdamW",
    "adamw8bit": "bitsandbytes.optim.adamw.AdamW8bit",
    "paged": "bitsandbytes.optim.adamw.PagedAdamW8bit",
}
V1_FROM, V1_TO = 0x100000, 0x110000  # bytes that the oldest hash reads


@dataclass(frozen=True)
class Told:
    """What is known at the end of a lesson."""

    captions: Sequence[str]
    shapes: Sequence[Extent]  # of the pictures, in pixels
    known: int  # pictures of the noun
    steps: int  # that were done
    each: int  # batches in an epoch
    loss: float
    began: float  # seconds of the clock
    ended: float
    recomputed: bool


def metadata(studio: Studio, args: TeachArgs, told: Told) -> dict[str, str]:
    return {**_kohya(studio, args, told), **_set(args, told), **_spec(studio, args, told)}


def _kohya(studio: Studio, args: TeachArgs, told: Told) -> dict[str, str]:
    family, words = studio.family, args.kind == "words"
    network = {"conv_dim": str(args.conv_rank), "conv_alpha": str(_conv_alpha(args))} if args.conv_rank else {}
    said = {
        "ss_output_name": args.name,
        "ss_session_id": str(int.from_bytes(hashlib.sha256(f"{args.name}{told.began}".encode()).digest()[:4], "big")),
        "ss_training_started_at": told.began,
        "ss_training_finished_at": told.ended,
        "ss_training_comment": f"Atelier {__version__}",
        "ss_network_module": "None" if words else "networks.lora",
        "ss_network_dim": "None" if words else args.rank,
        "ss_network_alpha": "None" if words else args.alpha,
        "ss_network_args": json.dumps(network),
        "ss_learning_rate": args.rate,
        "ss_unet_lr": "None" if words else args.rate,
        "ss_text_encoder_lr": args.text_rate or "None",
        "ss_optimizer": f"{OPTIMIZERS[kind_of(args.optimizer)]}(weight_decay={args.decay})",
        "ss_lr_scheduler": args.schedule,
        "ss_lr_warmup_steps": args.warmup,
        "ss_max_grad_norm": MOST_NORM,
        "ss_max_train_steps": args.steps,
        "ss_steps": told.steps,
        "ss_epoch": -(-told.steps // told.each),
        "ss_num_epochs": -(-args.steps // told.each),
        "ss_seed": args.seed,
        "ss_mixed_precision": {torch.float16: "fp16", torch.bfloat16: "bf16"}.get(studio.dtype, "no"),
        "ss_full_fp16": False,
        "ss_gradient_checkpointing": told.recomputed,
        "ss_gradient_accumulation_steps": 1,
        "ss_cache_latents": True,
        "ss_clip_skip": "None",
        "ss_max_token_length": "None",
        "ss_lowram": False,
        "ss_min_snr_gamma": args.gamma or "None",
        "ss_noise_offset": args.noise_offset or "None",
        "ss_prior_loss_weight": args.prior,
        "ss_zero_terminal_snr": bool(studio.alphas[-1] < 1e-6),
        "ss_v2": family == "SD 2",
        "ss_base_model_version": BASE[family],
        "ss_sd_model_name": studio.checkpoint,
        "ss_sd_model_hash": studio.digest or "None",
        "ss_v_parameterization": studio.prediction == "v",
        "ss_atelier_prior": args.prior_by if told.known else "None",
        "ss_atelier_loss": round(told.loss, 6),
    }
    if args.preset == "composition" and not words:
        said |= {"ss_atelier_basis_seed": basis.SEED, "ss_atelier_basis_slot": args.slot}
    return {key: str(value) for key, value in said.items()}


def _conv_alpha(args: TeachArgs) -> float:
    return args.alpha / args.rank * args.conv_rank


def _set(args: TeachArgs, told: Told) -> dict[str, str]:
    """The pictures it learnt from."""
    home = f"1_{base_of(args)}"
    counts = Counter(told.shapes)
    shapes = {str(i): {"resolution": list(one), "count": n} for i, (one, n) in enumerate(sorted(counts.items()))}
    tags = Counter(tag.strip() for one in told.captions for tag in prompt_of(one, args).split(",") if tag.strip())
    sides = [side for one in told.shapes for side in one]
    known = {f"1_{args.noun}": {"n_repeats": 1, "img_count": told.known}} if told.known else {}
    said = {
        "ss_num_train_images": len(told.shapes),
        "ss_num_reg_images": told.known,
        "ss_num_batches_per_epoch": told.each,
        "ss_batch_size_per_device": args.batch,
        "ss_total_batch_size": args.batch,
        "ss_resolution": (args.size, args.size),
        "ss_enable_bucket": True,
        "ss_bucket_no_upscale": False,
        "ss_min_bucket_reso": min(sides),
        "ss_max_bucket_reso": max(sides),
        "ss_bucket_info": json.dumps({"buckets": shapes}),
        "ss_flip_aug": args.flip,
        "ss_color_aug": False,
        "ss_random_crop": False,
        "ss_shuffle_caption": args.shuffle,
        "ss_keep_tokens": 0,
        "ss_caption_dropout_rate": 0.0,
        "ss_dataset_dirs": json.dumps({home: {"n_repeats": 1, "img_count": len(told.shapes)}}),
        "ss_reg_dataset_dirs": json.dumps(known),
        "ss_tag_frequency": json.dumps({home: dict(tags.most_common())}),
    }
    return {key: str(value) for key, value in said.items()}


def _spec(studio: Studio, args: TeachArgs, told: Told) -> dict[str, str]:
    family = studio.family
    velocity = "-768-v" if family == "SD 2" and studio.prediction == "v" else "-512" if family == "SD 2" else ""
    kind = "textual-inversion" if args.kind == "words" else "lora"
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": f"{ARCHITECTURE[family]}{velocity}/{kind}",
        "modelspec.implementation": IMPLEMENTATION.get(family, "diffusers"),
        "modelspec.title": args.name,
        "modelspec.resolution": f"{args.size}x{args.size}",
        "modelspec.date": datetime.fromtimestamp(told.ended, timezone.utc).isoformat(timespec="seconds"),
        "modelspec.prediction_type": "v" if studio.prediction == "v" else "epsilon",
        "modelspec.trigger_phrase": called(args),
        "modelspec.usage_hint": called(args),
    }


def hashed(tensors: Mapping[str, Tensor], said: Mapping[str, str]) -> dict[str, str]:
    """With the two hashes that kohya's scripts write: of the tensors, and of a file with the entries ss_ alone."""
    training = {key: value for key, value in said.items() if key.startswith("ss_")}
    content = save(dict(tensors), training)
    start = 8 + int.from_bytes(content[:8], "little")
    whole = hashlib.sha256(content[start:]).hexdigest()
    legacy = hashlib.sha256(content[V1_FROM:V1_TO]).hexdigest()[:8]
    return {**said, "sshs_model_hash": whole, "sshs_legacy_hash": legacy, "modelspec.hash_sha256": f"0x{whole}"}
