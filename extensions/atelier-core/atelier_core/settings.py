"""Settings, declared once as data. Hosts show them; `host.settings[key]` reads them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    key: str  # "atelier_<unit>_<name>"
    default: bool | int | float | str
    label: str
    info: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    step: float | None = None
    reload: bool = False  # takes effect after Reload UI


def defaults(settings: tuple[Setting, ...]) -> dict[str, bool | int | float | str]:
    return {setting.key: setting.default for setting in settings}


CORE_SETTINGS = (
    Setting(
        "atelier_core_language",
        "auto",
        "Language of Atelier",
        "Takes effect after Reload UI. auto: the language of the webui.",
        choices=("auto", "en", "ko"),
        reload=True,
    ),
)
