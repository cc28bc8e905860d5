"""The web app of the embedded host: its own tabs, those of the units, and the routes of both."""

from __future__ import annotations

import contextlib
import html
import io
import logging
import socket
import warnings
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
import uvicorn
from fastapi import FastAPI
from PIL import Image

from ... import __version__
from ...api.pictures import mount_pictures
from ...api.routes import mount
from ...ui import pages, tabs
from ...units import Unit
from . import browse, dollhouse, drawing, page
from .drawing import Panel
from .host import EmbeddedHost

log = logging.getLogger("atelier")
NO_MODEL = "There is no model yet. Put an SD 1.5 or SDXL .safetensors file into {folder}."
ONLY_SMALL = (
    "The small dollhouse model that comes along draws, at 192 pixels. "
    "For more, put an SD 1.5 or SDXL .safetensors file into {folder}."
)


def build(host: EmbeddedHost, units: Sequence[Unit]) -> gr.Blocks:
    always = [unit for unit in units if unit.always]
    with _empty(host) as blocks:
        top = _top(host)
        with gr.Tabs(elem_id="tabs") as all_tabs:
            with gr.Tab("txt2img", elem_id="tab_txt2img", id="txt2img"):
                first = Panel(host, "txt2img", always)
            with gr.Tab("img2img", elem_id="tab_img2img", id="img2img"):
                second = Panel(host, "img2img", always)
            for unit in units:
                _unit_tab(host, unit)
            with gr.Tab(host.translate("Pictures"), elem_id="tab_outputs", id="outputs") as outputs:
                browse.outputs_tab(host, outputs)
            with gr.Tab(host.translate("Settings"), elem_id="tab_settings", id="settings"):
                browse.settings_tab(host)
        _wire(host, top, all_tabs, first, second)
    return blocks


def _empty(host: EmbeddedHost) -> gr.Blocks:
    tidy = (3600, 86400)  # seconds: how often copies of shown pictures are looked through, and how old they grow
    with warnings.catch_warnings():
        # gradio 5.50 takes look and head here and nowhere else, and says that 6.0 will not
        warnings.simplefilter("ignore", DeprecationWarning)
        return gr.Blocks(
            title="Atelier",
            theme=page.theme(),
            head=page.head(host.language),
            fill_width=True,
            delete_cache=tidy,
            analytics_enabled=False,
        )


def _unit_tab(host: EmbeddedHost, unit: Unit) -> None:
    """A unit whose panel cannot be built shows why in its tab, and the others live."""
    name = unit.name.replace("-", "_")
    with gr.Tab(host.translate(unit.title), elem_id=f"tab_atelier_{name}", id=unit.name):
        try:
            tabs.content(unit, host)
        except Exception as error:  # noqa: BLE001 - the host's border: whatever a unit does must not take the rest with it
            log.exception("Atelier: the panel of “%s” could not be built", unit.name)
            gr.HTML(f"<p class='atelier-error'>{html.escape(f'{type(error).__name__}: {error}')}</p>")


def _top(host: EmbeddedHost) -> tuple[Any, Any, Any]:
    with gr.Row(elem_id="atelier_top"):
        name = f"<span class='atelier-name'>Atelier<small>{__version__}</small></span>"
        gr.HTML(name, elem_id="atelier_name", padding=False, min_height=0)
        names = _checkpoints(host)
        chosen = gr.Dropdown(
            names,
            value=_in_use(host),
            label=host.translate("Model"),
            elem_id="setting_sd_model_checkpoint",
            scale=1,
            min_width=240,
        )
        refresh = gr.Button("↻", elem_id="refresh_sd_model_checkpoint", elem_classes=["tool"], scale=0, min_width=40)
    hint = gr.HTML(_hint(host), elem_id="atelier_hint")
    return chosen, refresh, hint


def _checkpoints(host: EmbeddedHost) -> list[str]:
    return [one.name for one in host.models("checkpoint")]


def _in_use(host: EmbeddedHost) -> str | None:
    used = host.loaded()
    return used.name if used else None


def _hint(host: EmbeddedHost) -> str:
    own = [one for one in host.models("checkpoint") if one.path and not dollhouse.came_along(host, one.path)]
    if own:
        return ""
    words = host.translate(ONLY_SMALL if _checkpoints(host) else NO_MODEL)
    return f"<p class='atelier-notice'>{html.escape(words.format(folder=host.folder('checkpoint')))}</p>"


def _wire(host: EmbeddedHost, top: tuple[Any, Any, Any], all_tabs: Any, first: Panel, second: Panel) -> None:
    chosen, refresh, hint = top

    def look_again() -> tuple[Any, ...]:
        names = _checkpoints(host)
        update = gr.update(choices=names, value=_in_use(host))
        return update, _hint(host), *first.refresh(), *second.refresh()

    changing = [*first.changing, *second.changing]
    refresh.click(fn=look_again, outputs=[chosen, hint, *changing])
    chosen.input(fn=lambda name: host.config.keep({"atelier_embedded_checkpoint": name}), inputs=[chosen])
    for panel in (first, second):
        for button, part, mode in ((panel.to_img2img, "init", "img2img"), (panel.to_inpaint, "painted", "inpaint")):
            places = [second.parts[name] for name in (part, "width", "height", "mode")]
            button.click(
                fn=partial(_sent, mode),
                inputs=[panel.gallery, panel.chosen],
                outputs=[*places, second.modes, all_tabs],
            )


def _sent(mode: str, pictures: list[tuple[str, str | None]] | None, index: int) -> tuple[Any, ...]:
    """The chosen result into img2img or its inpaint part: picture, size, mode, and both rows of tabs."""
    if not pictures:
        return tuple(gr.update() for _ in range(6))
    path = pictures[min(index, len(pictures) - 1)][0]
    with Image.open(path) as picture:
        size = drawing.size_of(picture)
    return path, *size, mode, gr.update(selected=mode), gr.update(selected="img2img")


def make_app(host: EmbeddedHost, units: Sequence[Unit]) -> FastAPI:
    units = [unit for unit in units if host.settings.get(unit.switch.key, True)]
    app = FastAPI(title="Atelier", version=__version__)
    page.mount_page(app, host)
    mount_pictures(app, host)
    pages.mount_pages(app, host)
    for unit in units:
        if unit.has("api"):
            mount(app, host, unit.name, unit.module("api").ROUTES)
    blocks = build(host, units).queue(default_concurrency_limit=4)
    outputs = host.root / "outputs"
    outputs.mkdir(exist_ok=True)
    with contextlib.redirect_stdout(io.StringIO()):  # gradio 5.50 prints the path here
        app = gr.mount_gradio_app(app, blocks, path="/", show_api=False, allowed_paths=[str(outputs)])
    app.add_middleware(page.Sealed)
    return app


def serve(host: EmbeddedHost, units: Sequence[Unit], port: int = 7860, listen: bool = False) -> None:
    """Answers until it is stopped. `listen`: other machines may use it too."""
    address = "0.0.0.0" if listen else "127.0.0.1"
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise SystemExit(
                f"Port {port} is taken. Is Atelier running already? Choose another with --port."
            ) from error
    server = _Server(uvicorn.Config(make_app(host, units), host=address, port=port, log_level="warning"), port, listen)
    server.run()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, port: int, listen: bool) -> None:
        super().__init__(config)
        self._port, self._listen = port, listen

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(f"Atelier runs on http://127.0.0.1:{self._port}", flush=True)
        if self._listen:
            print("Everyone who reaches this machine can use it: --listen sets no password.", flush=True)
