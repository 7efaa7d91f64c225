"""Congruent matching cells: those that correlate, in the place and at the angle of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ribin.decide.consensus import Consensus
from ribin.model import CellFit, Registration
from ribin.params import DecideParams


def judged_cells(
    registration: Registration, consensus: Consensus, params: DecideParams
) -> tuple[CellFit, ...]:
    """Say of each cell whether it is congruent, or the first reason why it is not.

    Of each mark the first `params.cells_a_side` cells that could be compared are judged; cells
    come in an order that spreads them evenly, so a small overlap does not change how many there
    are. A cell is congruent if its correlation, its place and its angle are within the limits
    (Song 2013, doi:10.1016/j.forsciint.2013.07.019, with the thresholds of `DecideParams`).
    """
    judged = []
    left = {"forward": params.cells_a_side, "backward": params.cells_a_side}
    for fit, place_um, angle_deg in zip(
        registration.cell_fits, consensus.place_um, consensus.angle_deg, strict=True
    ):
        if left[fit.direction] == 0:
            continue
        reason = fit.reason or _reason(fit.ccf, float(place_um), float(angle_deg), params)
        judged.append(replace(fit, congruent=not reason, reason=reason))
        left[fit.direction] -= fit.reason == ""
    return tuple(judged)


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
    if ccf < params.min_ccf:
        return "correlation"
    if place_um > params.max_place_um:
        return "place"
    if abs(angle_deg) > params.max_angle_deg:
        return "angle"
    return ""
