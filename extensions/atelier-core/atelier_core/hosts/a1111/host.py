"""The port on the AUTOMATIC1111 webui: its loaded model, queue, progress, folders and options."""

from __future__ import annotations

import base64
import binascii
import html
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from modules import call_queue, devices, launch_utils, lowvram, paths, sd_models, sd_samplers, sd_schedulers, shared
from PIL import Image

from ...errors import Interrupted, UserError
from ...host import Annotated, Annotator, Kind, ModelFile
from ...job import Job, Result
from ...memory import Lent, free
from ...settings import defaults
from ...studio import Studio
from ...texts import translate
from ...units import all_settings
from .annotators import Annotators
from .generate import Generator
from .studio import A1111Studio

WEIGHTS = {".safetensors", ".ckpt", ".pth", ".pt", ".bin"}
UPSCALER_FOLDERS = ("ESRGAN", "RealESRGAN", "DAT", "SwinIR", "ScuNET", "HAT", "BSRGAN", "upscale_models")


PROGRESS = ("job_count", "job_no", "sampling_step", "sampling_steps", "textinfo")  # what `WebuiWork.step` writes


class WebuiWork:
    """The host's own progress bar and interrupt button."""

    def step(self, done: int, total: int, text: str = "") -> None:
        state = shared.state
        state.job_count, state.job_no = 1, 0
        state.sampling_steps, state.sampling_step = max(1, total), done
        state.textinfo = text or None
        if state.interrupted or state.skipped or state.stopping_generation:
            raise Interrupted

    def preview(self, picture: Image.Image) -> None:
        small = picture.copy()
        small.thumbnail((1024, 1024))  # the host sends it to the page at whatever size it is given
        shared.state.assign_current_image(small)


class Options(Mapping[str, Any]):
    """The host's options, with our defaults for those it has not stored yet."""

    def __getitem__(self, key: str) -> Any:
        known = defaults(all_settings())
        return shared.opts.data.get(key, known[key]) if key in known else shared.opts.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**defaults(all_settings()), **shared.opts.data})

    def __len__(self) -> int:
        return len({**defaults(all_settings()), **shared.opts.data})


