"""What the webui loads when this folder is copied into its extensions by itself."""

from importlib.util import find_spec
from pathlib import Path

unit = Path(__file__).resolve().parents[1]
if find_spec("atelier_core") is None:
    print(f"Atelier: “{unit.name}” needs “atelier-core” beside it: copy that folder into extensions too.")
else:
    from atelier_core.hosts import entry

    globals().update(entry.load_unit(unit))
