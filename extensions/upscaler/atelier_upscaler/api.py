"""`/atelier/v1/upscaler/…`"""

from __future__ import annotations

from typing import Any

from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import Route
from atelier_core.errors import UserError
from atelier_core.host import Host

from . import run
from .options import UpscaleArgs


def models(host: Host) -> dict[str, Any]:
    return {"models": list(run.model_names(host))}


def upscale(host: Host, args: UpscaleArgs) -> dict[str, Any]:
    if not args.picture:
        raise UserError("“{name}” is missing.", name="picture")
    given = source(args.picture)
    done = run.upscale_file(host, picture.read(given), args, "api")
    return {
        "id": store.put(done.path),
        "file": done.path.name,
        "width": done.extent.width,
        "height": done.extent.height,
        "infotext": done.infotext,
        "notes": list(done.notes),
    }


def plan(host: Host, args: UpscaleArgs) -> dict[str, Any]:
    if not args.picture:
        raise UserError("“{name}” is missing.", name="picture")
    return run.estimate(host, picture.read(source(args.picture)), args)


def interrupt(host: Host) -> dict[str, Any]:
    host.interrupt()
    return {"stopping": True}


ROUTES = (
    Route("GET", "models", models, about="The upscale models that are there"),
    Route("POST", "upscale", upscale, UpscaleArgs, about="Upscale a picture; the result is saved and named by an id"),
    Route("POST", "plan", plan, UpscaleArgs, about="What an upscale would cost: tiles, memory, size of the result"),
    Route("POST", "interrupt", interrupt, about="Stop the run that is under way"),
)
