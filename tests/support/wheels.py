"""Wheels made by hand, and an environment to put them into: no index, no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pip


def wheel(folder: Path, name: str, version: str = "1.0", needs: Sequence[str] = (), body: str = "") -> Path:
    """A package of one module `name` with the text `body`."""
    info = f"{name}-{version}.dist-info"
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    files = {
        f"{name}.py": body,
        f"{info}/METADATA": about + "".join(f"Requires-Dist: {need}\n" for need in needs),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: atelier\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(made, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return made


def offline(wheels: Path) -> dict[str, str]:
    """The environment of a pip that knows these wheels and nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


class Environment:
    """A virtual environment with pip in it, as a webui's."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.env = offline(wheels)
        self.site = Path(self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
        shutil.copytree(Path(pip.__file__).parent, self.site / "pip", ignore=shutil.ignore_patterns("__pycache__"))

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [str(self.python), *map(str, arguments)]
        return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=120)

    def add(self, *packages: str) -> None:
        done = self.run("-m", "pip", "install", *packages)
        assert done.returncode == 0, done.stderr

    def freeze(self) -> set[str]:
        return set(self.run("-m", "pip", "freeze", "--all").stdout.split())
