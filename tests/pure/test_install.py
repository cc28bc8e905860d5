"""install.py in an environment of its own, as the webui runs it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from statistics import median

import pytest
from wheels import Environment, wheel

import install

HERE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment that has `hostlib` 1.5, and wheels for what the tests ask for."""
    folder = tmp_path_factory.mktemp("host")
    wheels = folder / "wheels"
    wheel(wheels, "hostlib", "1.5")
    wheel(wheels, "hostlib", "2.0")
    wheel(wheels, "clean", "1.1")
    wheel(wheels, "content", needs=["hostlib>=1.2", "clean"])
    wheel(wheels, "pushy", needs=["hostlib>=2"])
    environment = Environment(folder / "venv", wheels)
    environment.add("hostlib==1.5")
    return environment


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    shutil.copy(HERE / "install.py", tmp_path)
    return tmp_path


def ask(pack: Path, unit: str, text: str) -> None:
    folder = pack / "extensions" / unit
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(text, encoding="utf-8")


def lines_of(host: Environment, pack: Path) -> list[str]:
    """What install.py prints. It ends well whatever happens."""
    done = host.run(pack / "install.py")
    assert done.returncode == 0
    assert done.stderr == ""
    return done.stdout.splitlines()


def uninstall(host: Environment, *packages: str) -> None:
    assert host.run("-m", "pip", "uninstall", "--yes", *packages).returncode == 0


def test_nothing_asked_for_is_silent(host: Environment, pack: Path) -> None:
    before = host.freeze()
    assert lines_of(host, pack) == []
    assert host.freeze() == before


def test_what_is_there_is_silent(host: Environment, pack: Path) -> None:
    ask(pack, "unit", "# a reason\nhostlib>=1.2  # another\n\nHostLib\n")
    assert lines_of(host, pack) == []


def test_what_is_missing_is_added_and_nothing_else_changes(host: Environment, pack: Path) -> None:
    ask(pack, "unit", "content\n")
    before = host.freeze()
    assert lines_of(host, pack) == ["Atelier: installed content for unit"]
    assert host.freeze() - before == {"content==1.0", "clean==1.1"}
    assert before <= host.freeze()
    assert lines_of(host, pack) == []
    uninstall(host, "content", "clean")


def test_a_package_that_would_move_the_host_is_refused_in_one_line(host: Environment, pack: Path) -> None:
    ask(pack, "greedy", "pushy\n")
    before = host.freeze()
    (line,) = lines_of(host, pack)
    assert line.startswith("Atelier: greedy may lack something: pushy could not be installed: ")
    assert host.freeze() == before


def test_a_host_package_that_is_too_old_stays(host: Environment, pack: Path) -> None:
    ask(pack, "unit", "hostlib>=2\n")
    before = host.freeze()
    (line,) = lines_of(host, pack)
    assert "needs hostlib 2 or newer, and the webui's 1.5 is left as it is" in line
    assert host.freeze() == before


def test_without_an_index_there_is_one_line(host: Environment, pack: Path) -> None:
    ask(pack, "unit", "nowhere_to_be_found\n")
    (line,) = lines_of(host, pack)
    assert line.endswith("No matching distribution found for nowhere_to_be_found.")


def test_one_unit_s_fault_leaves_the_next_its_packages(host: Environment, pack: Path) -> None:
    ask(pack, "a-broken", "-r elsewhere.txt\n")
    ask(pack, "b-greedy", "pushy\n")
    ask(pack, "c-sound", "clean>=1\n")
    before = host.freeze()
    broken, greedy, sound = lines_of(host, pack)
    assert (
        broken == "Atelier: a-broken may lack something: ValueError: “-r elsewhere.txt” is not a name or name>=version."
    )
    assert greedy.startswith("Atelier: b-greedy may lack something: ")
    assert sound == "Atelier: installed clean>=1 for c-sound"
    assert host.freeze() - before == {"clean==1.1"}
    assert before <= host.freeze()
    uninstall(host, "clean")


def test_leftovers_of_pip_do_not_matter(host: Environment, pack: Path) -> None:
    empty, stale = host.site / "~mpty-1.0.dist-info", host.site / "~ostlib-1.0.dist-info"
    empty.mkdir()
    shutil.copytree(host.site / "hostlib-1.5.dist-info", stale)
    (stale / "METADATA").write_text("Metadata-Version: 2.1\nName: hostlib\nVersion: 1.0\n", encoding="utf-8")
    try:
        ask(pack, "unit", "content\n")
        assert lines_of(host, pack) == ["Atelier: installed content for unit"]
        uninstall(host, "content", "clean")
    finally:
        shutil.rmtree(empty)
        shutil.rmtree(stale)


def test_a_start_with_nothing_to_do_costs_under_a_tenth_of_a_second(host: Environment, pack: Path) -> None:
    ask(pack, "unit", "hostlib>=1.2\n")

    def seconds(*arguments: str | Path) -> float:
        """Of processor time: what other work on the machine takes meanwhile is not counted."""
        before = os.times()
        assert host.run(*arguments).returncode == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    ours = median(seconds(pack / "install.py") for _ in range(9))
    assert ours - median(seconds("-c", "pass") for _ in range(9)) < 0.1


@pytest.mark.parametrize(
    ("older", "newer"), [("1.9", "1.10"), ("1", "1.0.1"), ("2.1.2+cu121", "2.1.3"), ("", "0.1"), ("1.9rc1", "1.10")]
)
def test_versions_have_an_order(older: str, newer: str) -> None:
    assert install.release(older) < install.release(newer)


@pytest.mark.parametrize(("one", "other"), [("1.26", "1.26.0"), ("2.1.2+cu121", "2.1.2"), ("2.0rc1", "2")])
def test_versions_that_are_one(one: str, other: str) -> None:
    assert install.release(one) == install.release(other)
