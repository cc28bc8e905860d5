"""What all levels share."""

from __future__ import annotations

from hypothesis import settings

# the same examples every time, and no clock: a busy machine must not fail a test
settings.register_profile("atelier", deadline=None, derandomize=True)
settings.load_profile("atelier")
