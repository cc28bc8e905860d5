"""What all levels share."""

from __future__ import annotations

import os

os.environ.setdefault(
    "OMP_NUM_THREADS", "1"
)  # before torch: small networks, and threads that spin starve a busy machine

from hypothesis import settings  # noqa: E402 - after the line above

# the same examples every time, and no clock: a busy machine must not fail a test
settings.register_profile("atelier", deadline=None, derandomize=True)
settings.load_profile("atelier")
