"""The score of a pair, as a sum of parts that anyone can see and add up."""

from __future__ import annotations

import math

from ribin.model import ScorePart
from ribin.params import DecideParams


def score_parts(
    agreement: float, cmc_fraction: float, params: DecideParams
) -> tuple[ScorePart, ...]:
    """The parts; the score is the sum of their contributions, from about 0 to 100.

    Parameters
    ----------
    agreement : float
        Of all cells at one placement (`Registration.agreement`).
    cmc_fraction : float
        Congruent cells of those compared, 0 to 1.
    """
    together = 1.0 - math.exp(-((max(agreement, 0.0) / params.agreement_scale) ** 2))
    return (
        ScorePart("agreement of all cells", agreement, params.agreement_points * together),
        ScorePart("congruent cells", cmc_fraction, params.cmc_points * cmc_fraction),
    )
