"""Which host this is: decided once, by what only that host has. A host that is there but broken is seen, not caught."""

from __future__ import annotations

from importlib.util import find_spec

from ..host import Host

_current: list[Host] = []


def use(host: Host) -> Host:
    """Make `host` the one of this process: the embedded host, the fake, or what `current` found."""
    _current[:] = [host]
    return host


def current() -> Host:
    return _current[0] if _current else use(_found())


def _found() -> Host:
    if find_spec("backend") is not None and find_spec("modules_forge") is not None:
        from .forge import ForgeHost

        return ForgeHost()
    from .a1111.host import A1111Host

    return A1111Host()
