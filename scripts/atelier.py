"""What the webui loads when Atelier is installed as one extension."""

import sys
from pathlib import Path

home = Path(__file__).resolve().parents[1] / "extensions"
sys.path.insert(0, str(home / "atelier-core"))
try:
    from atelier_core.hosts import entry
finally:
    sys.path.remove(str(home / "atelier-core"))

globals().update(entry.load_pack(home))
