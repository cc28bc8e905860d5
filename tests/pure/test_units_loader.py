"""Units are found and loaded by path; a bad one costs nobody else anything."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from atelier_core import units

GOOD = "from atelier_core.units import Unit\nUNIT = Unit('Good')\n"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No unit is loaded before, and none stays imported."""
    monkeypatch.setattr(units, "loaded", units.Loaded())
    known, path = set(sys.modules), list(sys.path)
    yield
    assert sys.path == path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def make(home: Path, name: str, text: str = GOOD, **modules: str) -> Path:
    folder = home / name
    package = folder / units.package_of(name)
    package.mkdir(parents=True)
    for module, body in {"__init__": text, **modules}.items():
        (package / f"{module}.py").write_text(body, encoding="utf-8")
    return folder


def rewrite(folder: Path, text: str) -> None:
    (folder / units.package_of(folder.name) / "__init__.py").write_text(text, encoding="utf-8")


def test_folders_are_those_with_a_package_of_their_name(tmp_path: Path) -> None:
    second, first = make(tmp_path, "second"), make(tmp_path, "first-one")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").touch()
    (tmp_path / "other" / "atelier_another").mkdir(parents=True)
    assert units.folders(tmp_path) == (first, second)


def test_the_core_is_no_unit() -> None:
    assert units.CORE not in units.folders(units.CORE.parent)


def test_a_unit_knows_its_name_folder_and_modules(tmp_path: Path) -> None:
    folder = make(tmp_path, "two-words", panel="NAME = __name__")
    unit = units.load(folder)
    assert unit is not None
    assert (unit.title, unit.name, unit.folder, unit.package) == ("Good", "two-words", folder, "atelier_two_words")
    assert (unit.switch.key, unit.switch.default) == ("atelier_two_words_on", True)
    assert unit.has("panel") and not unit.has("api")
    assert "atelier_two_words.panel" not in sys.modules
    assert unit.module("panel").NAME == "atelier_two_words.panel"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("def", "SyntaxError"),
        ("raise ValueError('as a unit may')", "ValueError: as a unit may"),
        ("", "AttributeError"),
        ("UNIT = 3", "TypeError"),
    ],
)
def test_a_broken_unit_is_named_and_the_others_live(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, reason: str
) -> None:
    make(tmp_path, "before")
    make(tmp_path, "broken-one", text)
    make(tmp_path, "last")
    with caplog.at_level(logging.ERROR, "atelier"):
        assert [unit.name for unit in units.load_all(tmp_path)] == ["before", "last"]
    (record,) = caplog.records
    assert "broken-one" in record.getMessage()
    assert record.exc_info and record.exc_info[2] is not None  # the traceback is in the log
    assert units.loaded.failed["broken-one"].startswith(reason)


def test_a_repaired_unit_loads_at_the_next_reload(tmp_path: Path) -> None:
    folder = make(tmp_path, "broken", "import no_such_module_anywhere")
    assert units.load(folder) is None
    rewrite(folder, GOOD)
    assert units.load(folder) is not None
    assert units.loaded.failed == {}


def test_reload_gives_the_same_unit_and_no_note(tmp_path: Path) -> None:
    make(tmp_path, "one")
    make(tmp_path, "two")
    first = units.load_all(tmp_path)
    again = units.load_all(tmp_path)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, True]
    assert len(units.loaded.units) == 2
    assert units.loaded.notes == []


def test_installed_twice_one_stands_down(tmp_path: Path) -> None:
    used, copy = make(tmp_path / "pack", "one"), make(tmp_path / "alone", "one")
    assert units.load(used) is not None
    for _ in range(2):  # and again at Reload UI, with one note for both
        assert units.load(copy) is None
    assert units.loaded.units["one"].folder == used
    (note,) = units.loaded.notes
    assert str(note) == f"“one” is installed twice: {used} is used, {copy} stands down. Remove one of them."


def test_an_updated_unit_asks_for_a_restart(tmp_path: Path) -> None:
    folder = make(tmp_path, "one", run="A = 1")
    unit = units.load(folder)
    (folder / "atelier_one" / "run.py").write_text("A = 2", encoding="utf-8")
    assert units.load(folder) is unit
    assert [str(note) for note in units.loaded.notes] == [
        "Atelier was updated. Restart the webui: Reload UI is not enough."
    ]


@pytest.mark.parametrize(
    "file", ["atelier_core/job.py", "atelier_core/hosts/entry.py", "atelier_core/hosts/a1111/x.py"]
)
def test_an_updated_core_asks_for_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    core = tmp_path / "atelier-core"
    (core / file).parent.mkdir(parents=True)
    (core / file).write_text("A = 1", encoding="utf-8")
    monkeypatch.setattr(units, "CORE", core)
    folder = make(tmp_path, "one")
    units.load(folder)
    assert units.loaded.notes == []
    (core / file).write_text("A = 2", encoding="utf-8")
    units.load(folder)
    assert len(units.loaded.notes) == 1


def test_a_foreign_package_of_the_same_name_is_told(tmp_path: Path) -> None:
    foreign = make(tmp_path / "foreign", "one")
    sys.path.insert(0, str(foreign))
    try:
        __import__("atelier_one")
    finally:
        sys.path.remove(str(foreign))
    assert units.load(make(tmp_path / "pack", "one")) is None
    assert "the name atelier_one belongs to" in units.loaded.failed["one"]
    assert str(foreign) in units.loaded.failed["one"]
    assert units.loaded.units == {}


def test_all_settings_are_the_core_s_then_each_unit_s_with_its_switch(tmp_path: Path) -> None:
    setting = "(Setting('atelier_one_size', 3, 'Size'),)"
    text = f"from atelier_core.settings import Setting\n{GOOD}".replace("'Good'", f"'Good', {setting}")
    units.load(make(tmp_path, "one", text))
    keys = [setting.key for setting in units.all_settings()]
    assert keys == ["atelier_core_language", "atelier_one_on", "atelier_one_size"]
