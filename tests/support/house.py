"""The project's own files, as the tests that keep the house in shape see them."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "extensions"
CORE = EXTENSIONS / "atelier-core"
UNITS = tuple(folder for folder in sorted(EXTENSIONS.iterdir()) if folder.is_dir() and folder != CORE)
FOLDERS = (CORE, *UNITS)


def package_of(folder: Path) -> Path:
    return folder / ("atelier_core" if folder == CORE else f"atelier_{folder.name.replace('-', '_')}")


def modules_of(folder: Path) -> list[Path]:
    return sorted(package_of(folder).rglob("*.py"))


def files_below(folder: Path) -> list[Path]:
    """What belongs to the project: nothing that running it leaves behind."""
    left = {"__pycache__", "cache"}
    return [file for file in sorted(folder.rglob("*")) if file.is_file() and not left & set(file.parts)]


def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
