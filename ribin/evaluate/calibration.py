"""From a score to log10 of a likelihood ratio: four methods, each fitted to reference pairs.

A likelihood ratio says how many times more probable a score is where both marks are of one firearm
than where they are of two. Every method takes weights, so that firearms can be drawn anew.
Extrapolation has no bound in a method: three arguments give one, and the narrowest counts. Then
come the figures of likelihood ratios, for pairs that nothing was fitted to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError

Values = NDArray[np.float64]
# (N,) log10 LRs of (N,) values as `ReferencePairs` has them; infinite where a method has no limit.
Calibration = Callable[[Values], Values]

_CHUNK = 2_000_000  # kernel values at a time
_KNOTS = 1001  # at more places than these, a density is read from a cubic spline through them
_STEPS = 100  # of Newton's method; a fit that has an optimum takes about ten
_SETTLED = 1e-10
_BOUND_STEP = 0.01  # of log10 LR
_EXTREME = 9.0  # log10 LRs beyond it are taken for it
_IV_STEP = 0.001
_IV_EXTREME = 20.0 / np.log(10)


class CalibrationMethod(StrEnum):
    """How scores become likelihood ratios."""

    LOGISTIC = "logistic"
    DENSITY = "density"
    ISOTONIC = "isotonic"
    COUNTS = "counts"


@dataclass(frozen=True, eq=False)
class ReferencePairs:
    """Scores of reference pairs, and how much each counts.

    `values`: (P,), on an unbounded scale (`on_logit_scale`); (P, M) where M mark types are fused;
    or (P, 2), congruent cells beside all.
    """

    values: Values
    mates: NDArray[np.bool_]  # (P,), True for a known match
    weights: Values  # (P,), one, or how often a pair was drawn where firearms were drawn anew

    @classmethod
    def of(cls, values: Values, mates: NDArray[np.bool_]) -> ReferencePairs:
        """Pairs that count once each; ParameterError: a class is empty, a value not finite."""
        if not (mates.any() and not mates.all()):
            raise ParameterError(
                f"reference pairs: known matches and known non-matches needed, found {mates.sum()} "
                f"and {(~mates).sum()}"
            )
        if not np.isfinite(values).all():
            raise ParameterError("reference pairs: finite scores needed")
        return cls(values, mates, np.ones(len(values)))

    def weighted(self, weights: Values) -> ReferencePairs:
        """The same pairs, each as often as it was drawn; those not drawn are left out."""
        drawn = weights > 0
        return ReferencePairs(self.values[drawn], self.mates[drawn], weights[drawn])

    def balanced(self) -> Values:
        """Weights with which both classes sum up to half of the number of pairs."""
        total, of_mates = self.weights.sum(), self.weights[self.mates].sum()
        share = np.where(self.mates, total / (2 * of_mates), total / (2 * (total - of_mates)))
        return self.weights * share


def fit(method: CalibrationMethod, pairs: ReferencePairs) -> Calibration:
    """Fit one method to reference pairs.

    Raises ParameterError: the pairs do not determine the method. Classes that do not overlap have
    no logistic curve, classes of one value no density, counts need the number of cells.
    """
    fits: dict[CalibrationMethod, Callable[[ReferencePairs], Calibration]] = {
        CalibrationMethod.LOGISTIC: fit_logistic,
        CalibrationMethod.DENSITY: fit_density,
        CalibrationMethod.ISOTONIC: fit_isotonic,
        CalibrationMethod.COUNTS: fit_counts,
    }
    return fits[method](pairs)


def on_logit_scale(scores: Values, lowest: float, highest: float) -> Values:
    """Bounded scores as log10(u / (1 - u)), where u is the place between the two bounds.

    A score at a bound is taken for a thousandth of the range inside it: it is a rounded one.
    """
    share = np.clip((scores - lowest) / (highest - lowest), 1e-3, 1 - 1e-3)
    return np.log10(share / (1.0 - share))


def fit_logistic(pairs: ReferencePairs, penalty: float = 0.0) -> Calibration:
    """Logistic regression in which both classes count alike, by Newton's method.

    Half of the penalty times the squared slopes is added to the loss; 0 is maximum likelihood, and
    then classes that do not overlap have no optimum (ParameterError). Several mark types have a
    slope each, which fuses them (Brümmer et al., IEEE Transactions on Audio, Speech, and Language
    Processing 15 (2007), doi:10.1109/TASL.2007.902870); a negative one is a ParameterError: a
    higher score would speak against one firearm.
    """
    values, mates = pairs.values.reshape(len(pairs.values), -1), pairs.mates
    marks = values.shape[1]
    balance = pairs.balanced()
    centre, scale = values.mean(axis=0), values.std(axis=0)
    scale[scale == 0] = 1.0
    x = np.column_stack([(values - centre) / scale, np.ones(len(values))])
    ridge = np.diag([*(penalty / scale**2), 0.0])
    found = np.zeros(marks + 1)
    if marks == 1 and not penalty:
        _check_overlap(values[:, 0], mates)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ found, -500, 500)))
        gradient = x.T @ (balance * (mates - chance)) - ridge @ found
        curve = (x * (balance * chance * (1 - chance))[:, None]).T @ x + ridge
        step = np.linalg.solve(curve + 1e-12 * np.eye(marks + 1), gradient)
        found = found + step * min(1.0, 5.0 / float(np.abs(step).max() or 1.0))
        if np.abs(step).max() < _SETTLED:
            break
    slopes = found[:-1] / scale / np.log(10)
    offset = found[-1] / np.log(10) - slopes @ centre
    if marks > 1 and not penalty:
        _check_overlap(values @ slopes, mates)
    if slopes.min() < 0:
        raise ParameterError("logistic: a slope of 0 or more needed for each mark type")
    return lambda at: np.asarray(at.reshape(-1, marks) @ slopes + offset, dtype=np.float64)


def _check_overlap(values: Values, mates: NDArray[np.bool_]) -> None:
    if values[mates].min() > values[~mates].max():
        raise ParameterError(
            "logistic: scores of known matches and known non-matches that overlap needed, found "
            f"{values[~mates].max():g} at most and {values[mates].min():g} at least, on "
            "the scale without ends"
        )


def fit_density(pairs: ReferencePairs) -> Calibration:
    """The ratio of two Gaussian kernel densities, of bandwidths by Silverman's rule.

    Silverman, Density Estimation (1986), eq. 3.28: (4 / 3n)^(1/5) standard deviations.
    """
    classes = []
    for rows in (pairs.mates, ~pairs.mates):
        values, weights = pairs.values[rows], pairs.weights[rows]
        total = float(weights.sum())
        mean = float((weights * values).sum()) / total
        deviation = float(np.sqrt((weights * (values - mean) ** 2).sum() / total))
        classes.append((values, weights, deviation * (4.0 / (3.0 * total)) ** 0.2))
        if deviation <= 0:
            raise ParameterError("density: scores of more than one value needed in each class")

    def log10_lr(at: Values) -> Values:
        if len(at) > _KNOTS and np.ptp(at) > 0:
            from scipy.interpolate import CubicSpline  # only here: most commands need no scipy

            knots = np.linspace(at.min(), at.max(), _KNOTS)
            return np.asarray(CubicSpline(knots, log10_lr(knots))(at), dtype=np.float64)
        above, below = (_log_density(at, *one) for one in classes)
        return (above - below) / np.log(10)

    return log10_lr


def _log_density(at: Values, values: Values, weights: Values, bandwidth: float) -> Values:
    """Natural logarithm of a weighted Gaussian kernel density at (N,) places."""
    result = np.empty(len(at))
    rows = max(1, _CHUNK // max(1, len(values)))
    norm = np.log(weights.sum() * bandwidth * np.sqrt(2 * np.pi))
    for start in range(0, len(at), rows):
        exponent = -0.5 * ((at[start : start + rows, None] - values) / bandwidth) ** 2
        highest = exponent.max(axis=1)
        total = np.exp(exponent - highest[:, None]) @ weights
        result[start : start + rows] = highest + np.log(total) - norm
    return result


def fit_isotonic(pairs: ReferencePairs) -> Calibration:
    """Pool adjacent violators, both classes counting alike; straight lines between the steps.

    Brümmer and du Preez, Computer Speech and Language 20 (2006), doi:10.1016/j.csl.2005.08.001.
    """
    places, group = np.unique(pairs.values, return_inverse=True)
    weights = pairs.balanced()
    total, above = np.bincount(group, weights), np.bincount(group, weights * pairs.mates)
    blocks: list[list[float]] = []  # weight of known matches, weight in all, places
    for one, both in zip(above, total, strict=True):
        blocks.append([one, both, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    chances = np.repeat([a / t for a, t, _ in blocks], [int(n) for _, _, n in blocks])

    def log10_lr(at: Values) -> Values:
        chance = np.interp(at, places, chances)
        with np.errstate(divide="ignore"):
            return np.log10(chance) - np.log10(1.0 - chance)

    return log10_lr


@dataclass(frozen=True)
class CountCalibration:
    """Congruent cells: beta-binomial of known matches against binomial of known non-matches.

    Song et al., Forensic Science International 284 (2018), doi:10.1016/j.forsciint.2017.12.013.
    """

    alpha: float
    beta: float
    chance: float  # that a cell of a known non-match is congruent

    def __call__(self, at: Values) -> Values:
        """As `Calibration`, of (N, 2) counts and cells."""
        from scipy.special import betaln

        counts, cells = at.T
        one = betaln(counts + self.alpha, cells - counts + self.beta)
        one = one - betaln(self.alpha, self.beta)
        two = counts * np.log(self.chance) + (cells - counts) * np.log1p(-self.chance)
        return (one - two) / np.log(10)


def fit_counts(pairs: ReferencePairs) -> CountCalibration:
    """Maximum likelihood of the beta-binomial; half a cell is added for the binomial (Jeffreys)."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    if pairs.values.ndim != 2:
        raise ParameterError("counts: the number of cells of each pair needed")
    of = pairs.mates
    hits, tried = (pairs.weights[:, None] * pairs.values)[~of].sum(axis=0)
    (k, cells), weights = pairs.values[of].T, pairs.weights[of]

    def loss(logs: Values) -> float:
        a, b = np.exp(np.clip(logs, -10, 10))
        return -float((weights * (betaln(k + a, cells - k + b) - betaln(a, b))).sum())

    share = np.clip((weights * k).sum() / (weights * cells).sum(), 0.02, 0.98)
    start = np.log([5 * share, 5 * (1 - share)])
    best = minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9})
    alpha, beta = np.exp(np.clip(best.x, -10, 10))
    return CountCalibration(float(alpha), float(beta), float((hits + 0.5) / (tried + 1.0)))


