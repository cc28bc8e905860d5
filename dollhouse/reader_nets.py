"""The small networks that read pictures: of a scene, of a doll, of its joints and what these tell, of its head."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dollhouse.doll import heldout_dolls
from dollhouse.light import DIRECTIONS
from dollhouse.openpose import JOINTS, LIMBS
from dollhouse.skeleton import L_HIP, MIRROR, NECK, R_HIP
from dollhouse.words import PERSON_TRAITS, SCENE_TRAITS

NOBODY = ""  # the identity of a doll that is none of the held-out ones
SCENE_READ: dict[str, tuple[str, ...]] = {"count": ("1", "2", "3"), **SCENE_TRAITS}
DOLL_READ: dict[str, tuple[str, ...]] = {**PERSON_TRAITS, "identity": (NOBODY, *heldout_dolls())}
DOLL_CROP, FACE_CROP = 160, 96  # pixels
HEAT = DOLL_CROP // 2  # cells of a crop, along a side, in which joints are sought
STRIDE = 4  # pixels of a picture in a cell of the map of boxes
NEAR = 4  # cells around the hottest one of any map that say where in it a joint is
BODY_READ = ("pose", "kind", "size")  # of a doll's traits those that the places of its joints tell too
FACE_READ = ("expression", "skin", "hair_style", "hair", "hat_kind", "hat", "scarf")  # and those that a head shows
LIGHT_ROW = list(SCENE_READ).index("light_direction")
_MIRRORED = {"left": "right", "right": "left"}
OTHER_SIDE = [DIRECTIONS.index(_MIRRORED.get(side, side)) for side in DIRECTIONS]  # where light comes from in a mirror
BODY_ROWS, FACE_ROWS = ([list(DOLL_READ).index(trait) for trait in some] for some in (BODY_READ, FACE_READ))


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
        self.beyond: Tensor
        self.register_buffer("beyond", _beyond(sizes), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        where = self.look(x).flatten(2).float().softmax(-1)
        seen = torch.einsum("bts,bcs->btc", where, x.flatten(2).float())
        mean = x.mean((2, 3))[:, None].float().expand(-1, seen.shape[1], -1)
        said = torch.einsum("btc,tcm->btm", torch.cat([seen, mean], -1), self.say.float()) + self.bias.float()
        return said.float().masked_fill(self.beyond, -1e4)


def _beyond(sizes: list[int]) -> Tensor:
    """Which values, of as many as the longest has, each trait has not."""
    return torch.arange(max(sizes)) >= torch.tensor(sizes)[:, None]


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
        boxes = self.boxes(self.rise(levels[1:])).float().unflatten(1, (2, 5))
        return *self._said(levels[-1]), boxes

    def said(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The same, but for the map of boxes."""
        return self._said(self.trunk(x)[-1])

    def _said(self, last: Tensor) -> tuple[Tensor, Tensor]:
        seen = torch.cat([last.mean((2, 3)), last.amax((2, 3))], 1)
        return self.traits(last), F.normalize(self.light(seen).float(), dim=1)


class DollNet(nn.Module):
    """[B, 4, 160, 160], -1..1, the fourth 1 within the doll's box, to traits."""

    def __init__(self) -> None:
        super().__init__()
        widths = (20, 36, 60, 108)
        self.trunk = Trunk(4, widths)
        self.traits = Traits(widths[-1], [len(values) for values in DOLL_READ.values()])

    def forward(self, x: Tensor) -> Tensor:
        return self.traits(self.trunk(x)[-1])


class JointNet(nn.Module):
    """As a doll's, to a map for each joint, coarse and fine, and its visibility.

    Maps are logits, [B, 18, 40, 40] and [B, 18, 80, 80]. What the first look finds is told to the second: an elbow in a
    long sleeve is where shoulder and wrist say.
    """

    def __init__(self) -> None:
        super().__init__()
        widths, again, width = (20, 36, 60, 108), (48, 64, 96), 32
        self.trunk, self.rise = Trunk(4, widths), Rise(widths[1:], again[0])
        self.coarse, self.told = nn.Conv2d(again[0], JOINTS, 1), nn.Conv2d(JOINTS, again[0], 1, bias=False)
        pairs = zip(again, again[1:], strict=False)
        self.levels = nn.ModuleList(nn.Sequential(Residual(a, b, 2), Residual(b, b)) for a, b in pairs)
        self.second = Rise(again, again[0])
        self.grown, self.beside = nn.Conv2d(again[0], width, 1), nn.Conv2d(widths[0], width, 1)
        self.mend, self.fine = _conv(width, width), nn.Conv2d(width, JOINTS, 1)
        self.visible = nn.Linear(again[-1], JOINTS)
        nn.init.zeros_(self.fine.weight)  # the fine maps begin as the coarse ones

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first = self.trunk(x)
        seen = self.rise(first[1:])
        coarse = self.coarse(seen).float()
        spots = coarse.shape[-1] * _shares(coarse)  # of some strength, not of 1/1600
        again = [seen + self.told(spots.to(seen.dtype))]
        for level in self.levels:
            again.append(level(again[-1]))
        finer = _doubled(self.grown(self.second(again) + again[0])) + self.beside(first[0])
        fine = self.fine(self.mend(finer)).float() + _doubled(coarse)
        return coarse, fine, self.visible(again[-1].mean((2, 3))).float()


