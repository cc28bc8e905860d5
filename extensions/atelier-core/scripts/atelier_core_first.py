"""What the webui loads when this folder stands beside units in its extensions: they find the core imported."""

import atelier_core  # noqa: F401 - the webui has this folder on its path only now
