"""Motions between the frames of scans: what was imposed on a scan, and what a comparison found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import Comparison, turn_matrix

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motion:
    """An affine map of points (row, col) in um: x falls on matrix x + shift."""

    matrix: Points  # (2, 2)
    shift_um: Points  # (2,)

    def of(self, points: Points) -> Points:
        """Where the points, (K, 2) in um, fall."""
        return points @ self.matrix.T + self.shift_um

    def after(self, first: Motion) -> Motion:
        """The motion that does `first` and then this one."""
        return Motion(self.matrix @ first.matrix, self.matrix @ first.shift_um + self.shift_um)

    def inverse(self) -> Motion:
        back = np.asarray(np.linalg.inv(self.matrix), np.float64)
        return Motion(back, -back @ self.shift_um)

    @property
    def rotation_deg(self) -> float:
        """Counter-clockwise as displayed; of a stretched motion, that of its nearest turn."""
        m = self.matrix
        return float(np.rad2deg(np.arctan2(m[1, 0] - m[0, 1], m[0, 0] + m[1, 1])))


STILL = Motion(np.eye(2), np.zeros(2))


def about(center_um: Points, matrix: Points, to_um: Points) -> Motion:
    """Apply `matrix` about a centre and carry the centre to another place."""
    return Motion(matrix, to_um - matrix @ center_um)


def found_motion(result: Comparison, reference_um: Points, comparison_um: Points) -> Motion:
    """What a comparison says, between the frames of the two scans.

    Parameters
    ----------
    reference_um, comparison_um : (2,) float64 array
        Centre of either mark in its scan's frame.
    """
    to_um = comparison_um + np.array(result.shift_um)
    return about(reference_um, turn_matrix(result.rotation_deg), to_um)


def apart_um(one: Motion, other: Motion, points: Points) -> float:
    """Root mean square distance of where two motions bring the same points."""
    away = one.of(points) - other.of(points)
    return float(np.sqrt((away**2).sum(axis=1).mean()))
