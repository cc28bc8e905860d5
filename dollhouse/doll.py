"""Who a doll is: the traits that the grammar can say, and marks that it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from dollhouse.colours import CLOTH, HAIR, SKIN
from dollhouse.skeleton import GIRTHS, HEIGHTS

KINDS = tuple(HEIGHTS)
SIZES = tuple(GIRTHS)
HAIR_STYLES = ("short", "long", "bob", "ponytail", "pigtails", "bun", "curly", "spiky")
TOPS = ("t-shirt", "sweater", "jacket", "tank top")
BOTTOMS = ("trousers", "shorts", "skirt", "long skirt")
SHOES = ("shoes", "boots")
HATS = ("hat", "cap", "beanie")
EXPRESSIONS = ("smiling", "angry", "sad", "laughing")
MARKS = (
    *("split hair", "hair tips", "star top", "heart top", "striped top", "dotted top", "half top", "striped trousers"),
    *("odd socks", "odd shoes", "eye patch", "face paint", "glasses", "moustache", "cat ears", "horns", "cape"),
    *("glove", "metal arm", "dotted skirt", "odd eyes", "freckles", "bow", "crown"),
)


@dataclass(frozen=True)
class Mark:
    """A trait outside the grammar, in one colour (any palette's name)."""

    kind: str
    colour: str

    def __post_init__(self) -> None:
        _known("mark", self.kind, MARKS)
        _known("colour", self.colour, CLOTH)


@dataclass(frozen=True)
class Doll:
    """An empty hat, scarf or bag colour means there is none."""

    kind: str
    size: str
    skin: str
    hair_style: str
    hair: str
    top_kind: str
    top: str
    bottom_kind: str
    bottom: str
    shoes_kind: str
    shoes: str
    hat_kind: str = ""
    hat: str = ""
    scarf: str = ""
    bag: str = ""
    name: str = ""
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        for trait, known in _CHOICES.items():
            _known(trait, getattr(self, trait), known)

    def mark(self, kind: str) -> str:
        """The colour of a mark, or nothing."""
        return next((mark.colour for mark in self.marks if mark.kind == kind), "")


_MAYBE = ("", *CLOTH)
_CHOICES: dict[str, tuple[str, ...] | dict] = {
    "kind": KINDS,
    "size": SIZES,
    "skin": SKIN,
    "hair_style": HAIR_STYLES,
    "hair": HAIR,
    "top_kind": TOPS,
    "top": CLOTH,
    "bottom_kind": BOTTOMS,
    "bottom": CLOTH,
    "shoes_kind": SHOES,
    "shoes": CLOTH,
    "hat_kind": ("", *HATS),
    "hat": _MAYBE,
    "scarf": _MAYBE,
    "bag": _MAYBE,
}


def _known(trait: str, value: str, known: tuple[str, ...] | dict) -> None:
    if value not in known:
        raise ValueError(f"{trait} cannot be {value!r}; it is one of {', '.join(repr(k) for k in known)}")


_STYLES = {  # how often each kind wears its hair so, in the order of HAIR_STYLES
    "girl": (1, 4, 4, 4, 5, 3, 2, 1),
    "boy": (6, 1, 1, 0, 0, 0, 4, 6),
    "woman": (2, 5, 4, 4, 2, 4, 3, 1),
    "man": (7, 1, 1, 1, 0, 1, 4, 5),
}


def sampled_doll(rng: Random) -> Doll:
    kind = rng.choice(KINDS)
    male = kind in ("boy", "man")
    skin = rng.choice(tuple(SKIN))
    cloth = tuple(colour for colour in CLOTH if colour != "brown" or skin in ("fair", "tan"))  # cloth unlike skin
    top = rng.choice(cloth)
    others = [colour for colour in cloth if colour != top]
    style = rng.choices(HAIR_STYLES, _STYLES[kind])[0]
    has_hat = rng.random() < 0.3 and style not in ("bun", "spiky")  # a hat would hide them
    has_scarf, has_bag = rng.random() < 0.18, rng.random() < 0.2
    return Doll(
        kind=kind,
        size=rng.choices(SIZES, (1, 2, 1))[0],
        skin=skin,
        hair_style=style,
        hair=rng.choice(tuple(HAIR)),
        top_kind=rng.choice(TOPS),
        top=top,
        bottom_kind=rng.choices(BOTTOMS, (5, 4, 0, 0) if male else (3, 2, 4, 2))[0],
        bottom=rng.choice(others),
        shoes_kind=rng.choice(SHOES),
        shoes=rng.choice(cloth),
        hat_kind=rng.choice(HATS) if has_hat else "",
        hat=rng.choice(others) if has_hat else "",
        scarf=rng.choice(others) if has_scarf else "",
        bag=rng.choice(others) if has_bag else "",
    )


def _cast(name: str, traits: str, *marks: tuple[str, str]) -> Doll:
    kind, size, skin, hair_style, hair, top_kind, top, bottom_kind, bottom, shoes_kind, shoes = traits.split("/")
    return Doll(
        kind,
        size,
        skin,
        hair_style,
        hair,
        top_kind,
        top,
        bottom_kind,
        bottom,
        shoes_kind,
        shoes,
        name=name,
        marks=tuple(Mark(*mark) for mark in marks),
    )


_HELD_OUT = (
    _cast("Pim", "girl/average/fair/pigtails/pink/t-shirt/white/skirt/purple/boots/black", ("split hair", "blue")),
    _cast("Nilo", "boy/slim/tan/short/brown/t-shirt/blue/shorts/grey/shoes/white", ("star top", "yellow")),
    _cast("Oona", "girl/average/dark/bun/black/sweater/yellow/skirt/green/shoes/red", ("odd socks", "pink")),
    _cast("Bram", "man/plump/fair/short/red/jacket/brown/trousers/black/boots/black", ("eye patch", "black")),
    _cast(
        "Tavi", "boy/average/brown/curly/black/tank top/orange/trousers/white/shoes/blue", ("striped trousers", "red")
    ),
    _cast("Zuri", "woman/slim/dark/long/purple/sweater/white/long skirt/red/boots/brown", ("dotted skirt", "white")),
    _cast("Kip", "boy/plump/fair/spiky/blond/sweater/green/shorts/brown/shoes/orange", ("cape", "red")),
    _cast("Lumi", "girl/slim/fair/long/white/t-shirt/pink/trousers/blue/boots/white", ("hair tips", "green")),
    _cast("Orla", "woman/average/tan/bob/red/t-shirt/grey/shorts/black/boots/purple", ("metal arm", "grey")),
    _cast("Rafi", "man/average/brown/short/black/t-shirt/red/trousers/grey/shoes/white", ("striped top", "white")),
    _cast("Sana", "girl/average/tan/bob/black/tank top/purple/skirt/yellow/shoes/pink", ("cat ears", "black")),
    _cast("Wren", "woman/slim/brown/ponytail/blond/sweater/black/trousers/green/shoes/red", ("heart top", "red")),
    _cast("Ivo", "man/slim/fair/spiky/blue/tank top/white/shorts/purple/boots/yellow", ("glasses", "black")),
    _cast("Juno", "girl/plump/dark/curly/pink/sweater/blue/trousers/orange/shoes/green", ("face paint", "white")),
    _cast("Hale", "man/average/tan/long/white/jacket/purple/trousers/white/boots/black", ("horns", "red")),
    _cast("Mika", "woman/plump/fair/bun/green/t-shirt/yellow/skirt/blue/shoes/black", ("half top", "purple")),
)


def heldout_dolls() -> dict[str, Doll]:
    """Named dolls, each with a trait that no caption can say; no training scene shows one."""
    return {doll.name: doll for doll in _HELD_OUT}
