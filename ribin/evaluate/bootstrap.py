"""How sure an AUC is, when the firearms are the sample and not the pairs.

Pairs of one firearm stand or fall together, so firearms are drawn, with replacement, as many as
there are. A known match counts as often as its firearm was drawn, a known non-match as often as
the product of its two firearms' counts: two copies of one firearm never make a known non-match.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ribin.evaluate.metrics import Scores

RESAMPLES = 1000
_SEED = 20_230_501  # fixed: the same scores give the same interval


def auc_interval(
    scores: Scores,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    firearms: int,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """The central 95 % of the AUCs of resampled firearms.

    Parameters
    ----------
    scores : (P,) float64 array
        One score a pair, without NaN.
    first, second : (P,) integer arrays
        The firearm of either side, 0 to `firearms` - 1; equal for a known match.

    Returns
    -------
    (float, float)
        The 2.5th and 97.5th percentile; NaN where fewer than two firearms or no known match are
        there. Draws that leave no pair of one class are left out.
    """
    known_match = first == second
    if firearms < 2 or known_match.all() or not known_match.any():
        return (np.nan, np.nan)
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(firearms, np.full(firearms, 1 / firearms), size=resamples)
    order = np.argsort(scores, kind="stable")
    group = np.unique(scores[order], return_inverse=True)[1]  # equal scores share a step
    first, second, known_match = first[order], second[order], known_match[order]
    areas = [
        _weighted_area(
            group,
            np.where(known_match, counts[first], 0),
            np.where(known_match, 0, counts[first] * counts[second]),
        )
        for counts in drawn
    ]
    kept = np.array([a for a in areas if not np.isnan(a)])
    if not kept.size:
        return (np.nan, np.nan)
    low, high = np.percentile(kept, [2.5, 97.5])
    return (float(low), float(high))


def _weighted_area(
    group: NDArray[np.intp], km_weight: NDArray[np.int64], knm_weight: NDArray[np.int64]
) -> float:
    """AUC of weighted pairs in rising order, where equal `group` means an equal score."""
    km = np.bincount(group, weights=km_weight)
    knm = np.bincount(group, weights=knm_weight)
    total = km.sum() * knm.sum()
    below = np.cumsum(knm) - knm
    return float((km * (below + knm / 2)).sum() / total) if total else np.nan
