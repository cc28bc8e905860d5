"""A checkpoint becomes a model that can draw: a single file in ldm names, or a diffusers folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint, convert_open_clip_checkpoint
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from ...errors import UserError
from . import names, shapes
from .lexicon import Lexicon
from .shapes import Family, Recipe
from .tokenizer import clip_tokenizer
from .weights import TensorFile, built, digest, in_diffusers_names

UNET, VAE = "model.diffusion_model.", "first_stage_model."
OPENAI_CLIP = {"sd1": "cond_stage_model.transformer.", "sdxl": "conditioner.embedders.0.transformer."}
OPEN_CLIP = "conditioner.embedders.1.model."
OTHER_FAMILIES = {  # a part of a name that only this family has
    "double_blocks.": "Flux",
    "joint_blocks.": "Stable Diffusion 3",
    "cond_stage_model.model.": "Stable Diffusion 2",
    "conditioner.embedders.0.model.": "the SDXL refiner",
    "lora_": "a LoRA",
    "control_model.": "a ControlNet",
}
TRAINING = {"beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "prediction_type": "epsilon"}


@dataclass(frozen=True)
class Encoder:
    """Words to numbers: one CLIP."""

    tokenizer: Any
    text: Any  # transformers' CLIPTextModel, with or without projection
    pad: int  # what fills a text up to its 77 tokens


@dataclass(frozen=True)
class Model:
    name: str
    path: Path
    family: Family
    unet: Any
    vae: Any
    encoders: tuple[Encoder, ...]
    training: dict[str, Any]  # the noise it was trained on, as diffusers' schedulers take it
    digest: str = ""
    layers: dict[str, Any] = field(default_factory=dict)  # ldm name -> module of the UNet
    lexicon: Lexicon = field(default_factory=Lexicon)  # words with vectors of their own

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.unet, self.vae, *(encoder.text for encoder in self.encoders))

    def to(self, device: torch.device) -> None:
        for part in self.parts:
            part.to(device)

    @property
    def device(self) -> torch.device:
        return next(self.unet.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.unet.parameters()).dtype


def load(name: str, path: Path, vae: Path | None, dtype: torch.dtype, vae_dtype: torch.dtype) -> Model:
    model = (
        _from_folder(name, path, dtype, vae_dtype) if path.is_dir() else _from_file(name, path, vae, dtype, vae_dtype)
    )
    if model.unet.config.in_channels not in (4, 9):
        raise UserError("{name} takes pictures as instructions, which this host does not do.", name=name)
    model.layers.update(names.layers(model.unet))
    return model


def family_of(file: TensorFile) -> Family:
    keys = file.shapes
    if UNET + "input_blocks.0.0.weight" in keys:
        for family, prefix in (("sdxl", OPEN_CLIP), ("sd1", OPENAI_CLIP["sd1"])):
            if any(key.startswith(prefix) for key in keys):
                return family  # type: ignore[return-value]
    for part, family in OTHER_FAMILIES.items():
        if any(part in key for key in keys):
            raise UserError(
                "{name} is {family}; this host draws with SD 1.5 and SDXL.", name=file.path.name, family=family
            )
    raise UserError(
        "{name} is not a whole SD 1.5 or SDXL model: its network or its text encoder is missing.", name=file.path.name
    )


def _from_file(name: str, path: Path, vae: Path | None, dtype: torch.dtype, vae_dtype: torch.dtype) -> Model:
    file, recipe = TensorFile(path), shapes.recipe_beside(path)
    family = family_of(file)
    return Model(
        name=name,
        path=path,
        family=family,
        unet=_unet(file, family, recipe, dtype),
        vae=_vae(TensorFile(vae) if vae else file, family, recipe, vae_dtype),
        encoders=_encoders(file, family, recipe, dtype),
        training=_training(file, recipe),
        digest=digest(path)[:10],
    )


def _training(file: TensorFile, recipe: Recipe) -> dict[str, Any]:
    start, end = recipe.betas
    training = TRAINING | {"beta_start": start, "beta_end": end}
    if recipe.predicts_velocity or "v_pred" in file.shapes:  # finetunes of SDXL mark themselves by empty tensors
        training["prediction_type"] = "v_prediction"
    if "ztsnr" in file.shapes:
        training["rescale_betas_zero_snr"] = True
    return training


def _unet(file: TensorFile, family: Family, recipe: Recipe, dtype: torch.dtype) -> Any:
    config = shapes.unet_config(shapes.below(file.shapes, UNET), family, recipe)
    config |= shapes.decoder_types(config)
    tensors = in_diffusers_names(file.tensors(UNET), names.unet_table(config))
    return built(lambda: UNet2DConditionModel(**config), tensors, dtype, file.path)


def _vae(file: TensorFile, family: Family, recipe: Recipe, dtype: torch.dtype) -> Any:
    prefix = VAE if any(key.startswith(VAE) for key in file.shapes) else ""
    own = shapes.below(file.shapes, prefix)
    if "encoder.conv_in.weight" not in own or "encoder.down.0.block.0.conv1.weight" not in own:
        raise UserError("{name} holds no VAE. Put one that fits into models/VAE, named {stem}.vae.safetensors.",
                        name=file.path.name, stem=file.path.stem)  # fmt: skip
    config = shapes.vae_config(own, recipe.latent_scale or shapes.LATENT_SCALE[family])
    tensors = {
        k: v for k, v in file.tensors(prefix).items() if k.startswith(("encoder.", "decoder.", "quant_", "post_"))
    }
    return built(lambda: AutoencoderKL(**config), convert_ldm_vae_checkpoint(tensors, config), dtype, file.path)


def _encoders(file: TensorFile, family: Family, recipe: Recipe, dtype: torch.dtype) -> tuple[Encoder, ...]:
    tokenizer = clip_tokenizer()
    openai = Encoder(tokenizer, _openai_clip(file, family, recipe, dtype), tokenizer.eos_token_id)
    if family == "sd1":
        return (openai,)
    return openai, Encoder(tokenizer, _open_clip(file, dtype), 0)


def _openai_clip(file: TensorFile, family: Family, recipe: Recipe, dtype: torch.dtype) -> Any:
    tensors = file.tensors(OPENAI_CLIP[family])
    plain = {key.removeprefix("text_model."): tensor for key, tensor in tensors.items() if "position_ids" not in key}
    config = CLIPTextConfig(**shapes.clip_config({k: tuple(v.shape) for k, v in plain.items()}, recipe.text_heads))
    return built(lambda: CLIPTextModel(config), _as_wrapped(plain, CLIPTextModel), dtype, file.path)


def _open_clip(file: TensorFile, dtype: torch.dtype) -> Any:
    config = CLIPTextConfig(**shapes.open_clip_config(shapes.below(file.shapes, OPEN_CLIP)))
    with torch.device("meta"):
        outline = CLIPTextModelWithProjection(config)
    tensors = convert_open_clip_checkpoint(outline, file.tensors(), OPEN_CLIP)
    return built(lambda: CLIPTextModelWithProjection(config), tensors, dtype, file.path)


def _as_wrapped(tensors: dict[str, torch.Tensor], kind: type) -> dict[str, torch.Tensor]:
    """transformers moved the text model's parts up one level in 5.6."""
    with torch.device("meta"):
        outline = kind(CLIPTextConfig(num_hidden_layers=1))
    return {f"text_model.{k}": v for k, v in tensors.items()} if hasattr(outline, "text_model") else tensors


