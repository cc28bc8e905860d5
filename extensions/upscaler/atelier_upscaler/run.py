"""The use case: a host, a picture and what the user said, to a larger picture with all it carried."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from atelier_core import files, picture
from atelier_core.args import add_entries, parse, to_infotext
from atelier_core.entries import UpscalerEntry
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host, ModelFile, Work
from atelier_core.picture import Picture
from PIL import Image

from .options import LABEL, SIDES, UpscaleArgs
from .report import Report, Upscaled
from .targets import Target, by_factor, by_long_side, by_size

LANCZOS = "Lanczos"
IN_LIST = "{name} (Atelier)"  # how the webui's own list shows our models
ENDINGS = {"png": ".png", "webp": ".webp", "tiff": ".tif"}


def _making() -> ModuleType:
    """Imported with the first picture: torch and spandrel take seconds that a webui's start must not pay for."""
    from . import making

    return making


@dataclass(frozen=True)
class Done:
    path: Path
    extent: Extent
    infotext: str
    notes: tuple[str, ...]


def model_names(host: Host) -> list[str]:
    return [model.name for model in host.models("upscaler")]


def given(values: Mapping[str, Any]) -> UpscaleArgs:
    """The options from a panel's controls, under the same bounds as over REST; an emptied one has its default."""
    return parse(UpscaleArgs, {name: value for name, value in values.items() if value not in (None, "")})


def upscale_many(
    host: Host, chosen: list[tuple[str, bytes | Path]], args: UpscaleArgs
) -> Iterator[tuple[str, bytes | Path, Done | UserError]]:
    """One result or one sentence for each picture; a picture that cannot be done does not stop the others."""
    with host.working("Upscale") as work:
        for number, (name, source) in enumerate(chosen):
            part = f"{number + 1}/{len(chosen)} " if len(chosen) > 1 else ""
            try:
                yield name, source, _to_file(host, picture.read(source), args, name, _watch(work, part))
            except Interrupted:
                if number == 0:
                    raise
                text = "Stopped. The {count} pictures before this one are saved."
                yield name, source, UserError(text, count=number)
                return
            except UserError as error:
                yield name, source, error


def upscale_file(host: Host, source: Picture, args: UpscaleArgs, stem: str) -> Done:
    with host.working("Upscale") as work:
        return _to_file(host, source, args, stem, _watch(work))


def upscale_pil(host: Host, image: Image.Image, args: UpscaleArgs) -> tuple[Image.Image, dict[str, str]]:
    """For the Extras tab, which saves by itself. Gives the infotext entries beside the picture."""
    source = picture.from_pil(image)
    with host.working("Upscale") as work:
        made = _upscaled(host, source, args, _watch(work))
    return source.with_pixels(made.pixels).to_pil(), to_infotext(LABEL, args)


def estimate(host: Host, source: Picture, args: UpscaleArgs) -> dict[str, Any]:
    """What an upscale would cost, without doing it."""
    pixel_bytes = source.pixels.itemsize * source.pixels.shape[2]
    model, target = _model(host, args.model), target_of(args, source.extent)
    with host.working("Plan"):  # the network is one for all: nobody may move it meanwhile
        return _making().estimate(model.path, host.lend, target, args, pixel_bytes)


def target_of(args: UpscaleArgs, source: Extent) -> Target:
    if args.target == "size":
        return by_size(source, Extent(args.width, args.height), args.fit)  # type: ignore[arg-type]
    if args.target == "long side":
        return by_long_side(source, SIDES[args.long_side])
    return by_factor(source, args.factor)


def _to_file(host: Host, source: Picture, args: UpscaleArgs, stem: str, watch: Callable[..., None]) -> Done:
    target, ending = target_of(args, source.extent), ENDINGS[args.format]
    files.refuse(Path(stem + ending), target.size, source.depth, source.has_alpha)
    made = _upscaled(host, source, args, watch)
    infotext = add_entries(source.texts.get("parameters", ""), to_infotext(LABEL, args))
    result = source.with_pixels(made.pixels)
    path = files.next_path(host.outputs("upscaler"), stem, ending)
    files.write(result, path, {"parameters": infotext})
    notes = (*map(host.translate, source.notes), *told(made.report, host.translate))
    return Done(path, result.extent, infotext, notes)


def _upscaled(host: Host, source: Picture, args: UpscaleArgs, watch: Callable[..., None]) -> Upscaled:
    model, target = _model(host, args.model), target_of(args, source.extent)
    return _making().upscaled(model.path, host.lend, source.pixels, target, args, watch)


def _model(host: Host, name: str) -> ModelFile:
    for model in host.models("upscaler"):
        if model.name == name:
            return model
    raise UserError("There is no upscale model “{name}”.", name=name)


def _watch(work: Work, before: str = "") -> Callable[[int, int, str], None]:
    return lambda done, total, text: work.step(done, total, f"{before}{text}")


def told(report: Report, translate: Callable[[str], str]) -> tuple[str, ...]:
    """The report in lines for the user: how it was computed, then what went otherwise than planned."""
    if not report.passes:
        return tuple(note.told(translate) for note in report.notes)
    how = "{network}: {tiles} tiles of {side} px with {halo} px around, {mode}, {precision} on {device}"
    line = translate(how).format(**{**vars(report), "mode": translate(report.mode)})
    return (line, *(note.told(translate) for note in report.notes))


def _listed(host: Host) -> list[tuple[str, str, int]]:
    """The scale is not known without reading the file; the host only shows it."""
    return [(IN_LIST.format(name=m.name), str(m.path), 4) for m in host.models("upscaler") if m.path]


def _for_host(host: Host, image: Image.Image, scale: float, path: str | None) -> Image.Image:
    """In place of the host's own loop: our tiles, and the exact size."""
    source = picture.from_pil(image)
    model = _model_at(host, path)
    args = UpscaleArgs(model=model.name, factor=scale)
    with host.working("Upscale") as work:
        made = _upscaled(host, source, args, _watch(work))
    return source.with_pixels(made.pixels).to_pil()


def _model_at(host: Host, path: str | None) -> ModelFile:
    for model in host.models("upscaler"):
        if model.path and str(model.path) == path:
            return model
    raise UserError("There is no upscale model “{name}”.", name=path or "")


UPSCALERS = UpscalerEntry(_listed, _for_host)
