"""The small networks that read pictures: one for the whole scene, one for a doll, one for a face."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dollhouse.doll import EXPRESSIONS, heldout_dolls
from dollhouse.skeleton import MIRROR
from dollhouse.words import PERSON_TRAITS, SCENE_TRAITS

NOBODY = ""  # the identity of a doll that is none of the held-out ones
SCENE_READ: dict[str, tuple[str, ...]] = {"count": ("1", "2", "3"), **SCENE_TRAITS}
DOLL_READ: dict[str, tuple[str, ...]] = {**PERSON_TRAITS, "identity": (NOBODY, *heldout_dolls())}
FACE_READ: dict[str, tuple[str, ...]] = {"expression": EXPRESSIONS}
DOLL_CROP, FACE_CROP = 128, 64  # pixels
HEAT = 32  # cells of a doll's crop, along a side, in which its joints are sought
STRIDE = 4  # pixels of a picture in a cell of the map of boxes
NEAR = 2  # cells around the hottest one that say where in it a joint is
JOINTS = 18


def _conv(inside: int, outside: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    made = nn.Conv2d(inside, outside, size, stride, size // 2, bias=False)
    return nn.Sequential(made, nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _conv(inside, outside, 3, stride)
        self.second = nn.Sequential(nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside))
        plain = inside == outside and stride == 1
        self.beside = nn.Identity() if plain else nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.second(self.first(x)) + self.beside(x))


class Trunk(nn.Module):
    """What it sees at half the size, and at every half of that."""

    def __init__(self, inside: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = _conv(inside, widths[0], 5, 2)
        pairs = zip(widths, widths[1:], strict=False)
        self.levels = nn.ModuleList(nn.Sequential(Residual(a, b, 2), Residual(b, b)) for a, b in pairs)

    def forward(self, x: Tensor) -> list[Tensor]:
        found = [self.stem(x)]
        for level in self.levels:
            found.append(level(found[-1]))
        return found


class Traits(nn.Module):
    """For every trait a place to look at and what is said there, [B, traits, values]; no value beyond a trait's own."""

    def __init__(self, width: int, sizes: list[int]) -> None:
        super().__init__()
        self.look = nn.Conv2d(width, len(sizes), 1)
        self.say = nn.Parameter(torch.randn(len(sizes), 2 * width, max(sizes)) * (2 * width) ** -0.5)
        self.bias = nn.Parameter(torch.zeros(len(sizes), max(sizes)))
        beyond = torch.arange(max(sizes)) >= torch.tensor(sizes)[:, None]
        self.beyond: Tensor
        self.register_buffer("beyond", beyond, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        where = self.look(x).flatten(2).float().softmax(-1)
        seen = torch.einsum("bts,bcs->btc", where, x.flatten(2).float())
        mean = x.mean((2, 3))[:, None].float().expand(-1, seen.shape[1], -1)
        said = torch.einsum("btc,tcm->btm", torch.cat([seen, mean], -1), self.say.float()) + self.bias.float()
        return said.float().masked_fill(self.beyond, -1e4)


class Rise(nn.Module):
    """From the coarsest of some levels back up to the finest of them."""

    def __init__(self, widths: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.sides = nn.ModuleList(nn.Conv2d(w, width, 1) for w in widths)
        self.mends = nn.ModuleList(_conv(width, width) for _ in widths[1:])

    def forward(self, levels: list[Tensor]) -> Tensor:
        sides = [side(level) for side, level in zip(self.sides, levels, strict=True)]
        x = sides.pop()
        for mend in self.mends:
            finer = sides.pop()
            x = mend(F.interpolate(x, size=finer.shape[-2:], mode="bilinear") + finer)
        return x


class SceneNet(nn.Module):
    """[B, 3, H, W], -1..1, to traits, the way to the light and a map of boxes."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 48, 64, 88)
        self.trunk = Trunk(3, widths)
        self.traits = Traits(widths[-1], [len(values) for values in SCENE_READ.values()])
        self.light = nn.Linear(2 * widths[-1], 3)
        self.rise = Rise(widths[1:], 40)
        self.boxes = nn.Conv2d(40, 10, 1)  # for doll and face: is its middle here, where in the cell (2), log size (2)
        self.boxes.bias = nn.Parameter(torch.full((10,), -2.0))  # most cells are no middle

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        levels = self.trunk(x)
        last = levels[-1]
        seen = torch.cat([last.mean((2, 3)), last.amax((2, 3))], 1)
        boxes = self.boxes(self.rise(levels[1:])).float().unflatten(1, (2, 5))
        return self.traits(last), F.normalize(self.light(seen).float(), dim=1), boxes


class DollNet(nn.Module):
    """[B, 4, 128, 128], -1..1, the fourth 1 within the doll's box, to traits, a map for each joint and its visibility.

    Maps are logits, [B, 18, 32, 32].
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (20, 36, 60, 108)
        self.trunk = Trunk(4, widths)
        self.traits = Traits(widths[-1], [len(values) for values in DOLL_READ.values()])
        self.rise = Rise(widths[1:], 48)
        self.joints = nn.Conv2d(48, JOINTS, 1)
        self.visible = nn.Linear(widths[-1], JOINTS)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        levels = self.trunk(x)
        maps = self.joints(self.rise(levels[1:])).float()
        return self.traits(levels[-1]), maps, self.visible(levels[-1].mean((2, 3))).float()


class FaceNet(nn.Module):
    """[B, 3, 64, 64], -1..1, to traits."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(3, (16, 28, 44, 56))
        self.traits = Traits(56, [len(values) for values in FACE_READ.values()])

    def forward(self, x: Tensor) -> Tensor:
        return self.traits(self.trunk(x)[-1])


def networks() -> nn.ModuleDict:
    made = nn.ModuleDict({"scene": SceneNet(), "doll": DollNet(), "face": FaceNet()})
    return made.to(memory_format=torch.channels_last)


def squares(boxes: Tensor, margin: float) -> Tensor:
    """Boxes [N, 4] to the squares around them, [N, 3]: middle x, middle y, side."""
    low, high = boxes[:, :2], boxes[:, 2:]
    return torch.cat([(low + high) / 2, (high - low).amax(1, keepdim=True).clamp(min=4) * (1 + 2 * margin)], 1)


def crops(pictures: Tensor, which: Tensor, windows: Tensor, side: int) -> Tensor:
    """Square windows of some of the pictures [B, 3, H, W], [N, 3, side, side]; 0 outside of the picture."""
    height, width = pictures.shape[-2:]
    extent = torch.tensor([width, height], device=windows.device, dtype=torch.float32)
    steps = (torch.arange(side, device=windows.device) + 0.5) / side - 0.5
    x = windows[:, :1] + steps * windows[:, 2:]  # [N, side], pixels
    y = windows[:, 1:2] + steps * windows[:, 2:]
    grid = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), -1) / extent * 2 - 1
    return F.grid_sample(pictures[which], grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def doll_crops(pictures: Tensor, which: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """The dolls in these boxes, [N, 4, 128, 128], and their windows."""
    windows = squares(boxes, 0.1)
    seen = crops(pictures, which, windows, DOLL_CROP)
    steps = (torch.arange(DOLL_CROP, device=boxes.device) + 0.5) / DOLL_CROP - 0.5
    across, down = (windows[:, i : i + 1] + steps * windows[:, 2:] for i in (0, 1))
    x = ((across > boxes[:, :1]) & (across < boxes[:, 2:3]))[:, None, None, :]
    y = ((down > boxes[:, 1:2]) & (down < boxes[:, 3:]))[:, None, :, None]
    return torch.cat([seen, (x & y).to(seen.dtype)], 1).contiguous(memory_format=torch.channels_last), windows


def face_crops(pictures: Tensor, which: Tensor, boxes: Tensor) -> Tensor:
    return crops(pictures, which, squares(boxes, 0.15), FACE_CROP).contiguous(memory_format=torch.channels_last)


def both_ways(doll: nn.Module, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the doll's network says of crops, and of their mirror images: the mean."""
    (traits, maps, shown), (others, mirrored, there) = doll(seen), doll(seen.flip(-1))
    return (traits + others) / 2, (maps + mirrored.flip(-1)[:, MIRROR]) / 2, (shown + there[:, MIRROR]) / 2


def hottest(maps: Tensor) -> Tensor:
    """The maps near their hottest cells alone: between two places that are likely there is often none."""
    top, cells = maps.flatten(2).argmax(-1)[..., None], torch.arange(HEAT, device=maps.device)
    across, down = (cells - top % HEAT).abs() <= NEAR, (cells - top // HEAT).abs() <= NEAR
    return maps.masked_fill(~(down[..., :, None] & across[..., None, :]), -1e4)


def places(maps: Tensor, windows: Tensor) -> Tensor:
    """Where the joints are, from their maps, [N, 18, 2], pixels of the picture."""
    share = maps.flatten(2).softmax(-1).unflatten(2, maps.shape[2:])
    cells = (torch.arange(HEAT, device=maps.device) + 0.5) / HEAT - 0.5
    spots = torch.stack([(share.sum(2) * cells).sum(-1), (share.sum(3) * cells).sum(-1)], -1)
    return windows[:, None, :2] + spots * windows[:, None, 2:]
