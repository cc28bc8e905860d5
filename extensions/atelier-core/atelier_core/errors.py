"""What went wrong, in two kinds.

Exception
└── UserError        show this sentence to the user, nothing more
    └── Interrupted  the user asked for a stop: nothing half-done may be shown or saved as a result

Everything else is a fault of ours or of the machine and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Callable


class UserError(Exception):
    """A sentence for the user. `text` is an English template, `values` fill its {names}; translations key on `text`."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text, values)
        self.text = text
        self.values = values

    def told(self, translate: Callable[[str], str] = str) -> str:
        parts = {name: translate(value) if isinstance(value, str) else value for name, value in self.values.items()}
        return translate(self.text).format(**parts)

    def __str__(self) -> str:
        return self.told()


class Interrupted(UserError):  # noqa: N818 - a stop on request is no error
    def __init__(self) -> None:
        super().__init__("Stopped. Nothing was saved.")
