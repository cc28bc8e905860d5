"""The upscaler's argument of the webui, whether it is installed in the pack or by itself."""

from __future__ import annotations

import argparse


def preload(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--atelier-upscaler-models", type=str, default=None, help="a further folder with upscaler models"
    )
