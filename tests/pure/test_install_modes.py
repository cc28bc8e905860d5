"""The entry files, run as a webui runs them: the pack as one extension, units copied one by one, and both at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
LIGHT = ("__init__", "errors", "settings", "units")  # what the loader needs of the core

# stands for the real one, which needs a webui: gives one class for each unit
ENTRY = """
from .. import units
from ..units import loaded

def load_pack(home):
    return {unit.name: type(unit.name, (), {}) for unit in units.load_all(home)}

def load_unit(folder):
    unit = units.load(folder)
    return {unit.name: type(unit.name, (), {})} if unit else {}
"""

# A webui's loader: each file under a name that is not in sys.modules. A1111 has the extension's folder on the path
# while its files load, Forge has all folders on it for good.
WEBUI = """
import importlib.util, json, sys
from pathlib import Path

extensions, kind, times = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
files = [file for folder in sorted(extensions.iterdir()) for file in sorted(folder.glob("scripts/*.py"))]
if kind == "forge":
    for file in files:
        sys.path.insert(0, str(file.parents[1]))
for _ in range(times):
    classes, kept = {}, sys.path
    for file in files:
        try:
            if kind == "a1111":
                sys.path = [str(file.parents[1])] + sys.path
            before = list(sys.path)
            spec = importlib.util.spec_from_file_location(file.name, file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            assert sys.path == before, "an entry file left something on the path"
            found = [name for name, value in vars(module).items() if isinstance(value, type) and name != "Path"]
            classes[file.relative_to(extensions).as_posix()] = found
        finally:
            sys.path = kept
units = sys.modules.get("atelier_core.units")
loaded = units.loaded if units else None
print(json.dumps({
    "classes": classes,
    "late": [unit.module("panel").LATE for unit in loaded.units.values()] if loaded else [],
    "folders": [str(unit.folder) for unit in loaded.units.values()] if loaded else [],
    "notes": [str(note) for note in loaded.notes] if loaded else [],
    "failed": list(loaded.failed) if loaded else [],
}))
"""


def copy_core(folder: Path) -> None:
    package = folder / "atelier_core"
    (package / "hosts").mkdir(parents=True)
    for module in LIGHT:
        shutil.copy(HERE / f"extensions/atelier-core/atelier_core/{module}.py", package)
    (package / "hosts/__init__.py").touch()
    (package / "hosts/entry.py").write_text(ENTRY, encoding="utf-8")
    shutil.copytree(HERE / "extensions/atelier-core/scripts", folder / "scripts")


def make_unit(folder: Path, text: str = "from atelier_core.units import Unit\nUNIT = Unit('A unit')\n") -> None:
    package = folder / f"atelier_{folder.name}"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text, encoding="utf-8")
    (package / "panel.py").write_text(f"LATE = {folder.name!r}", encoding="utf-8")
    (folder / "scripts").mkdir()
    shutil.copy(HERE / "extensions/upscaler/scripts/upscaler.py", folder / f"scripts/{folder.name}.py")


def make_pack(folder: Path) -> None:
    copy_core(folder / "extensions/atelier-core")
    make_unit(folder / "extensions/upscaler")
    make_unit(folder / "extensions/wonder")
    (folder / "scripts").mkdir()
    shutil.copy(HERE / "scripts/atelier.py", folder / "scripts")


def webui(extensions: Path, kind: str, times: int = 1) -> dict[str, list[str] | dict[str, list[str]]]:
    command = [sys.executable, "-c", WEBUI, str(extensions), kind, str(times)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=extensions)
    assert done.returncode == 0, done.stderr
    *said, result = done.stdout.splitlines()
    return {**json.loads(result), "said": said}


@pytest.fixture(params=["a1111", "forge"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("times", [1, 3])
def test_the_pack_as_one_extension(tmp_path: Path, kind: str, times: int) -> None:
    make_pack(tmp_path / "sd-webui-atelier")
    seen = webui(tmp_path, kind, times)
    assert seen["classes"] == {"sd-webui-atelier/scripts/atelier.py": ["upscaler", "wonder"]}
    assert seen["late"] == ["upscaler", "wonder"]
    assert (seen["notes"], seen["failed"], seen["said"]) == ([], [], [])


def test_a_unit_copied_beside_the_core(tmp_path: Path, kind: str) -> None:
    copy_core(tmp_path / "atelier-core")
    make_unit(tmp_path / "upscaler")
    seen = webui(tmp_path, kind, 2)
    assert seen["classes"]["upscaler/scripts/upscaler.py"] == ["upscaler"]
    assert seen["late"] == ["upscaler"]
    assert (seen["notes"], seen["failed"], seen["said"]) == ([], [], [])


def test_a_unit_without_the_core_says_what_it_needs(tmp_path: Path, kind: str) -> None:
    make_unit(tmp_path / "upscaler")
    seen = webui(tmp_path, kind)
    assert seen["classes"] == {"upscaler/scripts/upscaler.py": []}
    assert seen["said"] == ["Atelier: “upscaler” needs “atelier-core” beside it: copy that folder into extensions too."]


def test_pack_and_copy_give_the_unit_once(tmp_path: Path, kind: str) -> None:
    make_pack(tmp_path / "sd-webui-atelier")
    make_unit(tmp_path / "upscaler")
    seen = webui(tmp_path, kind, 2)
    assert seen["classes"] == {
        "sd-webui-atelier/scripts/atelier.py": ["upscaler", "wonder"],
        "upscaler/scripts/upscaler.py": [],
    }
    assert len(seen["notes"]) == 1 and "installed twice" in seen["notes"][0]


def test_pack_core_copy_and_unit_copy_give_the_unit_once(tmp_path: Path, kind: str) -> None:
    copy_core(tmp_path / "atelier-core")
    make_pack(tmp_path / "sd-webui-atelier")
    make_unit(tmp_path / "wonder")
    seen = webui(tmp_path, kind, 2)
    assert sorted(name for names in seen["classes"].values() for name in names) == ["upscaler", "wonder"]
    twice = [note.partition(" is installed twice")[0] for note in seen["notes"]]
    assert sorted(twice) == ["“atelier-core”", "“wonder”"]


def test_a_broken_unit_leaves_the_pack_whole(tmp_path: Path, kind: str) -> None:
    make_pack(tmp_path / "sd-webui-atelier")
    make_unit(tmp_path / "sd-webui-atelier/extensions/broken", "import no_such_module_anywhere")
    seen = webui(tmp_path, kind)
    assert seen["classes"] == {"sd-webui-atelier/scripts/atelier.py": ["upscaler", "wonder"]}
    assert seen["failed"] == ["broken"]


def test_only_with_a_core_that_cannot_be_imported_the_webui_reports_it(tmp_path: Path) -> None:
    make_pack(tmp_path / "pack")
    (tmp_path / "pack/extensions/atelier-core/atelier_core/errors.py").write_text("raise RuntimeError('spoilt')")
    done = subprocess.run([sys.executable, "-c", WEBUI, str(tmp_path), "a1111", "1"], capture_output=True, text=True)
    assert "RuntimeError: spoilt" in done.stderr
