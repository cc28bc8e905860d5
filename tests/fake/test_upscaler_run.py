from pathlib import Path

import numpy as np
import pytest
from atelier_core import picture
from atelier_core.args import read_entries, split_infotext
from atelier_core.errors import Interrupted, UserError
from atelier_core.hosts.fake import FakeHost
from atelier_core.picture import Picture
from atelier_upscaler import run
from atelier_upscaler.options import UpscaleArgs
from PIL import Image
from safetensors.torch import save_file
from shiftnet import random_weights, srvgg


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    host = FakeHost(tmp_path)
    save_file(random_weights(srvgg(8)).state_dict(), host.folder("upscaler") / "small x4.safetensors")
    return host


def source(width: int = 90, height: int = 50) -> Picture:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), np.uint8)
    return Picture(pixels, dpi=(72.0, 72.0), texts={"parameters": "a cat\nSteps: 3, Seed: 4, Size: 90x50"})


def args(**more: object) -> UpscaleArgs:
    return UpscaleArgs(model="small x4", factor=4.0, **more)


def test_a_picture_is_saved_with_all_it_carried(host: FakeHost) -> None:
    done = run.upscale_file(host, source(), args(mode="exact", tile=32), "cat")
    again = picture.read(done.path)
    assert done.path.parent == host.outputs("upscaler") and done.path.name == "00001-cat.png"
    assert again.extent == done.extent == (360, 200)
    assert again.dpi == pytest.approx((72, 72), abs=0.1)
    head, settings = split_infotext(again.texts["parameters"])
    entries = read_entries(settings)
    assert head == "a cat" and entries["Seed"] == "4"
    assert entries["Atelier upscale model"] == "small x4" and entries["Atelier upscale mode"] == "exact"
    assert host.lent == 0
    assert host.progress[-1][0] == host.progress[-1][1] == 6


def test_the_same_job_gives_the_same_bytes(host: FakeHost) -> None:
    first, second = (run.upscale_file(host, source(), args(tile=40), "cat").path for _ in range(2))
    assert first.read_bytes() == second.read_bytes() and first != second


def test_an_interrupt_saves_nothing(host: FakeHost) -> None:
    host.on_step = lambda done, total: host.interrupt() if done == 2 else None
    with pytest.raises(Interrupted):
        run.upscale_file(host, source(), args(tile=32), "cat")
    assert list(host.outputs("upscaler").iterdir()) == []
    assert host.progress[-1][0] == 2 and host.lent == 0


def test_one_bad_picture_does_not_stop_the_others(host: FakeHost, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    Image.new("RGB", (20, 10), "red").save(good)
    bad.write_bytes(b"no picture")
    found = list(run.upscale_many(host, [("bad", bad), ("good", good)], args()))
    assert [type(done) for *_, done in found] == [UserError, run.Done]
    assert len(list(host.outputs("upscaler").iterdir())) == 1


def test_sizes_are_exact(host: FakeHost) -> None:
    for more, size in [
        ({"target": "size", "width": 201, "height": 333, "fit": "crop"}, (201, 333)),
        ({"target": "size", "width": 201, "height": 333, "fit": "stretch"}, (201, 333)),
        ({"target": "size", "width": 201, "height": 333, "fit": "inside"}, (201, 112)),
        ({"target": "long side", "long_side": "2K"}, (2048, 1138)),
    ]:
        assert run.target_of(args(**more), source().extent).size == size
    done = run.upscale_file(host, source(), args(target="size", width=133, height=71, fit="stretch"), "x")
    assert done.extent == (133, 71)


def test_the_extras_tab_gets_its_picture_and_entries(host: FakeHost) -> None:
    image, info = run.upscale_pil(host, source(20, 10).to_pil(), args())
    assert image.size == (80, 40) and info["Atelier upscale model"] == "small x4"


def test_the_hosts_list_names_our_models(host: FakeHost) -> None:
    (name, path, _), *others = run.UPSCALERS.listed(host)
    assert name == "small x4 (Atelier)" and not others
    assert run.UPSCALERS.upscale(host, source(20, 10).to_pil(), 2.5, path).size == (50, 25)
    with pytest.raises(UserError, match="no upscale model"):
        run.UPSCALERS.upscale(host, source().to_pil(), 2, "/elsewhere.pth")


def test_unknown_models_are_refused(host: FakeHost) -> None:
    with pytest.raises(UserError, match="no upscale model “nothing”"):
        run.upscale_file(host, source(), UpscaleArgs(model="nothing"), "x")


def test_the_estimate_tells_without_making(host: FakeHost) -> None:
    told = run.estimate(host, source(), args(tile=32))
    assert (told["width"], told["height"], told["tiles"], told["passes"]) == (360, 200, 6, 1)
    assert list(host.outputs("upscaler").iterdir()) == []


def test_numbers_from_gradio_become_options() -> None:
    assert run.given({"tile": 32.0, "factor": 2, "width": None}) == UpscaleArgs(tile=32, factor=2.0)
    for wrong in ({"width": -5}, {"factor": 99}, {"tile": 1.5}, {"mode": "best"}):
        with pytest.raises(UserError):
            run.given(wrong)


def test_a_stop_in_the_middle_keeps_and_tells_what_is_done(host: FakeHost, tmp_path: Path) -> None:
    Image.new("RGB", (20, 10)).save(tmp_path / "a.png")
    chosen = [(name, tmp_path / "a.png") for name in "abc"]
    host.on_step = lambda done, total: host.interrupt() if saved(host) else None
    found = [done for *_, done in run.upscale_many(host, chosen, args())]
    assert [type(done) for done in found] == [run.Done, UserError]
    assert str(found[1]) == "Stopped. The 1 pictures before this one are saved."
    assert len(saved(host)) == 1


def saved(host: FakeHost) -> list[Path]:
    return list(host.outputs("upscaler").iterdir())


def test_what_the_container_cannot_hold_is_refused_before_the_work(host: FakeHost) -> None:
    deep = Picture(np.zeros((10, 20, 3), np.uint16))
    with pytest.raises(UserError, match="WebP holds 8 bits"):
        run.upscale_file(host, deep, args(format="webp"), "x")
    assert host.progress == [] and saved(host) == []


def test_what_the_memory_cannot_hold_is_refused_before_the_work(host: FakeHost, monkeypatch) -> None:
    monkeypatch.setattr("atelier_core.memory.available", lambda: 10_000)
    with pytest.raises(UserError, match="GB of main memory"):
        run.upscale_file(host, source(), args(), "x")
    assert host.progress == []
