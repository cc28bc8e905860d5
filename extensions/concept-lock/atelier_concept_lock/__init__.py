"""Characters that stay themselves, together in one picture: concepts bound to regions, in one pass."""

from atelier_core.units import Unit

UNIT = Unit("Concept lock", always=True)
