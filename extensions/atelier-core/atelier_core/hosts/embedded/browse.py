"""The tabs that are not about drawing: what was made, and the settings."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from ...errors import UserError
from ...settings import Setting
from ...ui import tabs
from ...ui.widgets import sentence
from ...units import loaded
from .config import OWN
from .host import EmbeddedHost

SHOWN = 60  # pictures; the newest
ENDINGS = {".png", ".webp", ".jpg", ".jpeg"}  # what browsers show
ON_TOP = "atelier_embedded_checkpoint"  # chosen above the tabs


def newest(host: EmbeddedHost) -> list[str]:
    files = [f for f in (host.root / "outputs").rglob("*") if f.suffix.lower() in ENDINGS and f.stat().st_size]
    return [str(f) for f in sorted(files, key=lambda f: f.stat().st_mtime, reverse=True)[:SHOWN]]


def outputs_tab(host: EmbeddedHost, tab: gr.Tab) -> None:
    t = host.translate
    with gr.Row():
        gr.Markdown(t("The newest pictures. All of them lie in {folder}.").format(folder=f"`{host.root / 'outputs'}`"))
        refresh = gr.Button("↻", elem_id="outputs_refresh", elem_classes=["tool"], scale=0, min_width=40)
    gallery = gr.Gallery(
        value=newest(host),
        show_label=False,
        elem_id="outputs_gallery",
        columns=4,
        object_fit="contain",
        type="filepath",
        interactive=False,
    )
    about = gr.HTML(elem_id="outputs_about")
    gallery.select(fn=_about, inputs=[gallery], outputs=[about])
    refresh.click(fn=lambda: newest(host), outputs=[gallery])
    tab.select(fn=lambda: newest(host), outputs=[gallery])


def _about(pictures: list[tuple[str, str | None]], event: gr.SelectData) -> str:
    path = Path(pictures[event.index][0])
    with Image.open(path) as picture:
        text = str(picture.info.get("parameters", ""))
        size = f"{picture.width} × {picture.height}"
    return f"<p><b>{html.escape(path.name)}</b> · {size}</p><p class='atelier-infotext'>{html.escape(text)}</p>"


def settings_tab(host: EmbeddedHost) -> None:
    t, shown = host.translate, [s for s in host.config.declared if s.key != ON_TOP]
    keep = gr.Button(t("Apply settings"), variant="primary", elem_id="settings_submit")
    said = gr.HTML(elem_id="settings_result")
    fields = []
    with gr.Column(elem_classes=["atelier-settings"]):
        for title, settings in groups(host):
            gr.Markdown(f"### {t(title)}")
            fields += [_field(host, setting) for setting in settings]
    keys = [setting.key for _, settings in groups(host) for setting in settings]
    assert len(keys) == len(shown) == len(fields)
    keep.click(fn=lambda *values: kept(host, dict(zip(keys, values, strict=True))), inputs=fields, outputs=[said])


def groups(host: EmbeddedHost) -> list[tuple[str, list[Setting]]]:
    """The settings under a heading each: those of this host, of the core, of each unit."""
    left = [s for s in host.config.declared if s.key != ON_TOP]
    own = [s for s in left if s in OWN]
    named = [("This machine", own)]
    for unit in loaded.units.values():
        mine = [s for s in left if s in (unit.switch, *unit.settings)]
        named.append((unit.title, mine))
    taken = {s.key for _, group in named for s in group}
    named.insert(1, ("Atelier", [s for s in left if s.key not in taken]))
    return [(title, group) for title, group in named if group]


def _field(host: EmbeddedHost, setting: Setting) -> Any:
    kind, options = tabs.control(setting)
    label = host.translate(setting.label)
    if setting.info:
        options["info"] = host.translate(setting.info)
    return kind(
        value=host.settings[setting.key],
        label=label,
        elem_id=f"setting_{setting.key}",
        **options,
    )


def kept(host: EmbeddedHost, values: dict[str, Any]) -> str:
    before = dict(host.settings)
    try:
        host.config.keep(values)
    except UserError as error:
        return sentence(error.told(host.translate), "error")
    reload = {s.key for s in host.config.declared if s.reload}
    if any(before[key] != host.settings[key] for key in values if key in reload):
        return sentence(host.translate("Kept. Start Atelier anew for all of it to take effect."))
    return sentence(host.translate("Kept."))
