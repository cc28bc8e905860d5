"""Captions of scenes, and what a caption says: one small grammar, both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random

from dollhouse import words
from dollhouse.actor import Actor, cut_off
from dollhouse.colours import CLOTH, HAIR, SKIN
from dollhouse.doll import BOTTOMS, HATS, KINDS, SHOES, TOPS
from dollhouse.props import PROPS
from dollhouse.scene import Scene

Traits = dict[str, str]
_NOBODY = "person"


def places(scene: Scene) -> list[str]:
    """Each doll's place in the row: left, middle, right; a single doll has none."""
    if len(scene.people) == 1:
        return [""]
    order = sorted(range(len(scene.people)), key=lambda i: scene.people[i].x)
    names = ("left", "right") if len(order) == 2 else ("left", "middle", "right")
    return [names[order.index(i)] for i in range(len(order))]


def attributes(scene: Scene) -> dict:
    """What can be seen and said: `people`, `objects` and the traits of the scene. What the frame cuts off is absent, so
    is what a style does not show of the light."""
    people = []
    for actor, place, gone in zip(scene.people, places(scene), cut_off(scene.people, scene.camera), strict=True):
        traits = [trait for trait in words.PERSON_TRAITS if hasattr(actor.doll, trait) and trait not in gone]
        found = {trait: getattr(actor.doll, trait) for trait in traits}
        people.append({**found, "expression": actor.expression, "pose": actor.pose.name, "place": place})
    return {
        "people": people,
        "objects": [{"kind": prop.kind, "colour": prop.colour} for prop in scene.props],
        "background": scene.background.name,
        "framing": scene.camera.framing,
        "style": scene.style,
        **_of_light(scene),
    }


def _of_light(scene: Scene) -> Traits:
    """A sketch hatches the side away from the lamp; its paper is as bright under any."""
    light = scene.light
    where = {"light_direction": light.direction}
    what = {"light_kind": light.kind, "light_colour": light.colour, "light_strength": light.strength}
    return where if scene.style == "sketch" else where | what


class _Speaker:
    """Chooses among paraphrases and leaves things out; without a seed it says everything in the plain words."""

    def __init__(self, seed: int | None, dropout: float) -> None:
        self.rng = None if seed is None else Random(f"caption:{seed}")
        self.dropout = dropout if self.rng else 0.0

    def says(self) -> bool:
        return self.rng is None or self.rng.random() >= self.dropout

    def one(self, phrases: Sequence[str]) -> str:
        return phrases[0] if self.rng is None else self.rng.choice(phrases)

    def said(self, table: Mapping[str, Sequence[str]], value: str) -> str:
        """The phrase for a value, or nothing: left out, or a value that goes without saying."""
        return self.one(table[value]) if value in table and self.says() else ""


def caption(
    scene: Scene,
    seed: int | None = None,
    dropout: float = 0.0,
    names: Mapping[int, str] | None = None,
    limit: int | None = None,
) -> str:
    """One way to say a scene; without a seed the plain one. `dropout` is the share of attributes left unsaid.

    `names` puts words in the place of a doll's own traits, as a learnt concept would be: "Nilo", "a nilo boy". `limit`
    leaves out more until no more words and commas than that are left, for text encoders with a short memory.
    """
    said = _said(scene, _Speaker(seed, dropout), names or {})
    while limit and dropout < 1 and len(re.findall(r"\w+|[^\w\s]", said)) > limit:
        dropout = round(dropout + 0.06, 2)
        said = _said(scene, _Speaker(seed or 0, dropout), names or {})
    return said


def _said(scene: Scene, speaker: _Speaker, names: Mapping[int, str]) -> str:
    gone = cut_off(scene.people, scene.camera)
    people = [
        _named(speaker, actor, place, names[i]) if i in names else _person(speaker, actor, place, gone[i])
        for i, (actor, place) in enumerate(zip(scene.people, places(scene), strict=True))
    ]
    order = sorted(range(len(people)), key=lambda i: scene.people[i].x)
    who = " and ".join(people[i] for i in order) if len(people) < 3 else ", ".join(people[i] for i in order)
    where = speaker.said(words.BACKGROUND, scene.background.name)
    things = ", ".join(_object(speaker, prop.kind, prop.colour) for prop in scene.props if speaker.says())
    near = f"{speaker.one(('next to', 'beside'))} {things}" if things else ""
    framing = speaker.said(words.FRAMING, scene.camera.framing)
    style = speaker.said(words.STYLE, scene.style)
    rest = [near, framing, _light(speaker, scene), style]
    shape = speaker.one(("who first", "style first", "place first"))
    if shape == "style first" and style:
        return _joined([f"{_with_article(style)} of {_joined([who, where], ' ')}", *rest[:3]])
    if shape == "place first" and where:
        return _joined([where, who, *rest])
    return _joined([_joined([who, where], " "), *rest])


def _joined(parts: Sequence[str], glue: str = ", ") -> str:
    return glue.join(part for part in parts if part)


