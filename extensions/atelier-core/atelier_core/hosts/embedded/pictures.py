"""Between pictures and latents, and between a mask and what it keeps."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from PIL import Image, ImageFilter

from ...geometry import Extent
from .checkpoint import Model

GRAY = 0.0  # what an inpainting network sees in place of what it shall paint, in -1..1


def factor(model: Model) -> int:
    """Pixels per latent pixel."""
    return 2 ** (len(model.vae.config.block_out_channels) - 1)


def latent_extent(model: Model, canvas: Extent) -> Extent:
    return Extent(canvas.width // factor(model), canvas.height // factor(model))


def as_tensor(picture: Image.Image) -> torch.Tensor:
    """[1, 3, H, W], -1..1"""
    return torch.from_numpy(np.array(picture.convert("RGB"), np.float32) / 127.5 - 1).movedim(-1, 0)[None]


def encode(model: Model, pixels: torch.Tensor) -> torch.Tensor:
    """[1, 3, H, W] -> [1, 4, h, w]; the middle of what the VAE holds possible, so that no luck enters."""
    vae = model.vae
    return vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode().float() * vae.config.scaling_factor


def decode(model: Model, latent: torch.Tensor) -> Image.Image:
    """[1, 4, h, w] -> RGB. One picture at a time: decoding takes the most memory of all."""
    vae = model.vae
    pixels = vae.decode(latent.to(vae.dtype) / vae.config.scaling_factor, return_dict=False)[0]
    levels = ((pixels[0].float().clamp(-1, 1) + 1) * 127.5).round().byte()  # [3, H, W]
    return Image.fromarray(levels.movedim(0, -1).cpu().numpy())


def open_cells(mask: Image.Image, cells: Extent) -> torch.Tensor:
    """[1, 1, h, w], 1 where a latent pixel covers any pixel that may change."""
    pixels = np.asarray(mask.convert("L")) > 127
    blocks = pixels.reshape(cells.height, pixels.shape[0] // cells.height, cells.width, -1)
    return torch.from_numpy(blocks.any(axis=(1, 3)).astype(np.float32))[None, None]


def hidden(picture: torch.Tensor, mask: Image.Image) -> torch.Tensor:
    """The picture with gray where it may change, as inpainting networks are given it."""
    keep = torch.from_numpy((np.asarray(mask.convert("L")) <= 127).astype(np.float32))
    return picture * keep + GRAY * (1 - keep)


def blurred_inwards(picture: Image.Image, mask: Image.Image) -> Image.Image:
    """The masked part filled with what surrounds it, softer the further in: the fill “blurred” of the webuis."""
    pixels = np.asarray(picture.convert("RGB"), np.float32)
    keep = (np.asarray(mask.convert("L")) <= 127).astype(np.float32)[..., None]
    around, filled = pixels * keep, np.full_like(pixels, 127.5)
    for radius in (256, 64, 16, 4):  # what is near covers what is far
        side = (2 * radius + 1, 2 * radius + 1)
        cover = cv2.blur(keep, side)[..., None]
        share = np.minimum(1, cover * 8)
        filled = filled * (1 - share) + cv2.blur(around, side) / np.maximum(cover, 1e-6) * share
    return Image.fromarray(np.clip(np.where(keep > 0, pixels, filled).round(), 0, 255).astype(np.uint8))


def overlaid(made: Image.Image, original: Image.Image, mask: Image.Image, blur: int) -> Image.Image:
    """The original wherever the softened mask is 0, bit for bit; what was made wherever it is half or more."""
    soft = np.asarray(mask.convert("L").filter(ImageFilter.GaussianBlur(blur)), np.float32)
    share = np.minimum(1, soft / 127.5)[..., None]
    old, new = np.asarray(original.convert("RGB"), np.float32), np.asarray(made, np.float32)
    return Image.fromarray((old + (new - old) * share).round().astype(np.uint8))


class Sketcher:
    """Small pictures of unfinished latents: a linear map from latent to colour, fitted to the VAE at hand."""

    def __init__(self, model: Model) -> None:
        side = 16
        luck = torch.Generator().manual_seed(0)
        colours = torch.randn(1, model.vae.config.latent_channels, side // 4, side // 4, generator=luck)
        latent = colours.repeat_interleave(4, 2).repeat_interleave(
            4, 3
        )  # patches, so that the VAE sees areas of colour
        picture = decode(model, latent.to(model.device)).resize((side, side), Image.Resampling.BOX)
        self._map = np.linalg.lstsq(_with_one(latent[0]), np.asarray(picture, np.float64).reshape(-1, 3), rcond=None)[0]

    def sketch(self, latent: torch.Tensor) -> Image.Image:
        """[4, h, w] -> RGB, one pixel per latent pixel."""
        flat = _with_one(latent.float().cpu()) @ self._map
        return Image.fromarray(np.nan_to_num(flat).clip(0, 255).astype(np.uint8).reshape(*latent.shape[1:], 3))


def _with_one(latent: torch.Tensor) -> np.ndarray:
    """[4, h, w] -> [h * w, 5]"""
    rows = latent.flatten(1).T.double().numpy()
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
