"""The weight of one comparison: a likelihood ratio with its limits, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ribin.cases.calibres import calibre_meaning
from ribin.comparison import Comparison
from ribin.errors import ParameterError
from ribin.evaluate.calibration import Bound, Values
from ribin.evaluate.population import PairTable, Population, PopulationPair, table_of
from ribin.evaluate.validation import bootstrap_lrs, fit_bounded
from ribin.model import MarkType, ScanKind, Verdict, mark_with_article
from ribin.text import folded

COVERED = ("instrument", "calibre", "ammunition")


def facts_of(kind: ScanKind) -> tuple[str, ...]:
    """What a population must cover, of a topography or of an image."""
    return (*COVERED, "lamp") if kind is ScanKind.IMAGE else COVERED


@dataclass(frozen=True)
class CaseItem:
    """What is known of one side of a comparison; empty where nobody said."""

    name: str = ""
    sha256: str = ""
    instrument: str = ""
    calibre: str = ""
    ammunition: str = ""
    firearm: str = ""  # of a test fire
    verdict: Verdict | None = None  # the worst on its marks; None where one was not judged
    lamp: str = ""  # of an image: ring or side


@dataclass(frozen=True, eq=False)
class CaseFacts:
    """The comparison of each mark type of a population, in its order, and the two items."""

    results: tuple[Comparison, ...]
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
    """What a population says of a figure; the fields are the JSON of the key `weight`.

    Without a likelihood ratio `log10_lr` and `interval95` are NaN, and `refusals` says why. The
    interval is over firearms drawn anew; nothing lies beyond the narrowest of the bounds.
    """

    population: PopulationCounts
    items: tuple[CaseItem, CaseItem]
    figure: str
    marks: tuple[MarkType, ...]
    values: tuple[float, ...]  # of each mark
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
    values = tuple(float(getattr(result, figure)) for result in case.results)
    cells = float(case.results[0].cells) if case.results else 0.0
    different = tuple(_other_figures(population, case))
    weight = Weight(
        counts_of(population),
        case.items,
        figure,
        population.marks,
        values,
        propositions_of(population),
        refusals=(*different, *_refusals(population, case)),
        statement="" if different or _one_scan(case) else _statements(population, values, cells),
    )
    if weight.refusals or not (population.result and population.result.chosen):
        return weight
    try:
        fitted = fit_bounded(table, population.result.chosen)
    except ParameterError as error:
        return replace(weight, refusals=(str(error),))
    own = table_of(figure, [PopulationPair("", "", values[0], cells, values[1:])])
    log10_lr = float(fitted.log10_lrs(own)[0])
    if against_the_order(table, own, log10_lr):
        reason = "method: its fit would let a lower figure speak for one firearm"
        return replace(weight, refusals=(f"{reason} ({fitted.method})",))
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


def against_the_order(table: PairTable, own: PairTable, log10_lr: float) -> bool:
    """Whether a figure below the median known non-match speaks for one firearm, or one above the
    median known match against it: a ratio of densities does so in the thin ends of both."""
    if table.fused is not None:  # its slopes are 0 or more
        return False
    known, case = (t.values / t.cells if t.figure == "cmc" else t.values for t in (table, own))
    low, high = (float(np.median(known[rows])) for rows in (~table.mates, table.mates))
    value = float(case[0])
    return (log10_lr > 0 and value < low) or (log10_lr < 0 and value > high)


def _other_figures(population: Population, case: CaseFacts) -> Iterator[str]:
    """Why the figure of the case is another one than those of the population."""
    for result in case.results:
        if not result.compared:
            yield f"the {result.mark.words} marks were not compared: {result.reason}"
    marks = [result.mark for result in case.results]
    parameters = {result.params_id for result in case.results}
    for name, needed, found in (
        ("method parameters", population.params_id, ", ".join(sorted(parameters))),
        ("mark type", ", ".join(population.marks), ", ".join(marks)),
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
    for result in case.results:
        if result.note:  # mirrored, shared toolmarks, rendered, lit from elsewhere
            yield f"the comparison has a note: {result.note}"
    for name in facts_of(population.kind):
        meaning = calibre_meaning if name == "calibre" else folded
        covered = set(map(meaning, population.coverage(name)))
        for item in case.items:
            said = getattr(item, name)
            if not said:
                yield f"{name} of {item.name}: not known"
            elif meaning(said) not in covered:
                yield f"{name} of {item.name}: the population has no {said}"
    yield from _thin_coverage(population, case)
    firearms = {*population.coverage("firearm"), *population.table.firearms}
    if _one_scan(case):
        yield "both items are one scan"
    for item in case.items:
        if item.firearm and folded(item.firearm) in map(folded, firearms):
            yield f"{item.name}: its firearm {item.firearm} is in the population"
        if item.sha256 and item.sha256 in population.coverage("sha256"):
            yield f"{item.name}: its scan is in the population"
        if item.verdict is not Verdict.USABLE:
            yield f"quality of {item.name}: {item.verdict or 'not judged'}"


def _one_scan(case: CaseFacts) -> bool:
    one, two = (item.sha256 for item in case.items)
    return bool(one) and one == two


def _thin_coverage(population: Population, case: CaseFacts) -> Iterator[str]:
    """Facts that are each in the population, but together in too few of its firearms."""
    names = [name for name in facts_of(population.kind) if name != "ammunition"]
    meanings = [calibre_meaning if name == "calibre" else folded for name in names]
    held: dict[tuple[str, ...], set[str]] = {}
    for scan in population.scans:
        facts = tuple(m(getattr(scan, n)) for n, m in zip(names, meanings, strict=True))
        held.setdefault(facts, set()).add(scan.firearm)
    least = population.plan.least_firearms
    for item in case.items:
        facts = tuple(m(getattr(item, n)) for n, m in zip(names, meanings, strict=True))
        found = len(held.get(facts, ()))
        each = all(any(fact == one[n] for one in held) for n, fact in enumerate(facts))
        if each and found < least <= population.table.sources:
            yield (
                f"{item.name}: {least} firearms of its {' and '.join(names)} needed, "
                f"the population has {found}"
            )
    one, two = (calibre_meaning(item.calibre) for item in case.items)
    if one and two and one != two:
        yield "the two items are stated to be of two calibres"


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


def propositions_of(population: Population) -> tuple[str, str]:
    kinds = [", ".join(population.coverage(name)) for name in ("make", "model", "calibre")]
    said = "; ".join(filter(None, kinds)) or "not stated"
    marks = " and ".join(f"{mark_with_article(mark)} mark" for mark in population.marks)
    return (
        f"The two items, each with {marks}, were fired in the same firearm.",
        f"The two items were fired in two firearms of the kind of the population ({said}).",
    )


def _statements(population: Population, values: tuple[float, ...], cells: float) -> str:
    """Where the figure of each mark type stands among the known non-matches."""
    others = population.table.chosen(~population.table.mates)
    if others.fused is None:
        return _statement(others, others.values, values[0], cells)
    columns = (others.values, *others.fused.T)
    return " ".join(
        f"{mark.words.capitalize()}: {_statement(others, own, value, cells)}"
        for mark, own, value in zip(population.marks, columns, values, strict=True)
    )


def _statement(others: PairTable, values: Values, value: float, cells: float) -> str:
    """Where one figure stands, with the bound of the rule of three."""
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
        known = ", ".join(f"{name} {getattr(item, name) or 'unknown'}" for name in COVERED)
        lamp = f", lamp {item.lamp}" if item.lamp else ""
        lines.append(f"{item.name}: {known}{lamp}.")
    if weight.refusals:
        lines.append("There is no likelihood ratio. " + "; ".join(weight.refusals) + ".")
    else:
        figures = " and ".join(
            f"{value:.3f} ({mark.words})" if len(weight.marks) > 1 else f"{value:.3f}"
            for mark, value in zip(weight.marks, weight.values, strict=True)
        )
        bounds = "; ".join(f"{b.name} {b.lower:.2f} to {b.upper:.2f}" for b in weight.bounds)
        lines += [
            f"Proposition 1: {weight.propositions[0]} Proposition 2: {weight.propositions[1]}",
            f"The {weight.figure} of {figures} is 10^{weight.log10_lr:.2f} times as "
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
