"""The LoRAs that a prompt names: refused when unknown, looked for afterwards. The webui only prints what it skips."""

from __future__ import annotations

import re
import sys
from typing import Any

from ...errors import UserError
from ...job import Job

NAMED = re.compile(r"<(?:lora|lyco):([^:>]+)")


def shelf() -> Any:
    """The webui's own extension, under this name on every host."""
    return sys.modules.get("networks")


def known(name: str) -> Any:
    """Prompts may call a file by a name that its trainer gave it."""
    for table in ("available_networks", "available_network_aliases"):
        found = getattr(shelf(), table, {}).get(name)
        if found is not None:
            return found
    return None


class Loras:
    def __init__(self, job: Job) -> None:
        self.names = [name.strip() for name in NAMED.findall(job.prompt)]
        for name in self.names:
            if known(name) is None:
                raise UserError("There is no LoRA “{name}” in the webui's list.", name=name)

    def prove(self) -> None:
        active = {getattr(network, "name", "") for network in getattr(shelf(), "loaded_networks", ())}
        for name in self.names:
            if not {name, known(name).name} & active:
                raise UserError("The LoRA “{name}” was not applied; the webui's console says why.", name=name)
