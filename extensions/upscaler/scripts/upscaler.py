"""What the webui loads when this folder is copied into its extensions by itself."""

from importlib.util import find_spec
from pathlib import Path

if find_spec("atelier_core") is None:
    print("Atelier: “upscaler” needs “atelier-core” beside it: copy that folder into extensions too.")
else:
    from atelier_core.hosts import entry

    globals().update(entry.load_unit(Path(__file__).resolve().parents[1]))
