"""The webui runs this before it reads its arguments: Atelier's own, then those of every unit."""

from __future__ import annotations

import argparse
import runpy
from pathlib import Path


def preload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--atelier-upscaler-models", type=str, default=None, help="a further folder with upscaler models"
    )
    for file in sorted(Path(__file__).parent.glob("extensions/*/preload.py")):
        try:
            runpy.run_path(str(file))["preload"](parser)
        except Exception as error:  # noqa: BLE001 - one unit's mistake must not cost the others their arguments
            print(f"Atelier: {file} is skipped: {type(error).__name__}: {error}")
