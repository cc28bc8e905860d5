"""The page around the tabs: its look, its scripts, and that nothing in it reaches beyond this server."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from PIL import Image

from ...ui.pages import TYPES
from ...units import CORE
from .host import EmbeddedHost

PACK = CORE.parents[1]
DATA = Path(__file__).parent / "data"
ASSETS = {name: DATA / name for name in ("page.js", "painter.js", "page.css")} | {"style.css": CORE / "style.css"}
# Whatever a library puts into the page: a browser asks no other server for scripts, pictures, fonts or data.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "connect-src 'self' data: blob:; frame-src 'self'; object-src 'none'; base-uri 'self'"
)
FOREIGN = re.compile(rb"<link\s[^>]*https?://[^>]*>|<script[^>]*\ssrc=\"https?://[^>]*>\s*</script>")

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


def theme() -> gr.themes.Base:
    """Calm in light and dark. Fonts of the system: the default theme would fetch its own."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.indigo,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_md,
        spacing_size=gr.themes.sizes.spacing_sm,
        text_size=gr.themes.sizes.text_md,
        font=["system-ui", "Segoe UI", "Noto Sans", "Noto Sans KR", "sans-serif"],
        font_mono=["ui-monospace", "Consolas", "monospace"],
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        block_background_fill="white",
        block_background_fill_dark="*neutral_900",
        block_border_color="*neutral_200",
        block_border_color_dark="*neutral_800",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_500",
        button_primary_text_color="white",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover_dark="*primary_400",
    )


def head(language: str) -> str:
    """What a webui's page offers to the bridge: its language, its progress bar; then the bridge itself."""
    spoken = json.dumps({"localization": "ko_KR" if language == "ko" else "None"})
    scripts = "".join(f'<script type="module" src="atelier/page/{name}"></script>' for name in bridges())
    ours = "".join(f'<script src="atelier/page/{name}"></script>' for name in ASSETS if name.endswith(".js"))
    styles = "".join(f'<link rel="stylesheet" href="atelier/page/{name}">' for name in ASSETS if name.endswith(".css"))
    return f"<script>window.opts = {spoken};</script>{ours}{scripts}{styles}"


def bridges() -> dict[str, Path]:
    """The modules that a webui would load into its page."""
    return {file.name: file for file in sorted((CORE / "javascript").glob("*.mjs"))}


def mount_page(app: FastAPI, host: EmbeddedHost) -> None:
    known = {**ASSETS, **bridges()}
    types = {**TYPES, ".js": "text/javascript; charset=utf-8"}

    def asset(name: str) -> Response:
        if name not in known:
            return Response(status_code=404)
        file = known[name]
        return FileResponse(file, media_type=types[file.suffix], headers={"Cache-Control": "no-cache"})

    async def progress(request: Request) -> dict[str, Any]:
        asked = await request.json()
        return report(host, str(asked.get("id_task", "")), asked.get("id_live_preview", -1))

    app.add_api_route("/atelier/page/{name}", asset, methods=["GET"], include_in_schema=False)
    app.add_api_route("/internal/progress", progress, methods=["POST"], include_in_schema=False)


def report(host: EmbeddedHost, task: str, preview_seen: Any) -> dict[str, Any]:
    """How a page's task stands, in the words of the webuis' own progress route."""
    place, now = host.queue.place(task), host.queue.progress
    answer: dict[str, Any] = {"active": place == 0, "queued": bool(place), "completed": host.queue.is_done(task)}
    if place:
        answer["textinfo"] = host.translate("Waiting in line: {place}").format(place=place)
    if place == 0:
        answer |= {"progress": now.done / max(1, now.total), "done": now.done, "total": now.total, "textinfo": now.text}
        if now.preview is not None and now.previews != preview_seen:
            answer |= {"live_preview": _data_url(now.preview), "id_live_preview": now.previews}
    return answer


def _data_url(picture: Image.Image) -> str:
    small, out = picture.copy(), io.BytesIO()
    small.thumbnail((512, 512))
    small.save(out, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


class Sealed:
    """Around the whole app: pages leave without the links to other servers that gradio's template holds."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def pass_on(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                if not _is_page(message):
                    await send(message)
            elif not _is_page(start):
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body"):
                    await _send_sealed(start, body, send)

        await self.app(scope, receive, pass_on)


def _is_page(start: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in start.get("headers", ()))


async def _send_sealed(start: Message, body: bytes, send: Send) -> None:
    sealed = FOREIGN.sub(b"", body)
    kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    added = [(b"content-length", str(len(sealed)).encode()), (b"content-security-policy", POLICY.encode())]
    await send({**start, "headers": [*kept, *added]})
    await send({"type": "http.response.body", "body": sealed})
