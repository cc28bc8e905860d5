"""The webui runs this before it reads its arguments: those of every unit are added."""

from __future__ import annotations

import argparse
import runpy
from pathlib import Path


def preload(parser: argparse.ArgumentParser) -> None:
    for file in sorted(Path(__file__).parent.glob("extensions/*/preload.py")):
        try:
            runpy.run_path(str(file))["preload"](parser)
        except Exception as error:  # noqa: BLE001 - one unit's mistake must not cost the others their arguments
            print(f"Atelier: {file} is skipped: {type(error).__name__}: {error}")
