"""How far likelihood ratios may go, and how good they are.

Three bounds, each from the likelihood ratios of reference pairs: beyond them lies extrapolation,
and the narrowest counts. Then the figures of a validation, on pairs that nothing was fitted to.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ribin.evaluate.calibration import ReferencePairs, Values, fit_isotonic

_STEP = 0.01  # of log10 LR
_EXTREME = 9.0  # log10 LRs beyond it are taken for it
_IV_STEP = 0.001
_IV_EXTREME = 20.0 / np.log(10)


@dataclass(frozen=True)
class Bound:
    """The lowest and the highest log10 LR that one argument supports."""

    name: str
    lower: float
    upper: float


def bounds_of(
    log10_lrs: Values, mates: NDArray[np.bool_], firearms: int
) -> tuple[Bound, Bound, Bound]:
    """The three bounds of (P,) log10 LRs of reference pairs of so many firearms.

    The third allows one misleading firearm more than there are: pairs of one firearm stand or fall
    together, so firearms are counted and not pairs.
    """
    most = float(np.log10(firearms + 1))
    return (
        expected_utility_bound(log10_lrs, mates),
        invariance_bound(log10_lrs, mates),
        Bound("sources", -most, most),
    )


def expected_utility_bound(log10_lrs: Values, mates: NDArray[np.bool_]) -> Bound:
    """ELUB: where deciding by the LR costs more than deciding without, given one error more.

    Vergeer et al., Science and Justice 56 (2016), doi:10.1016/j.scijus.2016.06.003.
    """
    lrs = np.clip(log10_lrs, -_EXTREME, _EXTREME)
    lowest = max(lrs.min(), -np.log10(mates.sum() + 1))
    highest = min(lrs.max(), np.log10((~mates).sum() + 1))
    first, last = min(0, int(lowest // _STEP)), max(0, int(highest // _STEP) + 1)
    thresholds = np.linspace(first * _STEP, last * _STEP, last - first + 1)
    cost = 10.0**thresholds
    low, high = (np.searchsorted(np.sort(lrs[c]), thresholds, "right") for c in (mates, ~mates))
    missed = (low + 1) / (mates.sum() + 1)
    taken_in = 1.0 - high / ((~mates).sum() + 1)
    neutral = np.where(cost < 1.0, cost, 1.0)  # the LR is 1 whatever was found
    worse = neutral / (missed + cost * taken_in) < 1.0
    left, right = thresholds[worse & (thresholds <= 0)], thresholds[worse & (thresholds >= 0)]
    lower = np.max(left + _STEP, initial=thresholds[0])
    upper = np.min(right - _STEP, initial=thresholds[-1])
    return Bound("ELUB", min(float(lower), 0.0), max(float(upper), 0.0))


def invariance_bound(log10_lrs: Values, mates: NDArray[np.bool_]) -> Bound:
    """IV: as far as "this LR or a stronger one" is as strong as the LR says.

    Alberink et al., A transparent method to determine limit values for likelihood ratio systems
    (2025). Rates have half a pair added to each side (Jeffreys).
    """
    lrs = np.clip(log10_lrs, -_IV_EXTREME, _IV_EXTREME)
    lowest, highest = min(0.0, lrs.min()), max(0.0, lrs.max())
    thresholds = np.arange(lowest, highest + _IV_STEP, _IV_STEP)
    one, two = _share_above(lrs[mates], thresholds), _share_above(lrs[~mates], thresholds)
    upper_margin = np.log10(one) - np.log10(two) - thresholds
    lower_margin = thresholds - np.log10(1.0 - one) + np.log10(1.0 - two)
    too_high, too_low = np.flatnonzero(upper_margin < 0), np.flatnonzero(lower_margin < 0)
    upper = thresholds[max(too_high[0] - 1, 0)] if too_high.size else lrs[mates].max()
    last = len(thresholds) - 1
    lower = thresholds[min(too_low[-1] + 1, last)] if too_low.size else lrs[~mates].min()
    return Bound("IV", min(float(lower), 0.0), max(float(upper), 0.0))


def _share_above(lrs: Values, thresholds: Values) -> Values:
    below = np.searchsorted(np.sort(lrs), thresholds, side="left")
    return np.asarray((len(lrs) - below + 0.5) / (len(lrs) + 1.0), dtype=np.float64)


# How good likelihood ratios are, on pairs that they were not fitted to.


def cllr(log10_lrs: Values, mates: NDArray[np.bool_]) -> float:
    """Cost of log likelihood ratios: 0 for perfect ones, 1 for ones that say nothing.

    Brümmer and du Preez, Computer Speech and Language 20 (2006), doi:10.1016/j.csl.2005.08.001.
    """
    nats = log10_lrs * np.log(10)
    missed = np.logaddexp(0.0, -nats[mates]).mean()
    taken_in = np.logaddexp(0.0, nats[~mates]).mean()
    return float((missed + taken_in) / 2 / np.log(2))


def cllr_min(log10_lrs: Values, mates: NDArray[np.bool_]) -> float:
    """Cllr after the best monotone recalibration on the same pairs: what discrimination allows."""
    return cllr(recalibrated(log10_lrs, mates), mates)


def recalibrated(log10_lrs: Values, mates: NDArray[np.bool_]) -> Values:
    """The best monotone recalibration on the same pairs."""
    return fit_isotonic(ReferencePairs(log10_lrs, mates, np.ones(len(mates))))(log10_lrs)


def dev_pav(log10_lrs: Values, mates: NDArray[np.bool_]) -> float:
    """Mean distance between the LRs and their best recalibration, on the log10 scale.

    The area between the two, over the range in which the recalibrated LR is finite; NaN where it
    is finite nowhere. Vergeer et al., Law, Probability and Risk 20 (2021), doi:10.1093/lpr/mgab004.
    """
    best = recalibrated(log10_lrs, mates)
    finite = np.isfinite(best) & np.isfinite(log10_lrs)
    curve = np.unique(np.column_stack([log10_lrs, best])[finite], axis=0)
    if not len(curve):
        return float("nan")
    if len(curve) == 1:
        return float(abs(curve[0, 1] - curve[0, 0]))
    area = sum(_area(x2 - x1, y1 - x1, y2 - x2) for (x1, y1), (x2, y2) in pairwise(curve.tolist()))
    return float(area / (curve[-1, 0] - curve[0, 0]))


def _area(width: float, first: float, last: float) -> float:
    """Area between a straight line of differences and zero."""
    if first * last >= 0:
        return width * (abs(first) + abs(last)) / 2
    return width * (first**2 + last**2) / (2 * (abs(first) + abs(last)))


def cross_entropy(log10_lrs: Values, mates: NDArray[np.bool_], log10_odds: Values) -> Values:
    """(N,) empirical cross-entropies in bits at (N,) prior odds (Ramos 2007)."""
    nats = np.log(10) * (log10_lrs[:, None] + log10_odds)
    chance = 1.0 / (1.0 + 10.0**-log10_odds)
    missed = np.logaddexp(0.0, -nats[mates]).mean(axis=0) * chance
    taken_in = np.logaddexp(0.0, nats[~mates]).mean(axis=0) * (1.0 - chance)
    return (missed + taken_in) / np.log(2)
