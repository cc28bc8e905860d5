"""python -m atelier_core.hosts.embedded [--port 7860] [--listen] [--root FOLDER]"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from ... import units
from .. import use
from .app import serve
from .host import EmbeddedHost
from .page import PACK


def main() -> None:
    parser = argparse.ArgumentParser(prog="launch.py", description="Atelier without a webui")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--listen", action="store_true", help="let other machines in")
    parser.add_argument("--root", type=Path, default=PACK, help="where models, outputs and settings are kept")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    found = units.load_all(PACK / "extensions")
    host = EmbeddedHost(chosen.root)
    use(host)
    serve(host, found, chosen.port, chosen.listen)


if __name__ == "__main__":
    main()
