from dataclasses import replace

import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Bounds, Extent
from atelier_core.job import Control, Job
from PIL import Image


def line_at(x: int, width: int, height: int) -> Image.Image:
    image = Image.new("L", (width, height))
    image.paste(255, (x, 0, x + 1, height))
    return image


def test_a_job_on_its_canvas_keeps_every_pixel_in_its_place() -> None:
    size = Extent(133, 101)
    control = Control("canny", line_at(130, *size), region=line_at(3, *size))
    job = Job("x", size=size, init=line_at(132, *size).convert("RGB"), mask=line_at(132, *size), controls=(control,))
    padded = job.on_canvas()
    assert padded.size == (136, 104)
    assert np.flatnonzero(np.asarray(padded.controls[0].map)[50]).tolist() == [130]
    assert np.flatnonzero(np.asarray(padded.controls[0].region)[50]).tolist() == [3]
    assert np.flatnonzero(np.asarray(padded.mask)[50]).tolist() == [132]
    assert np.flatnonzero(np.asarray(padded.init)[50, :, 0]).tolist() == [132, 133, 134, 135]
    assert not np.asarray(padded.mask)[101:].any()


def test_a_job_on_the_grid_stays_itself() -> None:
    job = Job("x", size=Extent(64, 32))
    assert job.on_canvas() is job


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": Extent(0, 8)},
        {"size": Extent(8, 9000)},
        {"init": Image.new("RGB", (8, 8))},
        {"mask": Image.new("L", (64, 64), 255)},
        {"init": Image.new("RGB", (64, 64)), "mask": Image.new("L", (64, 64))},
        {"steps": 0},
        {"batch": 0},
    ],
)
def test_what_no_host_could_do_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        replace(Job("x", size=Extent(64, 64)), **wrong)


def test_bounds_speak_of_pixels() -> None:
    box = Bounds(2, 3, 10, 7)
    assert box.extent == (8, 4)
    assert box.grown(4, Extent(12, 20)) == (0, 0, 12, 11)
    assert box.times(3) == (6, 9, 30, 21)
    assert box.within(Bounds(1, 1, 20, 20)) == (1, 2, 9, 6)
    assert np.arange(80).reshape(8, 10)[box.slices].shape == (4, 8)
    assert Extent(133, 101).up_to_multiple(8) == (136, 104)
    assert Extent(10, 3).times(0.1) == (1, 1)
