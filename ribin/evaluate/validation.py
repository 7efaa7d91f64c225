"""How good likelihood ratios are on firearms that they were not fitted to, with intervals.

A pair is tested where both its firearms are in the fold that is left out, and nothing of either is
in the training. Whatever is resampled is firearms, never pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError
from ribin.evaluate.bounds import Bounds, bounds_of, cllr, cllr_min, dev_pav, misleading_rates
from ribin.evaluate.calibration import Calibration, CalibrationMethod, Values, fit
from ribin.evaluate.metrics import equal_error_rate, figure_of
from ribin.evaluate.pairs import Pair
from ribin.evaluate.population import (
    MethodResult,
    PairTable,
    Plan,
    PlanResult,
    on_scale_of,
    table_of,
)

LOW, HIGH = 2.5, 97.5  # percent: between them lies the interval
_RESAMPLES = 200  # of a validation, which says no more than its firearms


@dataclass(frozen=True, eq=False)
class FittedMethod:
    """A calibration with the bounds that its own reference pairs give it."""

    method: CalibrationMethod
    calibration: Calibration
    bounds: Bounds

    def log10_lrs(self, figure: str, values: Values, cells: Values) -> Values:
        """log10 LRs of (N,) figures, none beyond the narrowest bounds."""
        scaled = on_scale_of(self.method, figure, values, cells)
        lrs = self.calibration.log10_lr(scaled, cells)
        return np.clip(lrs, self.bounds.lower, self.bounds.upper)


def fit_bounded(table: PairTable, method: CalibrationMethod) -> FittedMethod:
    """Fit a method to pairs and find its bounds; raises ParameterError as `fit`."""
    pairs = table.reference(method)
    calibration = fit(method, pairs)
    lrs = calibration.log10_lr(pairs.values, pairs.cells)
    return FittedMethod(method, calibration, bounds_of(lrs, pairs.mates, table.sources))


def bootstrap_lrs(
    fitted: FittedMethod, table: PairTable, value: float, cells: float, plan: Plan
) -> tuple[float, float]:
    """The interval of the log10 LR of one figure, over firearms drawn anew; within the bounds.

    A draw that does not determine the method knows no limit on either side, and counts as that.
    """
    pairs = table.reference(fitted.method)
    at, of = np.array([value]), np.array([cells])
    place = on_scale_of(fitted.method, table.figure, at, of)
    low, high = [], []
    for drawn in _draws(len(table.firearms), plan.resamples, plan.seed):
        try:
            again = fit(fitted.method, pairs.weighted(table.weights(drawn)))
            lr = float(again.log10_lr(place, of)[0])
        except (ParameterError, ValueError):
            lr = float("nan")
        low.append(-np.inf if np.isnan(lr) else lr)
        high.append(np.inf if np.isnan(lr) else lr)
    limits = fitted.bounds.lower, fitted.bounds.upper
    return (
        float(np.clip(np.percentile(low, LOW, method="lower"), *limits)),
        float(np.clip(np.percentile(high, HIGH, method="higher"), *limits)),
    )


def _draws(firearms: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(R, F) how often each firearm is drawn."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(firearms, np.full(firearms, 1 / firearms), size=resamples)


@dataclass(frozen=True, eq=False)
class TestedPairs:
    """Pairs, and their (P,) log10 LRs, to whose firearms nothing was fitted.

    `rows` is True for each pair of the whole table that was tested.
    """

    __test__ = False  # no test of pytest's

    table: PairTable
    log10_lrs: Values
    rows: NDArray[np.bool_]


def cross_validate(table: PairTable, method: CalibrationMethod, plan: Plan) -> TestedPairs:
    """Test every pair that lies within one fold of the firearms.

    Raises
    ------
    ParameterError
        A fold leaves too little to fit the method to, or no class is tested.
    """
    count = len(table.firearms)
    folds = min(plan.folds, count // 2)
    if folds < 2:
        raise ParameterError(f"cross-validation: 4 firearms needed, found {count}")
    fold = np.random.default_rng(plan.seed).permutation(count) % folds
    one, two = fold[table.first], fold[table.second]
    lrs = np.full(len(table.values), np.nan)
    for number in range(folds):
        fitted = fit_bounded(table.chosen((one != number) & (two != number)), method)
        inside = (one == number) & (two == number)
        values, cells = table.values[inside], table.cells[inside]
        lrs[inside] = fitted.log10_lrs(table.figure, values, cells)
    tested = ~np.isnan(lrs)
    result = TestedPairs(table.chosen(tested), lrs[tested], tested)
    if not tested.any() or not result.table.mates.any() or result.table.mates.all():
        raise ParameterError("cross-validation: known matches and known non-matches needed")
    return result


def run_plan(table: PairTable, plan: Plan) -> tuple[PlanResult, TestedPairs | None]:
    """Every candidate method in cross-validation, and the tested pairs of the best of them."""
    results: list[MethodResult] = []
    best, least, chosen = None, np.inf, None
    for method in plan.methods:
        try:
            fit_bounded(table, method)
            tested = cross_validate(table, method, plan)
        except ParameterError as error:
            results.append(MethodResult(method, None, str(error)))
            continue
        cost = cllr(tested.log10_lrs, tested.table.mates)
        results.append(MethodResult(method, cost))
        if cost < least:
            best, least, chosen = tested, cost, method
    return PlanResult(tuple(results), chosen), best


# The figures of a validation.


@dataclass(frozen=True)
class WithInterval:
    """A figure, and the central 95 % of it over firearms drawn anew."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class WeightFigures:
    """Figures of log10 LRs that were tested on firearms to which nothing was fitted."""

    firearms: int
    known_match: int
    known_non_match: int
    cllr: WithInterval
    cllr_min: WithInterval
    calibration_loss: WithInterval
    dev_pav: WithInterval
    misleading_known_match: WithInterval
    misleading_known_non_match: WithInterval
    eer: WithInterval


