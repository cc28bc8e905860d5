"""The port on diffusers: its own queue, its own folders, one model in memory."""

from __future__ import annotations

import gc
import html
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ... import __version__
from ...errors import UserError
from ...host import Annotated, Annotator, Kind, ModelFile
from ...job import Job, Result
from ...settings import Setting
from ...texts import translate
from ...units import all_settings
from . import dolls
from .config import Config
from .queue import Queue, Work
from .shelf import Shelf

if TYPE_CHECKING:  # torch and diffusers take seconds to import and are first needed when something is drawn
    from ...memory import Lent
    from ...studio import Studio
    from .checkpoint import Model
    from .controls import Steering
    from .loras import Lora
    from .pictures import Sketcher


class EmbeddedHost:
    name = "embedded"
    tabs = ("txt2img", "img2img", "inpaint")
    version = __version__

    def __init__(self, root: Path, settings: tuple[Setting, ...] = ()) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self.queue, self.shelf = Queue(), Shelf(self.root)
        self.config = Config(self.root / "config.json", lambda: all_settings() + settings)
        self._model: Model | None = None
        self._loaded: tuple[Any, ...] = ()  # what `_model` was made of
        self._sketcher: Sketcher | None = None
        self._controls: dict[Path, Any] = {}

    # pictures
    def generate(self, job: Job) -> Result:
        from .generate import draw

        with self.queue.working(job.title) as work:
            return draw(self._plan(job), work)

    def _plan(self, job: Job) -> Any:
        """Everything the job needs; refuses what cannot be done before anything is drawn."""
        from .generate import Plan, first_seed, plain
        from .prompt import split
        from .samplers import Course

        job = plain(job)
        canvas = job.on_canvas()
        words, wishes = split(job.prompt)
        found = [self._lora(wish.name) for wish in wishes]
        chosen = [self._control(control) for control in job.controls]
        model = self.model(job.checkpoint)
        course = Course(job.sampler, job.scheduler, job.steps, model.training)
        loras = self._loras(wishes, found, model)
        steerings = self._steerings(canvas, chosen, model)
        return Plan(
            job, canvas, words, model, course, loras, steerings, first_seed(job), self._sketch_with, self.translate
        )

    def _lora(self, name: str) -> ModelFile:
        file = self.shelf.find("lora", name)
        if file is None:
            raise UserError("There is no LoRA “{name}” in {folder}.", name=name, folder=self.folder("lora"))
        return file

    def _control(self, control: Any) -> tuple[ModelFile, ...]:
        from .controls import candidates

        return candidates(control, self.models("controlnet"), self.folder("controlnet"))

    def _loras(self, wishes: tuple[Any, ...], files: list[ModelFile], model: Model) -> tuple[Lora, ...]:
        from .loras import read

        return tuple(read(wish, file.path, model) for wish, file in zip(wishes, files, strict=True) if file.path)

    def _steerings(self, job: Job, files: list[tuple[ModelFile, ...]], model: Model) -> tuple[Steering, ...]:
        from .controls import first_fitting, prepared

        known, self._controls = self._controls, {}
        found = [first_fitting(some, model, known) for some in files]
        self._controls = {file.path: network for file, network in found if file.path}
        pairs = zip(job.controls, found, strict=True)
        return tuple(prepared(control, file, network, job.size) for control, (file, network) in pairs)

    def model(self, name: str = "") -> Model:
        """The checkpoint of that name, or the one that is in use; ready to draw."""
        from . import memory
        from .checkpoint import load

        file = (None if name else self.loaded()) or self.shelf.checkpoint(name)
        assert file.path is not None
        device = memory.best_device()
        dtype = memory.precision(str(self.settings["atelier_embedded_precision"]), device)
        vae = self.shelf.vae_for(file.path)
        made_of = (file.path, _changed(file.path), vae, dtype)
        if self._model is None or self._loaded != made_of:
            self.unload()
            # the VAE overflows in half precision
            self._model = load(file.name, file.path, vae, dtype, memory.precision("fp32", device))
            self._loaded = made_of
        if self._model.device.type != device.type:
            self._model.to(device)
        self._model.lexicon.refresh(self._model.encoders, self.models("embedding"))
        return self._model

    def loaded(self) -> ModelFile | None:
        """The checkpoint chosen in the settings, while there is such a file, else the first there is."""
        chosen = self.shelf.find("checkpoint", str(self.settings["atelier_embedded_checkpoint"]))
        return chosen or next(iter(self.models("checkpoint")), None)

    def unload(self) -> None:
        self._model, self._loaded, self._sketcher = None, (), None
        self._controls.clear()
        gc.collect()

    def _sketch_with(self) -> Sketcher:
        from .pictures import Sketcher

        assert self._model is not None
        self._sketcher = self._sketcher or Sketcher(self._model)
        return self._sketcher

    def caption(self, picture: Image.Image) -> str:
        from . import captions

        reader, network = _blip(self.root / "models" / "BLIP")
        with self.working("caption"), self.lend(network, need=2 * 2**30):
            return captions.caption(reader, network, picture)

    def annotators(self) -> tuple[Annotator, ...]:
        return dolls.annotators()

    def annotate(self, name: str, picture: Image.Image) -> Annotated:
        if name not in {one.name for one in self.annotators()}:
            raise UserError("There is no preprocessor “{name}” here.", name=name)
        return dolls.annotated(self, picture)

    # long work
    def working(self, title: str) -> AbstractContextManager[Work]:
        return self.queue.working(title)

    def interrupt(self) -> None:
        self.queue.interrupt()

    @contextmanager
    def lend(self, network: Any, need: int) -> Iterator[Lent]:
        import torch

        from ...memory import Lent, free
        from . import memory

        device = memory.best_device()
        with self.queue.held():
            if device.type == "cuda" and self._model is not None and free(device) < need:
                self._model.to(torch.device("cpu"))  # it comes back when something is drawn
                self._controls.clear()
                memory.emptied(device)
            try:
                network.to(device)
                with torch.no_grad():
                    yield Lent(device)
            finally:
                network.to("cpu")
                memory.emptied(device)

    @contextmanager
    def studio(self) -> Iterator[Studio]:
        from .studio import opened

        with self.queue.held(), opened(self.model()) as studio:
            yield studio

    # what the host has
    def models(self, kind: Kind) -> tuple[ModelFile, ...]:
        return self.shelf.models(kind)

    def samplers(self) -> tuple[str, ...]:
        from .samplers import NAMES

        return NAMES

    def schedulers(self) -> tuple[str, ...]:
        from .samplers import SCHEDULES

        return "Automatic", *SCHEDULES

    def outputs(self, unit: str) -> Path:
        folder = self.root / "outputs" / unit
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def data(self, unit: str) -> Path:
        folder = self.root / "data" / unit
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def folder(self, kind: Kind) -> Path:
        return self.shelf.folder(kind)

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.config

    @property
    def language(self) -> str:
        chosen = str(self.settings["atelier_core_language"])
        system = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return chosen if chosen != "auto" else ("ko" if next(filter(None, system), "").startswith("ko") else "en")

    def translate(self, text: str) -> str:
        return translate(text, self.language)

    # the web
    def allowed(self, request: Any, page: bool) -> bool:
        """Whoever reaches this server may use it: it listens on this machine alone unless the user says otherwise."""
        return True

    def panel_call(
        self, run: Callable[..., tuple[Any, ...]], failed: tuple[Any, ...]
    ) -> Callable[..., tuple[Any, ...]]:
        def call(task: str, *inputs: Any) -> tuple[Any, ...]:
            try:
                with self.queue.task(task):
                    return run(*inputs)
            except UserError as error:
                return (*failed, f"<p class='atelier-error'>{html.escape(error.told(self.translate))}</p>")

        return call


def _changed(path: Path) -> int:
    index = path / "model_index.json"
    return (index if path.is_dir() else path).stat().st_mtime_ns


@lru_cache(maxsize=1)
def _blip(folder: Path) -> Any:
    from . import captions

    return captions.load(folder)
