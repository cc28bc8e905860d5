"""The contract of the port: what every host must hold. Plain functions, so that they also run inside a real webui.

`probe` tells what the port does not: the denoiser's module, and a copy of the host's options.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import torch
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.job import Control, Job
from atelier_core.keep import keep
from atelier_core.patches import hooks_on
from atelier_core.picture import from_pil
from PIL import Image

TEXT_LAYER = "encoder.layers.0.mlp.fc1"
LAYER = "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
JOB = Job("a red house by the sea", "blurry", Extent(128, 128), steps=3, cfg=5.0, seed=41)


class Probe(Protocol):
    def denoiser(self) -> torch.nn.Module: ...

    def options(self) -> dict[str, Any]: ...


@dataclass
class Shift:
    """A patch that moves one layer's output, notes what it saw, and can act up at a given call."""

    by: float = 0.5
    act: Any = None  # called with the number of the call
    name: str = "shift"
    seen: list[Any] = field(default_factory=list)

    def attach(self, denoiser: Any) -> None:
        def after(module: Any, inputs: Any, output: Any) -> Any:
            now = denoiser.now
            self.seen.append((now.step, now.steps, now.rows, tuple(now.latent), output.shape[0], now.sigma))
            if self.act:
                self.act(len(self.seen))
            return output + self.by

        denoiser.hook(LAYER, after)


def scene(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], axis=2)
    return Image.fromarray(pixels.astype(np.uint8))


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.size == b.size and a.mode == b.mode and bool((np.asarray(a) == np.asarray(b)).all())


def state_hash(module: torch.nn.Module) -> str:
    total = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        raw = tensor.detach().cpu().contiguous()
        total.update(name.encode() + str(raw.dtype).encode())
        total.update(
            raw.view(torch.uint8).numpy().tobytes() if raw.ndim else raw.reshape(1).view(torch.uint8).numpy().tobytes()
        )
    return total.hexdigest()


def same_job_twice_gives_equal_pixels(host: Any, probe: Probe) -> None:
    first, second = host.generate(JOB), host.generate(JOB)
    other = host.generate(replace(JOB, seed=42))
    assert same(first.pictures[0], second.pictures[0])
    assert not same(first.pictures[0], other.pictures[0])
    assert first.seeds == (41,) and first.pictures[0].size == (128, 128)
    assert "Seed: 41" in first.infotexts[0] and "a red house" in first.infotexts[0]


def job_info_goes_into_the_infotext(host: Any, probe: Probe) -> None:
    result = host.generate(replace(JOB, info={"Atelier test": "a, b: c"}))
    assert 'Atelier test: "a, b: c"' in result.infotexts[0]


def kept_pixels_are_equal(host: Any, probe: Probe) -> None:
    size = Extent(136, 120)
    mask = Image.new("L", size)
    mask.paste(255, (40, 24, 104, 88))
    job = replace(JOB, size=size, init=scene(*size), mask=mask, denoise=1.0)
    result = host.generate(job)
    kept = keep(from_pil(job.init), np.asarray(result.pictures[0]), mask)
    assert kept.certificate.equal
    assert kept.certificate.kept == 136 * 120 - 64 * 64
    pixels, source = kept.picture.pixels[..., :3], np.asarray(job.init)
    inside = (slice(24, 88), slice(40, 104))
    assert (pixels[inside] != source[inside]).any()
    outside = np.ones(pixels.shape[:2], bool)
    outside[inside] = False
    assert (pixels[outside] == source[outside]).all()


def img2img_follows_its_start_picture(host: Any, probe: Probe) -> None:
    job = replace(JOB, init=scene(128, 128))
    near, far = (host.generate(replace(job, denoise=d, steps=10)).pictures[0] for d in (0.1, 1.0))
    assert not same(near, far)


def sizes_need_be_no_multiple_of_8(host: Any, probe: Probe) -> None:
    size = Extent(133, 101)
    assert host.generate(replace(JOB, size=size)).pictures[0].size == size
    mask = Image.new("L", size, 255)
    init = host.generate(replace(JOB, size=size, init=scene(*size), mask=mask))
    assert init.pictures[0].size == size


def a_batch_is_several_pictures(host: Any, probe: Probe) -> None:
    result = host.generate(replace(JOB, batch=2, count=2))
    assert result.seeds == (41, 42, 43, 44)
    assert len(result.pictures) == len(result.infotexts) == 4
    assert len({picture.tobytes() for picture in result.pictures}) == 4
    alone = np.asarray(host.generate(replace(JOB, seed=42)).pictures[0]).astype(int)
    assert np.abs(alone - np.asarray(result.pictures[1])).max() <= 3


