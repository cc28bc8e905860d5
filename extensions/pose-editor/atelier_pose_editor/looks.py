"""Ready-made looks, expressions and room styles: words for the prompt, and how firmly the maps hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

t = str  # marks a text of the translations' tables; it is said in the user's language where it is shown


@dataclass(frozen=True)
class Hint:
    """How a ControlNet of a kind is best used for this: its weight, and from and to which share of the steps."""

    kind: str
    weight: float = 1.0
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class Look:
    name: str
    title: str
    prompt: str
    negative: str
    hints: tuple[Hint, ...]
    models: tuple[str, ...]  # parts of the names of checkpoints made for it, in lower case

    def hint(self, kind: str) -> Hint:
        return next((hint for hint in self.hints if hint.kind == kind), Hint(kind))

    def fitting(self, checkpoints: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in checkpoints if any(part in name.lower() for part in self.models))


@dataclass(frozen=True)
class Expression:
    """Another expression on the same face at the same angle: only the face is painted anew, held by its edges."""

    name: str
    title: str
    prompt: str
    negative: str
    denoise: float
    feather: float = 0.1  # share of the face's height
    hint: Hint = Hint("canny", 0.5, 0.0, 0.4)  # eyes and nose stay in place, the mouth is free for the later steps


@dataclass(frozen=True)
class RoomStyle:
    """The same room, its edges held, furnished in another style."""

    name: str
    title: str
    prompt: str
    negative: str = "people, blurry, distorted perspective, crooked walls, clutter, text, watermark"
    denoise: float = 0.8
    hint: Hint = Hint("mlsd", 1.0, 0.0, 0.8)


ILLUSTRATION = Look(
    "illustration",
    t("Illustration"),
    "illustration, clean line art, crisp outlines, flat colours, soft cel shading",
    "photograph, photorealistic, film grain, blurry, jpeg artifacts, text, watermark",
    (
        Hint("scribble", 0.9, 0.0, 0.8),
        Hint("lineart", 1.0),
        Hint("canny", 0.8, 0.0, 0.8),
        Hint("softedge", 0.8, 0.0, 0.9),
        Hint("openpose", 1.0),
        Hint("mlsd", 0.8),
    ),
    ("anime", "anything", "illustrious", "noob", "pony", "animagine", "counterfeit", "meina", "toon", "dollhouse"),
)
WATERCOLOUR = Look(
    "watercolour",
    t("Watercolour"),
    "watercolour painting, wet edges, visible paper grain, pale washes of colour",
    "photograph, 3d render, hard outlines, blurry, text, watermark",
    (Hint("scribble", 0.7, 0.0, 0.6), Hint("lineart", 0.7, 0.0, 0.7), Hint("canny", 0.6, 0.0, 0.6)),
    ILLUSTRATION.models,
)
PHOTO = Look(
    "photo",
    t("Photograph"),
    "photograph, natural light, sharp focus, realistic skin and materials, 50mm lens",
    "illustration, drawing, painting, cartoon, 3d render, outlines, oversaturated, blurry, text, watermark",
    (
        Hint("scribble", 0.7, 0.0, 0.6),  # drawn outlines would be seen in a photograph
        Hint("lineart", 0.6, 0.0, 0.6),
        Hint("canny", 0.6, 0.0, 0.6),
        Hint("softedge", 0.7, 0.0, 0.7),
        Hint("depth", 0.8, 0.0, 0.8),
        Hint("openpose", 1.0),
        Hint("mlsd", 1.0, 0.0, 0.8),
    ),
    ("realis", "photo", "juggernaut", "epicrealism", "absolutereality", "cyberrealistic", "majicmix", "deliberate"),
)
LOOKS = {look.name: look for look in (ILLUSTRATION, WATERCOLOUR, PHOTO)}

_FACE = "deformed face, asymmetric eyes, extra teeth, blurry"
_ALL_EXPRESSIONS = (
    Expression(
        "neutral", t("Neutral"), "neutral expression, relaxed face, closed mouth", f"smile, frown, {_FACE}", 0.45
    ),
    Expression(
        "smiling", t("Smiling"), "gentle smile, smiling with closed mouth, warm eyes", f"frown, sad, {_FACE}", 0.5
    ),
    Expression(
        "laughing",
        t("Laughing"),
        "laughing out loud, open mouth, teeth showing, narrowed happy eyes, raised cheeks",
        f"closed mouth, sad, angry, {_FACE}",
        0.6,
        hint=Hint("canny", 0.4, 0.0, 0.3),  # an open mouth moves the chin
    ),
    Expression(
        "angry",
        t("Angry"),
        "angry expression, lowered drawn-together eyebrows, glaring eyes, tight lips",
        f"smile, calm, {_FACE}",
        0.55,
    ),
    Expression(
        "sad",
        t("Sad"),
        "sad expression, inner eyebrows raised, downcast teary eyes, corners of the mouth turned down",
        f"smile, laughing, {_FACE}",
        0.55,
    ),
    Expression(
        "surprised",
        t("Surprised"),
        "surprised expression, wide open eyes, raised eyebrows, parted lips",
        f"narrowed eyes, frown, {_FACE}",
        0.6,
        hint=Hint("canny", 0.4, 0.0, 0.3),
    ),
)
EXPRESSIONS = {expression.name: expression for expression in _ALL_EXPRESSIONS}

_ALL_STYLES = (
    RoomStyle(
        "modern", t("Modern"), "modern interior, clean lines, large windows, low furniture, neutral tones, oak floor"
    ),
    RoomStyle(
        "nordic",
        t("Nordic"),
        "nordic interior, white walls, pale birch wood, wool throws, soft daylight, simple furniture, green plants",
    ),
    RoomStyle(
        "industrial",
        t("Industrial"),
        "industrial loft interior, exposed brick, black steel frames, concrete floor, leather sofa, hanging bulbs",
    ),
    RoomStyle(
        "hanok",
        t("Hanok (traditional Korean)"),
        "traditional korean hanok interior, exposed wooden beams, sliding doors with hanji paper, ondol floor, "
        "low wooden table, floor cushions, celadon ceramics",
    ),
    RoomStyle(
        "japandi",
        t("Japandi"),
        "japandi interior, warm minimalism, light oak, dark walnut, linen, paper lamp, low furniture, earth tones",
    ),
    RoomStyle(
        "classic",
        t("Classic"),
        "classic european interior, wall panelling, stucco ceiling, herringbone parquet, chandelier, velvet armchairs",
    ),
    RoomStyle(
        "mid-century",
        t("Mid-century"),
        "mid-century modern interior, teak sideboard, tapered legs, mustard and teal accents, lounge chair",
    ),
    RoomStyle(
        "mediterranean",
        t("Mediterranean"),
        "mediterranean interior, white plaster walls, arches, terracotta tiles, rattan, olive wood, bright sunlight",
    ),
)
ROOM_STYLES = {style.name: style for style in _ALL_STYLES}
