"""Which lessons run in this process, how far they are, and what the user wishes of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from atelier_core.errors import UserError


@dataclass
class Sitting:
    """A lesson while it runs."""

    wish: str = ""  # "pause" or "stop"
    latest: Any = None  # what its progress said last
    losses: list[float] = field(default_factory=list)  # of all its steps, also of earlier sittings
    _first: tuple[int, float] | None = None  # step and time since when its pace is known

    def hear(self, progress: Any) -> None:
        self.latest = progress
        if progress.loss is not None:
            self.losses.append(progress.loss)
            self._first = self._first or (progress.step, time.monotonic())

    @property
    def left(self) -> float | None:
        """Seconds, by the pace since this sitting's first step, pictures on the way counted."""
        if self._first is None or self.latest.step <= self._first[0]:
            return None
        each = (time.monotonic() - self._first[1]) / (self.latest.step - self._first[0])
        return each * max(0, self.latest.steps - self.latest.step)


@dataclass
class Desk:
    """There is one, `desk`; it outlives Reload UI, as imported packages do."""

    sittings: dict[str, Sitting] = field(default_factory=dict)
    troubles: dict[str, UserError] = field(default_factory=dict)  # what ended a lesson
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, wish: str = "", losses: Sequence[float] = ()) -> Sitting:
        """Two must not teach one lesson at once."""
        with self._lock:
            if name in self.sittings:
                raise UserError("The lesson “{name}” runs already.", name=name)
            self.troubles.pop(name, None)
            return self.sittings.setdefault(name, Sitting(wish, losses=list(losses)))

    @contextmanager
    def kept(self, name: str) -> Iterator[None]:
        """Lets a lesson that was taken go at the end, and keeps what ended it for whoever asks."""
        try:
            yield
        except Exception as error:
            self.troubles[name] = error if isinstance(error, UserError) else _fault(error)
            raise
        finally:
            with self._lock:
                self.sittings.pop(name, None)

    def wish(self, name: str, what: str) -> None:
        with self._lock:
            if name not in self.sittings:
                raise UserError("The lesson “{name}” does not run.", name=name)
            self.sittings[name].wish = what

    def runs(self, name: str) -> bool:
        return name in self.sittings

    def in_background(self, name: str, run: Callable[[], object]) -> None:
        def guarded() -> None:
            with suppress(UserError):  # which is kept; any other keeps its traceback
                run()

        threading.Thread(target=guarded, name=f"lesson {name}", daemon=True).start()


def _fault(error: Exception) -> UserError:
    reason = f"{type(error).__name__}: {error}"
    return UserError("The lesson broke off: {reason} (see the webui's console)", reason=reason)


desk = Desk()