def an_interrupt_stops_within_a_step(host: Any, probe: Probe) -> None:
    patch = Shift(act=lambda call: host.interrupt() if call == 2 else None)
    _raises(Interrupted, lambda: host.generate(replace(JOB, steps=12, patches=(patch,))))
    assert len({step for step, *_ in patch.seen}) <= 3
    assert len(host.generate(JOB).pictures) == 1


def a_patch_acts_and_leaves_no_trace(host: Any, probe: Probe) -> None:
    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    patch = Shift()
    patched = host.generate(replace(JOB, patches=(patch,))).pictures[0]
    assert not same(plain, patched)
    assert len(patch.seen) >= JOB.steps
    _untouched(probe, before, hooks)
    assert same(plain, host.generate(JOB).pictures[0])


def a_patch_leaves_no_trace_after_an_exception(host: Any, probe: Probe) -> None:
    def fail(call: int) -> None:
        if call == 2:
            raise ZeroDivisionError("on purpose")

    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    _raises(ZeroDivisionError, lambda: host.generate(replace(JOB, patches=(Shift(act=fail),))))
    _untouched(probe, before, hooks)
    assert same(plain, host.generate(JOB).pictures[0])


def a_patch_leaves_no_trace_after_an_interrupt(host: Any, probe: Probe) -> None:
    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    patch = Shift(act=lambda call: host.interrupt())
    _raises(Interrupted, lambda: host.generate(replace(JOB, patches=(patch,))))
    _untouched(probe, before, hooks)
    assert same(plain, host.generate(JOB).pictures[0])


def a_patch_for_a_missing_layer_is_refused(host: Any, probe: Probe) -> None:
    class Lost:
        name = "lost"

        def attach(self, denoiser: Any) -> None:
            denoiser.hook(LAYER, lambda *_: None)
            denoiser.hook("input_blocks.99.nothing", lambda *_: None)

    host.generate(JOB)
    hooks = hooks_on(probe.denoiser())
    _raises(UserError, lambda: host.generate(replace(JOB, patches=(Lost(),))))
    assert hooks_on(probe.denoiser()) == hooks


def a_patch_sees_the_moment(host: Any, probe: Probe) -> None:
    for sampler in {"Euler a", "Heun", "DDIM"} & set(host.samplers()):
        patch = Shift(by=0.0)
        host.generate(replace(JOB, size=Extent(128, 64), sampler=sampler, patches=(patch,)))
        steps = [step for step, *_ in patch.seen]
        assert steps == sorted(steps) and set(steps) == {0, 1, 2}, (sampler, steps)
        sigmas = [sigma for *_, sigma in patch.seen]
        assert sigmas == sorted(sigmas, reverse=True) and 0 <= sigmas[-1] < sigmas[0] < 200, (sampler, sigmas)
        for _, total, rows, latent, batch, _ in patch.seen:
            assert total == 3 and latent == (16, 8)
            assert rows and set(rows) <= {"cond", "uncond"} and batch % len(rows) == 0
        assert "cond" in {row for _, _, rows, *_ in patch.seen for row in rows}


@dataclass
class Reader:
    """A patch that has prompts read, with a text layer as it is and with it changed."""

    texts: tuple[str, ...]
    name: str = "reader"
    read: list[Any] = field(default_factory=list)

    def attach(self, denoiser: Any) -> None:
        self.read.append(denoiser.encode(self.texts))
        layer = next(module for name, module in denoiser.text_layers.items() if name.endswith(TEXT_LAYER))
        handle = layer.register_forward_hook(lambda module, inputs, output: output * 0.5)
        try:
            self.read.append(denoiser.encode(self.texts))
        finally:
            handle.remove()
        self.read.append(denoiser.encode(self.texts))


def a_patch_can_have_prompts_read(host: Any, probe: Probe) -> None:
    """All of one length however long the longest is; hooks on text layers act, and are gone again."""
    plain = host.generate(JOB).pictures[0]
    reader = Reader(("a red house", "the sea, " * 60, "a red house"))
    assert same(plain, host.generate(replace(JOB, patches=(reader,))).pictures[0])
    before, changed, after = reader.read[:3]
    assert len(before) == 3 and len({tuple(one.shape) for one in before}) == 1
    assert before[0].shape[0] == 1 and before[0].ndim == 3
    assert torch.equal(before[0], before[2]) and not torch.equal(before[0], before[1])
    assert all(torch.equal(one, again) for one, again in zip(before, after, strict=True))
    assert not torch.equal(before[0], changed[0])


def a_missing_control_model_is_refused_before_sampling(host: Any, probe: Probe) -> None:
    patch = Shift()
    control = Control("no-such-kind", scene(128, 128))
    error = _raises(UserError, lambda: host.generate(replace(JOB, controls=(control,), patches=(patch,))))
    assert "ControlNet" in str(error) and not patch.seen


