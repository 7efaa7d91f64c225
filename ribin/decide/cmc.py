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

from ribin.comparison import CellFit, PlacedCells, Registration, RigidMotion
from ribin.params.defaults import DecideParams
from ribin.surface._jit import kernel

REASONS = ("surface", "correlation", "place", "angle", "")  # why not congruent; the first counts
_FIRST_SLACK = 1.5  # the placement of whole marks is coarser than the motion fitted to cells
_ROUNDS = 4
_FEWEST = 4  # cells; fewer always lie near some motion


# The motion, and back: each is computed as the other would be of the marks in the other order.


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
def _sum_points(one, two, chosen, sums):
    """Sums of the chosen points of both."""
    sums[:] = 0.0
    for k in range(one.shape[0]):
        if chosen[k]:
            for axis in range(2):
                sums[axis] += one[k, axis]
                sums[2 + axis] += two[k, axis]


@kernel
def _sum_products(one, two, chosen, middle, sums):
    """Cross and dot products of the chosen points, from the middle of each."""
    sums[:] = 0.0
    for k in range(one.shape[0]):
        if chosen[k]:
            a_row, a_col = one[k, 0] - middle[0], one[k, 1] - middle[1]
            b_row, b_col = two[k, 0] - middle[2], two[k, 1] - middle[3]
            sums[0] += a_row * b_col - a_col * b_row
            sums[1] += a_row * b_row + a_col * b_col


@kernel
def _set_motion(turn_rad, one, two, motion):
    """The turn, and the shift that then brings one point to the other."""
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    motion[0] = np.rad2deg(turn_rad)
    motion[1] = two[0] - (cosine * one[0] - sine * one[1])
    motion[2] = two[1] - (sine * one[0] + cosine * one[1])


@kernel
def _choose(ccf, place_um, angle_deg, limits, slack, chosen):
    number = 0
    for k in range(chosen.shape[0]):
        near = place_um[k] <= slack * limits[0] and abs(angle_deg[k]) <= slack * limits[1]
        chosen[k] = ccf[k] >= limits[2] and near
        number += chosen[k]
    return number


@kernel
def _follow(forward, backward, limits, motions, places_um, angles_deg):
    """Fit the motion to the cells that it explains, some times over (Kabsch).

    A side is the centres of its cells, where they fell, their turns and correlations. Sums over one
    side are added to those over the other, so that their order does not count.
    """
    center, fell, turned, ccf = forward
    other_center, other_fell, other_turned, other_ccf = backward
    chosen = np.empty(ccf.shape, np.bool_)
    other_chosen = np.empty(other_ccf.shape, np.bool_)
    sums, other_sums, middle = np.empty(4), np.empty(4), np.empty(4)
    products, other_products = np.empty(2), np.empty(2)
    slack = _FIRST_SLACK
    for _ in range(_ROUNDS - 1):
        _distances(center, fell, turned, motions[0], places_um[0], angles_deg[0])
        _distances(other_center, other_fell, other_turned, motions[1], places_um[1], angles_deg[1])
        number = _choose(ccf, places_um[0], angles_deg[0], limits, slack, chosen)
        number += _choose(other_ccf, places_um[1], angles_deg[1], limits, slack, other_chosen)
        if number < _FEWEST:
            break
        _sum_points(center, fell, chosen, sums)
        _sum_points(other_center, other_fell, other_chosen, other_sums)
        for axis in range(4):
            middle[axis] = (sums[axis] + other_sums[(axis + 2) % 4]) / number
        _sum_products(center, fell, chosen, middle, products)
        middle[0], middle[1], middle[2], middle[3] = middle[2], middle[3], middle[0], middle[1]
        _sum_products(other_center, other_fell, other_chosen, middle, other_products)
        turn = np.arctan2(products[0] - other_products[0], products[1] + other_products[1])
        _set_motion(turn, middle[2:], middle[:2], motions[0])
        _set_motion(-turn, middle[:2], middle[2:], motions[1])
        slack = 1.0
    _distances(center, fell, turned, motions[0], places_um[0], angles_deg[0])
    _distances(other_center, other_fell, other_turned, motions[1], places_um[1], angles_deg[1])


@dataclass(frozen=True)
class Consensus:
    """A motion of the reference onto the comparison (see `Registration`), and the cells against it.

    Of the cells of either side, forward and backward: how far from where the motion puts each it
    fell, and its turn against the motion's, within 180 degrees. Of cells that were not measured,
    both may be anything.
    """

    motion: RigidMotion
    place_um: tuple[NDArray[np.float64], NDArray[np.float64]]
    angle_deg: tuple[NDArray[np.float64], NDArray[np.float64]]


def find_consensus(registration: Registration, params: DecideParams) -> Consensus:
    """Fit a rigid motion to the cells that follow the registration, then to those that follow it.

    Least squares over the cells of both directions, each round over the cells that the last
    motion explains.
    """
    sides = registration.forward, registration.backward
    cells = [(side.center_um, side.fell_um, side.rotation_deg, side.ccf) for side in sides]
    limits = params.max_place_um, params.max_angle_deg, params.min_ccf
    motions = np.array(
        [(m.rotation_deg, *m.shift_um) for m in (registration.ahead, registration.back)]
    )
    place_um = np.empty(len(sides[0].ccf)), np.empty(len(sides[1].ccf))
    angle_deg = np.empty(len(sides[0].ccf)), np.empty(len(sides[1].ccf))
    _follow(*cells, limits, motions, place_um, angle_deg)
    rotation_deg, row, col = motions[0].tolist()
    return Consensus(RigidMotion(rotation_deg, (row, col)), place_um, angle_deg)


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
    forward = _judge_side("forward", registration.forward, consensus, 0, params)
    backward = _judge_side("backward", registration.backward, consensus, 1, params)
    return (*forward, *backward)


def _judge_side(
    direction: str, cells: PlacedCells, consensus: Consensus, side: int, params: DecideParams
) -> list[CellFit]:
    measured = np.isfinite(cells.ccf)
    last = int(np.searchsorted(np.cumsum(measured), params.cells_a_side)) + 1
    ccf, center_um = cells.ccf[:last], cells.center_um[:last]
    place_um, angle_deg = consensus.place_um[side][:last], consensus.angle_deg[side][:last]
    missed = np.empty(len(ccf), np.int64)
    limits = params.min_ccf, params.max_place_um, params.max_angle_deg
    _first_missed(ccf, place_um, angle_deg, limits, missed)
    shift_um = cells.fell_um[:last] - center_um
    rows = zip(
        repeat(direction),
        zip(*center_um.T.tolist(), strict=True),
        zip(*shift_um.T.tolist(), strict=True),
        cells.rotation_deg[:last].tolist(),
        ccf.tolist(),
        cells.fill[:last].tolist(),
        (missed == len(REASONS) - 1).tolist(),
        map(REASONS.__getitem__, missed.tolist()),
        strict=False,
    )
    return list(map(tuple.__new__, repeat(CellFit), rows))  # a third of the time of `CellFit(...)`


def compared_cells(fits: tuple[CellFit, ...]) -> int:
    """Cells that enough surface was measured for on both sides."""
    return sum(fit.reason != "surface" for fit in fits)


def congruent_cells(fits: tuple[CellFit, ...]) -> int:
    """The CMC count over both directions."""
    return sum(fit.congruent for fit in fits)
