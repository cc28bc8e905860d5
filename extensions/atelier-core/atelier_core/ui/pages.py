"""Serves the editors' pages under a digest of their files, so that no browser mixes an old module with a new one."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from ..api.routes import PREFIX, Route, _add, guarded
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


def roots() -> dict[str, Path]:
    webs = {unit.name: unit.folder / "web" for unit in loaded.units.values()}
    return {"stage": CORE / "web" / "stage", **{name: web for name, web in webs.items() if web.is_dir()}}


@lru_cache(maxsize=1)
def digest(*webs: Path) -> str:
    total = hashlib.sha256()
    for web in webs:
        for file in sorted(f for f in web.rglob("*") if f.is_file()):
            total.update(file.relative_to(web).as_posix().encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:16]


def url(unit: Unit) -> str:
    """Relative to the host's page: the webui may sit below a path of a proxy."""
    return f"atelier/pages/{digest(*roots().values())}/{unit.name}/index.html"


def mount_pages(app: FastAPI, host: Host) -> None:
    async def page(request: Request) -> Response:
        root, path = request.path_params["root"], request.path_params["path"]
        return await guarded(host, request, lambda _: _file(root, path), page=True)

    path = f"{PREFIX}/pages/{{digest}}/{{root}}/{{path:path}}"
    _add(app, path, "GET", page, Route("GET", "pages", _file, about="The files of the editors"))


def _file(root: str, path: str) -> Response:
    home = roots().get(root)
    file = (home / path).resolve() if home else None
    if (
        home is None
        or file is None
        or home.resolve() not in file.parents
        or file.suffix not in TYPES
        or not file.is_file()
    ):
        raise UserError("There is no such page.")
    return FileResponse(file, media_type=TYPES[file.suffix], headers={"Cache-Control": "public, max-age=31536000"})
