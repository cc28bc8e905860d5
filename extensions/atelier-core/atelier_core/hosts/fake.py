"""A host without a model: deterministic pictures in no time, for tests and demonstrations.

It keeps every rule of the port: patches see layers and steps, interrupts stop a run, what is missing is refused first.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageFilter

from ..args import add_entries
from ..errors import Interrupted, UserError
from ..geometry import Extent
from ..host import Annotated, Annotator, Kind, ModelFile
from ..job import Asked, Job, Result
from ..patches import Attached, Now, Texts
from ..settings import defaults
from ..studio import Meaning, Studio, untrained
from ..texts import translate
from ..units import all_settings

WIDTH = 8  # channels of the pretended denoiser
BESIDE = (".json", ".png")  # what lies beside a model and is none


UNET = ("input_blocks.1.1.transformer_blocks.0.attn1.to_q", "middle_block.1.proj_in", "output_blocks.0.0.out")
TEXT = ("te1.encoder.layers.0.mlp.fc1",)


def pretended(names: tuple[str, ...], seed: int = 7) -> torch.nn.Module:
    """A few layers under their names; enough for a patch to hold on to."""
    generator = torch.Generator().manual_seed(seed)
    net = torch.nn.Module()
    for name in names:
        at = net
        *parents, leaf = name.split(".")
        for parent in parents:
            if not hasattr(at, parent):
                at.add_module(parent, torch.nn.Module())
            at = getattr(at, parent)
        layer = torch.nn.Linear(WIDTH, WIDTH)
        layer.weight.data = torch.randn(WIDTH, WIDTH, generator=generator) / WIDTH**0.5
        layer.bias.data = torch.randn(WIDTH, generator=generator) / WIDTH
        at.add_module(leaf, layer)
    return net


@dataclass
class FakeWork:
    host: FakeHost

    def step(self, done: int, total: int, text: str = "") -> None:
        self.host.progress.append((done, total, text))
        self.host.on_step(done, total)
        if self.host.stopping:
            raise Interrupted

    def preview(self, picture: Image.Image) -> None:
        self.host.previews.append(picture)


@dataclass
class FakeLent:
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    room: int = 2**32

    def free(self) -> int:
        return self.room


class FakeHost:
    name = "fake"
    tabs = ("txt2img", "img2img", "inpaint", "extras")
    version = "1"

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root = root
        self.settings: Mapping[str, Any] = {**defaults(all_settings()), **settings}
        self.unet, self.text = pretended(UNET), pretended(TEXT, 8)
        self.progress: list[tuple[int, int, str]] = []
        self.previews: list[Image.Image] = []
        self.lent = 0  # networks out on loan at this moment
        self.room = 2**32  # bytes a borrowed network is told to be free
        self.on_step: Callable[[int, int], None] = lambda done, total: None
        self.stopping = False
        self._queue = threading.RLock()

    def generate(self, job: Job) -> Result:
        self._require(job)
        seed = job.seed if job.seed >= 0 else random.randrange(2**32)
        seeds = tuple(seed + i for i in range(job.batch * job.count))
        padded = job.on_canvas()
        with self.working(job.title) as work:
            pictures = tuple(self._picture(padded, one, work).crop((0, 0, *job.size)) for one in seeds)
        infotexts = tuple(self._infotext(job, one) for one in seeds)
        return Result(pictures, infotexts, seeds, tuple(f"ControlNet: {c.kind}" for c in job.controls))

    def _require(self, job: Job) -> None:
        names = {model.name for model in self.models("controlnet")}
        for control in job.controls:
            if not any(control.model in (name, "") and control.kind in name for name in names):
                where = self.folder("controlnet")
                raise UserError(
                    "There is no ControlNet model for “{kind}”. Put one into {where}.", kind=control.kind, where=where
                )
        if job.checkpoint and job.checkpoint not in {model.name for model in self.models("checkpoint")}:
            raise UserError("There is no checkpoint “{name}”.", name=job.checkpoint)

    def _picture(self, job: Job, seed: int, work: FakeWork) -> Image.Image:
        controls = b"".join(control.map.tobytes() for control in job.controls)
        key = hashlib.sha256(f"{seed}\n{job.prompt}\n{job.negative}".encode() + controls).digest()
        noise = np.random.default_rng(list(key)).random((job.size.height // 8, job.size.width // 8, WIDTH), np.float32)
        painted = self._sampled(job, torch.from_numpy(noise), work).resize(job.size, Image.Resampling.BICUBIC)
        if job.init is None:
            return painted
        changed = Image.blend(job.init.convert("RGB"), painted, job.denoise)
        return changed if job.mask is None else Image.composite(changed, job.init.convert("RGB"), job.mask.convert("L"))

    def _sampled(self, job: Job, x: torch.Tensor, work: FakeWork) -> Image.Image:
        now = Now(steps=job.steps, latent=Extent(x.shape[1], x.shape[0]), rows=("cond",))
        x = x.reshape(1, -1, WIDTH)  # tokens, as attention sees a picture
        texts = Texts(dict(self.text.named_modules()), self._encoded, _letters)
        asked = Asked((job.prompt,), (job.negative,))
        with torch.no_grad(), Attached(dict(self.unet.named_modules()), job.patches, now, texts, asked):
            for step in range(job.steps):
                now.step, now.sigma = step, 1.0 - step / job.steps
                work.step(step, job.steps)
                for layer in (m for m in self.unet.modules() if isinstance(m, torch.nn.Linear)):
                    x = x + 0.1 * torch.tanh(layer(x))
        pixels = x.reshape(now.latent.height, now.latent.width, WIDTH)[..., :3]
        return Image.fromarray((pixels.clamp(0, 1) * 255).byte().numpy())

    def _encoded(self, texts: Sequence[str]) -> list[torch.Tensor]:
        with torch.no_grad():
            return self._read(texts)

    def _read(self, texts: Sequence[str]) -> list[torch.Tensor]:
        """[1, 77, WIDTH] each: letters in place of tokens."""
        letters = [(text.encode()[:77] + bytes(77))[:77] for text in texts]
        rows = [torch.tensor(list(one)).float()[None, :, None] / 255 for one in letters]
        return [self.text.get_submodule(TEXT[0])(row.expand(1, 77, WIDTH)) for row in rows]

    def _infotext(self, job: Job, seed: int) -> str:
        entries = {"Steps": job.steps, "Sampler": job.sampler, "CFG scale": job.cfg, "Seed": seed}
        lines = job.prompt + (f"\nNegative prompt: {job.negative}" if job.negative else "")
        size = {"Size": f"{job.size.width}x{job.size.height}", "Model": "fake"}
        settings = {key: str(value) for key, value in (entries | size).items()}
        return lines + "\n" + add_entries("", {**settings, **job.info})

    def caption(self, picture: Image.Image) -> str:
        return f"a picture of {picture.width} by {picture.height} pixels"

    def annotators(self) -> tuple[Annotator, ...]:
        return (Annotator("outline", "lineart"), Annotator("fancy", "depth", "fancy.pth"))

    def annotate(self, name: str, picture: Image.Image) -> Annotated:
        known = {one.name: one for one in self.annotators()}
        if name not in known:
            raise UserError("There is no preprocessor “{name}” here.", name=name)
        if known[name].missing:
            raise UserError("The preprocessor “{name}” lacks its file {file}.", name=name, file=known[name].missing)
        return Annotated(picture.convert("L").filter(ImageFilter.FIND_EDGES).convert("RGB"))

    @contextmanager
    def working(self, title: str) -> Iterator[FakeWork]:
        with self._queue:
            self.stopping = False
            yield FakeWork(self)

    def interrupt(self) -> None:
        self.stopping = True

    @contextmanager
    def lend(self, network: Any, need: int) -> Iterator[FakeLent]:
        self.lent += 1
        try:
            yield FakeLent(room=self.room)
        finally:
            self.lent -= 1

    @contextmanager
    def studio(self) -> Iterator[Studio]:
        """A denoiser that sees each cell of the latent for itself, and of a prompt the mean."""
        with self._queue, untrained([self.unet, self.text]):
            yield Studio(
                checkpoint="fake",
                digest="",
                layers=dict(self.unet.named_modules()),
                text_layers=dict(self.text.named_modules()),
                alphas=torch.linspace(0.9991, 0.0047, 1000),
                prediction="epsilon",
                device=torch.device("cpu"),
                dtype=torch.float32,
                encode=lambda texts: Meaning(torch.cat(self._read(texts))),
                tokens=_letters,
                latents=self._latents,
                predict=self._predict,
            )

    def _latents(self, pictures: torch.Tensor) -> torch.Tensor:
        small = torch.nn.functional.avg_pool2d(pictures, 8)
        return torch.cat([small, small.mean(1, keepdim=True)], dim=1)

    def _predict(self, noisy: torch.Tensor, times: torch.Tensor, read: Meaning, sizes: torch.Tensor) -> torch.Tensor:
        cells = noisy.movedim(1, -1).flatten(1, 2)  # [B, h * w, 4]
        x = torch.cat([cells, cells], dim=-1) + read.context.mean(1, keepdim=True) + times.reshape(-1, 1, 1) / 1000
        for layer in (m for m in self.unet.modules() if isinstance(m, torch.nn.Linear)):
            x = x + 0.1 * torch.tanh(layer(x))
        return x[..., :4].movedim(-1, 1).reshape(noisy.shape)

    def models(self, kind: Kind) -> tuple[ModelFile, ...]:
        files = sorted(f for f in self.folder(kind).iterdir() if f.is_file() and f.suffix not in BESIDE)
        own = (ModelFile("Lanczos", None, kind),) if kind == "upscaler" else ()
        return own + tuple(ModelFile(f.stem, f, kind) for f in files)

    def loaded(self) -> ModelFile | None:
        return next(iter(self.models("checkpoint")), None)

    def samplers(self) -> tuple[str, ...]:
        return ("Euler a", "Euler")

    def schedulers(self) -> tuple[str, ...]:
        return ("Automatic", "Karras")

    def outputs(self, unit: str) -> Path:
        return _made(self.root / "outputs" / unit)

    def data(self, unit: str) -> Path:
        return _made(self.root / "data" / unit)

    def folder(self, kind: Kind) -> Path:
        return _made(self.root / "models" / kind)

    @property
    def language(self) -> str:
        return "ko" if self.settings["atelier_core_language"] == "ko" else "en"

    def translate(self, text: str) -> str:
        return translate(text, self.language)

    def allowed(self, request: Any, page: bool) -> bool:
        return request.headers.get("x-fake-login") != "wrong"

    def panel_call(
        self, run: Callable[..., tuple[Any, ...]], failed: tuple[Any, ...]
    ) -> Callable[..., tuple[Any, ...]]:
        def call(task: str, *inputs: Any) -> tuple[Any, ...]:
            try:
                return run(*inputs)
            except UserError as error:
                return (*failed, f"<p class='error'>{error.told(self.translate)}</p>")

        return call


def _letters(text: str) -> tuple[int, ...]:
    return tuple(text.encode())


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
