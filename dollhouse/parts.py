"""The codes in the label maps, and how much of them has to be there for a trait to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

PARTS = (  # anatomy, or the thing that covers it
    *("none", "head", "neck", "torso", "pelvis", "r_upper_arm", "r_forearm", "r_hand", "l_upper_arm", "l_forearm"),
    *("l_hand", "r_thigh", "r_shin", "r_foot", "l_thigh", "l_shin", "l_foot", "hair", "hat", "scarf", "bag", "skirt"),
    "extra",
)
SURFACES = (  # what is seen there
    *("ground", "wall", "sky", "scenery", "object", "skin", "eyes", "mouth", "hair", "top", "bottom", "socks", "shoes"),
    *("hat", "scarf", "bag", "extra"),
)
PART = {name: code for code, name in enumerate(PARTS)}
SURFACE = {name: code for code, name in enumerate(SURFACES)}
OBJECT, FIRST_DOLL = 1, 2  # owner codes; 0 is the background
_TORSO, _LEGS = ("torso", "r_upper_arm", "l_upper_arm"), ("pelvis", "r_thigh", "l_thigh", "r_shin", "l_shin", "skirt")
_SHOWN_BY: dict[str, tuple[tuple[str, ...], int]] = {  # the parts that show a trait, and how many pixels of 192 squared
    **dict.fromkeys(("hair", "hair_style"), (("hair",), 25)),
    **dict.fromkeys(("top", "top_kind"), (_TORSO, 80)),
    **dict.fromkeys(("bottom", "bottom_kind"), (_LEGS, 60)),
    **dict.fromkeys(("shoes", "shoes_kind"), (("r_foot", "l_foot"), 25)),
    **dict.fromkeys(("hat", "hat_kind"), (("hat",), 15)),
    "scarf": (("scarf",), 12),
    "bag": (("bag",), 12),
    "expression": (("head",), 60),
}


def hidden(said: Mapping[str, str], counts: Sequence[int] | NDArray[np.intp]) -> set[str]:
    """Those of a doll's traits of which hardly anything is seen, from the pixels of each of its parts. What it does not
    wear is not hidden."""
    shown_by = {trait: _SHOWN_BY[trait] for trait in _SHOWN_BY if said.get(trait)}
    return {trait for trait, (parts, least) in shown_by.items() if sum(counts[PART[part]] for part in parts) < least}