@dataclass(frozen=True)
class WeightPart:
    """The pairs of one firearm, or of the same or different ammunition; NaN without a class."""

    name: str
    known_match: int
    known_non_match: int
    cllr: float
    misleading_known_match: float
    misleading_known_non_match: float


@dataclass(frozen=True, eq=False)
class WeightValidation:
    """What the weight of a score would have been worth on these firearms."""

    figure: str
    plan: PlanResult
    figures: WeightFigures | None  # None where no method could be fitted
    firearms: tuple[WeightPart, ...]
    ammunition: tuple[WeightPart, ...]
    tested: TestedPairs | None

    @property
    def facts(self) -> dict[str, object]:
        """The key `weight` of `ribin evaluate --json`."""
        return {
            "figure": self.figure,
            "method": self.plan.chosen,
            "methods": [
                {"method": one.method, "cllr": one.cllr, "reason": one.reason}
                for one in self.plan.methods
            ],
            "figures": self.figures,
            "firearms": self.firearms,
            "ammunition": self.ammunition,
        }


def weight_figures(
    tested: TestedPairs, seed: int = 1, resamples: int = _RESAMPLES
) -> WeightFigures:
    """All figures with their intervals."""
    table, lrs, mates = tested.table, tested.log10_lrs, tested.table.mates
    draws = []
    for drawn in _draws(len(table.firearms), resamples, seed):
        rows = np.repeat(np.arange(len(lrs)), table.weights(drawn).astype(np.intp))
        if mates[rows].any() and not mates[rows].all():
            draws.append(_figures(lrs[rows], mates[rows]))
    intervals = [
        _with_interval(value, np.array(drawn))
        for value, drawn in zip(_figures(lrs, mates), zip(*draws, strict=True), strict=True)
    ]
    return WeightFigures(table.sources, int(mates.sum()), int((~mates).sum()), *intervals)


def _with_interval(value: float, drawn: Values) -> WithInterval:
    there = drawn[~np.isnan(drawn)]
    if not there.size:
        return WithInterval(value, np.nan, np.nan)
    low, high = np.percentile(there, [LOW, HIGH])
    return WithInterval(value, float(low), float(high))


def _figures(lrs: Values, mates: NDArray[np.bool_]) -> list[float]:
    """In the order of `WeightFigures`."""
    cost, least = cllr(lrs, mates), cllr_min(lrs, mates)
    error = equal_error_rate(lrs[mates], lrs[~mates])
    return [cost, least, cost - least, dev_pav(lrs, mates), *misleading_rates(lrs, mates), error]


def validate_weight(pairs: Sequence[Pair], plan: Plan) -> WeightValidation:
    """Cross-validate the methods of a plan on compared pairs, and say what the best is worth."""
    there = [p for p in pairs if p.compared and not np.isnan(getattr(p, plan.figure))]
    table = table_of(
        plan.figure, [(*p.firearms, getattr(p, plan.figure), float(p.cells)) for p in there]
    )
    result, tested = run_plan(table, plan)
    if tested is None:
        return WeightValidation(plan.figure, result, None, (), (), None)
    first, second = tested.table.first, tested.table.second
    firearms = [
        _part(name, tested, (first == number) | (second == number))
        for number, name in enumerate(table.firearms)
    ]
    of_tested = [p.ammunition for p, row in zip(there, tested.rows, strict=True) if row]
    labelled = np.array([all(sides) for sides in of_tested])
    same = np.array([one == two for one, two in of_tested])
    ammunition = [
        _part(name, tested, labelled & rows)
        for name, rows in (("same", same), ("different", ~same))
    ]
    return WeightValidation(
        plan.figure,
        result,
        weight_figures(tested, plan.seed),
        tuple(firearms),
        tuple(ammunition) if labelled.any() else (),
        tested,
    )


def _part(name: str, tested: TestedPairs, rows: NDArray[np.bool_]) -> WeightPart:
    lrs, mates = tested.log10_lrs[rows], tested.table.mates[rows]
    both = bool(mates.any() and not mates.all())
    return WeightPart(
        name,
        int(mates.sum()),
        int((~mates).sum()),
        cllr(lrs, mates) if both else np.nan,
        figure_of(np.mean, (lrs[mates] < 0).astype(np.float64)),
        figure_of(np.mean, (lrs[~mates] > 0).astype(np.float64)),
    )
