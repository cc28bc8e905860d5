"""What the readers are taught with: pictures made worse, boxes put off a little, and how wrong an answer is."""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F
from torch import Tensor

from dollhouse.reader_nets import LIGHT_ROW, OTHER_SIDE, STRIDE, hottest, into, places, torsos
from dollhouse.skeleton import MIRROR

HIDDEN = 0.15  # what a joint that cannot be seen counts
BLURS = (0.8, 1.1)  # cells of the coarse map and of the fine one
FAR, FARTHEST = 40.0, 16.0  # what a torso's length counts, and the most that a joint does which is far off


def floats(pictures: Tensor) -> Tensor:
    """Bytes [B, H, W, 3] to [B, 3, H, W], -1..1."""
    return pictures.permute(0, 3, 1, 2).float() / 127.5 - 1


def worsened(x: Tensor, parts: int = 4) -> Tensor:
    """As a small autoencoder might give it back: blurred, coarser, noisy, colours a little off. Each part otherwise."""
    made = torch.cat([_blurred(_coarser(part)) for part in x.chunk(parts)])
    gain = 1 + 0.05 * torch.randn(len(x), 3, 1, 1, device=x.device)
    lift = 0.03 * torch.randn(len(x), 3, 1, 1, device=x.device)
    noise = 0.06 * torch.rand(len(x), 1, 1, 1, device=x.device) ** 2 * torch.randn_like(made)
    return (made * gain + lift + noise).clamp(-1, 1)


def _coarser(x: Tensor) -> Tensor:
    if random.random() < 0.4:
        return x
    side = int(x.shape[-1] / (1 + 1.5 * random.random() ** 1.5))
    small = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    return F.interpolate(small, size=x.shape[-2:], mode=random.choice(("bilinear", "bicubic")))


def _blurred(x: Tensor) -> Tensor:
    sigma = 1.5 * random.random() ** 1.5
    if sigma < 0.3:
        return x
    steps = torch.arange(-4, 5, device=x.device)
    line = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = (line / line.sum()).expand(3, 1, 1, 9)
    padded = F.pad(x, (4, 4, 4, 4), "replicate")
    return F.conv2d(F.conv2d(padded, kernel, groups=3), kernel.transpose(2, 3), groups=3)


