"""preload.py: arguments of the webui, from us and from every unit."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

import preload

HERE = Path(__file__).resolve().parents[2]


def test_our_argument() -> None:
    parser = argparse.ArgumentParser()
    preload.preload(parser)
    assert parser.parse_args([]).atelier_upscaler_models is None
    assert parser.parse_args(["--atelier-upscaler-models", "3"]).atelier_upscaler_models == "3"


def test_a_unit_s_arguments_and_a_broken_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(HERE / "preload.py", tmp_path)
    units = {
        "a-broken": "raise ValueError('spoilt')",
        "b-empty": "",
        "c-twice": "def preload(parser): [parser.add_argument('--atelier-x') for _ in range(2)]",
        "d-sound": "def preload(parser): parser.add_argument('--atelier-sound')",
    }
    for name, text in units.items():
        folder = tmp_path / "extensions" / name
        folder.mkdir(parents=True)
        (folder / "preload.py").write_text(text, encoding="utf-8")
    parser = argparse.ArgumentParser()
    code = compile((tmp_path / "preload.py").read_text("utf-8"), str(tmp_path / "preload.py"), "exec")
    names = {"__file__": str(tmp_path / "preload.py"), "__name__": "preload.py"}  # as the webui runs it
    exec(code, names)
    names["preload"](parser)  # type: ignore[operator]
    assert parser.parse_args(["--atelier-sound", "on"]).atelier_sound == "on"
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" is skipped: ")[1] for line in lines] == [
        "ValueError: spoilt",
        "KeyError: 'preload'",
        "ArgumentError: argument --atelier-x: conflicting option string: --atelier-x",
    ]