class BodyNet(nn.Module):
    """Where a doll's joints are, [N, 18, 2], and logits of how visible, [N, 18], to some of its traits."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [len(DOLL_READ[trait]) for trait in BODY_READ]
        self.inner = nn.Sequential(nn.Linear(3 * JOINTS + len(LIMBS), 256), nn.ReLU(), nn.Dropout(0.2))
        self.outer = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, len(sizes) * max(sizes)))
        self.beyond: Tensor
        self.register_buffer("beyond", _beyond(sizes), persistent=False)

    def forward(self, spots: Tensor, shown: Tensor) -> Tensor:
        """[N, traits, values]; all is measured in torsos."""
        ways = spots - spots[:, [R_HIP, L_HIP]].mean(1, keepdim=True)
        ways = ways / ways[:, NECK : NECK + 1].norm(dim=-1, keepdim=True).clamp(min=0.02)
        lengths = torch.stack([(ways[:, a] - ways[:, b]).norm(dim=-1) for a, b in LIMBS], 1)
        said = self.outer(self.inner(torch.cat([ways.flatten(1), shown.sigmoid(), lengths], 1)))
        return said.unflatten(1, self.beyond.shape).masked_fill(self.beyond, -1e4)


def _shares(maps: Tensor) -> Tensor:
    """How likely each cell of a map is, from its logits."""
    return maps.flatten(2).softmax(-1).unflatten(2, maps.shape[2:])


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")


class FaceNet(nn.Module):
    """[B, 4, 96, 96], -1..1, the fourth 1 within the face's box, to traits."""

    def __init__(self) -> None:
        super().__init__()
        widths = (16, 32, 52, 80)
        self.trunk = Trunk(4, widths)
        self.traits = Traits(widths[-1], [len(DOLL_READ[trait]) for trait in FACE_READ])

    def forward(self, x: Tensor) -> Tensor:
        return self.traits(self.trunk(x)[-1])


def networks() -> nn.ModuleDict:
    made = {"scene": SceneNet(), "doll": DollNet(), "joints": JointNet(), "body": BodyNet(), "face": FaceNet()}
    return nn.ModuleDict(made).to(memory_format=torch.channels_last)


def squares(boxes: Tensor, margin: float) -> Tensor:
    """Boxes [N, 4] to the upright squares around them, [N, 4]: middle x, middle y, side, turn in radians."""
    low, high = boxes[:, :2], boxes[:, 2:]
    side = (high - low).amax(1, keepdim=True).clamp(min=4) * (1 + 2 * margin)
    return torch.cat([(low + high) / 2, side, torch.zeros_like(side)], 1)


def out_of(windows: Tensor, spots: Tensor) -> Tensor:
    """Places in windows, [N, n, 2], 0..1, to places in pictures, pixels."""
    return windows[:, None, :2] + _turned(spots - 0.5, windows[:, 3]) * windows[:, None, 2:3]


def into(windows: Tensor, places: Tensor) -> Tensor:
    """And back."""
    return _turned(places - windows[:, None, :2], -windows[:, 3]) / windows[:, None, 2:3] + 0.5


def _turned(ways: Tensor, turns: Tensor) -> Tensor:
    across, down = turns.cos()[:, None], turns.sin()[:, None]
    return torch.stack([across * ways[..., 0] - down * ways[..., 1], down * ways[..., 0] + across * ways[..., 1]], -1)


