"""The settings, kept in one JSON file that is whole at every moment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import UserError
from ...settings import Setting, defaults

OWN = (
    Setting("atelier_embedded_checkpoint", "", "Model", "Empty: the first there is."),
    Setting(
        "atelier_embedded_precision",
        "auto",
        "Numbers the model computes with",
        "auto: fp16 on a graphics card, fp32 on the processor.",
        choices=("auto", "fp32", "bf16", "fp16"),
    ),
)


class Config(Mapping[str, Any]):
    """`declared` may grow while units are loaded, hence it is asked each time."""

    def __init__(self, path: Path, declared: Callable[[], tuple[Setting, ...]]) -> None:
        self._path, self._declared = path, declared
        self._kept: dict[str, Any] = self._read()

    def _read(self) -> dict[str, Any]:
        if not self._path.is_file():
            return {}
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise UserError("{path} is no valid JSON. Repair or remove it.", path=self._path) from error
        return kept if isinstance(kept, dict) else {}

    @property
    def declared(self) -> tuple[Setting, ...]:
        return (*OWN, *self._declared())

    def __getitem__(self, key: str) -> Any:
        return {**defaults(self.declared), **self._kept}[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**defaults(self.declared), **self._kept})

    def __len__(self) -> int:
        return len({**defaults(self.declared), **self._kept})

    def keep(self, changes: Mapping[str, Any]) -> None:
        known = {setting.key: setting for setting in self.declared}
        kept = {**self._kept, **{key: _checked(known[key], value) for key, value in changes.items()}}
        temporary = self._path.with_name(self._path.name + ".tmp")
        temporary.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(temporary, self._path)  # noqa: PTH105 - the atomic one
        self._kept = kept


def _checked(setting: Setting, value: Any) -> Any:
    kind = type(setting.default)
    right = isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
    if not right or (setting.choices and value not in setting.choices):
        raise UserError("“{value}” is no value for “{label}”.", value=value, label=setting.label)
    if (setting.least is not None and value < setting.least) or (setting.most is not None and value > setting.most):
        raise UserError("“{value}” is no value for “{label}”.", value=value, label=setting.label)
    return kind(value)
