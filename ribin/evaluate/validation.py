"""How good likelihood ratios are on firearms that they were not fitted to, with intervals.

A pair is tested where both its firearms are in the fold that is left out, and nothing of either is
in the training. Whatever is resampled is firearms, never pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ribin.errors import ParameterError
from ribin.evaluate.calibration import (
    Bound,
    Calibration,
    CalibrationMethod,
    Values,
    bounds_of,
    cllr,
    cllr_min,
    dev_pav,
    fit,
)
from ribin.evaluate.metrics import central_interval, draw_firearms, equal_error_rate, figure_of
from ribin.evaluate.pairs import Pair
from ribin.evaluate.population import (
    MethodResult,
    PairTable,
    Plan,
    PlanResult,
    table_of,
    with_figure,
)

_RESAMPLES = 200  # of a validation, which says no more than its firearms


@dataclass(frozen=True, eq=False)
class FittedMethod:
    """A calibration with the bounds that its own reference pairs give it."""

    method: CalibrationMethod
    calibration: Calibration
    bounds: tuple[Bound, ...]

    @property
    def limits(self) -> tuple[float, float]:
        """The narrowest bounds."""
        return max(one.lower for one in self.bounds), min(one.upper for one in self.bounds)

    def log10_lrs(self, table: PairTable) -> Values:
        """log10 LRs of the figures of a table, none beyond the narrowest bounds."""
        return np.clip(self.calibration(table.scaled(self.method)), *self.limits)


def fit_bounded(table: PairTable, method: CalibrationMethod) -> FittedMethod:
    """Fit a method to pairs and find its bounds; raises ParameterError as `fit`."""
    pairs = table.reference(method)
    calibration = fit(method, pairs)
    bounds = bounds_of(calibration(pairs.values), pairs.mates, table.sources)
    return FittedMethod(method, calibration, bounds)


def bootstrap_lrs(
    fitted: FittedMethod, table: PairTable, case: PairTable, plan: Plan
) -> tuple[float, float]:
    """The interval of the log10 LR of one figure, over firearms drawn anew; within the bounds.

    A draw that does not determine the method knows no limit on either side, and counts as that.
    """
    pairs = table.reference(fitted.method)
    place, lrs = case.scaled(fitted.method), []
    for drawn in draw_firearms(len(table.firearms), plan.resamples, plan.seed):
        try:
            lrs.append(fit(fitted.method, pairs.weighted(table.weights(drawn)))(place)[0])
        except (ParameterError, ValueError):
            lrs.append(np.nan)
    unknown = np.isnan(lrs)
    low = np.percentile(np.where(unknown, -np.inf, lrs), 2.5, method="lower")
    high = np.percentile(np.where(unknown, np.inf, lrs), 97.5, method="higher")
    lower, upper = np.clip([low, high], *fitted.limits)
    return float(lower), float(upper)


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

    Raises ParameterError: a fold leaves too little to fit the method to, or no class is tested.
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
        lrs[inside] = fitted.log10_lrs(table.chosen(inside))
    tested = ~np.isnan(lrs)
    result = TestedPairs(table.chosen(tested), lrs[tested], tested)
    if not tested.any() or not result.table.mates.any() or result.table.mates.all():
        raise ParameterError("cross-validation: known matches and known non-matches needed")
    return result


def run_plan(table: PairTable, plan: Plan) -> tuple[PlanResult, TestedPairs | None]:
    """Every candidate method in cross-validation, and the tested pairs of the best of them."""
    results: list[MethodResult] = []
    tested: dict[CalibrationMethod, tuple[float, TestedPairs]] = {}
    for method in plan.methods:
        try:
            fit_bounded(table, method)
            own = cross_validate(table, method, plan)
            tested[method] = cllr(own.log10_lrs, own.table.mates), own
            results.append(MethodResult(method, tested[method][0]))
        except ParameterError as error:
            results.append(MethodResult(method, None, str(error)))
    chosen = min(tested, key=lambda method: tested[method][0], default=None)
    return PlanResult(tuple(results), chosen), tested[chosen][1] if chosen else None


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


@dataclass(frozen=True)
class WeightValidation:
    """What the weight of a score would have been worth on these firearms; the JSON of `weight`."""

    figure: str
    method: CalibrationMethod | None  # None where no method could be fitted, as are the figures
    methods: tuple[MethodResult, ...]
    figures: WeightFigures | None = None
    firearms: tuple[WeightPart, ...] = ()
    ammunition: tuple[WeightPart, ...] = ()


def weight_figures(
    tested: TestedPairs, seed: int = 1, resamples: int = _RESAMPLES
) -> WeightFigures:
    """All figures with their intervals."""
    table, lrs, mates = tested.table, tested.log10_lrs, tested.table.mates
    draws = []
    for drawn in draw_firearms(len(table.firearms), resamples, seed):
        rows = np.repeat(np.arange(len(lrs)), table.weights(drawn).astype(np.intp))
        if mates[rows].any() and not mates[rows].all():
            draws.append(_figures(lrs[rows], mates[rows]))
    intervals = [
        WithInterval(value, *central_interval(np.array(drawn)))
        for value, drawn in zip(_figures(lrs, mates), zip(*draws, strict=True), strict=True)
    ]
    # What was never seen has no spread to draw: the rule of three says how often it may be.
    most = min(1.0, 3 / table.sources) if table.sources else 1.0
    intervals[4:] = [one if one.value else replace(one, high=most) for one in intervals[4:]]
    return WeightFigures(table.sources, int(mates.sum()), int((~mates).sum()), *intervals)


def _figures(lrs: Values, mates: NDArray[np.bool_]) -> list[float]:
    """In the order of `WeightFigures`."""
    cost, least = cllr(lrs, mates), cllr_min(lrs, mates)
    misled = (lrs[mates] < 0).mean(), (lrs[~mates] > 0).mean()
    error = equal_error_rate(lrs[mates], lrs[~mates])
    return [cost, least, cost - least, dev_pav(lrs, mates), *misled, error]


def validate_weight(
    pairs: Sequence[Pair], plan: Plan
) -> tuple[WeightValidation, TestedPairs | None]:
    """Cross-validate the methods of a plan on compared pairs, and say what the best is worth."""
    there = with_figure(pairs, plan.figure)
    table = table_of(plan.figure, [pair for _, pair in there])
    made, tested = validate_table(table, plan)
    if tested is None:
        return made, None
    of_tested = [p.ammunition for (p, _), row in zip(there, tested.rows, strict=True) if row]
    labelled = np.array([all(sides) for sides in of_tested])
    same = np.array([one == two for one, two in of_tested])
    cuts = (("same", labelled & same), ("different", labelled & ~same)) if labelled.any() else ()
    return replace(made, ammunition=tuple(_part(name, tested, rows) for name, rows in cuts)), tested


def validate_table(table: PairTable, plan: Plan) -> tuple[WeightValidation, TestedPairs | None]:
    """As `validate_weight`, of the pairs of a population, whose ammunition is not told by pair."""
    result, tested = run_plan(table, plan)
    made = WeightValidation(plan.figure, result.chosen, result.methods)
    if tested is None:
        return made, None
    first, second = tested.table.first, tested.table.second
    parts = (
        _part(name, tested, (first == number) | (second == number))
        for number, name in enumerate(table.firearms)
    )
    return replace(made, figures=weight_figures(tested, plan.seed), firearms=tuple(parts)), tested


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