def crops(pictures: Tensor, which: Tensor, windows: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Square windows of some of the pictures [B, 3, H, W], [N, 3, side, side], 0 outside of the picture; and where in
    the picture their pixels are, [N, side, side, 2]."""
    height, width = pictures.shape[-2:]
    extent = torch.tensor([width, height], device=windows.device, dtype=torch.float32)
    steps = (torch.arange(side, device=windows.device) + 0.5) / side
    spots = torch.stack(torch.broadcast_tensors(steps, steps[:, None]), -1).flatten(0, 1)
    at = out_of(windows, spots.expand(len(windows), -1, -1)).unflatten(1, (side, side))
    grid = at / extent * 2 - 1
    return F.grid_sample(pictures[which], grid, mode="bilinear", padding_mode="zeros", align_corners=False), at


def known(boxes: Tensor) -> Tensor:
    """Which of these boxes are any: what is not there has none."""
    return (boxes[..., 2:] > boxes[..., :2]).all(-1)


def doll_windows(boxes: Tensor) -> Tensor:
    return squares(boxes, 0.1)


def doll_crops(pictures: Tensor, which: Tensor, boxes: Tensor, windows: Tensor) -> Tensor:
    """The dolls in these boxes as windows around them show them, [N, 4, 160, 160]."""
    return _marked(pictures, which, boxes, windows, DOLL_CROP)


def face_crops(pictures: Tensor, which: Tensor, boxes: Tensor) -> Tensor:
    """The faces in these boxes with hair, hat and scarf around them, [N, 4, 96, 96]."""
    return _marked(pictures, which, boxes, squares(boxes, 0.5), FACE_CROP)


def _marked(pictures: Tensor, which: Tensor, boxes: Tensor, windows: Tensor, side: int) -> Tensor:
    """Windows of pictures, and 1 where their box is."""
    seen, at = crops(pictures, which, windows, side)
    within = ((at > boxes[:, None, None, :2]) & (at < boxes[:, None, None, 2:])).all(-1, keepdim=True).movedim(-1, 1)
    return torch.cat([seen, within.to(seen.dtype)], 1).contiguous(memory_format=torch.channels_last)


def scenes_read(nets: nn.ModuleDict, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of pictures seen as they are and mirrored: logits of traits and the way to the light; and the map of boxes."""
    look = cast(SceneNet, nets["scene"])
    (said, way, maps), (other, back) = look(pictures), look.said(pictures.flip(-1))
    other[:, LIGHT_ROW, : len(OTHER_SIDE)] = other[:, LIGHT_ROW, OTHER_SIDE]
    return (said + other) / 2, F.normalize(way + back * back.new_tensor([-1, 1, 1]), dim=1), maps


def dolls_read(
    nets: nn.ModuleDict, pictures: Tensor, which: Tensor, boxes: Tensor, faces: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Of the dolls in these boxes, seen as they are and mirrored: scores of traits, where joints are, [N, 18, 2],
    pixels, and logits of how visible. A face's box that is not known has no size."""
    windows = doll_windows(boxes)
    traits, maps, shown = both_ways(nets, doll_crops(pictures, which, boxes, windows))
    spots = places(hottest(maps))
    said, told = traits.log_softmax(-1), nets["body"](spots, shown).log_softmax(-1)
    said[:, BODY_ROWS, : told.shape[-1]] += told
    faced = torch.nonzero(known(faces))[:, 0]
    if len(faced):
        seen = face_crops(pictures, which[faced], faces[faced])
        looks = _twice(nets["face"], seen).log_softmax(-1)
        said[faced[:, None], FACE_ROWS, : looks.shape[-1]] += looks
    return said, out_of(windows, spots), shown


def both_ways(nets: nn.ModuleDict, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The mean of what is said of crops and of their mirror images: traits, fine maps, how visible joints are."""
    (_, maps, shown), (_, mirrored, there) = nets["joints"](seen), nets["joints"](seen.flip(-1))
    return _twice(nets["doll"], seen), (maps + mirrored.flip(-1)[:, MIRROR]) / 2, (shown + there[:, MIRROR]) / 2


def _twice(says: nn.Module, seen: Tensor) -> Tensor:
    """The mean of what a network says of crops and of their mirror images, where that is the same."""
    said: Tensor = says(seen) + says(seen.flip(-1))
    return said / 2


def torsos(joints: Tensor) -> Tensor:
    """How long they are, [N], from joints [N, 18, 2]."""
    return (joints[:, NECK] - (joints[:, R_HIP] + joints[:, L_HIP]) / 2).norm(dim=-1)


def hottest(maps: Tensor) -> Tensor:
    """The maps near their hottest cells alone: between two places that are likely there is often none."""
    side = maps.shape[-1]
    top, cells = maps.flatten(2).argmax(-1)[..., None], torch.arange(side, device=maps.device)
    across, down = (cells - top % side).abs() <= NEAR, (cells - top // side).abs() <= NEAR
    return maps.masked_fill(~(down[..., :, None] & across[..., None, :]), -1e4)


def places(maps: Tensor) -> Tensor:
    """Where the joints are in their windows, from their maps, [N, 18, 2], 0..1."""
    side = maps.shape[-1]
    share = _shares(maps)
    cells = (torch.arange(side, device=maps.device) + 0.5) / side
    return torch.stack([(share.sum(2) * cells).sum(-1), (share.sum(3) * cells).sum(-1)], -1)
