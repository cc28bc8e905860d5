"""Serves pages the way Atelier does, with pictures from memory, so that a page can be tried without a webui."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

PACK = Path(__file__).resolve().parents[2]
ROOT = "/some/path"  # a webui may sit under a path of its proxy
PAGES = f"{ROOT}/atelier/pages/0123abcd/"
ROUTES = f"{ROOT}/atelier/v1/"
PICTURES = f"{ROUTES}core/pictures"
CANVAS = "pose-editor/canvas"
TYPES = {
    ".html": "text/html",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".png": "image/png",
}


@dataclass
class PageServer:
    origin: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)  # "<id>" or "<id>?<query>"
    documents: dict[str, str] = field(default_factory=dict)  # path below ROOT -> HTML
    uploads: list[bytes] = field(default_factory=list)
    routes: dict[str, object] = field(
        default_factory=lambda: {CANVAS: {"width": 512, "height": 768}}
    )  # what GETs answer
    asked: list[str] = field(default_factory=list)  # every path with its query

    def page(self, unit: str, query: str = "") -> str:
        return f"{self.origin}{PAGES}{unit}/index.html{'?' + query if query else ''}"

    def answer(self, target: str) -> tuple[int, str, bytes]:
        self.asked.append(target)
        path = urlsplit(target).path
        if path.startswith(PICTURES + "/"):
            found = self.pictures.get(target[len(PICTURES) + 1 :])
            return (200, "image/png", found) if found is not None else _missing()
        if path[len(ROUTES) :] in self.routes and path.startswith(ROUTES):
            return 200, TYPES[".json"], json.dumps(self.routes[path[len(ROUTES) :]]).encode()
        if path[len(ROOT) :] in self.documents:
            return 200, "text/html", self.documents[path[len(ROOT) :]].encode()
        file = _file(path)
        if file is None or not file.is_file():
            return _missing()
        return 200, TYPES[file.suffix], file.read_bytes()


def _missing() -> tuple[int, str, bytes]:
    return 404, "application/json", b'{"detail": "no such thing"}'


def _file(path: str) -> Path | None:
    if path.startswith((f"{ROOT}/javascript/", f"{ROOT}/extensions/atelier-core/javascript/")):
        return PACK / path[len(ROOT) + 1 :]
    if not path.startswith(PAGES):
        return None
    unit, _, rest = path[len(PAGES) :].partition("/")
    web = PACK / "extensions" / ("atelier-core/web/stage" if unit == "stage" else f"{unit}/web")
    return web / rest


@contextmanager
def serving() -> Iterator[PageServer]:
    state = PageServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(*state.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.uploads.append(body)
            given = {"id": f"up{len(state.uploads)}", "width": 1, "height": 1}
            state.pictures[str(given["id"])] = body
            self.reply(200, "application/json", json.dumps(given).encode())

        def reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.origin = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
