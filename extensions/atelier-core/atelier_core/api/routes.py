"""Mounts the routes of the core and of every unit on the host's FastAPI app."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from ..args import json_schema, parse
from ..errors import Interrupted, UserError
from ..host import Host

log = logging.getLogger("atelier")
PREFIX = "/atelier"
MOST_BODY = 256 * 2**20  # bytes; a 16-bit picture of 40 megapixels is 240 MB


@dataclass(frozen=True)
class Route:
    """`run(host, args)` answers a JSON object or a Response. `args` is the class the body is parsed into."""

    method: Literal["GET", "POST"]
    verb: str
    run: Callable[..., Any]
    args: type | None = None  # None: run(host)
    about: str = ""
    page: bool = False  # needed by our pages: open to whom the web UI is open


def mount(app: FastAPI, host: Host, unit: str, routes: tuple[Route, ...]) -> None:
    for route in routes:
        path = f"{PREFIX}/v1/{unit}/{route.verb}"
        add(app, path, route.method, _endpoint(host, route), route.about, route.args)


def add(
    app: FastAPI, path: str, method: str, endpoint: Callable[..., Any], about: str, args: type | None = None
) -> None:
    """Once per app: an app that lives through Reload UI must not collect the same route twice."""
    if any(getattr(known, "path", None) == path and method in known.methods for known in app.routes):  # type: ignore[attr-defined]
        return
    body = {"required": True, "content": {"application/json": {"schema": json_schema(args)}}} if args else None
    app.add_api_route(
        path,
        endpoint,
        methods=[method],
        summary=about,
        tags=["Atelier"],
        openapi_extra={"requestBody": body} if body else None,
        response_model=None,
    )


def _endpoint(host: Host, route: Route) -> Callable[..., Any]:
    async def endpoint(request: Request) -> Response:
        return await guarded(host, request, lambda body: _call(host, route, body), route.page)

    return endpoint


def _call(host: Host, route: Route, body: bytes) -> Any:
    if route.args is None:
        return route.run(host)
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise UserError("The request is not valid JSON.") from error
    return route.run(host, parse(route.args, parsed))


async def guarded(host: Host, request: Request, act: Callable[[bytes], Any], page: bool = False) -> Response:
    """Log-in, size limit and errors for every route of ours; `act` runs in a worker thread."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return JSONResponse({"error": "Requests from other sites are refused."}, 403)
    if not host.allowed(request, page):
        return JSONResponse({"error": "Not logged in."}, 401, {"WWW-Authenticate": "Basic"})
    try:
        answer = await run_in_threadpool(act, await _body(request))
    except Interrupted as stop:
        return JSONResponse({"error": stop.told(host.translate)}, 409)
    except UserError as error:
        return JSONResponse({"error": error.told(host.translate)}, 400)
    return answer if isinstance(answer, Response) else JSONResponse(answer)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY:
            raise UserError("The request is larger than {most} MB.", most=MOST_BODY // 2**20)
        parts.append(part)
    return b"".join(parts)
