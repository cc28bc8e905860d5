"""Measures the small model family: `python -m dollhouse.measure [--models DIR] [--count 200]`.

Prints a table, each figure with its 95 % span, and last a line of the chief ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from dollhouse.measure.report import line, table
from dollhouse.measure.stats import Figure

MODELS = Path(__file__).resolve().parents[2] / "models" / "dollhouse"
SECTIONS = ("readers", "tools", "pictures")


def figures(models: Path, count: int, sections: tuple[str, ...] = SECTIONS) -> Iterator[Figure]:
    """Of the readers on drawn scenes, and of the pictures that the models make."""
    if "readers" in sections:
        from dollhouse.measure.drawn import drawn_figures

        yield from drawn_figures(models, count)
    if "tools" in sections:
        from dollhouse.measure.tools import figures as of_tools

        yield from of_tools(models, count)
    if "pictures" in sections:
        from dollhouse.measure.draw import figures as of_pictures

        yield from of_pictures(models, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--count", type=int, default=200, help="pictures of each kind")
    parser.add_argument("--all", action="store_true", help="every section, which is what happens without --only too")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="some of it")
    asked = parser.parse_args()
    found = list(figures(asked.models, asked.count, tuple(SECTIONS if asked.all else asked.only or SECTIONS)))
    print(table(found))
    print(line(found))


if __name__ == "__main__":
    main()
