"""The files of models in the folders below the root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import UserError
from ...host import Kind, ModelFile

HOMES: dict[Kind, tuple[str, ...]] = {  # below `models`; new files belong into the first
    "checkpoint": ("Stable-diffusion", "dollhouse/Stable-diffusion"),
    "lora": ("Lora",),
    "controlnet": ("ControlNet", "dollhouse/ControlNet"),
    "upscaler": ("ESRGAN", "dollhouse/ESRGAN"),
    "embedding": ("embeddings",),
    "hypernetwork": ("hypernetworks",),
}
ENDINGS: dict[Kind, tuple[str, ...]] = {
    "checkpoint": (".safetensors",),
    "lora": (".safetensors",),
    "controlnet": (".safetensors",),
    "upscaler": (".safetensors", ".pth", ".pt"),
    "embedding": (".safetensors", ".pt", ".bin"),
    "hypernetwork": (".pt",),
}
FOLDERS: dict[Kind, str] = {
    "checkpoint": "model_index.json",
    "controlnet": "config.json",
}  # what makes a folder a model


class Shelf:
    def __init__(self, root: Path) -> None:
        self.root = root / "models"

    def folder(self, kind: Kind) -> Path:
        folder = self.root / HOMES[kind][0]
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def models(self, kind: Kind) -> tuple[ModelFile, ...]:
        """By name; of two that share one, the later is called by its path."""
        found: dict[str, ModelFile] = {}
        for home in HOMES[kind]:
            for path in sorted(_weights(self.root / home, kind), key=lambda p: p.as_posix().lower()):
                plain = path.name if path.is_dir() else path.stem
                name = plain if plain not in found else path.relative_to(self.root / home).with_suffix("").as_posix()
                found[name] = ModelFile(name, path, kind)
        own = (ModelFile("Lanczos", None, kind),) if kind == "upscaler" else ()
        return own + tuple(found.values())

    def find(self, kind: Kind, name: str) -> ModelFile | None:
        """By the name shown, the file's name, or the name with its hash behind, as infotexts have it."""
        plain = name.split(" [")[0].strip()
        for one in self.models(kind):
            if plain == one.name or (one.path is not None and plain == one.path.name):
                return one
        return None

    def checkpoint(self, name: str) -> ModelFile:
        """The one of that name; an empty name: the first there is."""
        have = self.models("checkpoint")
        folder = self.folder("checkpoint")
        if not have:
            raise UserError(
                "There is no model yet. Put an SD 1.5 or SDXL .safetensors file into {folder}.", folder=folder
            )
        if not name:
            return have[0]
        found = self.find("checkpoint", name)
        if found is not None:
            return found
        if any(f.suffix == ".ckpt" and name in (f.name, f.stem) for f in folder.rglob("*.ckpt")):
            raise UserError("{name} is a .ckpt file, which can carry programs. Convert it to .safetensors.", name=name)
        raise UserError("There is no checkpoint “{name}”.", name=name)

    def vae_for(self, checkpoint: Path) -> Path | None:
        """A VAE that is to replace the checkpoint's own, beside it or in models/VAE, by name as webuis have it."""
        name = f"{checkpoint.stem}.vae.safetensors"
        return next((f for f in (checkpoint.with_name(name), self.root / "VAE" / name) if f.is_file()), None)


def _weights(home: Path, kind: Kind) -> Iterator[Path]:
    """Files and model folders below `home`; what lies inside a model folder belongs to it."""
    if not home.is_dir():
        return
    for path in home.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_dir():
            whole = kind in FOLDERS and (path / FOLDERS[kind]).is_file() and _is(kind, path)
            if whole:
                yield path
            elif not _is_diffusers(path):
                yield from _weights(path, kind)
        elif path.suffix.lower() in ENDINGS[kind] and not path.stem.endswith(".vae"):
            yield path


def _is(kind: Kind, folder: Path) -> bool:
    return kind != "controlnet" or '"ControlNetModel"' in (folder / "config.json").read_text(encoding="utf-8")


def _is_diffusers(folder: Path) -> bool:
    return any((folder / name).is_file() for name in FOLDERS.values())
