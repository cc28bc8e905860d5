"""`/atelier/v1/concept-lock/…`"""

from __future__ import annotations

from typing import Any

from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import Route
from atelier_core.host import Host

from . import run
from .draft import api as draft
from .merging import run as merging
from .options import FileArgs, LockArgs, MergeArgs
from .teach import api as teach


def files(host: Host) -> dict[str, Any]:
    return {"files": run.listed(host)}


def inspect(host: Host, args: FileArgs) -> dict[str, Any]:
    return run.inspect(host, args.file)


def generate(host: Host, args: LockArgs) -> dict[str, Any]:
    init = picture.read(source(args.picture)).to_pil().convert("RGB") if args.picture else None
    done = run.generate(host, args, init)
    return {
        "pictures": [{"id": store.put(path), "file": path.name} for path in done.paths],
        "infotexts": list(done.infotexts),
        "lock": done.lock,
        "seeds": list(done.seeds),
        "report": done.report.to_json(),
        "notes": [*done.notes, *done.report.told(host.translate)],
    }


def merge(host: Host, args: MergeArgs) -> dict[str, Any]:
    done = merging.merge(host, args)
    return {
        "file": done.path.name if done.path else None,
        "error": done.error,
        "layers": done.layers,
        "rank": done.rank,
        "note": str(done.note) if done.note else None,
    }


def interrupt(host: Host) -> dict[str, Any]:
    host.interrupt()
    return {"stopping": True}


ROUTES = (
    Route("GET", "list", files, about="The webui's LoRAs, for which model each is and whether it can be locked"),
    Route("POST", "inspect", inspect, FileArgs, about="All that one file says of itself, with its hashes"),
    Route("POST", "generate", generate, LockArgs, about="A picture in which each concept keeps to its region"),
    Route("POST", "merge", merge, MergeArgs, about="Two LoRAs made one, with the error told before it is written"),
    Route("POST", "interrupt", interrupt, about="Stop the run that is under way"),
    *draft.ROUTES,
    *teach.ROUTES,
)