def _with_article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _person(speaker: _Speaker, actor: Actor, place: str, gone: set[str]) -> str:
    doll = actor.doll
    kind = doll.kind if speaker.says() else _NOBODY
    head = _joined([speaker.said(words.EXPRESSION, actor.expression), speaker.said(words.SIZE, doll.size), kind], " ")
    body = _joined([f"{doll.skin} skin" if speaker.says() else "", _hair(speaker, doll.hair_style, doll.hair)], " and ")
    worn = [
        _worn(speaker, kind, colour, "top" if trait == "top" else "")
        for trait, kind, colour in _outfit(actor)
        if colour and trait not in gone
    ]
    pose, worn_said = speaker.said(words.POSE, actor.pose.name), [thing for thing in worn if thing]
    row = speaker.said(words.PLACE, place)
    if speaker.one(("sentence", "list")) == "list":
        return _joined([_with_article(head), body, *worn_said, pose, row])
    clothes = _listed([thing if thing.endswith(_PLURAL) else _with_article(thing) for thing in worn_said])
    verb = speaker.one(("wearing", "in"))
    said = _with_article(head) + (f" with {body}" if body else "") + (f" {verb} {clothes}" if clothes else "")
    return _joined([said, pose, row])


_PLURAL = ("trousers", "shorts", "shoes", "boots")


def _named(speaker: _Speaker, actor: Actor, place: str, name: str) -> str:
    bare = name.removeprefix("a ")
    head = _joined([speaker.said(words.EXPRESSION, actor.expression), bare], " ")
    return _joined(
        [
            _with_article(head) if bare != name else head,
            speaker.said(words.POSE, actor.pose.name),
            speaker.said(words.PLACE, place),
        ]
    )


def _outfit(actor: Actor) -> list[tuple[str, str, str]]:
    """(trait, kind, colour) of everything worn; an empty colour is nothing."""
    d = actor.doll
    return [
        ("top", d.top_kind, d.top),
        ("bottom", d.bottom_kind, d.bottom),
        ("shoes", d.shoes_kind, d.shoes),
        *(("hat", d.hat_kind, d.hat), ("scarf", "scarf", d.scarf), ("bag", "bag", d.bag)),
    ]


def _listed(things: Sequence[str]) -> str:
    return things[0] if len(things) == 1 else ", ".join(things[:-1]) + " and " + things[-1] if things else ""


def _hair(speaker: _Speaker, style: str, colour: str) -> str:
    colour = colour if speaker.says() else ""
    style = style if speaker.says() else ""
    if not colour and not style:
        return ""
    if style in words.WORN_HAIR:
        article = "" if style == "pigtails" else "a "
        if colour and speaker.one(("in", "worn")) == "in":
            return f"{colour} hair in {article}{style}"
        return article + _joined([colour, style], " ")
    return _joined([style, colour, "hair"], " ")


def _worn(speaker: _Speaker, kind: str, colour: str, general: str = "") -> str:
    colour, exact = (colour if speaker.says() else ""), speaker.says()
    if exact:
        return f"long {colour} skirt" if kind == "long skirt" and colour else _joined([colour, kind], " ")
    return f"{colour} {general}" if general and colour else ""


def _object(speaker: _Speaker, kind: str, colour: str) -> str:
    return f"a plant in {_with_article(colour)} pot" if kind == "plant" else _with_article(f"{colour} {kind}")


def _light(speaker: _Speaker, scene: Scene) -> str:
    seen = _of_light(scene)
    kind = speaker.said(words.LIGHT_KIND, seen.get("light_kind", ""))
    strength = speaker.said(words.LIGHT_STRENGTH, seen.get("light_strength", ""))
    colour = speaker.said(words.LIGHT_COLOUR, seen.get("light_colour", ""))
    direction = speaker.said(words.LIGHT_FROM, seen["light_direction"])
    if not any((kind, strength, colour, direction)):
        return ""
    return _joined([strength, colour, kind or "light", direction], " ")


def _one_of(values: Sequence[str]) -> str:
    return "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True))


