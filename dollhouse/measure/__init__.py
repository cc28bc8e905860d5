"""How good pictures are, against the records of the scenes they should show."""

from __future__ import annotations

from dollhouse.measure.people import (
    attribute_accuracy,
    bleed,
    expression_matches,
    identity_matches,
    paired,
    said_of,
)
from dollhouse.measure.pixels import (
    background_equality,
    joints_right,
    light_degrees,
    psnr,
    seam_visibility,
)
from dollhouse.measure.report import line, table
from dollhouse.measure.stats import Figure, mean_of, share_by_picture, share_of, wilson
from dollhouse.measure.tally import Tally

__all__ = [
    "Figure",
    "Tally",
    "attribute_accuracy",
    "background_equality",
    "bleed",
    "expression_matches",
    "identity_matches",
    "joints_right",
    "light_degrees",
    "line",
    "mean_of",
    "paired",
    "psnr",
    "said_of",
    "seam_visibility",
    "share_by_picture",
    "share_of",
    "table",
    "wilson",
]
