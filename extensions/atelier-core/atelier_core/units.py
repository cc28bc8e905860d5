"""Finds the units and loads them by path; a unit that fails is named and skipped, the others live.

A unit is a folder `<name>/` with a package `atelier_<name>` whose `__init__` holds `UNIT`. What a unit offers lies in
modules of fixed names: `panel.build(host)` its tab, `api.ROUTES` its REST routes; `panel.EXTRAS`, `panel.ALWAYS` and
`run.UPSCALERS` when the declaration says so.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

from .errors import UserError
from .settings import CORE_SETTINGS, Setting

log = logging.getLogger("atelier")
CORE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Unit:
    """What a unit says of itself. The loader fills in `name` and `folder`."""

    title: str
    settings: tuple[Setting, ...] = ()
    extras: bool = False  # has an entry in the host's Extras tab
    upscalers: bool = False  # offers models in the host's own upscaler list
    always: bool = False  # has an accordion in txt2img and img2img
    name: str = ""
    folder: Path = field(default_factory=Path)

    @property
    def package(self) -> str:
        return package_of(self.name)

    @property
    def switch(self) -> Setting:
        return Setting(f"atelier_{self.name.replace('-', '_')}_on", True, f"{self.title} is on", reload=True)

    def module(self, name: str) -> ModuleType:
        """A module of the unit, imported when first asked for: a tab or route that nobody opens costs nothing."""
        return importlib.import_module(f"{self.package}.{name}")

    def has(self, name: str) -> bool:
        return (self.folder / self.package / f"{name}.py").is_file()


@dataclass
class Loaded:
    """The units of this process. There is one, `loaded`; it outlives Reload UI, as imported packages do."""

    units: dict[str, Unit] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # name -> sentence
    notes: list[UserError] = field(default_factory=list)
    digests: dict[Path, str] = field(default_factory=dict)

    def note(self, sentence: UserError) -> None:
        if str(sentence) not in map(str, self.notes):
            self.notes.append(sentence)
            log.warning("Atelier: %s", sentence)


loaded = Loaded()


def package_of(name: str) -> str:
    return "atelier_" + name.replace("-", "_")


def folders(home: Path) -> tuple[Path, ...]:
    """The unit folders below `home`, by name."""
    return tuple(f for f in sorted(home.iterdir()) if f != CORE and (f / package_of(f.name) / "__init__.py").is_file())


def load_all(home: Path) -> tuple[Unit, ...]:
    other = (home / CORE.name).resolve()
    if other != CORE.resolve() and other.is_dir():
        twice = "“{name}” is installed twice: {used} is used, {other} stands down. Remove one of them."
        loaded.note(UserError(twice, name=CORE.name, used=CORE, other=other))
    return tuple(unit for folder in folders(home) if (unit := load(folder)) is not None)


def load(folder: Path) -> Unit | None:
    """Load one unit, or say why not. Loading the same folder again (Reload UI) gives the same unit."""
    folder, name = folder.resolve(), folder.name
    _notice_update(CORE)
    known = loaded.units.get(name)
    if known is not None:
        loaded.failed.pop(name, None)  # what failed before Reload UI is tried anew
        return known if _same_place(known, folder) else None
    try:
        with _on_path(folder):
            declared = importlib.import_module(package_of(name)).UNIT
        unit = replace(declared, name=name, folder=folder)
        _prove(unit)
    except Exception as error:  # noqa: BLE001 - whatever a unit does wrong must not take the others with it
        fail(name, error)
        return None
    loaded.failed.pop(name, None)
    loaded.units[name] = unit
    _notice_update(folder)
    return unit


def fail(name: str, error: Exception) -> None:
    """Name a unit that does not work, with its traceback in the console."""
    log.error("Atelier: the unit “%s” could not be loaded", name, exc_info=error)
    loaded.failed[name] = f"{type(error).__name__}: {error}"


def _same_place(known: Unit, folder: Path) -> bool:
    if known.folder == folder:
        _notice_update(folder)
        return True
    twice = "“{name}” is installed twice: {used} is used, {other} stands down. Remove one of them."
    loaded.note(UserError(twice, name=known.name, used=known.folder, other=folder))
    return False


def _prove(unit: Unit) -> None:
    """The package that was imported must be this folder's: another extension may own the name already."""
    at = Path(sys.modules[unit.package].__file__ or "").resolve()
    if unit.folder not in at.parents:
        raise UserError("the name {name} belongs to {at} already", name=unit.package, at=at)


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """A folder's package importable for the first import; later submodules are found through the package itself."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _notice_update(folder: Path) -> None:
    """Reload UI runs new entry files against packages that stay in memory: say so once the files differ."""
    now = digest(folder)
    if loaded.digests.setdefault(folder, now) != now:
        loaded.note(UserError("Atelier was updated. Restart the webui: Reload UI is not enough."))


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(folder.glob("*/*.py")) + sorted(folder.glob("*/*/*.py")) + sorted(folder.glob("*/*/*/*.py")):
        total.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def all_settings() -> tuple[Setting, ...]:
    units = loaded.units.values()
    return CORE_SETTINGS + tuple(s for unit in units for s in (unit.switch, *unit.settings))
