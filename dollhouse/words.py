"""The vocabulary of captions: every phrase and the attribute value that it says."""

from __future__ import annotations

from dollhouse.backgrounds import BACKGROUNDS
from dollhouse.colours import CLOTH, HAIR, LIGHT, SKIN
from dollhouse.doll import BOTTOMS, EXPRESSIONS, HAIR_STYLES, HATS, KINDS, SHOES, TOPS
from dollhouse.light import DIRECTIONS, STRENGTHS
from dollhouse.poses import POSES

# The first phrase of each is the plain caption's.
EXPRESSION = {
    "smiling": ("smiling", "happy"),
    "angry": ("angry", "furious"),
    "sad": ("sad", "crying"),
    "laughing": ("laughing",),
}
SIZE = {"slim": ("slim", "thin"), "plump": ("plump", "chubby")}  # average goes without saying
BACKGROUND = {
    "beach": ("on a beach", "at the beach"),
    "forest": ("in a forest", "in the woods"),
    "street": ("in a street", "on a city street"),
    "room": ("in a room", "in a living room"),
    "office": ("in an office", "at the office"),
    "kitchen": ("in a kitchen", "in the kitchen"),
    "night city": ("in a city at night", "in the night city"),
    "plain": ("on a plain background", "against a plain backdrop"),
}
FRAMING = {
    "full body": ("full body", "full body shot"),
    "knees up": ("seen from the knees up", "three-quarter shot"),
    "waist up": ("seen from the waist up", "half body shot"),
    "portrait": ("portrait", "close-up"),
}
STYLE = {
    "cartoon": ("flat cartoon", "cartoon"),
    "photo": ("photo", "photograph"),
    "sketch": ("line sketch", "pencil sketch"),
    "watercolour": ("watercolour", "watercolour painting"),
}
POSE = {name: (name,) for name in POSES} | {
    "hands on hips": ("with hands on hips", "hands on hips"),
    "cheering": ("cheering", "with arms up"),
    "star jump": ("doing a star jump",),
    "balancing": ("balancing on one leg", "balancing"),
}
LIGHT_KIND = {"sun": ("sunlight",), "lamp": ("lamplight",), "soft": ("soft light",)}
LIGHT_FROM = {
    "left": ("from the left",),
    "right": ("from the right",),
    "above": ("from above",),
    "front": ("from the front",),
    "behind": ("from behind",),
}
LIGHT_COLOUR = {"warm": ("warm",), "cool": ("cool", "bluish"), "pink": ("pink", "rosy")}  # white goes without saying
LIGHT_STRENGTH = {"dim": ("dim", "weak"), "bright": ("bright", "strong")}
PLACE = {"left": ("on the left",), "middle": ("in the middle",), "right": ("on the right",)}
WORN_HAIR = {"bob": "bob", "ponytail": "ponytail", "pigtails": "pigtails", "bun": "bun"}  # "hair in a bun"
LOOSE_HAIR = ("short", "long", "curly", "spiky")

PERSON_TRAITS = {  # trait -> every value it can have, "" for none
    "kind": KINDS,
    "expression": EXPRESSIONS,
    "size": ("slim", "average", "plump"),
    "skin": tuple(SKIN),
    "hair_style": HAIR_STYLES,
    "hair": tuple(HAIR),
    "top_kind": TOPS,
    "top": tuple(CLOTH),
    "bottom_kind": BOTTOMS,
    "bottom": tuple(CLOTH),
    "shoes_kind": SHOES,
    "shoes": tuple(CLOTH),
    "hat_kind": ("", *HATS),
    "hat": ("", *CLOTH),
    "scarf": ("", *CLOTH),
    "bag": ("", *CLOTH),
    "pose": POSES,
}
SCENE_TRAITS = {
    "background": BACKGROUNDS,
    "framing": tuple(FRAMING),
    "style": tuple(STYLE),
    "light_kind": tuple(LIGHT_KIND),
    "light_direction": DIRECTIONS,
    "light_colour": tuple(LIGHT),
    "light_strength": tuple(STRENGTHS),
}