def a_control_acts_and_leaves_no_trace(host: Any, probe: Probe) -> None:
    """Where a ControlNet model is there."""
    control = Control("any", scene(128, 128), model=host.models("controlnet")[0].name)
    plain = host.generate(JOB).pictures[0]
    before, hooks = state_hash(probe.denoiser()), hooks_on(probe.denoiser())
    result = host.generate(replace(JOB, controls=(control,)))
    assert not same(plain, result.pictures[0])
    assert any("ControlNet" in note for note in result.notes)
    _untouched(probe, before, hooks)
    assert same(plain, host.generate(JOB).pictures[0])
    start = host.generate(replace(JOB, init=scene(128, 128), controls=(control,)))
    assert len(start.pictures) == 1


def an_unknown_checkpoint_is_refused(host: Any, probe: Probe) -> None:
    error = _raises(UserError, lambda: host.generate(replace(JOB, checkpoint="no-such-file-at-all")))
    assert "no-such-file-at-all" in str(error)


def options_are_unchanged_afterwards(host: Any, probe: Probe) -> None:
    host.generate(JOB)  # a host that loads its model with the first picture notes the file's hash in its options
    before = probe.options()
    host.generate(replace(JOB, init=scene(128, 128)))
    _raises(UserError, lambda: host.generate(replace(JOB, checkpoint="no-such-file-at-all")))
    after = probe.options()
    changed = {key: (before.get(key), after.get(key)) for key in before.keys() | after.keys()}
    different = {key: pair for key, pair in changed.items() if pair[0] != pair[1]}
    assert not different, different


def a_network_is_lent_and_given_back(host: Any, probe: Probe) -> None:
    net = torch.nn.Linear(3, 3)
    before = state_hash(net)

    def fail() -> None:
        with host.lend(net, 1000) as lent:
            assert lent.free() > 0
            assert net.weight.device.type == lent.device.type
            raise ZeroDivisionError

    _raises(ZeroDivisionError, fail)
    assert net.weight.device.type == "cpu" and state_hash(net) == before


def work_shows_progress_and_stops(host: Any, probe: Probe) -> None:
    reached = []

    def work() -> None:
        with host.working("counting") as work, host.working("inner") as inner:
            work.preview(scene(32, 16))
            for i in range(9):
                inner.step(i, 9, "counting")
                reached.append(i)
                if i == 3:
                    host.interrupt()

    _raises(Interrupted, work)
    assert reached == [0, 1, 2, 3]
    with host.working("again") as work_again:
        work_again.step(1, 2)


def folders_and_lists_are_there(host: Any, probe: Probe) -> None:
    assert host.outputs("upscaler").is_dir() and host.data("upscaler").is_dir()
    assert "Euler a" in host.samplers()
    assert "Lanczos" in {model.name for model in host.models("upscaler")}
    loaded = host.loaded()
    assert loaded is None or loaded in host.models("checkpoint")
    for kind in ("checkpoint", "lora", "controlnet", "upscaler", "embedding", "hypernetwork"):
        assert all(model.path is None or model.path.is_file() or model.path.is_dir() for model in host.models(kind))
    assert host.settings["atelier_core_language"] in ("auto", "en", "ko")


def preprocessors_fetch_nothing(host: Any, probe: Probe) -> None:
    picture = scene(64, 96)
    for one in host.annotators():
        if one.missing:
            assert one.missing in str(_raises(UserError, lambda name=one.name: host.annotate(name, picture)))
    assert "no such" in str(_raises(UserError, lambda: host.annotate("no such", picture)))
    assert host.generate(JOB).pictures


def _untouched(probe: Probe, state: str, hooks: int) -> None:
    assert hooks_on(probe.denoiser()) == hooks
    assert state_hash(probe.denoiser()) == state


def _raises(kind: type[BaseException], act: Any) -> BaseException:
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


WITH_CONTROL_MODEL = [a_control_acts_and_leaves_no_trace]
CASES = [
    same_job_twice_gives_equal_pixels,
    job_info_goes_into_the_infotext,
    kept_pixels_are_equal,
    img2img_follows_its_start_picture,
    sizes_need_be_no_multiple_of_8,
    a_batch_is_several_pictures,
    an_interrupt_stops_within_a_step,
    a_patch_acts_and_leaves_no_trace,
    a_patch_leaves_no_trace_after_an_exception,
    a_patch_leaves_no_trace_after_an_interrupt,
    a_patch_for_a_missing_layer_is_refused,
    a_patch_sees_the_moment,
    a_patch_can_have_prompts_read,
    a_missing_control_model_is_refused_before_sampling,
    an_unknown_checkpoint_is_refused,
    options_are_unchanged_afterwards,
    a_network_is_lent_and_given_back,
    work_shows_progress_and_stops,
    folders_and_lists_are_there,
    preprocessors_fetch_nothing,
]
