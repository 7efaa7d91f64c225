"""Congruent matching cells: those that correlate, in the place and at the angle of the others.

First the one rigid motion that most cells of both marks followed is found, then each cell is judged
against it (Song 2013). A motion is a turn in degrees and a shift (row, col): rows and columns turn
counter-clockwise as displayed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import CellFit, PlacedCells, Registration
from ribin.params.defaults import DecideParams
from ribin.surface._jit import kernel

REASONS = ("surface", "correlation", "place", "angle", "")  # why not congruent; the first counts
_FIRST_SLACK = 1.5  # the placement of whole marks is coarser than the motion fitted to cells
_ROUNDS = 4
_FEWEST = 4  # cells; fewer always lie near some motion


# The motion.


@kernel
def _distances(one, two, turned_deg, motion, place_um, angle_deg):
    """How far each pair of points is from a motion, and how far its turn."""
    cosine, sine = np.cos(np.deg2rad(motion[0])), np.sin(np.deg2rad(motion[0]))
    for k in range(one.shape[0]):
        row = two[k, 0] - (cosine * one[k, 0] - sine * one[k, 1] + motion[1])
        col = two[k, 1] - (sine * one[k, 0] + cosine * one[k, 1] + motion[2])
        place_um[k] = np.sqrt(row * row + col * col)
        angle_deg[k] = (turned_deg[k] - motion[0] + 180.0) % 360.0 - 180.0


@kernel
def _fit_rigid(one, two, chosen, motion):
    """The motion that takes the chosen points of one nearest to those of two (Kabsch)."""
    middle = np.zeros((2, 2))
    number = 0
    for k in range(one.shape[0]):
        if chosen[k]:
            number += 1
            for axis in range(2):
                middle[0, axis] += one[k, axis]
                middle[1, axis] += two[k, axis]
    middle /= number
    across, along = 0.0, 0.0
    for k in range(one.shape[0]):
        if chosen[k]:
            a_row, a_col = one[k, 0] - middle[0, 0], one[k, 1] - middle[0, 1]
            b_row, b_col = two[k, 0] - middle[1, 0], two[k, 1] - middle[1, 1]
            across += a_row * b_col - a_col * b_row
            along += a_row * b_row + a_col * b_col
    turn = np.arctan2(across, along)
    cosine, sine = np.cos(turn), np.sin(turn)
    motion[0] = np.rad2deg(turn)
    motion[1] = middle[1, 0] - (cosine * middle[0, 0] - sine * middle[0, 1])
    motion[2] = middle[1, 1] - (sine * middle[0, 0] + cosine * middle[0, 1])


@kernel
def _follow(one, two, turned_deg, correlates, limits, motion, place_um, angle_deg):
    """Fit the motion to the pairs that it explains, some times over."""
    chosen = np.empty(correlates.shape, np.bool_)
    slack = _FIRST_SLACK
    _distances(one, two, turned_deg, motion, place_um, angle_deg)
    for _ in range(_ROUNDS - 1):
        number = 0
        for k in range(chosen.shape[0]):
            near = place_um[k] <= slack * limits[0] and abs(angle_deg[k]) <= slack * limits[1]
            chosen[k] = correlates[k] and near
            number += chosen[k]
        if number < _FEWEST:
            break
        _fit_rigid(one, two, chosen, motion)
        _distances(one, two, turned_deg, motion, place_um, angle_deg)
        slack = 1.0


@dataclass(frozen=True)
class Consensus:
    """A motion of the reference onto the comparison (see `Registration`), and the cells against it.

    The cells of the reference stand before those of the comparison. Of cells that were not
    measured, distance and angle may be anything.
    """

    rotation_deg: float
    shift_um: tuple[float, float]
    place_um: NDArray[np.float64]  # (K,) from where the motion puts each cell to where it fell
    angle_deg: NDArray[np.float64]  # (K,) turn against the motion's, within 180 degrees


def find_consensus(registration: Registration, params: DecideParams) -> Consensus:
    """Fit a rigid motion to the cells that follow the registration, then to those that follow it.

    Least squares over the cells of both directions, each round over the cells that the last
    motion explains.
    """
    forward, backward = registration.forward, registration.backward
    # Each cell is a pair of points, whichever side it was cut from.
    reference = np.concatenate([forward.center_um, backward.fell_um])
    comparison = np.concatenate([forward.fell_um, backward.center_um])
    turned_deg = np.concatenate([forward.rotation_deg, -backward.rotation_deg])
    correlates = np.concatenate([forward.ccf, backward.ccf]) >= params.min_ccf
    limits = params.max_place_um, params.max_angle_deg
    motion = np.array([registration.rotation_deg, *registration.shift_um])
    place_um, angle_deg = np.empty(len(correlates)), np.empty(len(correlates))
    _follow(reference, comparison, turned_deg, correlates, limits, motion, place_um, angle_deg)
    rotation_deg, row, col = motion.tolist()
    return Consensus(rotation_deg, (row, col), place_um, angle_deg)


# The cells against it.


@kernel
def _first_missed(ccf, place_um, angle_deg, limits, out):
    """Which of `REASONS` holds for each cell."""
    for k in range(ccf.shape[0]):
        if np.isnan(ccf[k]):
            out[k] = 0
        elif ccf[k] < limits[0]:
            out[k] = 1
        elif place_um[k] > limits[1]:
            out[k] = 2
        elif abs(angle_deg[k]) > limits[2]:
            out[k] = 3
        else:
            out[k] = 4


def judge_cells(
    registration: Registration, consensus: Consensus, params: DecideParams
) -> tuple[CellFit, ...]:
    """Say of each cell whether it is congruent, or the first reason why it is not.

    Of each mark the first `params.cells_a_side` cells that could be compared are judged; cells
    come in an order that spreads them evenly, so a small overlap does not change how many there
    are. A cell is congruent if its correlation, its place and its angle are within the limits
    (Song 2013; the thresholds of `DecideParams`).
    """
    ahead = len(registration.forward.ccf)
    forward = _judge_side("forward", registration.forward, consensus, slice(None, ahead), params)
    backward = _judge_side("backward", registration.backward, consensus, slice(ahead, None), params)
    return (*forward, *backward)


def _judge_side(
    direction: str, cells: PlacedCells, consensus: Consensus, own: slice, params: DecideParams
) -> list[CellFit]:
    measured = np.isfinite(cells.ccf)
    last = int(np.searchsorted(np.cumsum(measured), params.cells_a_side)) + 1
    ccf, center_um = cells.ccf[:last], cells.center_um[:last]
    place_um, angle_deg = consensus.place_um[own][:last], consensus.angle_deg[own][:last]
    missed = np.empty(len(ccf), np.int64)
    limits = params.min_ccf, params.max_place_um, params.max_angle_deg
    _first_missed(ccf, place_um, angle_deg, limits, missed)
    return list(
        map(
            CellFit,
            repeat(direction),
            map(tuple, center_um.tolist()),
            map(tuple, (cells.fell_um[:last] - center_um).tolist()),
            cells.rotation_deg[:last].tolist(),
            ccf.tolist(),
            cells.fill[:last].tolist(),
            (missed == len(REASONS) - 1).tolist(),
            map(REASONS.__getitem__, missed.tolist()),
        )
    )


def compared_cells(fits: tuple[CellFit, ...]) -> int:
    """Cells that enough surface was measured for on both sides."""
    return sum(fit.reason != "surface" for fit in fits)


def congruent_cells(fits: tuple[CellFit, ...]) -> int:
    """The CMC count over both directions."""
    return sum(fit.congruent for fit in fits)
