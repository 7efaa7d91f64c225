"""Congruent matching cells: those that correlate, in the place and at the angle of the others."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ribin.comparison import CellFit, PlacedCells, Registration
from ribin.decide.consensus import Consensus
from ribin.params import DecideParams


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
) -> Iterator[CellFit]:
    measured = np.isfinite(cells.ccf)
    last = int(np.searchsorted(np.cumsum(measured), params.cells_a_side)) + 1
    shift = cells.fell_um - cells.center_um
    rows = zip(
        cells.center_um[:last].tolist(),
        shift[:last].tolist(),
        cells.rotation_deg[:last].tolist(),
        cells.ccf[:last].tolist(),
        cells.fill[:last].tolist(),
        consensus.place_um[own].tolist(),
        consensus.angle_deg[own].tolist(),
        strict=False,
    )
    for center, moved, turn, ccf, fill, place_um, angle_deg in rows:
        reason = _reason(ccf, place_um, angle_deg, params)
        yield CellFit(direction, tuple(center), tuple(moved), turn, ccf, fill, not reason, reason)


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


def _reason(ccf: float, place_um: float, angle_deg: float, params: DecideParams) -> str:
    if math.isnan(ccf):
        return "surface"
    if ccf < params.min_ccf:
        return "correlation"
    if place_um > params.max_place_um:
        return "place"
    if abs(angle_deg) > params.max_angle_deg:
        return "angle"
    return ""
