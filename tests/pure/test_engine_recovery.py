"""A machine that runs out of memory or of numbers, and a user who stops."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_upscaler.attempts import is_shortage
from atelier_upscaler.engine import assembled, prepare, upscale
from atelier_upscaler.networks import Network
from atelier_upscaler.report import Report
from torch import nn


class Calls(list[torch.Size]):
    """One list for a network and its copies in other formats."""

    def __deepcopy__(self, memo: object) -> "Calls":
        return self


class Doubling(nn.Module):
    """Every pixel four times; `trouble` sees the picture first."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.trouble: Callable[[torch.Tensor], float | None] = lambda x: None
        self.calls = Calls()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.append(x.shape)
        answer = self.trouble(x)
        y = nn.functional.interpolate(x * self.weight, scale_factor=2.0)
        return y if answer is None else y * answer


def doubling(trouble: Callable[[torch.Tensor], float | None] = lambda x: None, **facts: Any) -> Network:
    net = Network("Doubling", "Doubling", Doubling(), scale=2, channels=3, **facts)
    assert net.footprint > 0  # measured before there is trouble
    net.module.trouble = trouble
    net.module.calls.clear()
    return net


def pixels(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def doubled(source: np.ndarray) -> np.ndarray:
    return source.repeat(2, 0).repeat(2, 1)


def notes(made) -> list[str]:
    return [str(note) for note in made.report.notes]


def short_above(most: int) -> Callable[[torch.Tensor], None]:
    def trouble(x: torch.Tensor) -> None:
        if x.shape[2] * x.shape[3] > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    return trouble


def test_tiles_too_large_for_the_memory_become_smaller_ones() -> None:
    source = pixels(211, 130)
    net = doubling(short_above(90 * 90))
    made = upscale(net, source, side=200, halo=10)
    assert np.array_equal(made.pixels, doubled(source))
    assert notes(made) == ["Memory ran out; the picture went on in tiles of 65 pixels."]
    assert sum(h * w > 90 * 90 for _, _, h, w in net.module.calls) == 1  # no second tile ran into it


def test_the_smallest_tiles_are_the_end_of_it() -> None:
    net = doubling(short_above(32 * 32))
    with pytest.raises(UserError, match="There is not enough memory for the model Doubling."):
        upscale(net, pixels(300, 200), side=192, halo=8)
    assert len(net.module.calls) <= 2 + np.log2(192 / 32)


def test_only_the_tiles_that_failed_are_made_again() -> None:
    source = pixels(200, 150)
    draw = np.random.default_rng(1)

    def sometimes(x: torch.Tensor) -> None:
        if x.shape[3] > 50 and draw.random() < 0.3:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)")

    net = doubling(sometimes)
    made = upscale(net, source, side=50, halo=4)
    assert np.array_equal(made.pixels, doubled(source))
    assert made.report.tiles == 12
    assert len(made.report.notes) == 1


def test_nothing_of_a_failed_attempt_is_kept_alive() -> None:
    attempts: list[weakref.ref[torch.Tensor]] = []

    def once(x: torch.Tensor) -> None:
        assert all(attempt() is None for attempt in attempts)
        attempts.append(weakref.ref(x))
        if len(attempts) == 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    upscale(doubling(once), pixels(80, 80), side=80)
    assert len(attempts) == 5


def test_the_memory_for_a_tile_is_asked_for_before() -> None:
    net = doubling()
    wide = Extent(4000, 3000)
    assert prepare(net, wide, free=lambda: 1 << 33).side == 191
    tight = prepare(net, wide, free=lambda: 120 * 120 * net.footprint)
    assert 32 <= tight.side < 120
    assert tight.need <= 0.7 * 120 * 120 * net.footprint
    assert prepare(net, wide, mode="exact", side=4000).need <= 4 << 30  # where nobody tells what is free
    with pytest.raises(UserError, match=r"Doubling needs 0\.0 GB of free memory here, and 0\.0 GB are free\."):
        prepare(net, wide, free=lambda: 1000)


def test_other_errors_are_no_shortage() -> None:
    def broken(x: torch.Tensor) -> None:
        raise RuntimeError("The size of tensor a (3) must match the size of tensor b (4)")

    with pytest.raises(RuntimeError, match="must match"):
        upscale(doubling(broken), pixels(40, 40))
    assert is_shortage(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried …"))
    assert is_shortage(MemoryError())


def invalid_in(dtype: torch.dtype, tile: int, value: float) -> Callable[[torch.Tensor], float | None]:
    seen: list[int] = []

    def trouble(x: torch.Tensor) -> float | None:
        seen.append(1)
        return value if x.dtype == dtype and len(seen) == tile else None

    return trouble


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_invalid_numbers_are_computed_again_in_a_wider_format(value: float) -> None:
    source = pixels(100, 60) // 128 * 255  # no grey: every format has these
    net = doubling(invalid_in(torch.bfloat16, 2, value), dtypes=(torch.bfloat16, torch.float32))
    made = upscale(net, source, side=50, precision="bf16")
    assert np.array_equal(made.pixels, doubled(source))
    assert notes(made) == [
        "The model gave invalid numbers in bf16; this tile was computed again in fp32, and so were all after it."
    ]
    assert made.report.precision == "fp32"
    assert len(net.module.calls) == 4 + 1
    assert net.module.weight.dtype == torch.float32


def test_bf16_is_tried_between() -> None:
    net = doubling(
        lambda x: float("nan") if x.dtype == torch.float16 else None,
        dtypes=(torch.float16, torch.bfloat16, torch.float32),
    )
    on_a_card = replace(prepare(net, Extent(100, 60), side=50), dtypes=net.dtypes)
    report = Report(net.name)
    assembled(on_a_card, pixels(100, 60), lambda done, total, text: None, report)
    assert (report.precision, len(report.notes), len(net.module.calls)) == ("bf16", 1, 4 + 1)


def test_fp16_is_for_cards() -> None:
    net = doubling(dtypes=(torch.float16, torch.float32))
    with pytest.raises(UserError, match="fp16 needs a graphics card"):
        prepare(net, Extent(9, 9), precision="fp16")


def test_a_model_of_invalid_numbers_gives_no_picture() -> None:
    with pytest.raises(UserError, match="The model Doubling gives no picture but invalid numbers"):
        upscale(doubling(lambda x: float("nan")), pixels(40, 40))


def test_a_precision_the_model_lacks_is_refused() -> None:
    with pytest.raises(UserError, match="The model Doubling cannot be computed in bf16."):
        upscale(doubling(), pixels(40, 40), precision="bf16")


@pytest.mark.parametrize("tile", [0, 3, 5])
def test_a_stop_is_obeyed_before_the_next_tile(tile: int) -> None:
    net = doubling()

    def watch(done: int, total: int, text: str) -> None:
        assert total == 6
        if done == tile:
            raise Interrupted

    with pytest.raises(Interrupted):
        upscale(net, pixels(150, 100), side=50, watch=watch)
    assert len(net.module.calls) == tile


def test_progress_is_told_before_every_tile_and_at_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    upscale(doubling(), pixels(100, 50), side=50, watch=lambda *words: told.append(words))
    assert told == [(0, 2, "1/2"), (1, 2, "2/2"), (2, 2, "")]
