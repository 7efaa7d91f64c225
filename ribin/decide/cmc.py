"""Congruent matching cells: those that correlate, in the place and at the angle of the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.comparison import CellFit, PlacedCells, Registration
from ribin.decide.consensus import Consensus
from ribin.params import DecideParams

REASONS = ("surface", "correlation", "place", "angle", "")  # why not congruent; the first counts


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
    place_um, angle_deg = consensus.place_um[own][:last], consensus.angle_deg[own][:last]
    rows = zip(
        _points(cells.center_um[:last]),
        _points((cells.fell_um - cells.center_um)[:last]),
        cells.rotation_deg[:last].tolist(),
        cells.ccf[:last].tolist(),
        cells.fill[:last].tolist(),
        _reasons(cells.ccf[:last], place_um, angle_deg, params),
        strict=True,
    )
    return [
        CellFit(direction, center, moved, turn, ccf, fill, not reason, reason)
        for center, moved, turn, ccf, fill, reason in rows
    ]


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


def _points(points_um: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(row, col) for row, col in points_um.tolist()]


def _reasons(
    ccf: NDArray[np.float64],
    place_um: NDArray[np.float64],
    angle_deg: NDArray[np.float64],
    params: DecideParams,
) -> list[str]:
    """The first limit that each cell misses, or nothing."""
    missed = [
        np.isnan(ccf),
        ccf < params.min_ccf,
        place_um > params.max_place_um,
        np.abs(angle_deg) > params.max_angle_deg,
    ]
    first = np.argmax([*missed, np.ones(len(ccf), np.bool_)], axis=0)
    return [REASONS[k] for k in first.tolist()]
