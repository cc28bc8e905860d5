"""A lesson as the panel shows it."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .curve import svg

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .measure import Estimate

Translate = Callable[[str], str]
MOST_SAMPLES = 12  # the newest


def status(told: Mapping[str, Any], pictures: Sequence[tuple[str, str]], t: Translate) -> str:
    """`pictures`: id and name of each sample. Names are the user's: they are escaped."""
    states = {"running": t("running"), "paused": t("resting"), "finished": t("at its end")}
    line = t("{name}: {state}, step {step} of {steps}").format(
        name=told["name"], state=states[told["state"]], step=told["step"], steps=told["steps"]
    )
    if told["loss"] is not None:
        line += " · " + t("loss {loss:.4f}").format(loss=told["loss"])
    trouble = f"<p class='atelier-error'>{html.escape(told['trouble'])}</p>" if told["trouble"] else ""
    curve = svg(told["losses"], html.escape(t("Loss over the steps"), quote=True))
    shown = "".join(_sample(key, name) for key, name in pictures[-MOST_SAMPLES:])
    return f"<p>{html.escape(line)}</p>{trouble}{curve}<div>{shown}</div>"


def _sample(key: str, name: str) -> str:
    at, safe = f"atelier/v1/core/pictures/{key}", html.escape(name, quote=True)
    return f'<img src="{at}" alt="{safe}" title="{safe}" style="width:128px;margin:2px">'


def estimated(told: Estimate, t: Translate) -> str:
    line = t(
        "About {time} for all steps, {step:.2f} s each, and {need:.1f} GB of memory; {free:.1f} GB are free."
    ).format(time=clock(told.whole), step=told.step, need=told.memory / 2**30, free=told.free / 2**30)
    return line if told.fits else f"{line} {t('That will not fit: take a smaller size or batch.')}"


def clock(seconds: float) -> str:
    """3725 -> 1:02:05"""
    whole = max(1, round(seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
