"""One piece of long work at a time; others wait in line. What runs can be watched and stopped."""

from __future__ import annotations

import threading
from collections import deque
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
    previews: int = 0  # how many there were: a page asks only for one it has not seen


class Queue:
    """A lock that the same thread may take again: `generate` inside `working` is one piece of work."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._depth = 0
        self._waiting: list[str] = []
        self._done: deque[str] = deque(maxlen=32)
        self.running = ""  # the task of a page that has the queue
        self.progress = Progress()

    @contextmanager
    def working(self, title: str) -> Iterator[Work]:
        with self.held():
            outer = self.progress
            self.progress = Progress(outer.title or title, preview=outer.preview, previews=outer.previews)
            try:
                yield Work(self)
            finally:
                self.progress = outer

    @contextmanager
    def held(self) -> Iterator[None]:
        """The queue without progress of its own. A stop asked for before counts no more once the queue is had."""
        with self._lock:
            if self._depth == 0:
                self._stop.clear()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    @contextmanager
    def task(self, name: str) -> Iterator[None]:
        """The work that a page asked for under `name`, from its place in line to its end."""
        self._waiting.append(name)
        with self.held():
            self._waiting.remove(name)
            outer, self.running = self.running, name
            try:
                yield
            finally:
                self.running = outer
                self._done.append(name)

    def place(self, name: str) -> int | None:
        """0: runs now, 1: next in line, …; None: not here."""
        if name == self.running:
            return 0
        return self._waiting.index(name) + 1 if name in self._waiting else None

    def is_done(self, name: str) -> bool:
        return name in self._done

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
        now = self._queue.progress
        self._queue.progress = replace(now, preview=picture, previews=now.previews + 1)