# How far likelihood ratios may go: each bound is from those of reference pairs.


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
    first, last = min(0, int(lowest // _BOUND_STEP)), max(0, int(highest // _BOUND_STEP) + 1)
    thresholds = np.linspace(first * _BOUND_STEP, last * _BOUND_STEP, last - first + 1)
    cost = 10.0**thresholds
    low, high = (np.searchsorted(np.sort(lrs[c]), thresholds, "right") for c in (mates, ~mates))
    missed = (low + 1) / (mates.sum() + 1)
    taken_in = 1.0 - high / ((~mates).sum() + 1)
    neutral = np.where(cost < 1.0, cost, 1.0)  # the LR is 1 whatever was found
    worse = neutral / (missed + cost * taken_in) < 1.0
    left, right = thresholds[worse & (thresholds <= 0)], thresholds[worse & (thresholds >= 0)]
    lower = np.max(left + _BOUND_STEP, initial=thresholds[0])
    upper = np.min(right - _BOUND_STEP, initial=thresholds[-1])
    return Bound("ELUB", min(float(lower), 0.0), max(float(upper), 0.0))


def invariance_bound(log10_lrs: Values, mates: NDArray[np.bool_]) -> Bound:
    """IV: as far as "this LR or a stronger one" is as strong as the LR says.

    Alberink et al., A transparent method to determine limit values for likelihood ratio systems
    (2025). Rates have half a pair added to each side (Jeffreys).
    """
    lrs = np.clip(log10_lrs, -_IV_EXTREME, _IV_EXTREME)
    lowest, highest = min(0.0, lrs.min()), max(0.0, lrs.max())
    thresholds = np.arange(lowest, highest + _IV_STEP, _IV_STEP)
    one, two = (  # shares at or above each threshold
        (c.sum() - np.searchsorted(np.sort(lrs[c]), thresholds) + 0.5) / (c.sum() + 1.0)
        for c in (mates, ~mates)
    )
    upper_margin = np.log10(one) - np.log10(two) - thresholds
    lower_margin = thresholds - np.log10(1.0 - one) + np.log10(1.0 - two)
    too_high, too_low = np.flatnonzero(upper_margin < 0), np.flatnonzero(lower_margin < 0)
    upper = thresholds[max(too_high[0] - 1, 0)] if too_high.size else lrs[mates].max()
    last = len(thresholds) - 1
    lower = thresholds[min(too_low[-1] + 1, last)] if too_low.size else lrs[~mates].min()
    return Bound("IV", min(float(lower), 0.0), max(float(upper), 0.0))


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
