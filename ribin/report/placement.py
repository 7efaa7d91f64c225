"""Where points of a mark lie in a picture, and where a motion takes them.

Points are (row, col). A motion turns counter-clockwise as displayed about the mark's centre,
then shifts; the one of a `Comparison` takes the reference onto the comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import CellFit
from ribin.model import Mark

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """A turn by `rotation_deg` and a shift by `shift_um` (row, col)."""

    rotation_deg: float
    shift_um: tuple[float, float]

    def apply(self, points_um: Points) -> Points:
        """Where (N, 2) points in um relative to the first mark's centre fall on the second."""
        return points_um @ _turn(self.rotation_deg).T + np.array(self.shift_um)

    def undo(self, points_um: Points) -> Points:
        """The way back of `apply`."""
        return (points_um - np.array(self.shift_um)) @ _turn(self.rotation_deg)


def _turn(angle_deg: float) -> Points:
    """Matrix that turns (row, col) points counter-clockwise as displayed (rows run down)."""
    sine, cosine = np.sin(np.deg2rad(angle_deg)), np.cos(np.deg2rad(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])


@dataclass(frozen=True)
class Frame:
    """A picture of `size` (height, width) pixels whose middle is the reference's centre."""

    pitch_um: float
    size: tuple[int, int]

    def to_px(self, points_um: Points) -> Points:
        """Positions in pixels, (row, col), of (N, 2) points relative to the centre."""
        middle = (np.array(self.size) - 1) / 2
        return points_um / self.pitch_um + middle

    def grid_um(self) -> Points:
        """(height, width, 2) positions of all pixels relative to the centre."""
        rows, cols = np.indices(self.size, dtype=np.float64)
        middle = (np.array(self.size) - 1) / 2
        return (np.stack([rows, cols], axis=-1) - middle) * self.pitch_um


def mark_center_px(mark: Mark) -> Points:
    """The (row, col) pixel that a mark's points are relative to: the middle of its array."""
    return (np.array(mark.surface.shape) - 1) / 2


def cell_corners(center_um: tuple[float, float], cell_um: float) -> Points:
    """The four corners, (4, 2) in um, of an upright square cell."""
    half = cell_um / 2
    square = np.array([(-half, -half), (-half, half), (half, half), (half, -half)])
    return square + np.array(center_um)


def fallen_corners(fit: CellFit, cell_um: float) -> Points:
    """The corners of a cell where it fell, in um relative to the other mark's centre."""
    square = cell_corners((0.0, 0.0), cell_um) @ _turn(fit.rotation_deg).T
    return square + np.array(fit.center_um) + np.array(fit.shift_um)
