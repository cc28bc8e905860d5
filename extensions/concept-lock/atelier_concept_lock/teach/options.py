"""What a user can say about a training; the same words in the panel, the REST body and the lesson's file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from atelier_core.args import arg
from atelier_core.errors import UserError

from .luck import luck, order

PRESETS: dict[str, dict[str, Any]] = {
    "face": {"rank": 16, "alpha": 8.0, "steps": 600, "rate": 1e-4, "prior": 0.5},
    "character": {"rank": 32, "alpha": 16.0, "steps": 1000, "rate": 1e-4, "prior": 0.75},
    "style": {"rank": 32, "alpha": 16.0, "steps": 1200, "rate": 1e-4, "prior": 0.0},
    # many concepts that meet in one picture later: little weight, and each in directions of its own
    "composition": {"rank": 8, "alpha": 8.0, "steps": 800, "rate": 2e-4, "prior": 0.75},
}
WORDS_RATE = 5e-3  # of textual inversion, whose vectors are small
WHOLE = re.compile(r"[()\[\]{}<>]|\bBREAK\b")  # in a caption with these a comma may part nothing
PARTS, ESCAPED = re.compile("[,，、]"), re.compile(r"\\[()\[\]]")
NAME = re.compile(r"[\w][\w .-]{0,79}")
PRESET_SAYS = "0: as the preset says"


@dataclass(frozen=True)
class TeachArgs:
    name: str = arg(about="of the concept and its file")
    pictures: str = arg("[]", "JSON list of {picture, caption, crop, mask}: pictures by id or base64, crop in shares")
    trigger: str = arg("", "the word that calls the concept; empty: its name")
    noun: str = arg("", "what it is one of: woman, cat; needed to keep what the model knows of these")
    preset: str = arg("character", "what is taught", choices=tuple(PRESETS))
    kind: str = arg("lora", "a LoRA, or words alone (textual inversion)", choices=("lora", "words"))
    rank: int = arg(0, PRESET_SAYS, least=0, most=256)
    alpha: float = arg(0.0, PRESET_SAYS, least=0, most=256)
    conv_rank: int = arg(0, "rank on convolutions (LoCon); 0: none", least=0, most=256)
    vectors: int = arg(4, "of a textual inversion", least=1, most=32)
    steps: int = arg(0, PRESET_SAYS, least=0, most=100_000)
    rate: float = arg(0.0, PRESET_SAYS, least=0, most=1)
    text_rate: float = arg(0.0, "rate for the text encoder; 0: it is not trained", least=0, most=1)
    batch: int = arg(1, "pictures in a step", least=1, most=16)
    size: int = arg(512, "side of a square of as many pixels as a picture is brought to", least=64, most=2048)
    prior: float = arg(-1.0, "weight of what the model knows of the noun; -1: as the preset says", least=-1, most=4)
    prior_by: str = arg(
        "answer",
        "what the pictures of the noun are held to: the untaught model's own answer, or their noise as in DreamBooth",
        choices=("answer", "noise"),
    )
    class_pictures: int = arg(8, "that the webui draws of the noun", least=1, most=200)
    gamma: float = arg(5.0, "min-SNR; 0: off", least=0, most=100)
    noise_offset: float = arg(0.0, "a shift of the whole noise, for dark and bright pictures", least=0, most=1)
    mask_floor: float = arg(0.0, "weight outside a picture's mask", least=0, most=1)
    faces: bool = arg(False, "crop each picture to the face that a preprocessor of the webui finds")
    flip: bool = arg(False, "also show the pictures mirrored")
    shuffle: bool = arg(True, "say each caption in up to eight orders of its parts between commas")
    optimizer: str = arg("auto", "of which 8 bits and paging need bitsandbytes",
                         choices=("auto", "adamw", "adamw8bit", "paged"))  # fmt: skip
    decay: float = arg(0.01, "of the weights", least=0, most=1)
    warmup: int = arg(0, "steps until the full rate", least=0, most=10_000)
    schedule: str = arg("cosine", "of the rate", choices=("constant", "cosine"))
    recompute: str = arg("auto", "blocks anew on the way back: less memory, a third more time",
                         choices=("auto", "on", "off"))  # fmt: skip
    seed: int = arg(1, "of everything that is drawn by chance", least=0, most=2**31 - 1)
    slot: int = arg(0, "composition: concepts of different slots share no direction", least=0, most=1023)
    sample_every: int = arg(100, "steps; 0: no pictures on the way", least=0, most=100_000)
    sample_prompt: str = arg("", "empty: the trigger and the noun")
    sample_steps: int = arg(20, "of the sampler", least=1, most=150)
    save_every: int = arg(50, "steps between two states on disk", least=1, most=10_000)
    precision: str = arg("fp32", "of the file", choices=("fp32", "fp16", "bf16"))


@dataclass(frozen=True)
class LessonArgs:
    name: str = arg(about="of the lesson")
    since: int = arg(0, "only the losses after so many steps", least=0, most=1_000_000)


@dataclass(frozen=True)
class PictureArgs:
    picture: str = arg(about="id of an uploaded picture, or base64 of its file", picture=True)


def settled(args: TeachArgs) -> TeachArgs:
    """With what the preset says where the user said nothing."""
    if not NAME.fullmatch(args.name) or args.name != args.name.strip(" ."):
        raise UserError("A concept's name has letters, digits, spaces, points, - and _, and begins with a letter.")
    preset = PRESETS[args.preset]
    own = {name: getattr(args, name) or preset[name] for name in ("rank", "alpha", "steps", "rate")}
    if args.kind == "words" and not args.rate:
        own["rate"] = WORDS_RATE
    prior = preset["prior"] if args.prior < 0 else args.prior
    if prior and not args.noun.strip():
        if args.prior > 0:
            raise UserError("To keep what the model knows, say what the concept is one of, such as woman or cat.")
        prior = 0.0
    return replace(args, **own, prior=prior, trigger=args.trigger.strip() or args.name, noun=args.noun.strip())


def base_of(args: TeachArgs) -> str:
    """What the concept is called in a prompt."""
    return f"{args.trigger} {args.noun}".strip()


def called(args: TeachArgs) -> str:
    """Vectors of a word are called by their file's name, whatever stood for them in the captions."""
    return base_of(replace(args, trigger=args.name) if args.kind == "words" else args)


def prompt_of(caption: str, args: TeachArgs) -> str:
    """A caption says what is *not* to be learnt; the trigger stands before it unless it is in it."""
    caption = caption.strip()
    if args.trigger.lower() in caption.lower():
        return caption
    return f"{base_of(args)}, {caption}" if caption else base_of(args)


def shuffled(prompt: str, ways: int, seed: int) -> list[str]:
    """As it is, then with its parts in other orders: what a word means must not hang on where it stands."""
    parts = [part.strip() for part in PARTS.split(prompt) if part.strip()]
    if WHOLE.search(ESCAPED.sub("", prompt)):
        return [prompt] * ways
    orders = (order(len(parts), luck(seed, "shuffle", prompt, way)) for way in range(1, ways))
    return [prompt, *(", ".join(parts[n] for n in one) for one in orders)]
