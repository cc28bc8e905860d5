"""Pictures on their way between pages, panels and runs: an id stands for a file."""

from __future__ import annotations

import base64
import binascii
import io
import re
import secrets
import tempfile
import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response

from ..errors import UserError
from ..host import Host
from ..picture import Picture, read
from .routes import PREFIX, add, guarded

MOST_HELD = 1024 * 2**20  # bytes of uploads kept; what was not used for longest goes first
MOST_COUNT = 1000  # uploads and results
ID = re.compile(r"[A-Za-z0-9_-]{22}")


class Pictures:
    """Uploads, in a folder that goes with the process, and the paths of our own results, by unguessable id."""

    def __init__(self, most: int = MOST_HELD, count: int = MOST_COUNT) -> None:
        self._most, self._count = most, count
        self._held: OrderedDict[str, Path] = OrderedDict()
        self._sizes: dict[str, int] = {}  # bytes, of uploads only
        self._spool: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()

    def put(self, picture: bytes | Path) -> str:
        """A file that is held keeps its id: a page that asks again and again must not push others out."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            known = next((k for k, path in self._held.items() if path == picture), None)
            if known is not None:
                self._held.move_to_end(known)
                return known
            self._held[key] = self._spooled(key, picture) if isinstance(picture, bytes) else picture
            while len(self._held) > self._count or (sum(self._sizes.values()) > self._most and len(self._held) > 1):
                self._forget(*self._held.popitem(last=False))
        return key

    def _spooled(self, key: str, data: bytes) -> Path:
        self._spool = self._spool or tempfile.TemporaryDirectory(prefix="atelier-")
        path = Path(self._spool.name) / key
        path.write_bytes(data)
        self._sizes[key] = len(data)
        return path

    def _forget(self, key: str, path: Path) -> None:
        if self._sizes.pop(key, None) is not None:
            with suppress(OSError):  # Windows does not delete what is being read: it goes with the folder
                path.unlink()

    def get(self, key: str) -> Path:
        with self._lock:
            if key in self._held and self._held[key].is_file():
                self._held.move_to_end(key)
                return self._held[key]
        raise UserError("This picture is no longer held; load it again.")


store = Pictures()


def source(text: str) -> bytes | Path:
    """What a REST field of kind picture names: an id from our store, or base64 with or without a data-URL head."""
    if ID.fullmatch(text):
        return store.get(text)
    try:
        return base64.b64decode(text.rpartition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("The picture is neither an id nor base64.") from error


def proxy(picture: Picture, longest: int) -> bytes:
    """A PNG for the page, shrunk until its longer side is at most `longest`."""
    small, out = picture.to_pil(), io.BytesIO()
    small.thumbnail((longest, longest))
    small.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _upload(body: bytes) -> dict[str, Any]:
    picture = read(body)
    key = store.put(body)
    return {"id": key, "width": picture.extent.width, "height": picture.extent.height}


def _download(key: str, longest: str | None) -> Response:
    held = store.get(key)
    if longest is not None:
        if not longest.isdigit() or not 16 <= int(longest) <= 8192:
            raise UserError("“longest” must be between 16 and 8192.")
        return Response(proxy(read(held), int(longest)), media_type="image/png")
    with held.open("rb") as file:
        return FileResponse(held, media_type=_media_type(file.read(16)))


def _media_type(head: bytes) -> str:
    """Only pictures leave as pictures: whatever else was uploaded must not run as a page."""
    kinds = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}
    return next((kind for magic, kind in kinds.items() if head.startswith(magic)), "application/octet-stream")


def mount_pictures(app: FastAPI, host: Host) -> None:
    async def upload(request: Request) -> Response:
        return await guarded(host, request, _upload, page=True)

    async def download(request: Request) -> Response:
        key, longest = request.path_params["key"], request.query_params.get("longest")
        return await guarded(host, request, lambda _: _download(key, longest), page=True)

    path = f"{PREFIX}/v1/core/pictures"
    add(app, path, "POST", upload, "Upload a picture as raw bytes")
    add(app, path + "/{key}", "GET", download, "A picture by its id")
