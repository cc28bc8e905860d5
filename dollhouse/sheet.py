"""python -m dollhouse.sheet FILE        draws 64 scenes by their captions, which stand below them, to be looked at

Seeds follow one another and none is left out.
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from dollhouse import core, home
from dollhouse.measure.draw import drawn_of, said
from dollhouse.painter import Bytes, Painter
from dollhouse.train.store import SIDE

FIRST = 5_500_000_000  # a seed that nothing is trained on
ACROSS, DOWN = 8, 8
LETTER, LINES, LINE, WIDTH = 11, 9, 13, 34  # pixels of a letter's height, lines, pixels of a line, letters of a line


def drawn(folder: Path, count: int = ACROSS * DOWN) -> tuple[list[str], list[Bytes]]:
    scenes = [core.mixed(FIRST + number, "test") for number in range(count)]
    return said(scenes), drawn_of(Painter(folder), scenes)


def laid_out(texts: Sequence[str], pictures: Sequence[Bytes], across: int = ACROSS) -> Image.Image:
    height = SIDE + LINES * LINE + 6
    sheet = Image.new("RGB", (across * SIDE, -(-len(texts) // across) * height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(LETTER)
    for number, (text, picture) in enumerate(zip(texts, pictures, strict=True)):
        x, y = number % across * SIDE, number // across * height
        sheet.paste(Image.fromarray(picture), (x, y))
        for place, line in enumerate(textwrap.wrap(text, WIDTH)[:LINES]):
            pen.text((x + 3, y + SIDE + 2 + place * LINE), line, fill="black", font=font)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--models", type=Path, default=home.HOME)
    asked = parser.parse_args()
    laid_out(*drawn(asked.models)).save(asked.file, quality=85)


if __name__ == "__main__":
    main()
