"""A unit's options as one frozen dataclass: read from JSON, described for OpenAPI, written into infotext and back."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Container, Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, TypeVar, get_type_hints

from .errors import UserError

Args = TypeVar("Args")
JSON_TYPES: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string"}
_LARGEST = sys.float_info.max  # JSON has integers beyond it


def arg(
    default: Any = MISSING,
    about: str = "",
    *,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    picture: bool = False,
) -> Any:
    """A dataclass field of type bool, int, float or str with its bounds. `picture`: an id or base64 of a picture."""
    rules = {"about": about, "least": least, "most": most, "choices": choices, "picture": picture}
    return field(default=default, metadata=rules)


def parse(kind: type[Args], body: Any) -> Args:
    """Make `kind` from JSON; one sentence for whatever is wrong."""
    if not isinstance(body, Mapping):
        raise UserError("The request must be a JSON object.")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for name in body:
        if name not in known:
            raise UserError("There is no option “{name}”.", name=name)
    hints = get_type_hints(kind)
    values = {name: _checked(known[name], hints[name], value) for name, value in body.items()}
    for name, f in known.items():
        if f.default is MISSING and name not in values:
            raise UserError("“{name}” is missing.", name=name)
    return kind(**values)


def _checked(f: Field[Any], kind: type, value: Any) -> Any:
    value = _typed(f.name, kind, value)
    least, most, choices = (f.metadata.get(rule) for rule in ("least", "most", "choices"))
    if (least is not None and value < least) or (most is not None and value > most):
        raise UserError("“{name}” must be between {least} and {most}.", name=f.name, least=least, most=most)
    if choices and value not in choices:
        raise UserError("“{name}” must be one of: {choices}.", name=f.name, choices=", ".join(choices))
    return value


def _typed(name: str, kind: type, value: Any) -> Any:
    right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST  # nor NaN
    if kind is str and right:
        return value.encode(errors="replace").decode()  # half an emoji, as pages cut them, can be written nowhere
    if kind is float and number:
        return float(value)
    if kind is int and number and float(value).is_integer():
        return int(value)
    if not right or kind in (int, float):
        raise UserError("“{name}” must be of type {kind}.", name=name, kind=JSON_TYPES[kind])
    return value


def json_schema(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [f.name for f in fields(kind) if f.default is MISSING],
        "properties": {f.name: _property(f, hints[f.name]) for f in fields(kind)},
    }


def _property(f: Field[Any], kind: type) -> dict[str, Any]:
    rules = f.metadata
    entry: dict[str, Any] = {"type": JSON_TYPES[kind], "description": rules.get("about", "")}
    if rules.get("choices"):
        entry["enum"] = list(rules["choices"])
    if rules.get("least") is not None:
        entry["minimum"] = rules["least"]
    if rules.get("most") is not None:
        entry["maximum"] = rules["most"]
    if f.default is not MISSING:
        entry["default"] = f.default
    return entry


def to_infotext(label: str, args: Any) -> dict[str, str]:
    """`{"Atelier upscale model": "x4"}`: every option that is no picture, as infotext entries under one label."""
    named = (f for f in fields(args) if not f.metadata.get("picture"))
    return {f"{label} {f.name.replace('_', ' ')}": str(getattr(args, f.name)) for f in named}


def from_infotext(label: str, kind: type[Args], entries: Mapping[str, str]) -> dict[str, Any]:
    """The options an infotext carries, in their types; what it lacks is left out, what is spoilt too."""
    hints = get_type_hints(kind)
    found: dict[str, Any] = {}
    for f in fields(kind):  # type: ignore[arg-type]
        text = entries.get(f"{label} {f.name.replace('_', ' ')}")
        if text is None or f.metadata.get("picture"):
            continue
        try:
            found[f.name] = _checked(f, hints[f.name], _from_text(hints[f.name], text))
        except (ValueError, UserError):
            continue
    return found


def _from_text(kind: type, text: str) -> Any:
    return text == "True" if kind is bool else kind(text)


_ENTRY = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def add_entries(infotext: str, entries: Mapping[str, str]) -> str:
    """Entries at the end of an infotext's line of settings, as the webuis write them, instead of earlier ones of the
    same names. Everything else stays to the byte: it may be of a kind that only its writer understands."""
    body = infotext.rstrip()
    _, settings = split_infotext(body)
    prompts = body.removesuffix(settings) + ("\n" if entries and body and not settings else "")
    ours = (f"{key}: {_quoted(value)}" for key, value in entries.items())
    return prompts + ", ".join(filter(None, (_without(settings, entries), *ours))) + infotext[len(body) :]


def _without(settings: str, keys: Container[str]) -> str:
    for found in reversed(list(_ENTRY.finditer(settings))):
        start, end = found.span()
        if found[1] in keys and settings[:start].endswith(("", ",")[start > 0]):
            settings = settings[: max(0, start - 1)] if end >= len(settings) else settings[:start] + settings[end:]
    return settings.lstrip()


def split_infotext(infotext: str) -> tuple[str, str]:
    """The prompts, and the line of settings: the last one, when it begins with an entry and the steps or ours are
    among its entries. Prompts have colons too."""
    head, _, last = infotext.rstrip().rpartition("\n")
    begins, keys = _ENTRY.match(last), [key for key, _ in _ENTRY.findall(last)]
    is_settings = begins and any(key == "Steps" or key.startswith("Atelier") for key in keys)
    return (head, last) if is_settings else (infotext.rstrip(), "")


def read_entries(settings: str) -> dict[str, str]:
    return {key: _unquoted(value.strip()) for key, value in _ENTRY.findall(settings)}


def _quoted(value: str) -> str:
    plain = re.fullmatch(r'[^\s,:"](?:[^\n,:"]*[^\s,:"])?', value)
    return value if plain else json.dumps(value, ensure_ascii=False)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except json.JSONDecodeError:
        return value
