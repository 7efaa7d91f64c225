"""The hole of the breech face through which the firing pin comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ribin.errors import ParameterError
from ribin.synth.fields import Grid


@dataclass(frozen=True)
class Aperture:
    """A rectangle with rounded corners: round, oblong or rectangular by its three sizes.

    A corner radius of half the smaller side makes a circle of a square and an oblong of a
    rectangle.
    """

    height_um: float
    width_um: float
    corner_um: float

    def __post_init__(self) -> None:
        largest = min(self.height_um, self.width_um) / 2.0
        if not 0.0 < self.corner_um <= largest:
            raise ParameterError(
                f"corner_um: more than 0 and at most {largest:g} needed, found {self.corner_um:g}"
            )

    @classmethod
    def circle(cls, diameter_um: float) -> Aperture:
        return cls(diameter_um, diameter_um, diameter_um / 2.0)

    def distance_um(self, rows: Grid, cols: Grid) -> Grid:
        """Distance of points from the rim, negative inside the hole; 0, 0 is its middle."""
        down = np.abs(rows) - (self.height_um / 2.0 - self.corner_um)
        across = np.abs(cols) - (self.width_um / 2.0 - self.corner_um)
        outside = np.hypot(np.maximum(down, 0.0), np.maximum(across, 0.0))
        return outside + np.minimum(np.maximum(down, across), 0.0) - self.corner_um
