"""The score of a pair, as a sum of parts that anyone can see and add up."""

from __future__ import annotations

import math

from ribin.comparison import ScorePart
from ribin.params.defaults import DecideParams


def score_parts(
    agreement: float, whole: float, cmc_fraction: float, params: DecideParams
) -> tuple[ScorePart, ...]:
    """The parts; the score is the sum of their contributions, from 0 to 100.

    Parameters
    ----------
    agreement, whole : float
        Of all cells at one placement, and of the whole marks: see `Registration`.
    cmc_fraction : float
        Congruent cells of those compared, 0 to 1.
    """
    return (
        ScorePart(
            "agreement of all cells",
            agreement,
            params.agreement_points * _saturating(agreement / params.agreement_scale),
        ),
        ScorePart(
            "whole marks", whole, params.whole_points * _saturating(whole / params.whole_scale)
        ),
        ScorePart("congruent cells", cmc_fraction, params.cmc_points * cmc_fraction),
    )


def _saturating(x: float) -> float:
    """0 for 0 and below, 0.63 at 1, 0.98 at 2: chance stays near 0, and enough is enough."""
    return 1.0 - math.exp(-(max(x, 0.0) ** 2))
