"""Figures of how far known matches and known non-matches lie apart.

Every function takes two arrays of scores without NaN and answers NaN where a class is too small
for the figure. Higher scores mean more alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """The figures of one kind of score (`score`, `cmc` or `ccf`)."""

    known_match: int  # pairs that have this score
    known_non_match: int
    auc: float
    auc_ci95: tuple[float, float]  # bootstrap by firearm, see `evaluate.bootstrap`
    eer: float
    tpr_at_zero_fpr: float
    km_min: float
    km_median: float
    knm_median: float
    knm_max: float
    variance_ratio: float


def figures(km: Scores, knm: Scores, auc_ci95: tuple[float, float]) -> Figures:
    """All figures of known-match scores (K,) and known-non-match scores (N,)."""
    return Figures(
        known_match=km.size,
        known_non_match=knm.size,
        auc=area_under_curve(km, knm),
        auc_ci95=auc_ci95,
        eer=equal_error_rate(km, knm),
        tpr_at_zero_fpr=tpr_at_zero_fpr(km, knm),
        km_min=figure_of(np.min, km),
        km_median=figure_of(np.median, km),
        knm_median=figure_of(np.median, knm),
        knm_max=figure_of(np.max, knm),
        variance_ratio=variance_ratio(km, knm),
    )


def figure_of(summary: Callable[[Scores], Any], scores: Scores) -> float:
    """A figure of these scores, such as their lowest or their median; NaN where there are none."""
    return float(summary(scores)) if scores.size else np.nan


def area_under_curve(km: Scores, knm: Scores) -> float:
    """Chance that a known match scores above a known non-match, ties counted as half.

    By mean ranks (Mann and Whitney 1947, doi:10.1214/aoms/1177730491).
    """
    if not (km.size and knm.size):
        return np.nan
    ranks = rankdata(np.concatenate([km, knm]))
    above = ranks[: km.size].sum() - km.size * (km.size + 1) / 2
    return float(above / (km.size * knm.size))


def equal_error_rate(km: Scores, knm: Scores) -> float:
    """The rate at which as many known matches are missed as known non-matches are taken in.

    Read where straight lines between neighbouring thresholds cross.
    """
    if not (km.size and knm.size):
        return np.nan
    thresholds = np.append(np.unique(np.concatenate([km, knm])), np.inf)
    missed = np.searchsorted(np.sort(km), thresholds) / km.size  # below the threshold
    taken_in = 1.0 - np.searchsorted(np.sort(knm), thresholds) / knm.size  # at or above it
    excess = missed - taken_in  # rises from -1 to 1
    after = int(np.argmax(excess >= 0))
    before = after - 1
    share = -excess[before] / (excess[after] - excess[before])
    return float(missed[before] + share * (missed[after] - missed[before]))


def roc_curve(km: Scores, knm: Scores) -> tuple[Scores, Scores]:
    """Shares of the known non-matches and of the known matches at or above each threshold, (T,).

    From (0, 0), above every score, to (1, 1), at the lowest; empty where a class is empty.
    """
    if not (km.size and knm.size):
        return np.empty(0), np.empty(0)
    thresholds = np.append(np.unique(np.concatenate([km, knm])), np.inf)[::-1]
    taken_in = 1.0 - np.searchsorted(np.sort(knm), thresholds) / knm.size
    found = 1.0 - np.searchsorted(np.sort(km), thresholds) / km.size
    return taken_in, found


def tpr_at_zero_fpr(km: Scores, knm: Scores) -> float:
    """Share of the known matches above every known non-match."""
    if not (km.size and knm.size):
        return np.nan
    return float(np.mean(km > knm.max()))


def variance_ratio(km: Scores, knm: Scores) -> float:
    """Variance between the two classes over variance within them, as cmcR has it.

    The sum over the classes of (class mean - mean of the class means)^2, over the sum of the
    class variances (with n - 1), as in Zemmels, VanderPlas and Hofmann 2023.
    """
    if km.size < 2 or knm.size < 2:
        return np.nan
    means = np.array([km.mean(), knm.mean()])
    within = float(km.var(ddof=1) + knm.var(ddof=1))
    between = float(((means - means.mean()) ** 2).sum())
    return between / within if within > 0 else np.nan


# How sure an AUC is, when the firearms are the sample and not the pairs.
#
# Pairs of one firearm stand or fall together, so firearms are drawn, with replacement, as many as
# there are. A known match counts as often as its firearm was drawn, a known non-match as often as
# the product of its two firearms' counts: two copies of one firearm never make a known non-match.

RESAMPLES = 1000
_SEED = 20_230_501  # fixed: the same scores give the same interval


def auc_interval(
    scores: Scores,
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    firearms: int,
    resamples: int = RESAMPLES,
) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of the AUCs of resampled firearms.

    `scores`, (P,), has one a pair, without NaN; `first` and `second`, (P,), the firearm of either
    side, 0 to `firearms` - 1, equal for a known match. NaN where fewer than two firearms or no
    known match are there. Draws that leave no pair of one class are left out.
    """
    known_match = first == second
    if firearms < 2 or known_match.all() or not known_match.any():
        return (np.nan, np.nan)
    drawn = draw_firearms(firearms, resamples, _SEED)
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
    return central_interval(np.array(areas))


def draw_firearms(firearms: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(R, F) how often each firearm is drawn."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(firearms, np.full(firearms, 1 / firearms), size=resamples)


def central_interval(drawn: Scores) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of what was drawn, without NaN; NaN where nothing is left."""
    kept = drawn[~np.isnan(drawn)]
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


# At which rank a search among the labelled scans would have shown a mate.

DEPTH = 20  # ranks an examiner looks at


def mate_ranks(scores: NDArray[np.float64], firearm: NDArray[np.intp]) -> NDArray[np.float64]:
    """The rank of the best mate of each of the M scans that have one, (M,) float64, from 1.

    `scores`, (S, S), is symmetric, NaN where a pair was not compared; the diagonal is not looked
    at. `firearm`, (S,), is that of each scan. A rank is infinite where no mate was compared; a
    non-mate of equal score stands before the mate.
    """
    ranks = []
    for i, row in enumerate(scores):
        mate = firearm == firearm[i]
        mate[i] = False
        if not mate.any():
            continue
        others = row[firearm != firearm[i]]
        compared = row[mate & ~np.isnan(row)]
        ranks.append(1 + np.sum(others >= compared.max()) if compared.size else np.inf)
    return np.array(ranks, dtype=np.float64)


def rank_curve(ranks: NDArray[np.float64], depth: int = DEPTH) -> tuple[float, ...]:
    """Share of `ranks` at or above each rank from 1 to `depth`; NaN where there are none."""
    if not ranks.size:
        return (np.nan,) * depth
    return tuple(float(np.mean(ranks <= k)) for k in range(1, depth + 1))
