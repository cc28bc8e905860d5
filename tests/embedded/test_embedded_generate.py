"""What is drawn: against diffusers' own pipelines, and against what a creator may rely on."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.embedded import pictures
from atelier_core.hosts.embedded.host import EmbeddedHost
from atelier_core.hosts.embedded.samplers import NAMES
from atelier_core.hosts.embedded.tokenizer import vocabulary
from atelier_core.job import Job
from diffusers import DDIMScheduler, EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from PIL import Image
from transformers import CLIPTokenizer

JOB = Job("a red house by the sea", "blurry", Extent(96, 64), steps=4, cfg=5.0, seed=41, sampler="Euler")
TRAINED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedHost:
    root = tmp_path_factory.mktemp("embedded")
    home = root / "models" / "Stable-diffusion"
    tiny.tiny_sd15(home / "a.safetensors")
    tiny.tiny_sdxl(home / "xl.safetensors")
    tiny.tiny_sd15(home / "paint.safetensors", tiny.SD15_INPAINT)
    return EmbeddedHost(root)


def scene(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 255 // width, y * 255 // height, (x * y) % 256], axis=2).astype(np.uint8))


def apart(a: Image.Image, b: Image.Image) -> int:
    assert a.size == b.size
    return int(np.abs(np.asarray(a, int) - np.asarray(b, int)).max())


def noise(job: Job) -> torch.Tensor:
    shape = (1, 4, job.size.height // 8, job.size.width // 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(job.seed))


def of_pipeline(pipe: Any, job: Job, **more: Any) -> Image.Image:
    pipe.set_progress_bar_config(disable=True)
    asked = {"height": job.size.height, "width": job.size.width, "num_inference_steps": job.steps}
    return pipe(
        job.prompt, negative_prompt=job.negative, guidance_scale=job.cfg, latents=noise(job), **asked, **more
    ).images[0]


def tokenizer(pad: str) -> Any:
    words, merges = vocabulary()
    return CLIPTokenizer(vocab=words, merges=merges, pad_token=pad, model_max_length=77)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sampler", "scheduler"),
    [
        ("Euler", EulerDiscreteScheduler(**TRAINED)),
        ("DDIM", DDIMScheduler(clip_sample=False, steps_offset=1, **TRAINED)),
    ],
)
@pytest.mark.filterwarnings("ignore:The configuration file of this scheduler")
def test_sd15_draws_what_the_pipeline_of_diffusers_draws(host: EmbeddedHost, sampler: str, scheduler: Any) -> None:
    model, job = host.model("a"), replace(JOB, sampler=sampler, checkpoint="a")
    parts = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    text, words = model.encoders[0].text, tokenizer("<|endoftext|>")
    pipe = StableDiffusionPipeline(model.vae, text, words, model.unet, scheduler, **parts)
    assert apart(host.generate(job).pictures[0], of_pipeline(pipe, job)) <= 1


@pytest.mark.parametrize("negative", ["blurry", ""])
def test_sdxl_draws_what_the_pipeline_of_diffusers_draws(host: EmbeddedHost, negative: str) -> None:
    model, job = host.model("xl"), replace(JOB, checkpoint="xl", negative=negative)
    texts = [encoder.text for encoder in model.encoders]
    words = [tokenizer("<|endoftext|>"), tokenizer("!")]
    scheduler = EulerDiscreteScheduler(**TRAINED)
    pipe = StableDiffusionXLPipeline(model.vae, *texts, *words, model.unet, scheduler, add_watermarker=False)
    given = job if negative else replace(job, negative=None)  # type: ignore[arg-type]  # how the pipeline says "none"
    assert apart(host.generate(job).pictures[0], of_pipeline(pipe, given)) <= 1


@pytest.mark.parametrize("sampler", NAMES)
def test_every_sampler_draws_and_repeats(host: EmbeddedHost, sampler: str) -> None:
    job = replace(JOB, sampler=sampler, size=Extent(64, 64))
    one, two, other = (host.generate(replace(job, seed=seed)).pictures[0] for seed in (1, 1, 2))
    assert apart(one, two) == 0 and apart(one, other) > 0


@pytest.mark.parametrize("sampler", NAMES)
def test_every_sampler_keeps_what_inpainting_keeps(host: EmbeddedHost, sampler: str) -> None:
    """Beyond the overlay: the latent itself comes back where the mask is closed, before any pixel is put back."""
    init, mask = scene(64, 64), Image.new("L", (64, 64))
    mask.paste(255, (16, 16, 40, 48))
    seen: list[Image.Image] = []
    job = replace(JOB, sampler=sampler, size=Extent(64, 64), init=init, mask=mask, denoise=0.8)
    model = host.model("a")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures, "decode", lambda _, latent: seen.append(latent) or Image.new("RGB", (64, 64)))
        host.generate(job)
    with torch.no_grad():
        original = pictures.encode(model, pictures.as_tensor(init))
    latent, open_ = seen[-1], pictures.open_cells(mask, Extent(8, 8)).bool().expand(1, 4, 8, 8)
    assert torch.equal(latent[~open_], original[~open_])
    assert (latent[open_] - original[open_]).abs().mean() > 0.05


def test_a_walk_that_keeps_everything_never_leaves_the_picture(host: EmbeddedHost) -> None:
    """The blend happens at each step, not only at the end: the last guess outside the mask is the original already."""
    init, mask = scene(64, 64), Image.new("L", (64, 64))
    mask.paste(255, (0, 0, 8, 8))
    model, guesses = host.model("a"), []
    job = replace(JOB, size=Extent(64, 64), init=init, mask=mask, denoise=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pictures.Sketcher, "sketch", lambda _, guess: guesses.append(guess) or init)
        host.generate(job)
    with torch.no_grad():
        original = pictures.encode(model, pictures.as_tensor(init))[0]
    for guess in guesses:
        assert torch.allclose(guess[:, 1:, 1:], original[:, 1:, 1:], atol=1e-3)


def test_a_picture_in_a_batch_is_the_picture_made_alone(host: EmbeddedHost) -> None:
    both = host.generate(replace(JOB, batch=2, sampler="Euler a"))
    alone = host.generate(replace(JOB, seed=JOB.seed + 1, sampler="Euler a"))
    assert both.seeds == (41, 42)
    assert apart(both.pictures[1], alone.pictures[0]) <= 1


@pytest.mark.parametrize("size", [(9, 1), (13, 70), (67, 41)])
def test_any_size(host: EmbeddedHost, size: tuple[int, int]) -> None:
    extent = Extent(*size)
    assert host.generate(replace(JOB, size=extent, steps=1)).pictures[0].size == size
    init = scene(*size)
    result = host.generate(replace(JOB, size=extent, steps=2, init=init, mask=Image.new("L", size, 255)))
    assert result.pictures[0].size == size and result.pictures[0].mode == "RGB"


@pytest.mark.parametrize("fill", ["original", "noise", "nothing", "blurred"])
def test_inpainting_changes_the_mask_and_nothing_beyond_its_blur(host: EmbeddedHost, fill: Any) -> None:
    init, mask = scene(96, 64), Image.new("L", (96, 64))
    mask.paste(255, (40, 16, 72, 40))
    made = host.generate(replace(JOB, init=init, mask=mask, fill=fill, mask_blur=2)).pictures[0]
    changed = (np.asarray(made, int) != np.asarray(init, int)).any(axis=2)
    assert changed[24:32, 48:64].mean() > 0.9
    changed[16 - 8 : 40 + 8, 40 - 8 : 72 + 8] = False
    assert not changed.any()


def test_fills_differ(host: EmbeddedHost) -> None:
    mask = Image.new("L", (96, 64))
    mask.paste(255, (40, 16, 72, 40))
    job = replace(JOB, init=scene(96, 64), mask=mask, steps=8, denoise=0.5)
    made = {
        fill: host.generate(replace(job, fill=fill)).pictures[0].tobytes()
        for fill in ("original", "noise", "nothing", "blurred")
    }  # type: ignore[arg-type]
    assert len(set(made.values())) == 4


def test_the_blurred_fill_takes_its_colour_from_around() -> None:
    picture = Image.new("RGB", (64, 48), (200, 40, 10))
    mask = Image.new("L", picture.size)
    mask.paste(255, (20, 10, 44, 30))
    picture.paste((0, 0, 255), (20, 10, 44, 30))
    filled = np.asarray(pictures.blurred_inwards(picture, mask), int)
    assert np.abs(filled - np.array([200, 40, 10])).max() <= 2
    everything = pictures.blurred_inwards(picture, Image.new("L", picture.size, 255))
    assert everything.getextrema() == ((128, 128),) * 3


def test_a_thin_mask_opens_every_cell_it_touches() -> None:
    mask = Image.new("L", (32, 16))
    mask.paste(255, (9, 3, 10, 12))
    assert pictures.open_cells(mask, Extent(4, 2))[0, 0].tolist() == [[0, 1, 0, 0], [0, 1, 0, 0]]


def test_an_inpainting_network_sees_mask_and_hidden_picture(host: EmbeddedHost) -> None:
    init, mask = scene(64, 64), Image.new("L", (64, 64))
    mask.paste(255, (16, 16, 48, 48))
    seen: list[torch.Tensor] = []
    model = host.model("paint")
    handle = model.unet.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    job = replace(JOB, checkpoint="paint", size=Extent(64, 64))
    try:
        host.generate(replace(job, init=init, mask=mask))
        host.generate(job)
    finally:
        handle.remove()
    inpainting, from_nothing = seen[0], seen[-1]
    assert inpainting.shape == (2, 9, 8, 8)
    assert inpainting[0, 4].tolist()[1] == [0] * 8 and inpainting[0, 4].tolist()[3] == [0, 0, 1, 1, 1, 1, 0, 0]
    with torch.no_grad():
        hidden = pictures.encode(model, pictures.hidden(pictures.as_tensor(init), mask))
        gray = pictures.encode(model, torch.zeros(1, 3, 64, 64))
    assert torch.allclose(inpainting[:1, 5:], hidden) and torch.allclose(from_nothing[:1, 5:], gray)
    assert from_nothing[:, 4].eq(1).all()


@pytest.mark.parametrize(("denoise", "steps"), [(0.0, 1), (0.1, 2), (0.5, 6), (1.0, 10)])
def test_img2img_walks_the_last_steps_as_webuis_count_them(host: EmbeddedHost, denoise: float, steps: int) -> None:
    seen: list[tuple[int, int, float]] = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            now = denoiser.now
            denoiser.hook("out.2", lambda *_: seen.append((now.step, now.steps, now.sigma)))

    host.generate(replace(JOB, size=Extent(64, 64), init=scene(64, 64), steps=10, denoise=denoise, patches=(Look(),)))
    assert [step for step, _, _ in seen] == list(range(steps)) and {total for _, total, _ in seen} == {steps}
    sigmas = [sigma for _, _, sigma in seen]
    assert sigmas == sorted(sigmas, reverse=True) and (sigmas[0] > 14) == (denoise == 1.0)


def test_the_start_picture_may_be_of_any_mode(host: EmbeddedHost) -> None:
    init = scene(60, 44).quantize(16)
    job = replace(JOB, size=Extent(60, 44), steps=2, denoise=0.5)
    plain = host.generate(replace(job, init=init.convert("RGB"))).pictures[0]
    assert apart(plain, host.generate(replace(job, init=init)).pictures[0]) == 0


def test_an_interrupt_stops_at_that_step_and_the_next_job_runs(host: EmbeddedHost) -> None:
    done: list[int] = []
    before = host.queue.progress

    class Stop:
        name = "stop"

        def attach(self, denoiser: Any) -> None:
            def after(*_: Any) -> None:
                if not done or done[-1] != denoiser.now.step:
                    done.append(denoiser.now.step)
                if denoiser.now.step == 3:
                    host.interrupt()

            denoiser.hook("out.2", after)

    with pytest.raises(Interrupted):
        host.generate(replace(JOB, steps=9, patches=(Stop(),)))
    assert done == [0, 1, 2, 3] and host.queue.progress == before
    assert len(host.generate(JOB).pictures) == 1


def test_progress_and_preview_can_be_read_while_it_draws(host: EmbeddedHost) -> None:
    seen = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            denoiser.hook("out.2", lambda *_: seen.append(host.queue.progress))

    host.generate(replace(JOB, count=2, title="A test", patches=(Look(),)))
    assert [(p.title, p.done, p.total) for p in seen] == [("A test", i, 8) for i in range(8)]
    assert seen[0].preview is None and seen[-1].preview is not None and seen[-1].preview.size == (12, 8)
    assert host.queue.progress.title == ""


def test_one_job_at_a_time(host: EmbeddedHost) -> None:
    order: list[str] = []

    class Mark:
        name = "mark"

        def __init__(self, sign: str) -> None:
            self.sign = sign

        def attach(self, denoiser: Any) -> None:
            denoiser.hook("out.2", lambda *_: order.append(self.sign))

    jobs = [replace(JOB, patches=(Mark(sign),)) for sign in "ab"]
    threads = [threading.Thread(target=host.generate, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert "".join(order) in ("aaaabbbb", "bbbbaaaa")


def test_the_infotext_reads_as_the_webuis_write_it(host: EmbeddedHost) -> None:
    mask = Image.new("L", (96, 64), 255)
    job = replace(JOB, init=scene(96, 64), mask=mask, info={"Atelier note": "a, b: c"}, checkpoint="a")
    prompt, negative, line = host.generate(job).infotexts[0].split("\n")
    assert prompt == "a red house by the sea" and negative == "Negative prompt: blurry"
    digest = host.model("a").digest
    assert line.startswith(
        "Steps: 4, Sampler: Euler, Schedule type: Uniform, CFG scale: 5, Seed: 41, Size: 96x64, "
        f"Model hash: {digest}, Model: a, Denoising strength: 0.75, Mask blur: 4, "
    )
    assert 'Atelier note: "a, b: c"' in line and len(digest) == 10


def test_cfg_1_asks_only_once(host: EmbeddedHost) -> None:
    rows = []

    class Look:
        name = "look"

        def attach(self, denoiser: Any) -> None:
            denoiser.hook("out.2", lambda _, __, out: rows.append((denoiser.now.rows, len(out))))

    host.generate(replace(JOB, cfg=1.0, steps=1, batch=2, patches=(Look(),)))
    host.generate(replace(JOB, cfg=2.0, steps=1, batch=2, patches=(Look(),)))
    assert rows == [(("cond", "cond"), 2), (("cond", "cond", "uncond", "uncond"), 4)]


def test_unknown_words_are_refused_before_anything_is_drawn(host: EmbeddedHost) -> None:
    for change, sentence in (
        ({"sampler": "Magic"}, "no sampler “Magic”"),
        ({"scheduler": "Magic"}, "no schedule “Magic”"),
        ({"sampler": "DDIM", "scheduler": "Karras"}, "DDIM has no schedule"),
        ({"steps": 501}, "At most 500"),
        ({"prompt": "x <lora:nobody:1>"}, "no LoRA “nobody”"),
        ({"prompt": "x <hypernet:a:1>"}, "<hypernet:…>"),
        ({"prompt": "x <lora:a:strong>"}, "is not a number"),
    ):
        with pytest.raises(UserError, match=sentence):
            host.generate(replace(JOB, **change))  # type: ignore[arg-type]


def test_settings_survive_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    host.config.keep({"atelier_embedded_precision": "bf16"})
    assert EmbeddedHost(tmp_path).settings["atelier_embedded_precision"] == "bf16"
    with pytest.raises(UserError, match="no value"):
        host.config.keep({"atelier_embedded_precision": "fp8"})
    assert [f.name for f in tmp_path.iterdir() if f.is_file()] == ["config.json"]


def test_bf16_draws_too(tmp_path: Path) -> None:
    tiny.tiny_sd15(tmp_path / "models" / "Stable-diffusion" / "a.safetensors", half=True)
    host = EmbeddedHost(tmp_path)
    job = replace(JOB, steps=2, size=Extent(64, 64))
    exact = np.asarray(host.generate(job).pictures[0], float)
    host.config.keep({"atelier_embedded_precision": "bf16"})
    rough = np.asarray(host.generate(job).pictures[0], float)
    assert host.model().unet.dtype == torch.bfloat16 and host.model().vae.dtype == torch.float32
    assert 0 < np.abs(rough - exact).mean() < 8


def test_captions_need_a_model(host: EmbeddedHost) -> None:
    with pytest.raises(UserError, match="BLIP"):
        host.caption(scene(8, 8))
