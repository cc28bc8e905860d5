"""One piece of long work at a time; others wait in line. What runs can be watched and stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from PIL import Image

from ...errors import Interrupted


@dataclass(frozen=True)
class Progress:
    title: str = ""  # empty: nothing runs
    done: int = 0
    total: int = 0
    text: str = ""
    preview: Image.Image | None = None


class Queue:
    """A lock that the same thread may take again: `generate` inside `working` is one piece of work."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._depth = 0
        self.progress = Progress()

    @contextmanager
    def working(self, title: str) -> Iterator[Work]:
        with self._lock:
            outer = self.progress
            if self._depth == 0:
                self._stop.clear()
            self._depth += 1
            self.progress = Progress(title if self._depth == 1 else outer.title, preview=outer.preview)
            try:
                yield Work(self)
            finally:
                self._depth -= 1
                self.progress = outer

    def interrupt(self) -> None:
        self._stop.set()

    def check(self) -> None:
        if self._stop.is_set():
            raise Interrupted


class Work:
    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def step(self, done: int, total: int, text: str = "") -> None:
        self._queue.progress = replace(self._queue.progress, done=done, total=total, text=text)
        self._queue.check()

    def preview(self, picture: Image.Image) -> None:
        self._queue.progress = replace(self._queue.progress, preview=picture)
