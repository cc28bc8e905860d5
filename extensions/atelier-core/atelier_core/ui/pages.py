"""Serves the editors' pages under a digest of their files, so that no browser mixes an old module with a new one."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from ..api.routes import PREFIX, add, guarded
from ..errors import UserError
from ..host import Host
from ..units import CORE, Unit, loaded

TYPES = {  # said here, because a Windows registry may call a module "text/plain" and browsers then refuse it
    ".html": "text/html; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}  # under this digest


def roots() -> dict[str, Path]:
    webs = {unit.name: unit.folder / "web" for unit in loaded.units.values()}
    return {"stage": CORE / "web" / "stage", **{name: web for name, web in webs.items() if web.is_dir()}}


def digest() -> str:
    """Of the files as they lie there now: an update may come while the webui runs."""
    files = sorted(file for web in roots().values() for file in web.rglob("*") if file.is_file())
    return _digest(tuple((file, stat.st_mtime_ns, stat.st_size) for file in files for stat in [file.stat()]))


@lru_cache(maxsize=1)
def _digest(files: tuple[tuple[Path, int, int], ...]) -> str:
    """`files`: path, time of change and size; read again when one of these differs."""
    total = hashlib.sha256()
    for file, _, size in files:
        total.update(f"{file}\0{size}\0".encode() + file.read_bytes())
    return total.hexdigest()[:16]


def url(unit: Unit, file: str = "index.html") -> str:
    """Relative to the host's page: the webui may sit below a path of a proxy."""
    return f"atelier/pages/{digest()}/{unit.name}/{file}"


def mount_pages(app: FastAPI, host: Host) -> None:
    async def page(request: Request) -> Response:
        of_path = request.path_params
        return await guarded(
            host, request, lambda _: _file(of_path["digest"], of_path["root"], of_path["path"]), page=True
        )

    add(app, f"{PREFIX}/pages/{{digest}}/{{root}}/{{path:path}}", "GET", page, "The files of the editors")


def _file(version: str, root: str, path: str) -> Response:
    home = roots().get(root) if version == digest() else None
    file = (home / path).resolve() if home else None
    if (
        home is None
        or file is None
        or home.resolve() not in file.parents
        or file.suffix not in TYPES
        or not file.is_file()
    ):
        raise UserError("There is no such page.")
    return FileResponse(file, media_type=TYPES[file.suffix], headers=FOR_EVER)
