"""The weight of one comparison: a likelihood ratio with its limits, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ribin.cases.calibres import calibre_meaning
from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.evaluate.calibration import Bound
from ribin.evaluate.population import Population, PopulationPair, table_of
from ribin.evaluate.validation import bootstrap_lrs, fit_bounded
from ribin.model import ScanKind, Verdict, mark_with_article

COVERED = ("instrument", "calibre", "ammunition")


@dataclass(frozen=True)
class CaseItem:
    """What is known of one side of a comparison; empty where nobody said."""

    name: str = ""
    sha256: str = ""
    instrument: str = ""
    calibre: str = ""
    ammunition: str = ""
    firearm: str = ""  # of a test fire
    verdict: Verdict | None = None  # on the mark; None where it was not judged


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """A comparison and its two items."""

    result: Comparison
    kind: ScanKind
    items: tuple[CaseItem, CaseItem]


@dataclass(frozen=True)
class PopulationCounts:
    """What a weight rests on. Firearms count: pairs of one firearm are not independent."""

    sha256: str
    laboratory: str
    made: str
    firearms: int  # with known matches and known non-matches, whichever are fewer
    scans: int
    known_match: int
    known_non_match: int
    makes: list[str]
    models: list[str]
    calibre: list[str]
    ammunition: list[str]
    instrument: list[str]


@dataclass(frozen=True)
class Weight:
    """What a population says of one figure; the fields are the JSON of the key `weight`.

    Without a likelihood ratio `log10_lr` and `interval95` are NaN, and `refusals` says why. The
    interval is over firearms drawn anew; nothing lies beyond the narrowest of the bounds.
    """

    population: PopulationCounts
    items: tuple[CaseItem, CaseItem]
    figure: str
    value: float
    propositions: tuple[str, str]  # what a likelihood ratio compares: the first against the second
    log10_lr: float = math.nan
    interval95: tuple[float, float] = (math.nan, math.nan)
    bounds: tuple[Bound, ...] = ()
    bound_reached: str = ""  # "lower" or "upper" where the log10 LR is that bound
    method: str = ""
    refusals: tuple[str, ...] = ()
    statement: str = ""  # the place among the known non-matches, where they are comparable


def weight_of(population: Population, case: CaseFacts) -> Weight:
    """The weight that a population gives to a comparison, or the reasons why it gives none."""
    figure, table = population.plan.figure, population.table
    value, cells = float(getattr(case.result, figure)), float(case.result.cells)
    different = tuple(_other_figures(population, case))
    weight = Weight(
        counts_of(population),
        case.items,
        figure,
        value,
        _propositions(population),
        refusals=(*different, *_refusals(population, case)),
        statement="" if different else _statement(population, value, cells),
    )
    if weight.refusals or not (population.result and population.result.chosen):
        return weight
    try:
        fitted = fit_bounded(table, population.result.chosen)
    except ParameterError as error:
        return replace(weight, refusals=(str(error),))
    own = table_of(figure, [PopulationPair("", "", value, cells)])
    log10_lr = float(fitted.log10_lrs(own)[0])
    low, high = bootstrap_lrs(fitted, table, own, population.plan)
    lower, upper = fitted.limits
    return replace(
        weight,
        log10_lr=log10_lr,
        interval95=(min(low, log10_lr), max(high, log10_lr)),
        bounds=fitted.bounds,
        bound_reached="upper" if log10_lr >= upper else "lower" if log10_lr <= lower else "",
        method=str(fitted.method),
    )


# Why there is no weight.


def _other_figures(population: Population, case: CaseFacts) -> Iterator[str]:
    """Why the figure of the case is another one than those of the population."""
    result = case.result
    if not result.compared:
        yield f"the marks were not compared: {result.reason}"
    for name, needed, found in (
        ("parameters", population.params_id, result.params_id),
        ("mark type", population.mark, result.mark),
        ("kind of scan", population.kind, case.kind),
    ):
        if not needed or needed != found:
            yield f"{name}: the population has {needed or 'none stated'}, the comparison {found}"


def _refusals(population: Population, case: CaseFacts) -> Iterator[str]:
    least, sources = population.plan.least_firearms, population.table.sources
    if sources < least:
        yield f"firearms: {least} needed, the population has {sources}"
    if population.result is None or population.result.chosen is None:
        yield "method: no method of the plan could be fitted to the population"
    if case.result.note:  # mirrored, shared toolmarks, rendered, lit from elsewhere
        yield f"the comparison has a note: {case.result.note}"
    for name in COVERED:
        meaning = calibre_meaning if name == "calibre" else _folded
        covered = set(map(meaning, population.coverage(name)))
        for item in case.items:
            said = getattr(item, name)
            if not said:
                yield f"{name} of {item.name}: not known"
            elif meaning(said) not in covered:
                yield f"{name} of {item.name}: the population has no {said}"
    firearms = {*population.coverage("firearm"), *population.table.firearms}
    if case.items[0].sha256 and case.items[0].sha256 == case.items[1].sha256:
        yield "both items are one scan"
    for item in case.items:
        if item.firearm and _folded(item.firearm) in map(_folded, firearms):
            yield f"{item.name}: its firearm {item.firearm} is in the population"
        if item.sha256 and item.sha256 in population.coverage("sha256"):
            yield f"{item.name}: its scan is in the population"
        if item.verdict is not Verdict.USABLE:
            yield f"quality of {item.name}: {item.verdict or 'not judged'}"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


# What is said in words.


def counts_of(population: Population) -> PopulationCounts:
    """What the population holds."""
    table = population.table
    mates = int(table.mates.sum())
    return PopulationCounts(
        *(population.sha256, population.laboratory, population.made, table.sources),
        sum(scan.sha256 is not None for scan in population.scans),
        *(mates, len(table.values) - mates),
        *map(population.coverage, ("make", "model", "calibre", "ammunition", "instrument")),
    )


def _propositions(population: Population) -> tuple[str, str]:
    kinds = [", ".join(population.coverage(name)) for name in ("make", "model", "calibre")]
    said = "; ".join(filter(None, kinds)) or "not stated"
    return (
        f"The two items, each with {mark_with_article(population.mark)} mark, were fired in the "
        "same firearm.",
        f"The two items were fired in two firearms of the kind of the population ({said}).",
    )


def _statement(population: Population, value: float, cells: float) -> str:
    """Where a figure stands among the known non-matches, with the bound of the rule of three."""
    others = population.table.chosen(~population.table.mates)
    values = others.values
    if others.figure == "cmc":  # cells differ from pair to pair: their shares are held together
        values, value = values / others.cells, value / cells if cells else math.nan
    firearms = len(np.union1d(others.first, others.second))
    count, above = len(values), int((values >= value).sum())
    if not count or not math.isfinite(value):
        return ""
    if above:
        return (
            f"{above} of the {count} comparable known non-matches of this population are as high "
            f"or higher; they are of {firearms} firearms."
        )
    return (
        f"The figure is above all {count} comparable known non-matches of this population. If "
        f"pairs were independent, fewer than 3/{count} ({min(1.0, 3 / count):.2g}) of such pairs "
        f"would reach it, with 95 % confidence; counting their {firearms} firearms instead, fewer "
        f"than 3/{firearms} ({min(1.0, 3 / firearms):.2g})."
    )


def weight_text(weight: Weight | None) -> list[str]:
    """A weight in sentences, for a terminal and for a report; none where nothing was asked."""
    if weight is None:
        return []
    counts, (low, high) = weight.population, weight.interval95
    lines = [
        f"Population of {counts.laboratory}, made {counts.made} (SHA-256 {counts.sha256[:16]}): "
        f"{counts.firearms} firearms, {counts.known_match} known matches, "
        f"{counts.known_non_match} known non-matches."
    ]
    for item in weight.items:
        known = ", ".join(getattr(item, name) or "unknown" for name in COVERED)
        lines.append(f"{item.name}: instrument, calibre and ammunition {known}.")
    if weight.refusals:
        lines.append("There is no likelihood ratio. " + "; ".join(weight.refusals) + ".")
    else:
        bounds = "; ".join(f"{b.name} {b.lower:.2f} to {b.upper:.2f}" for b in weight.bounds)
        lines += [
            f"Proposition 1: {weight.propositions[0]} Proposition 2: {weight.propositions[1]}",
            f"The {weight.figure} of {weight.value:.3f} is 10^{weight.log10_lr:.2f} times as "
            f"probable under proposition 1 as under proposition 2 (log10 LR {weight.log10_lr:.2f}, "
            f"95 % interval over firearms {low:.2f} to {high:.2f}; method {weight.method}).",
            f"Bounds of log10 LR: {bounds}. The narrowest counts.",
        ]
    if weight.bound_reached:
        lines.append(
            f"The {weight.bound_reached} bound was reached: the population supports no "
            "stronger statement."
        )
    if not counts.scans:
        lines.append("The population names no scans: whether one of the case is in it is unknown.")
    return [*lines, weight.statement] if weight.statement else lines
