"""Every unit has the same shape, and our roots offer nothing to import but our packages."""

from __future__ import annotations

import ast
import configparser
import importlib
import os
import re
import subprocess
from pathlib import Path

import pytest
from atelier_core import __version__
from atelier_core.units import Unit
from house import CORE, EXTENSIONS, FOLDERS, ROOT, UNITS, files_below, name_of, package_of, tree_of

import install

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

AT_ROOT = {
    "README.md", "README.ko.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "metadata.ini", ".gitignore",
    "launch.py", "install.py", "preload.py",
    "scripts", "localizations", "extensions", "bench", "tests", ".ci",
}  # fmt: skip
MAYBE_AT_ROOT = {"style.css", "javascript", "models", "dollhouse", "docs"}
IN_A_UNIT = {"README.md", "metadata.ini", "scripts", "localizations"}
MAYBE_IN_A_UNIT = {"javascript", "style.css", "web", "requirements.txt", "preload.py"}
TEST_COMMAND = "python3 launch.py test"

each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda folder: folder.name)
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def ours() -> list[Path]:
    """The files that are or would be committed."""
    git = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


needs_git = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="skipped: no git checkout")


@needs_git
def test_the_root_holds_what_the_design_says() -> None:
    found = {file.relative_to(ROOT).parts[0] for file in ours()}
    assert AT_ROOT - found == set()
    assert found - AT_ROOT - MAYBE_AT_ROOT == set()


@each_folder
def test_a_unit_holds_what_a_unit_holds(folder: Path) -> None:
    package = package_of(folder).name
    found = {file.relative_to(folder).parts[0] for file in files_below(folder)}
    assert IN_A_UNIT - found == set()
    assert found - IN_A_UNIT - MAYBE_IN_A_UNIT - {package, "requirements-embedded.txt"} == set()
    assert (folder / "localizations/ko_KR.json").is_file()


@each_unit
def test_a_unit_s_package_has_the_four_modules(unit: Path) -> None:
    assert {"__init__.py", "run.py", "panel.py", "api.py"} <= {file.name for file in package_of(unit).iterdir()}


@each_unit
def test_a_unit_declares_itself_and_offers_what_it_declares(unit: Path) -> None:
    declared = importlib.import_module(package_of(unit).name).UNIT
    assert isinstance(declared, Unit) and declared.title
    assert {setting.key.startswith(f"{package_of(unit).name}_") for setting in declared.settings} <= {True}
    offered = {name: set(names_in(package_of(unit) / f"{name}.py")) for name in ("panel", "api", "run")}
    assert "build" in offered["panel"] and "ROUTES" in offered["api"]
    assert ("EXTRAS" in offered["panel"]) == declared.extras
    assert ("ALWAYS" in offered["panel"]) == declared.always
    assert ("UPSCALERS" in offered["run"]) == declared.upscalers


def names_in(file: Path) -> list[str]:
    """What a module defines, without importing it."""
    names: list[str] = []
    for node in tree_of(file).body:
        if isinstance(node, ast.FunctionDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


@each_folder
def test_entry_files_are_thin(folder: Path) -> None:
    """A webui runs them under a name that is no module's: a class there would break, a helper would be loaded too."""
    expected = "atelier_core_first.py" if folder == CORE else f"{folder.name.replace('-', '_')}.py"
    (entry,) = (folder / "scripts").glob("*.py")
    assert entry.name == expected
    for file in (entry, ROOT / "scripts/atelier.py"):
        tree = tree_of(file)
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)]
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 20
        modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        modules |= {alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names}
        assert modules <= {"sys", "pathlib", "importlib.util", "atelier_core", "atelier_core.hosts"}


@each_folder
def test_a_bridge_is_one_module(folder: Path) -> None:
    """Two modules of one folder that import each other would each run twice in the webui's page."""
    assert [file.suffix for file in (folder / "javascript").glob("*")] in ([], [".mjs"])


@each_unit
def test_a_web_folder_is_a_page(unit: Path) -> None:
    found = {file.relative_to(unit / "web").as_posix() for file in files_below(unit / "web")}
    assert not found or "index.html" in found


def test_nothing_else_can_be_imported_from_our_roots() -> None:
    """A webui puts the folder of an extension on the path: a bare module or package there is everybody's."""
    assert {file.name for file in ROOT.glob("*.py")} == {"launch.py", "install.py", "preload.py"}
    assert [file.parent.name for file in ROOT.glob("*/__init__.py")] in ([], ["dollhouse"])
    for folder in FOLDERS:
        assert {file.name for file in folder.glob("*.py")} <= {"preload.py"}
        assert [file.parent for file in folder.glob("*/__init__.py")] == [package_of(folder)]
    assert [name_of(file) for file in (ROOT / "tests").rglob("__init__.py")] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [file.name for file in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)


@each_folder
def test_metadata_says_what_a_unit_stands_on(folder: Path) -> None:
    about = configparser.ConfigParser()
    about.read(folder / "metadata.ini", encoding="utf-8")
    assert about["Extension"]["Name"] == folder.name == folder.name.lower()
    if folder != CORE:
        floor = f"{CORE.name}|sd-webui-atelier"
        assert (about["Extension"]["Requires"], about["scripts"]["After"]) == (floor, floor)


@each_unit
def test_a_unit_names_packages_so_that_install_understands(unit: Path) -> None:
    file = unit / "requirements.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    assert [line for line in lines if line and not line.startswith("#") and not install.LINE.fullmatch(line)] == []


def test_tests_and_types_cover_every_unit() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    folders = [folder.relative_to(ROOT).as_posix() for folder in FOLDERS]
    packages = [package_of(folder).relative_to(ROOT).as_posix() for folder in FOLDERS]
    warnings = [f"error:::{package_of(folder).name}" for folder in FOLDERS]
    assert set(folders) <= set(project["pytest"]["ini_options"]["pythonpath"])
    assert set(warnings) <= set(project["pytest"]["ini_options"]["filterwarnings"])
    assert set(packages) <= set(project["mypy"]["files"])
    assert set(folders) <= set(project["mypy"]["mypy_path"].split(":"))


def test_ci_runs_the_command_of_the_readme() -> None:
    run = ROOT / ".ci/run"
    assert run.read_text(encoding="utf-8") == f"#!/usr/bin/env bash\nset -euo pipefail\n{TEST_COMMAND}\n"
    assert os.access(run, os.X_OK)
    for readme in ("README.md", "README.ko.md"):
        assert TEST_COMMAND in (ROOT / readme).read_text(encoding="utf-8")


def test_every_pin_is_exact() -> None:
    for file in (CORE / "requirements-embedded.txt", ROOT / "tests/requirements.txt"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert [
            line for line in lines if not re.match(r"[\w-]+==[\d.]+(; python_version (<|>=) \"3\.\d+\")?$", line)
        ] == []


@needs_git
def test_no_file_knows_the_machine_it_was_written_on() -> None:
    place = re.compile(rb"(?<![\w.~])/(?:work|root|home|opt|mnt)/[\w.]|[A-Z]:\\\\?Users")
    text = [file for file in ours() if b"\0" not in (content := file.read_bytes()) and place.search(content)]
    assert [name_of(file) for file in text] == []


def test_what_is_checked_here_is_here() -> None:
    """The walks above must not pass for want of anything to walk."""
    assert EXTENSIONS / "upscaler" in UNITS


def test_what_the_webui_loads_names_the_present_version() -> None:
    """The version in the address keeps a browser from serving the bridge of before an update."""
    for name in ("javascript/atelier.mjs", "style.css"):
        assert f"?v={__version__}" in (ROOT / name).read_text("utf-8")
