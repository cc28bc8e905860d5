"""Korean for the English of labels and sentences. The English is the key; without an entry it stays."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from .units import CORE, loaded


def translate(text: str, language: str) -> str:
    return _korean(*_files()).get(text, text) if language == "ko" else text


def _files() -> tuple[Path, ...]:
    folders = [CORE, *(unit.folder for unit in loaded.units.values())]
    return tuple(folder / "localizations" / "ko_KR.json" for folder in folders)


@lru_cache(maxsize=1)
def _korean(*files: Path) -> dict[str, str]:
    tables = (json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file())
    return {key: text for table in tables for key, text in table.items()}