def _phrases(table: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {phrase: value for value, phrases in table.items() for phrase in phrases}


def _find(text: str, table: Mapping[str, Sequence[str]]) -> str:
    phrases = _phrases(table)
    found = re.search(rf"\b({_one_of(list(phrases))})\b", text)
    return phrases[found[1]] if found else ""


_LIGHT_SAID = re.compile(r"(?:^|, )((?:\w+ ){0,3}(?:sunlight|lamplight|light)\b(?: from \w+(?: \w+)?)?)(?=,|$)")
_OBJECT_SAID = re.compile(
    rf"\b(?:({_one_of(list(CLOTH))}) ({_one_of([p for p in PROPS if p != 'plant'])})|plant in an? (\w+) pot)\b"
)
_PERSON_SAID = re.compile(rf"\ban? ((?:\w+ ){{0,2}})({_one_of([*KINDS, _NOBODY])})\b")
_HAIR_COLOUR, _HAIR_WORN = rf"(?:({_one_of(list(HAIR))}) )?", rf"({_one_of(list(words.WORN_HAIR))})"
_HAIR_SAID = re.compile(rf"\b(?:({_one_of(words.LOOSE_HAIR)}) )?{_HAIR_COLOUR}hair\b(?: in (?:a )?{_HAIR_WORN})?")
_WORN_HAIR_SAID = re.compile(rf"\b{_HAIR_COLOUR}{_HAIR_WORN}\b")


def _clothes_said(text: str, kinds: Sequence[str], general: str = "") -> tuple[str, str]:
    """(kind, colour) of the one garment of these kinds that the text names."""
    names = _one_of([*kinds, *([general] if general else [])])
    found = re.search(rf"\b(?:(long) )?(?:({_one_of(list(CLOTH))}) )?({names})\b(?! in)", text)
    if not found:
        return "", ""
    kind = "long skirt" if found[1] and found[3] == "skirt" else found[3]
    return ("" if kind == general else kind), found[2] or ""


def _person_said(head: str, text: str, kind: str) -> Traits:
    found = {
        "kind": "" if kind == _NOBODY else kind,
        "expression": _find(head, words.EXPRESSION),
        "size": _find(head, words.SIZE),
    }
    skin = re.search(rf"\b({_one_of(list(SKIN))}) skin\b", text)
    found["skin"] = skin[1] if skin else ""
    loose, worn = _HAIR_SAID.search(text), _WORN_HAIR_SAID.search(text)
    if loose:
        found["hair_style"], found["hair"] = loose[1] or loose[3] or "", loose[2] or ""
    elif worn:
        found["hair_style"], found["hair"] = worn[2], worn[1] or ""
    found["top_kind"], found["top"] = _clothes_said(text, TOPS, "top")
    found["bottom_kind"], found["bottom"] = _clothes_said(text, BOTTOMS)
    found["shoes_kind"], found["shoes"] = _clothes_said(text, SHOES)
    found["hat_kind"], found["hat"] = _clothes_said(text, HATS)
    found["scarf"], found["bag"] = _clothes_said(text, ("scarf",))[1], _clothes_said(text, ("bag",))[1]
    found["pose"], found["place"] = _find(text, words.POSE), _find(text, words.PLACE)
    return {trait: value for trait, value in found.items() if value}


Table = Mapping[str, Sequence[str]]
_SCENE_TABLES: dict[str, Table] = {"background": words.BACKGROUND, "framing": words.FRAMING, "style": words.STYLE}
_LIGHT_TABLES: dict[str, Table] = {
    "light_kind": words.LIGHT_KIND,
    "light_direction": words.LIGHT_FROM,
    "light_colour": words.LIGHT_COLOUR,
    "light_strength": words.LIGHT_STRENGTH,
}


def parse(text: str) -> dict:
    """What a caption of this grammar says, in the shape of `attributes`; what it does not say is absent."""
    said: dict = {}
    light = _LIGHT_SAID.search(text)
    if light:
        said |= {trait: _find(light[1], table) for trait, table in _LIGHT_TABLES.items()}
        text = text[: light.start()] + text[light.end() :]
    objects = [{"kind": kind or "plant", "colour": colour or pot} for colour, kind, pot in _OBJECT_SAID.findall(text)]
    text = _OBJECT_SAID.sub("", text)
    for trait, table in _SCENE_TABLES.items():
        said[trait] = _find(text, table)
        text = re.sub(rf"\b({_one_of(list(_phrases(table)))})\b", "", text)
    heads = list(_PERSON_SAID.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    people = [_person_said(head[1], text[head.end() : end], head[2]) for head, end in zip(heads, ends, strict=True)]
    return {"people": people, "objects": objects, **{trait: value for trait, value in said.items() if value}}


TAGS: dict[str, tuple[str, str]] = {  # what a negative prompt may say, and the trait it denies
    **{phrases[0]: ("expression", value) for value, phrases in words.EXPRESSION.items()},
    **{f"{colour} hair": ("hair", colour) for colour in HAIR},
    **{f"{colour} {kind}": ("top", colour) for colour in CLOTH for kind in ("top",)},
    **{kind: ("hat_kind", kind) for kind in HATS},
    **{phrases[0]: ("background", value) for value, phrases in words.BACKGROUND.items()},
    **{phrases[0]: ("style", value) for value, phrases in words.STYLE.items()},
    **{phrases[0]: ("framing", value) for value, phrases in words.FRAMING.items()},
    **{f"light {phrases[0]}": ("light_direction", value) for value, phrases in words.LIGHT_FROM.items()},
}


def negative(scene: Scene, seed: int, count: int = 3) -> str:
    """A negative prompt: things of the grammar that this scene does not show."""
    said = attributes(scene)
    held = {(trait, value) for person in said["people"] for trait, value in person.items()}
    held |= {(trait, value) for trait, value in said.items() if isinstance(value, str)}
    absent = [tag for tag, fact in TAGS.items() if fact not in held]
    return ", ".join(Random(f"negative:{seed}").sample(absent, count))
