"""People whose limbs can be dragged, drawings that become pictures, and people completed beyond the frame."""

from atelier_core.units import Unit

UNIT = Unit("Pose and sketch", always=True)
