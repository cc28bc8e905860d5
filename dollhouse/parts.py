"""The codes in the label maps."""

from __future__ import annotations

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
