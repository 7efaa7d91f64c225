"""The one rigid motion that most cells of both marks followed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import Registration
from ribin.params import DecideParams

_FIRST_SLACK = 1.5  # the placement of whole marks is coarser than the motion fitted to cells
_ROUNDS = 4
_FEWEST = 4  # cells; fewer always lie near some motion


@dataclass(frozen=True)
class Consensus:
    """A motion of the reference onto the comparison, and how far each cell is from it.

    Attributes
    ----------
    rotation_deg, shift_um
        As in `Registration`.
    place_um : (K,) float64 array
        Distance of where each cell fell from where the motion puts it: first the cells of the
        reference, then those of the comparison. Of cells that were not measured: anything.
    angle_deg : (K,) float64 array
        Turn of each cell against the motion's, within 180 degrees.
    """

    rotation_deg: float
    shift_um: tuple[float, float]
    place_um: NDArray[np.float64]
    angle_deg: NDArray[np.float64]


def find_consensus(registration: Registration, params: DecideParams) -> Consensus:
    """Fit a rigid motion to the cells that follow the registration, then to those that follow it.

    Least squares over the cells of both directions (Kabsch's solution in the plane), each round
    over the cells that the last motion explains.
    """
    points = _Points.of(registration)
    rotation_deg, shift = registration.rotation_deg, np.array(registration.shift_um)
    slack = _FIRST_SLACK
    correlates = points.ccf >= params.min_ccf
    for _ in range(_ROUNDS - 1):
        place_um, angle_deg = points.distances(rotation_deg, shift)
        follows = correlates & (place_um <= slack * params.max_place_um)
        follows &= np.abs(angle_deg) <= slack * params.max_angle_deg
        if follows.sum() < _FEWEST:
            break
        rotation_deg, shift = _rigid_fit(points.reference[follows], points.comparison[follows])
        slack = 1.0
    place_um, angle_deg = points.distances(rotation_deg, shift)
    return Consensus(rotation_deg, (float(shift[0]), float(shift[1])), place_um, angle_deg)


@dataclass(frozen=True, eq=False)
class _Points:
    """Each cell as a pair of points, whichever side it was cut from, (K, 2) in um."""

    reference: NDArray[np.float64]
    comparison: NDArray[np.float64]
    rotation_deg: NDArray[np.float64]
    ccf: NDArray[np.float64]

    @classmethod
    def of(cls, registration: Registration) -> _Points:
        forward, backward = registration.forward, registration.backward
        return cls(
            np.concatenate([forward.center_um, backward.fell_um]),
            np.concatenate([forward.fell_um, backward.center_um]),
            np.concatenate([forward.rotation_deg, -backward.rotation_deg]),
            np.concatenate([forward.ccf, backward.ccf]),
        )

    def distances(
        self, rotation_deg: float, shift: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        away = self.comparison - (self.reference @ _turn(rotation_deg).T + shift)
        angle = (self.rotation_deg - rotation_deg + 180.0) % 360.0 - 180.0
        return np.hypot(away[:, 0], away[:, 1]), angle


def _rigid_fit(
    reference: NDArray[np.float64], comparison: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    middle_r, middle_c = reference.mean(axis=0), comparison.mean(axis=0)
    a, b = reference - middle_r, comparison - middle_c
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()
    rotation_deg = float(np.rad2deg(np.arctan2(sine, (a * b).sum())))
    return rotation_deg, middle_c - _turn(rotation_deg) @ middle_r


def _turn(angle_deg: float) -> NDArray[np.float64]:
    """(2, 2) matrix that turns (row, col) points counter-clockwise as displayed."""
    cosine, sine = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.array([[cosine, -sine], [sine, cosine]])
