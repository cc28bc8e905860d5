"""Lists whose entries have a text and a value, on gradio of either kind."""

from __future__ import annotations

import pytest
from atelier_core.ui import widgets

WAYS = [("Automatic", "-"), ("빠르게", "fast"), "exact"]


def test_newer_gradio_gets_texts_and_values() -> None:
    made = widgets.dropdown(WAYS, value="fast", label="How")
    assert made.choices == [("Automatic", "-"), ("빠르게", "fast"), ("exact", "exact")] and made.value == "fast"
    assert widgets.offer(WAYS, value="exact")["choices"] == WAYS


def test_gradio_3_gets_texts_that_stand_for_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widgets, "JS", "_js")
    made = widgets.dropdown(WAYS, value="-", label="How")
    assert [text for text, _ in made.choices] == ["Automatic", "빠르게", "exact"] and made.value == "Automatic"
    assert [made.preprocess(text) for text in ("빠르게", "exact", "new", None)] == ["fast", "exact", "new", None]
    assert [made.postprocess(one) for one in ("-", "exact", "new", None)] == ["Automatic", "exact", "new", None]
    assert widgets.offer([*WAYS, "new"], value="new")["choices"] == ["Automatic", "빠르게", "exact", "new"]
