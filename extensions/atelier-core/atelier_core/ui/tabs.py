"""A unit's tab and its settings as gradio components; the same on every host."""

from __future__ import annotations

import html
from collections import Counter
from typing import Any

import gradio as gr

from ..errors import UserError
from ..host import Host
from ..settings import Setting
from ..units import Unit, loaded
from .widgets import internal


def tab(unit: Unit, host: Host) -> tuple[gr.Blocks, str, str]:
    with gr.Blocks(analytics_enabled=False) as block:
        content(unit, host)
    keep_apart(block)
    return block, host.translate(unit.title), f"atelier_{unit.name.replace('-', '_')}"


def keep_apart(block: gr.Blocks) -> None:
    """A webui keeps the values of a tab by its labels: of two that share one the second would begin as the first."""
    labelled: list[Any] = [one for one in block.blocks.values() if getattr(one, "label", None)]
    counts = Counter(one.label for one in labelled)
    for one in labelled:
        if counts[one.label] > 1:
            internal(one)


def content(unit: Unit, host: Host) -> None:
    """What the tab shows: what went wrong at loading, if anything did, and the unit's panel."""
    for sentence in notices(host):
        gr.HTML(f"<p class='atelier-notice'>{html.escape(sentence)}</p>")
    unit.module("panel").build(host)


def notices(host: Host) -> tuple[str, ...]:
    failed = "The unit “{name}” could not be loaded: {error}"
    faults = (UserError(failed, name=name, error=error) for name, error in loaded.failed.items())
    return tuple(sentence.told(host.translate) for sentence in (*loaded.notes, *faults))


def control(setting: Setting) -> tuple[type, dict[str, Any]]:
    """The gradio class that edits a setting, and its arguments."""
    if isinstance(setting.default, bool):
        return gr.Checkbox, {}
    if setting.choices:
        return gr.Radio if len(setting.choices) <= 4 else gr.Dropdown, {"choices": list(setting.choices)}
    if setting.least is not None and setting.most is not None:
        return gr.Slider, {"minimum": setting.least, "maximum": setting.most, "step": setting.step}
    return (gr.Textbox, {}) if isinstance(setting.default, str) else (gr.Number, {})