def mirrored(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Left and right exchanged, in the picture and in all that is said of it."""
    side = batch["picture"].shape[2]
    boxes, shown = batch["boxes"], (batch["boxes"][..., 2:3] > 0).float()
    scene = batch["scene"].clone()
    scene[:, LIGHT_ROW] = scene.new_tensor([*OTHER_SIDE, -1])[scene[:, LIGHT_ROW]]  # -1 stays what it is
    flat = torch.stack([side - boxes[..., 2], boxes[..., 1], side - boxes[..., 0], boxes[..., 3]], -1) * shown
    joints = batch["joints"][:, :, MIRROR]
    return {
        **batch,
        "picture": batch["picture"].flip(2),
        "scene": scene,
        "light": batch["light"] * torch.tensor([-1.0, 1, 1], device=scene.device),
        "boxes": flat,
        "joints": torch.stack([side - joints[..., 0], joints[..., 1]], -1),
        "visible": batch["visible"][:, :, MIRROR],
    }


def jittered(boxes: Tensor, share: float = 0.04) -> Tensor:
    """Every edge off by about this share of the box's size, [N, 4]."""
    size = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + share * size * torch.randn_like(boxes)


def swung(windows: Tensor) -> Tensor:
    """Most of them turned a little, all of them a little larger or smaller."""
    chance = torch.randn(2, len(windows), device=windows.device)
    turns = 0.12 * chance[0] * (torch.rand_like(chance[0]) < 0.6)
    return torch.cat([windows[:, :2], windows[:, 2:3] * (1 + 0.05 * chance[1, :, None]), turns[:, None]], 1)


def trait_loss(said: Tensor, meant: Tensor) -> Tensor:
    """Cross entropy of logits [B, traits, values] where something is meant, the mean of all that is."""
    wrong = F.cross_entropy(said.flatten(0, 1), meant.flatten(), ignore_index=-1, reduction="sum")
    return wrong / (meant >= 0).sum().clamp(min=1)


def joint_loss(found: tuple[Tensor, Tensor], seen: Tensor, windows: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
    """Of logit maps, coarse and fine, and logits of visibility [N, 18]; joints in pixels of the picture."""
    spots = into(windows, joints)
    within = ((spots > 0) & (spots < 1)).all(-1)
    weight = within * torch.where(visible, 1.0, HIDDEN)
    torso = torsos(spots).clamp(min=0.05)
    coarse, fine = (_off(maps, spots, torso, blur) for maps, blur in zip(found, BLURS, strict=True))
    wrong = ((coarse / 2 + fine) * weight).sum() / weight.sum().clamp(min=1)
    return 0.1 * wrong + F.binary_cross_entropy_with_logits(seen, (visible & within).float())


def _off(maps: Tensor, spots: Tensor, torso: Tensor, blur: float) -> Tensor:
    """How far a map is from a blurred spot, and its hottest place from that one in torsos, [N, 18]."""
    cells = (torch.arange(maps.shape[-1], device=maps.device) + 0.5) / maps.shape[-1]
    near = [torch.exp(-0.5 * ((spots[..., i : i + 1] - cells) * maps.shape[-1] / blur) ** 2) for i in (0, 1)]
    target = (near[1][..., :, None] * near[0][..., None, :]).flatten(2)
    target = target / target.sum(-1, keepdim=True).clamp(min=1e-6)
    blurred = -(target * maps.flatten(2).log_softmax(-1)).sum(-1)
    off = (places(hottest(maps)) - spots).abs().sum(-1) * FAR / torso[:, None]
    return blurred + 0.3 * off.clamp(max=FARTHEST)


def box_loss(found: Tensor, boxes: Tensor) -> Tensor:
    """Of a map of boxes [B, 2, 5, h, w] against boxes [B, dolls, 2, 4], pixels; a box without a size is none."""
    flat = boxes.transpose(1, 2) / STRIDE  # [B, 2, dolls, 4], cells
    middle, size = (flat[..., :2] + flat[..., 2:]) / 2, flat[..., 2:] - flat[..., :2]
    real = (size > 1).all(-1)
    heat = _heat(middle, size, real, found.shape[-1])
    logits = found[:, :, 0]
    wrong = F.binary_cross_entropy_with_logits(logits, (heat > 0.999).float(), reduction="none")
    share = logits.sigmoid()
    weight = torch.where(heat > 0.999, (1 - share) ** 2, share**2 * (1 - heat) ** 4).detach()
    cell = middle.floor().clamp(0, found.shape[-1] - 1)
    place = (cell[..., 1] * found.shape[-1] + cell[..., 0]).long()
    said = found[:, :, 1:].flatten(3).gather(3, place[:, :, None].expand(-1, -1, 4, -1)).transpose(2, 3)
    meant = torch.cat([middle - cell, size.clamp(min=1).log()], -1)
    off = ((said - meant).abs().sum(-1) * real).sum()
    return ((wrong * weight).sum() + off) / real.sum().clamp(min=1)


def _heat(middle: Tensor, size: Tensor, real: Tensor, side: int) -> Tensor:
    """1 in the cell of every box's middle, less around it, [B, 2, h, w]."""
    cells = torch.arange(side, device=middle.device)
    away = [(cells - middle[..., i : i + 1].floor()) / (0.08 * size[..., i : i + 1]).clamp(min=0.6) for i in (0, 1)]
    near = torch.exp(-0.5 * (away[1][..., :, None] ** 2 + away[0][..., None, :] ** 2))
    return (near * real[..., None, None]).amax(2)
