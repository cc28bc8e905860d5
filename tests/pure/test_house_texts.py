"""English and Korean: no text lacks its Korean, none is left over, and both fill the same {names}."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from house import FOLDERS, ROOT, modules_of, tree_of
from texts import TABLE, sentences_in_pieces, table, texts_of, union, used, written

each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


@each_folder
def test_every_text_has_its_korean_and_no_korean_is_left_over(folder: Path) -> None:
    assert sorted(used(folder) - set(table(folder))) == []
    assert sorted(set(table(folder)) - used(folder)) == []


@each_folder
def test_korean_is_korean_and_fills_the_same_names(folder: Path) -> None:
    def names(text: str) -> Counter[str]:
        return Counter(re.findall(r"\{[^{}]*\}", text))

    for english, korean in table(folder).items():
        assert re.search("[가-힣]", korean), english
        assert names(english) == names(korean), english
        assert korean.endswith((".", "?", "!")) == english.endswith((".", "?", "!")), english


@each_folder
def test_a_sentence_is_one_template(folder: Path) -> None:
    """An f-string cannot be looked up in a table."""
    pieces = {file.relative_to(folder).as_posix(): sentences_in_pieces(tree_of(file)) for file in modules_of(folder)}
    assert {name: found for name, found in pieces.items() if found} == {}


def test_the_root_has_the_texts_of_all() -> None:
    """`python tests/support/texts.py` writes it."""
    assert (ROOT / TABLE).read_text(encoding="utf-8") == written(union())


def test_a_text_has_one_korean() -> None:
    kinds = Counter(english for folder in FOLDERS for english, _ in set(table(folder).items()))
    pairs = {item for folder in FOLDERS for item in table(folder).items()}
    assert len(pairs) == len(kinds)


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('raise UserError("too {large}", large=3)', {"too {large}"}),
        ('raise errors.UserError("No pose here.")', {"No pose here."}),
        (
            'class Stop(UserError):\n    def __init__(self):\n        super().__init__("It has stopped.")',
            {"It has stopped."},
        ),
        ('t("Fast")', {"Fast"}),
        ('host.translate("by factor").format(x=1)', {"by factor"}),
        ('gr.Slider(0, 1, label="Tile size", info="In pixels", elem_id="a b")', {"Tile size", "In pixels"}),
        ('gr.Button("Run")', {"Run"}),
        ('gr.Radio([(t("Whole"), "whole one")], label=t("How much"))', {"Whole", "How much"}),
        ('gr.Dropdown(choices=["Nearest one", "fp32", ("By hand", "hand")])', {"Nearest one", "By hand"}),
        ('Setting("atelier_x_y", True, "Show it", "Costs time", reload=True)', {"Show it", "Costs time"}),
        ('Setting("atelier_x_y", "auto", label="Show it", choices=("auto", "On demand"))', {"Show it", "On demand"}),
        ('Unit("Lamp", extras=True)', {"Lamp", "Lamp is on"}),
        ('ExtrasEntry("Atelier lamp", 900, a, b)', {"Atelier lamp"}),
        ('report.note("in {count} parts", count=2)', {"in {count} parts"}),
        ('NOTES = {"L": "The grey picture became RGB."}', {"The grey picture became RGB."}),
        ('notes.append("The grey picture became RGB.")', {"The grey picture became RGB."}),
    ],
)
def test_a_text_is_found(source: str, texts: set[str]) -> None:
    assert texts_of(source) == texts


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring is no text."""',
        'def f():\n    """A docstring is no text."""',
        'raise RuntimeError("This keeps its traceback.")',
        'log.warning("This is for the log.")',
        'parser.add_argument("--port", help="Where it listens.")',
        'gr.Button("🔄", elem_id="A b c")',
        'gr.Radio(["fp32", "4K", "img2img"], label=t(name))',
        "title = t(unit.title)",
        "text.translate({1: 2})",
        'CSS = "<p class=note>A b.</p>"',
    ],
)
def test_what_is_no_text_is_not(source: str) -> None:
    assert texts_of(source) == set()


def test_a_sentence_in_pieces_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x = f"The unit {name} could not be loaded."\nlog.info(f"Read {name} at last.")\n')
    assert sentences_in_pieces(tree_of(tmp_path / "a.py")) == ["The unit {name} could not be loaded."]
