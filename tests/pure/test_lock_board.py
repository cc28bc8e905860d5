"""The board that page and panel exchange, the rows that belong to it, and masks that lie beside an infotext."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atelier_concept_lock import rows, sidecars
from atelier_concept_lock.board import Board, BoardRegion, beginning, board_of, board_text
from atelier_concept_lock.cards import ConceptCard
from atelier_concept_lock.levels import Levels
from atelier_concept_lock.regions import Box, Drawn, Lock, Region
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.job import Window
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def disc(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.where((x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2, 255, 0).astype(np.uint8)


MASK = Drawn(png(disc(96, 64)))
TEXT = {
    "atelier_board": 1,
    "width": 640,
    "height": 448,
    "regions": [
        {"id": "r1", "name": "Anne", "colour": "#e6a23c", "on": True, "mask": [0, 0, 0.5, 1]},
        {"id": "rx9", "name": "", "colour": "#409eff", "on": False, "mask": base64.b64encode(MASK.png).decode()},
    ],
}
BOARD = Board(
    Extent(640, 448),
    (
        BoardRegion("r1", "Anne", "#e6a23c", True, Box(0, 0, 0.5, 1)),
        BoardRegion("rx9", "", "#409eff", False, MASK),
    ),
)


def test_a_board_is_read_and_written() -> None:
    assert board_of(json.dumps(TEXT)) == BOARD
    assert json.loads(board_text(BOARD)) == TEXT
    behind = replace(BOARD, picture="an id")
    assert board_of(board_text(behind)) == behind and board_of(json.dumps({**TEXT, "picture": None})) == BOARD
    assert [region.mask for region in beginning(Extent(8, 8)).regions] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]


def other(**more: Any) -> Any:
    return {**TEXT, **more}


def region(**more: Any) -> Any:
    return {**TEXT, "regions": [{**TEXT["regions"][0], **more}]}  # type: ignore[index]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ([], "This is not a board"),
        (other(atelier_board=2), "This is not a board"),
        (other(width=0), "This is not a board"),
        (other(height=True), "This is not a board"),
        (other(height=1e9), "This is not a board"),
        (other(regions={}), "This is not a board"),
        (other(regions=[[]]), "This is not a board"),
        (other(regions=[TEXT["regions"][0]] * 2), "This is not a board"),  # type: ignore[index]
        (other(regions=[1] * 5), "A board holds 4 regions"),
        (region(id=""), "This is not a board"),
        (region(id=7), "This is not a board"),
        (region(name="x" * 201), "This is not a board"),
        (region(on="yes"), "This is not a board"),
        (region(mask=[0, 0, 0, 1]), "A box lies between"),
        (region(mask=None), "A region needs a box"),
        (region(mask="!!"), "The mask is no picture"),
    ],
)
def test_whatever_is_wrong_with_a_board_is_one_sentence(body: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        board_of(json.dumps(body))


def test_a_text_that_is_no_json_is_no_board() -> None:
    for said in ("", "{", "[" * 100_000):
        with pytest.raises(UserError, match="This is not a board"):
            board_of(said)


# rows


VALUES: dict[str, Any] = {
    **dict.fromkeys(rows.NAMES, ""),
    "prompt0": "reading",
    "file0_0": "anne",
    "triggers0_0": "anne woman",
    "unet0_0": 0.8,
    "text0_0": 0.5,
    "file0_2": "hat",
    "unet0_2": 0,
    "prompt1": "writing",
    "file1_1": "beth",
    "file_0": "ink",
    "text_0": 0.25,
}
ANNE = ConceptCard("anne", ("anne",), "anne woman", unet=0.8, text=0.5)
HAT, BETH, INK = (
    ConceptCard("hat", ("hat",), unet=0),
    ConceptCard("beth", ("beth",)),
    ConceptCard("ink", ("ink",), text=0.25),
)


def test_rows_make_the_lock_of_their_board() -> None:
    lock = rows.lock_from_rows(BOARD, VALUES, feather=3)
    first = Region(Box(0, 0, 0.5, 1), "reading", (ANNE, HAT), "Anne")
    assert lock == Lock(cards=(INK,), regions=(first, Region(MASK, "writing", (BETH,), on=False)), feather=3)


def test_a_lock_comes_back_to_rows_and_to_a_board_that_stays_the_same() -> None:
    lock = rows.lock_from_rows(BOARD, VALUES)
    found = rows.values_from(lock)
    assert set(found) == set(rows.NAMES) and rows.beyond(lock) == ()
    assert rows.lock_from_rows(BOARD, found) == lock
    assert [found[name] for name in ("prompt1", "file1_0", "unet1_0", "prompt3", "file3_0", "unet3_0")] == [
        *("writing", "beth", 1.0, "", "", 1.0)
    ]
    board = rows.board_from(lock, Extent(640, 448))
    assert board == rows.board_from(lock, Extent(640, 448))
    assert [replace(one, id=old.id) for one, old in zip(board.regions, BOARD.regions, strict=True)] == list(
        BOARD.regions
    )
    assert not {one.id for one in board.regions} & {
        one.id for one in rows.board_from(replace(lock, dial=1.0), BOARD.size).regions
    }


def test_a_card_of_several_files_takes_several_places_and_what_has_none_is_said() -> None:
    both = ConceptCard("both", ("a", "b"), "word", unet=0.5)
    lock = Lock(regions=(Region(Box(0, 0, 1, 1), cards=(both,)),))
    found = rows.values_from(lock)
    assert [found[f"{part}0_{k}"] for k in range(3) for part in ("file", "triggers", "unet")] == [
        *("a", "word", 0.5, "b", "", 0.5, "", "", 1.0)
    ]
    assert len(rows.beyond(replace(lock, cards=(both,)))) == 1
    assert len(rows.beyond(replace(lock, regions=lock.regions * 5))) == 1


def test_rows_stay_with_their_regions() -> None:
    def row(values: dict[str, Any], n: int) -> tuple[str, str, str]:
        return values[f"prompt{n}"], values[f"file{n}_0"], values[f"file{n}_1"]

    known, moved = rows.followed(rows.Known(), ["r1", "r2"], VALUES)
    assert moved is None and known.ids == ("r1", "r2")
    known, moved = rows.followed(known, ["r2", "r1", "r3"], VALUES)
    assert moved is not None
    assert [row(moved, n) for n in range(2)] == [("writing", "", "beth"), ("reading", "anne", "")]
    assert moved["unet1_0"] == 0.8 and not any(name.startswith("prompt2") for name in moved)
    values = {**VALUES, **moved, "prompt0": "writing a letter"}
    known, moved = rows.followed(known, ["r1"], values)  # r2 and r3 are deleted …
    assert moved is not None and [row(moved, n) for n in range(2)] == [("reading", "anne", ""), ("", "", "")]
    known, moved = rows.followed(known, ["r1", "r2"], {**values, **moved})  # … and r2 comes back
    assert moved is not None and row(moved, 1) == ("writing a letter", "", "beth")


def test_another_board_brings_its_own_rows() -> None:
    known, _ = rows.followed(rows.Known(), ["r1", "r2"], VALUES)
    known, moved = rows.followed(known, ["a1", "a2"], VALUES)
    assert moved is None and known == rows.Known(("a1", "a2"))
    assert rows.followed(known, ["a1", "a2"], VALUES)[1] is None


# masks beside an infotext


def noisy() -> Drawn:
    luck = np.random.default_rng(3)
    pixels = np.zeros((64, 128), np.uint8)
    pixels[16:48, 32:96] = luck.integers(1, 255, (32, 64))
    return Drawn(png(pixels))


def test_a_long_mask_lies_in_a_file_and_comes_back(tmp_path: Path) -> None:
    mask = noisy()
    lock = Lock("p", regions=(Region(mask, "a"), Region(MASK, "b"), Region(Box(0, 0, 1, 1), "c")), dial=0.5)
    text = sidecars.written(lock, tmp_path / "masks")
    told = [one["mask"] for one in json.loads(text)["regions"]]
    assert told[0] == f"sha256:{hashlib.sha256(mask.png).hexdigest()}" and len(text) < 1500 and '""' not in text
    assert told[1:] == [base64.b64encode(MASK.png).decode(), [0, 0, 1, 1]]
    assert [path.read_bytes() for path in (tmp_path / "masks").iterdir()] == [mask.png]
    assert sidecars.read(text, tmp_path / "masks") == (lock, ())
    assert sidecars.written(lock, tmp_path / "masks") == text


@pytest.mark.parametrize("damage", ["gone", "cut", "another"])
def test_a_mask_that_is_not_there_gives_way_to_its_box(tmp_path: Path, damage: str) -> None:
    text = sidecars.written(Lock(regions=(Region(noisy(), "a"),)), tmp_path)
    (file,) = tmp_path.iterdir()
    {"gone": file.unlink, "cut": lambda: file.write_bytes(file.read_bytes()[:99]),
     "another": lambda: file.write_bytes(MASK.png)}[damage]()  # fmt: skip
    lock, notes = sidecars.read(text, tmp_path)
    assert lock.regions[0].mask == Box(0.25, 0.25, 0.75, 0.75)
    assert [str(note) for note in notes] == [
        "The drawn mask of region 1 is not on this machine: its box takes its place."
    ]


@pytest.mark.parametrize("mask", ["sha256:../../../etc/passwd", "sha256:" + "A" * 64, "sha256:"])
def test_only_a_digest_names_a_file(tmp_path: Path, mask: str) -> None:
    with pytest.raises(UserError, match="The mask is no picture"):
        sidecars.read(json.dumps({"regions": [{"mask": mask}]}), tmp_path)


# a part of the picture


def test_a_window_shows_its_part_of_the_masks() -> None:
    masks = np.zeros((1, 64, 128))
    masks[0, :, 64:] = 1
    seen = Levels(masks).within(Window(0.25, 0.5, 0.75, 1.0))
    shares = seen.of(Extent(8, 4), "cpu")[4, 8]
    assert shares[0].tolist() == [[0, 0, 0, 0, 1, 1, 1, 1]] * 4
    plain = Levels(masks)
    assert plain.within(Window()) is plain
