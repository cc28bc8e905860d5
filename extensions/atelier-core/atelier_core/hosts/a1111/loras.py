"""The LoRAs that a prompt names: refused when unknown, looked for afterwards. The webui only prints what it skips."""

from __future__ import annotations

import re
import sys
from typing import Any

from ...errors import UserError
from ...job import Job

NAMED = re.compile(r"<(?:lora|lyco):([^:>]+)")


class Loras:
    def __init__(self, job: Job) -> None:
        self.names = [name.strip() for name in NAMED.findall(job.prompt)]
        self.shelf: Any = sys.modules.get("networks")  # the webui's own extension, under this name on every host
        for name in self.names:
            if self._known(name) is None:
                raise UserError("There is no LoRA “{name}” in the webui's list.", name=name)

    def _known(self, name: str) -> Any:
        for table in ("available_networks", "available_network_aliases"):
            found = getattr(self.shelf, table, {}).get(name)
            if found is not None:
                return found
        return None

    def prove(self) -> None:
        active = {getattr(network, "name", "") for network in getattr(self.shelf, "loaded_networks", ())}
        for name in self.names:
            if not {name, self._known(name).name} & active:
                raise UserError("The LoRA “{name}” was not applied; the webui's console says why.", name=name)
