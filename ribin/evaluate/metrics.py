"""Figures of how far known matches and known non-matches lie apart.

Every function takes two arrays of scores without NaN and answers NaN where a class is too small
for the figure. Higher scores mean more alike.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        km_min=float(km.min()) if km.size else np.nan,
        km_median=float(np.median(km)) if km.size else np.nan,
        knm_median=float(np.median(knm)) if knm.size else np.nan,
        knm_max=float(knm.max()) if knm.size else np.nan,
        variance_ratio=variance_ratio(km, knm),
    )


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
    """Shares of the known non-matches and of the known matches at or above each threshold.

    Returns
    -------
    (T,) float64 array, (T,) float64 array
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
