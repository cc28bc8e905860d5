"""Pictures made larger by networks, tile by tile, without seams."""

from atelier_core.units import Unit

UNIT = Unit("Upscaler", extras=True, upscalers=True)