def _from_folder(name: str, path: Path, dtype: torch.dtype, vae_dtype: torch.dtype) -> Model:
    weights = sorted((path / "unet").glob("*.safetensors"))
    rest = _rest_of(path)
    half = bool(weights) and all(".fp16." in file.name for file in weights)
    local: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "variant": "fp16" if half else None}
    try:
        unet = UNet2DConditionModel.from_pretrained(path / "unet", torch_dtype=dtype, **local)
        vae = AutoencoderKL.from_pretrained(rest / "vae", torch_dtype=vae_dtype, **local)
        family: Family = "sdxl" if (rest / "text_encoder_2").is_dir() else "sd1"
        encoders = tuple(_folder_encoder(rest, suffix, dtype, local) for suffix in ("", "_2")[: 1 + (family == "sdxl")])
        training = _folder_training(path)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(
            "The folder {name} is not a model that diffusers can load: {why}", name=name, why=error
        ) from error
    for part in (unet, vae, *(encoder.text for encoder in encoders)):
        part.eval().requires_grad_(False)
    return Model(name, path, family, unet, vae, encoders, training, digest(weights[0])[:10])


def _rest_of(path: Path) -> Path:
    """The folder with the VAE and the encoders: one beside it, if the index says so, where two models share them."""
    try:
        index = json.loads((path / "model_index.json").read_text(encoding="utf-8"))
        beside = str(index.get("_parts_from", ""))
    except (OSError, ValueError, AttributeError) as error:
        raise UserError(
            "The folder {name} is not a model that diffusers can load: {why}", name=path.name, why=error
        ) from error
    return path.parent / Path(beside).name if beside else path


def _folder_encoder(path: Path, suffix: str, dtype: torch.dtype, local: dict[str, Any]) -> Encoder:
    kind = CLIPTextModelWithProjection if suffix else CLIPTextModel
    text = kind.from_pretrained(path / f"text_encoder{suffix}", torch_dtype=dtype, **local)
    home = path / f"tokenizer{suffix}"
    tokenizer = CLIPTokenizer.from_pretrained(home, local_files_only=True) if home.is_dir() else clip_tokenizer()
    return Encoder(tokenizer, text, tokenizer.pad_token_id)


def _folder_training(path: Path) -> dict[str, Any]:
    from diffusers import DDIMScheduler

    config = DDIMScheduler.load_config(path / "scheduler", local_files_only=True)
    wanted = ("beta_start", "beta_end", "prediction_type", "rescale_betas_zero_snr", *TRAINING)
    return TRAINING | {key: config[key] for key in wanted if key in config}