class A1111Host:
    name = "a1111"
    tabs = ("txt2img", "img2img", "inpaint", "extras")
    generator: type[Generator] = Generator
    preprocessors: type[Annotators] = Annotators
    studios: type[A1111Studio] = A1111Studio

    def __init__(self) -> None:
        self.version: str = launch_utils.git_tag()
        self.settings: Mapping[str, Any] = Options()
        self._local = threading.local()
        self._captions: Any = None
        self.teaching = False  # a studio is open: prompts are read by layers that change from run to run

    # pictures
    def generate(self, job: Job) -> Result:
        return self.generator(self).run(job)

    def caption(self, picture: Image.Image) -> str:
        if not any((Path(paths.models_path) / "BLIP").glob("*.pth")):
            raise UserError(
                "The caption model is not there. Run Interrogate CLIP in img2img once; the webui then fetches it."
            )
        with self.working("caption"):
            return self._read(shared.interrogator, picture.convert("RGB"))

    def _read(self, reader: Any, picture: Image.Image) -> str:
        """The webui's caption model alone: its whole interrogation fetches further models."""
        before = reader.blip_model, reader.dtype
        network = self._captions = before[0] or self._captions or reader.load_blip_model()
        device = getattr(reader, "load_device", None) or devices.device_interrogate
        reader.blip_model, reader.dtype = network, next(network.parameters()).dtype
        try:
            network.to(device)
            return str(reader.generate_caption(picture))
        finally:
            network.to(devices.cpu)
            reader.blip_model, reader.dtype = before
            devices.torch_gc()

    def annotators(self) -> tuple[Annotator, ...]:
        return self.preprocessors().listed()

    def annotate(self, name: str, picture: Image.Image) -> Annotated:
        with self.working("annotate"):
            return self.preprocessors().run(name, picture)

    # long work
    @contextmanager
    def working(self, title: str) -> Iterator[WebuiWork]:
        if getattr(self._local, "inside", False):
            yield WebuiWork()
            return
        with call_queue.queue_lock, self.inside():
            shared.state.begin(job=title)
            try:
                yield WebuiWork()
            finally:
                shared.state.end()
                shared.state.interrupted = shared.state.skipped = shared.state.stopping_generation = False

    @contextmanager
    def inside(self, checkpoint: str = "") -> Iterator[None]:
        """This thread has the host's queue: its lock must not be taken twice, and its progress goes on afterwards.
        `checkpoint`: what the host is about to load, if it is another one."""
        before = dict(vars(self._local))
        progress = {name: getattr(shared.state, name) for name in PROGRESS}
        vars(self._local).update(inside=True, checkpoint=checkpoint or before.get("checkpoint", ""))
        try:
            yield
        finally:
            vars(self._local).update(inside=before.get("inside", False), checkpoint=before.get("checkpoint", ""))
            vars(shared.state).update(progress)

    def interrupt(self) -> None:
        shared.state.interrupt()

    @contextmanager
    def lend(self, network: Any, need: int) -> Iterator[Lent]:
        device, model = devices.get_device_for("atelier"), sd_models.model_data.sd_model
        away = self._make_room(model, device, need)
        try:
            network.to(device)
            with torch.no_grad(), devices.without_autocast():
                yield Lent(device)
        finally:
            network.to(devices.cpu)
            devices.torch_gc()
            if away:
                sd_models.send_model_to_device(model)

    def _make_room(self, model: Any, device: torch.device, need: int) -> bool:
        """True when the host's model was sent to the CPU and must come back."""
        if model is None or device.type == "cpu":
            return False
        if lowvram.is_enabled(model):
            lowvram.send_everything_to_cpu()
            return False
        if free(device) >= need:
            return False
        sd_models.send_model_to_cpu(model)
        devices.torch_gc()
        return True

    @contextmanager
    def studio(self) -> Iterator[Studio]:
        with self.working("studio"):
            self.generator(self).load_model()
            self.teaching = True
            try:
                with self.studios(shared.sd_model).opened() as studio:
                    yield studio
            finally:
                self.teaching = False

    # what the host has
    def models(self, kind: Kind) -> tuple[ModelFile, ...]:
        if kind == "checkpoint":
            return tuple(ModelFile(c.name, Path(c.filename), kind) for c in sd_models.checkpoints_list.values())
        files = sorted(
            {f.resolve(): f for home in self._folders(kind) for f in _weights(home)}.values(),
            key=lambda f: f.name.lower(),
        )
        own = (ModelFile("Lanczos", None, kind),) if kind == "upscaler" else ()
        return own + tuple(ModelFile(f.stem, f, kind) for f in files)

    def loaded(self) -> ModelFile | None:
        try:
            own = sd_models.checkpoint_aliases.get(getattr(self._local, "checkpoint", ""))
            chosen = own or sd_models.select_checkpoint()
        except FileNotFoundError:
            return None
        return ModelFile(chosen.name, Path(chosen.filename), "checkpoint")

    def samplers(self) -> tuple[str, ...]:
        return tuple(sampler.name for sampler in sd_samplers.all_samplers)

    def schedulers(self) -> tuple[str, ...]:
        return tuple(one.label for one in sd_schedulers.schedulers)

    def outputs(self, unit: str) -> Path:
        opts = shared.opts
        of_unit = opts.outdir_extras_samples if unit == "upscaler" else opts.outdir_img2img_samples
        folder = Path(opts.outdir_samples or of_unit)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def data(self, unit: str) -> Path:
        folder = Path(paths.data_path) / "atelier" / unit
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def folder(self, kind: Kind) -> Path:
        return self._folders(kind)[0]

    def _folders(self, kind: Kind) -> tuple[Path, ...]:
        models, options = Path(paths.models_path), vars(shared.cmd_opts)
        if kind == "upscaler":
            named = [
                value
                for key, value in options.items()
                if key.endswith("gan_models_path") and value and "gfp" not in key
            ]
            named += [
                options.get("dat_models_path"),
                options.get("swinir_models_path"),
                options.get("atelier_upscaler_models"),
            ]
            return tuple(dict.fromkeys([models / f for f in UPSCALER_FOLDERS] + [Path(n) for n in named if n]))
        if kind == "controlnet":
            further = options.get("controlnet_dir")
            return (Path(further), models / "ControlNet") if further else (models / "ControlNet",)
        if kind == "embedding":
            return (Path(options.get("embeddings_dir") or Path(paths.data_path) / "embeddings"),)
        if kind == "hypernetwork":
            return (Path(options.get("hypernetwork_dir") or models / "hypernetworks"),)
        if kind == "lora":
            return (Path(options.get("lora_dir") or models / "Lora"),)
        return (Path(options.get("ckpt_dir") or models / "Stable-diffusion"),)

    @property
    def language(self) -> str:
        chosen = str(self.settings["atelier_core_language"])
        of_host = "ko" if str(shared.opts.data.get("localization", "")).lower().startswith("ko") else "en"
        return of_host if chosen == "auto" else chosen

    def translate(self, text: str) -> str:
        return translate(text, self.language)

    # the web
    def allowed(self, request: Any, page: bool) -> bool:
        """`--api-auth` guards the REST API, `--gradio-auth` the web UI; either log-in opens ours."""
        api, login = shared.cmd_opts.api_auth, getattr(request.app, "auth", None)
        if api and _basic_ok(request.headers.get("authorization", ""), api):
            return True
        if login is not None:
            return _token_ok(request)
        return not api or (page and not shared.cmd_opts.nowebui)

    def panel_call(
        self, run: Callable[..., tuple[Any, ...]], failed: tuple[Any, ...]
    ) -> Callable[..., tuple[Any, ...]]:
        def call(task: str, *inputs: Any) -> tuple[Any, ...]:
            try:
                with self.inside():
                    return run(*inputs)
            except UserError as error:
                return (*failed, f"<p class='error'>{html.escape(error.told(self.translate))}</p>")

        return call_queue.wrap_gradio_gpu_call(call, extra_outputs=list(failed))


def _weights(home: Path) -> list[Path]:
    return [f for f in home.rglob("*") if f.suffix.lower() in WEIGHTS and f.is_file()] if home.is_dir() else []


def _basic_ok(header: str, logins: str) -> bool:
    try:
        given = base64.b64decode(header.removeprefix("Basic ").encode(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return any(secrets.compare_digest(given.encode(), login.strip().encode()) for login in logins.split(","))


def _token_ok(request: Any) -> bool:
    tokens, suffix = request.app.tokens, getattr(request.app, "cookie_id", "")
    names = ("access-token", "access-token-unsecure", f"access-token-{suffix}", f"access-token-unsecure-{suffix}")
    return any(request.cookies.get(name) in tokens for name in names if request.cookies.get(name))
