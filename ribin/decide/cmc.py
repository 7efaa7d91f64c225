"""Congruent matching cells: those that correlate, in the place and at the angle of the others."""

from __future__ import annotations

from itertools import repeat

import numpy as np

from ribin.comparison import CellFit, PlacedCells, Registration
from ribin.decide.consensus import Consensus
from ribin.params.defaults import DecideParams
from ribin.surface._jit import kernel

REASONS = ("surface", "correlation", "place", "angle", "")  # why not congruent; the first counts


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


def judged_cells(
    registration: Registration, consensus: Consensus, params: DecideParams
) -> tuple[CellFit, ...]:
    """Say of each cell whether it is congruent, or the first reason why it is not.

    Of each mark the first `params.cells_a_side` cells that could be compared are judged; cells
    come in an order that spreads them evenly, so a small overlap does not change how many there
    are. A cell is congruent if its correlation, its place and its angle are within the limits
    (Song 2013; the thresholds of `DecideParams`).
    """
    ahead = len(registration.forward.ccf)
    forward = _judged("forward", registration.forward, consensus, slice(None, ahead), params)
    backward = _judged("backward", registration.backward, consensus, slice(ahead, None), params)
    return (*forward, *backward)


def _judged(
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


def mean_congruent_ccf(fits: tuple[CellFit, ...]) -> float:
    """Mean correlation of the congruent cells; NaN where there are none."""
    found = [fit.ccf for fit in fits if fit.congruent]
    return float(np.mean(found)) if found else float("nan")
