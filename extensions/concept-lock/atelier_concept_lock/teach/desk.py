"""Which lessons run in this process, how far they are, and what the user wishes of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from atelier_core.errors import UserError


@dataclass
class Desk:
    """There is one, `desk`; it outlives Reload UI, as imported packages do."""

    wishes: dict[str, str] = field(default_factory=dict)  # of running lessons; "" for none
    latest: dict[str, Any] = field(default_factory=dict)  # name -> what its progress said last
    troubles: dict[str, UserError] = field(default_factory=dict)  # what ended a lesson that ran in the background
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, wish: str = "") -> None:
        """Two must not teach one lesson at once."""
        with self._lock:
            if name in self.wishes:
                raise UserError("The lesson “{name}” runs already.", name=name)
            self.wishes[name] = wish
            self.latest.pop(name, None)
            self.troubles.pop(name, None)

    def release(self, name: str) -> None:
        with self._lock:
            self.wishes.pop(name, None)

    def wish(self, name: str, what: str) -> None:
        with self._lock:
            if name not in self.wishes:
                raise UserError("The lesson “{name}” does not run.", name=name)
            self.wishes[name] = what

    def runs(self, name: str) -> bool:
        return name in self.wishes

    def in_background(self, name: str, run: Callable[[], object]) -> None:
        def guarded() -> None:
            try:
                run()
            except UserError as error:
                self.troubles[name] = error

        threading.Thread(target=guarded, name=f"lesson {name}", daemon=True).start()


desk = Desk()
