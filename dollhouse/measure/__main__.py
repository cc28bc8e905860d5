"""Measures the small model family: `python -m dollhouse.measure [--models DIR] [--count 200]`.

Prints a table, each figure with its 95 % span, and last a line of the chief ones.

`--lock` measures two learnt dolls in one picture, `--teach` how well one is learnt, each instead of the rest; both go
on where an earlier run with the same `--out` was cut off.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from dollhouse import core
from dollhouse.measure.report import line, table
from dollhouse.measure.stats import Figure

ROOT = Path(__file__).resolve().parents[2]
MODELS, EXTENSIONS = ROOT / "models" / "dollhouse", ROOT / "extensions"
SECTIONS = ("readers", "tools", "pictures")


def figures(
    models: Path, count: int, sections: tuple[str, ...] = SECTIONS, world: str = core.LEARNT
) -> Iterator[Figure]:
    """Of the readers on drawn scenes, and of the pictures that the models make."""
    if "readers" in sections:
        from dollhouse.measure.drawn import drawn_figures

        yield from drawn_figures(models, count)
    if "tools" in sections:
        from dollhouse.measure.tools import figures as of_tools

        yield from of_tools(models, count)
    if "pictures" in sections:
        from dollhouse.measure.draw import Asked
        from dollhouse.measure.draw import figures as of_pictures

        yield from of_pictures(models, Asked(count, world))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--count", type=int, default=200, help="pictures of each kind")
    parser.add_argument("--all", action="store_true", help="every section, which is what happens without --only too")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="some of it")
    parser.add_argument(
        "--world", choices=tuple(core.WORLDS), default=core.LEARNT, help="the part of it that is to be drawn"
    )
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--teach", action="store_true")
    sys.path[:0] = [str(EXTENSIONS / name) for name in ("atelier-core", "concept-lock")]
    from dollhouse.measure import concepts

    concepts.add_options(parser)
    asked = parser.parse_args()
    if asked.lock or asked.teach:
        concepts.measure_lock(asked) if asked.lock else concepts.measure_teach(asked)
        return
    found = list(
        figures(asked.models, asked.count, tuple(SECTIONS if asked.all else asked.only or SECTIONS), asked.world)
    )
    print(table(found))
    print(line(found))


if __name__ == "__main__":
    main()
