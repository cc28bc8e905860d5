"""The pieces of a panel that differ between gradio versions or need the page's bridge."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ..host import Host
from ..units import Unit
from . import pages

JS = "js" if int(gr.__version__.split(".")[0]) >= 4 else "_js"


NOTHING = "-"  # the value of “none” and “automatic” in a list: an empty one would look as if nothing was chosen


def chosen(value: Any) -> Any:
    return "" if value == NOTHING else value


def dropdown(choices: Sequence[str | tuple[str, Any]], value: Any, **how: Any) -> gr.Dropdown:
    """A list of values, shown by their texts. gradio 3 knows only texts: there they stand for the values."""
    if JS == "js":
        return gr.Dropdown(list(choices), value=value, **how)
    values = dict(one for one in choices if not isinstance(one, str))
    texts = {one: text for text, one in values.items()}
    made = gr.Dropdown(_texts(choices), value=texts.get(value, value), **how)
    vars(made).update(preprocess=lambda text: values.get(text, text), postprocess=lambda one: texts.get(one, one))
    return made


def offer(choices: Sequence[str | tuple[str, Any]], **more: Any) -> Any:
    """The update that gives such a list other values; those that are new are shown as they are."""
    return gr.update(choices=list(choices) if JS == "js" else _texts(choices), **more)


def _texts(choices: Sequence[str | tuple[str, Any]]) -> list[str]:
    return [one if isinstance(one, str) else one[0] for one in choices]


def page_html(
    host: Host,
    unit: Unit,
    elem_id: str,
    height: int,
    opened: Mapping[str, Any] | None = None,
    file: str = "index.html",
    **show: Any,
) -> str:
    """Where the bridge puts a unit's page; a new `show` or `opened` is passed on to the page that is there already.

    `opened`: what an editor shall work on, {document, picture, options, stamp}; another stamp opens it anew.
    """
    shown, work = (html.escape(json.dumps(one), quote=True) if one else "" for one in (show, opened))
    return (
        f'<div class="atelier-page" id="{elem_id}" data-unit="{unit.name}" data-page="{pages.url(unit, file)}" '
        f'data-show="{shown}" data-open="{work}" data-lang="{host.language}" style="height:{height}px"></div>'
    )


def sentence(text: str, kind: str = "note") -> str:
    return f'<p class="atelier-{kind}">{html.escape(text)}</p>'


def hidden_text(elem_id: str, value: str = "") -> gr.Textbox:
    """Carries a value between page and server. In the DOM on every gradio, out of sight, and not kept in ui-config."""
    box = gr.Textbox(value=value, elem_id=elem_id, elem_classes=["atelier-hidden"], container=False, show_label=False)
    return internal(box)


def _script(code: str) -> dict[str, Any]:
    """The argument of an event that names its page code, under the name it has on this gradio."""
    return {JS: code}


def internal(component: Any) -> Any:
    component.do_not_save_to_config = True
    return component


def run_click(
    button: gr.Button,
    host: Host,
    run: Callable[..., tuple[Any, ...]],
    inputs: list[Any],
    outputs: list[Any],
    progress: str,
) -> None:
    """Long work on a click, with the host's queue and progress bar in the element `progress`.

    `run(*inputs)` answers one value for each of `outputs`, of which the last is a line of HTML.
    """
    task = hidden_text(f"{progress}_task")
    failed = tuple(gr.update() for _ in outputs[:-1])
    button.click(
        fn=host.panel_call(run, failed),
        inputs=[task, *inputs],
        outputs=outputs,
        show_progress="hidden" if JS == "js" else False,
        **_script(f"(...values) => window.atelier.submit('{progress}', values)"),
    )


def page_click(button: gr.Button, script: str) -> None:
    """A click that only the page answers."""
    button.click(fn=None, inputs=[], outputs=[], **_script(f"() => {{ {script} }}"))


def let_go(sliders: Sequence[Any], fn: Callable[..., Any], outputs: list[Any]) -> None:
    """What follows when one of these is let go, with the values of all. Where gradio can have one event of several,
    two that are let go in a row are not answered crosswise."""
    if hasattr(gr, "on"):
        releases = [slider.release for slider in sliders]
        gr.on(releases, fn=fn, inputs=list(sliders), outputs=outputs, trigger_mode="always_last")
        return
    for slider in sliders:
        slider.release(fn=fn, inputs=list(sliders), outputs=outputs)


def with_size(events: Sequence[Any], tab: str, fn: Callable[..., Any], inputs: list[Any], page: Any) -> None:
    """Events after which `fn(*inputs, width, height)` writes a page anew, with the sides that a tab of the host is
    set to; 0 where there are none."""
    sides = [hidden_text(f"{page.elem_id}_{side}") for side in ("width", "height")]
    find = f"(window.gradioApp?.() ?? document).querySelector(`#{tab}_${{side}} input[type=number]`)?.value"
    given = f"['width', 'height'].map((side) => String({find} ?? 0))"
    code = f"(...values) => [...values.slice(0, {len(inputs)}), ...{given}]"
    for event in events:
        event(fn=fn, inputs=[*inputs, *sides], outputs=[page], **_script(code))


def from_buttons(host: Host, prefix: str) -> None:
    """For each of the webui's tabs that has results: the chosen one's id goes into the textbox `<prefix>_taken`."""
    with gr.Row():
        for tab in (tab for tab in host.tabs if tab != "inpaint"):
            label = host.translate("From {tab}").format(tab=tab)
            button = gr.Button(label, size="sm", min_width=80, elem_id=f"{prefix}_from_{tab}")
            page_click(button, f"window.atelier.take('{tab}', '{prefix}_taken')")


def to_buttons(host: Host, prefix: str) -> None:
    """For each of the webui's tabs that takes a picture: what the page `<prefix>_page` shows goes there."""
    with gr.Row():
        for tab in (tab for tab in host.tabs if tab != "txt2img"):
            label = host.translate("To {tab}").format(tab=tab)
            button = gr.Button(label, size="sm", min_width=80, elem_id=f"{prefix}_to_{tab}")
            page_click(button, f"window.atelier.send('{prefix}_page', '{tab}')")


def file_path(given: Any) -> Path | None:
    """What a gr.File hands over: a temporary-file object on gradio 3, a path afterwards."""
    if given is None:
        return None
    return Path(given if isinstance(given, str) else given.name)


def file_paths(given: Any) -> list[Path]:
    many = given if isinstance(given, list) else [given]
    return [path for one in many if (path := file_path(one)) is not None]
