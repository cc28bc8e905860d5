"""launch.py on a bare machine: an own folder, wheels made here, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wheels import offline, wheel

import launch

HERE = Path(__file__).resolve().parents[2]
HOST = "import os, stublib, sys\nprint('host', stublib.__name__, *sys.argv[1:])\nprint('pid', os.getpid())\n"
TOOL = "import os, sys\nprint('{0}', *sys.argv[1:])\nsys.exit(int(os.environ.get('FAIL_{0}', '0')))\n"


class Clone:
    """A clone of the project with little to install, and the wheels of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels = folder / "clone", folder / "wheels"
        host = self.folder / "extensions/atelier-core/atelier_core/hosts/embedded"
        host.mkdir(parents=True)
        (host / "__main__.py").write_text(HOST, encoding="utf-8")
        self.write("tests/requirements.txt", "ruff\nmypy\npytest\n")
        self.write("extensions/atelier-core/requirements-embedded.txt", "stublib\n")
        shutil.copy(HERE / "launch.py", self.folder)
        wheel(self.wheels, "stublib")
        for tool in ("ruff", "mypy", "pytest"):
            wheel(self.wheels, tool, body=TOOL.format(tool))

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def launch(self, *arguments: str, before: str = "pass", **env: str) -> subprocess.CompletedProcess[str]:
        """`before` is what happens to the interpreter first."""
        code = f"import runpy, sys; {before}; sys.argv[0] = 'launch.py'; runpy.run_path('launch.py', None, '__main__')"
        programs = self.folder / "programs"  # no chromium, no node, no apt-get
        programs.mkdir(exist_ok=True)
        env = {**offline(self.wheels), "PATH": str(programs), "PIP_RETRIES": "0", **env}
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("launch"))


@pytest.fixture
def clone(made: Clone) -> Clone:
    """A clone that was started once."""
    if not (made.folder / ".venv/atelier-stamp").exists():
        assert made.launch().returncode == 0
    return made


def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line[:3] for line in done.stdout.splitlines() if line[1:3] == "/3"]


def test_first_start_makes_installs_and_starts(tmp_path: Path) -> None:
    done = Clone(tmp_path).launch("--port", "7999")
    assert steps(done) == ["1/3", "2/3", "3/3"], done.stderr
    assert "host stublib --port 7999" in done.stdout
    assert done.returncode == 0


def test_second_start_only_starts(clone: Clone) -> None:
    broken = {"PIP_FIND_LINKS": str(clone.folder)}  # nothing could be installed
    done = clone.launch("--listen", **broken)
    assert steps(done) == ["3/3"]
    assert "host stublib --listen" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no exec")
def test_the_server_keeps_the_process_id(clone: Clone) -> None:
    command = [sys.executable, "launch.py"]
    with subprocess.Popen(command, cwd=clone.folder, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate(timeout=60)
    assert f"pid {process.pid}" in said


def test_an_interrupted_installation_goes_on(clone: Clone) -> None:
    (clone.folder / ".venv/atelier-stamp").unlink()
    done = clone.launch()
    assert steps(done) == ["2/3", "3/3"]
    assert "Requirement already satisfied: stublib" in done.stdout


def test_a_unit_s_packages_are_installed_in_the_same_call(clone: Clone) -> None:
    wheel(clone.wheels, "unitlib")
    clone.write("extensions/unit/requirements.txt", "unitlib\n")
    done = clone.launch()
    assert steps(done) == ["2/3", "3/3"]
    assert done.stdout.count("Successfully installed") == 1
    assert "Requirement already satisfied: stublib" in done.stdout
    assert steps(clone.launch()) == ["3/3"]


def test_requirements_that_exclude_each_other_are_refused(clone: Clone) -> None:
    wheel(clone.wheels, "stublib", "2.0")
    clone.write("extensions/unit/requirements.txt", "stublib<2\n")
    clone.write("extensions/other/requirements.txt", "stublib>=2\n")
    done = clone.launch()
    assert done.returncode == 1
    assert "ERROR: Cannot install" in done.stderr
    assert "host" not in done.stdout
    for unit in ("unit", "other"):
        shutil.rmtree(clone.folder / "extensions" / unit)
    assert clone.launch().returncode == 0


def test_without_network_there_is_one_sentence(clone: Clone) -> None:
    clone.write("extensions/far/requirements.txt", "farlib\n")
    nowhere = "http://localhost:9/simple"  # the port of “discard”: nobody listens
    done = clone.launch(PIP_NO_INDEX="0", PIP_INDEX_URL=nowhere, PIP_RETRIES="1")
    shutil.rmtree(clone.folder / "extensions/far")
    assert done.returncode == 1
    assert done.stderr.strip() == launch.told(["Retrying ("])
    assert launch.told(["Retrying ("]).count(".") == 1


def test_a_python_without_ensurepip_serves(tmp_path: Path) -> None:
    done = Clone(tmp_path).launch(before="sys.modules['ensurepip'] = None")
    assert steps(done) == ["1/3", "2/3", "3/3"], done.stderr
    assert "host stublib" in done.stdout


def test_a_python_that_can_make_no_venv_gets_a_sentence(tmp_path: Path) -> None:
    bare = Clone(tmp_path)
    done = bare.launch(before="sys.modules['ensurepip'] = sys.modules['pip'] = None")
    assert done.returncode == 1
    assert "apt-get install python3-venv" in done.stderr
    assert not (bare.folder / ".venv").exists()


@pytest.mark.parametrize("version", ["(3, 9, 0)", "(3, 13, 0)"])
def test_another_python_gets_a_sentence(tmp_path: Path, version: str) -> None:
    bare = Clone(tmp_path)
    done = bare.launch(before=f"sys.version_info = {version}")
    assert done.returncode == 1
    assert done.stderr.startswith("Atelier runs on Python 3.10, 3.11 and 3.12, and this is 3.")
    assert not (bare.folder / ".venv").exists()


def test_test_checks_then_ends_with_pytest(clone: Clone) -> None:
    done = clone.launch("test", "-k", "name")
    lines = done.stdout.splitlines()
    assert lines[-4:] == ["ruff format --check .", "ruff check .", "mypy", "pytest -k name"]
    assert done.returncode == 0
    assert "There is no chromium here: the tests that need it are skipped." in lines


@pytest.mark.parametrize("tool", ["ruff", "mypy", "pytest"])
def test_test_fails_with_any_of_them(clone: Clone, tool: str) -> None:
    done = clone.launch("test", **{f"FAIL_{tool}": "3"})
    assert done.returncode == (3 if tool == "pytest" else 1)
    assert done.stdout.splitlines()[-1] == "pytest"
    assert ("Failed: " in done.stdout) == (tool != "pytest")


def test_a_start_after_the_tests_installs_nothing(clone: Clone) -> None:
    assert clone.launch("test").returncode == 0
    assert steps(clone.launch()) == ["3/3"]


def test_help_installs_nothing(tmp_path: Path) -> None:
    bare = Clone(tmp_path)
    assert "launch.py test" in bare.launch("--help").stdout
    assert not (bare.folder / ".venv").exists()
