"""The weight of a compared pair by a population; and how a population is made, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import ParameterError, RibinError
from ribin.evaluate.pairs import Tick
from ribin.evaluate.population import (
    Plan,
    Population,
    PopulationFacts,
    begin_population,
    coverage,
    read_population,
    with_pairs_of,
    with_scans_of,
    write_population,
)
from ribin.evaluate.validation import fit_bounded, run_plan
from ribin.evaluate.weight import CaseFacts, CaseItem, Weight, weight_of
from ribin.model import Verdict
from ribin.params.defaults import Params
from ribin.pipeline import judge_marks
from ribin.services.files import whole_file
from ribin.services.marks import Asker, scan_of
from ribin.services.pair import ComparedPair


@dataclass(frozen=True)
class StatedFacts:
    """What a person states of the items: one value for both, or one for each; else the file's."""

    instrument: tuple[str, ...] = ()
    calibre: tuple[str, ...] = ()
    ammunition: tuple[str, ...] = ()
    firearm: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("instrument", "calibre", "ammunition", "firearm"):
            if len(getattr(self, name)) > 2:
                raise ParameterError(f"--{name}: one for both items or one for each needed")

    def of(self, name: str, item: int) -> str:
        """What is stated of the reference (0) or the comparison (1)."""
        said: tuple[str, ...] = getattr(self, name)
        return said[item if len(said) == 2 else 0] if said else ""


def weigh(pair: ComparedPair, asker: Asker, path: Path, stated: StatedFacts) -> Weight:
    """The weight of a pair by the population in a file; raises FormatError as `read_population`."""
    population = read_population(path)
    one, two = (_item(side, asker, stated, n) for n, side in enumerate(pair.sides))
    return weight_of(population, CaseFacts(pair.result, pair.reference.mark.kind, (one, two)))


def _item(side: Side, asker: Asker, stated: StatedFacts, number: int) -> CaseItem:
    provenance = side.mark.provenance
    fields = side.exhibit.class_fields if side.exhibit else None
    return CaseItem(
        side.name,
        provenance.sha256,
        stated.of("instrument", number) or provenance.instrument,
        stated.of("calibre", number) or (fields.calibre if fields else ""),
        stated.of("ammunition", number) or (fields.ammunition if fields else ""),
        stated.of("firearm", number) or (side.exhibit.firearm if side.exhibit else ""),
        _verdict(side, asker),
    )


def _verdict(side: Side, asker: Asker) -> Verdict | None:
    """On the mark that was compared; None where its scan is not to be had."""
    scan = side.scan
    try:
        if scan is None and side.exhibit and side.whole:
            ref = ExhibitRef(side.member, side.exhibit.exhibit)
            scan = scan_of(ref, asker, mark_type=side.mark.mark_type)
        if scan is None or scan.provenance.sha256 != side.mark.provenance.sha256:
            return None
        judged = judge_marks(scan, asker.params)
    except RibinError:  # no scan, no verdict; the weight then says that there is none
        return None
    fitting = (one.quality.verdict for one in judged if one.mark.mark_type is side.mark.mark_type)
    return next(fitting, None)


# How a population is made, and what may be claimed by one.


@dataclass(frozen=True)
class PopulationSource:
    """A folder with labels.csv, or a table of pairs whose columns are called otherwise."""

    path: Path
    columns_as: Mapping[str, str]


def make_population(
    source: PopulationSource,
    facts: PopulationFacts,
    plan: Plan,
    output: Path,
    params: Params,
    jobs: int,
    tick: Tick,
) -> Population:
    """Write the plan to `output`, then compare, do what the plan says, and write the whole.

    Raises
    ------
    RibinError
        As `with_scans_of` and `with_pairs_of`; the plan alone stays in the file.
    """
    if output.exists():
        raise ParameterError(f"{output}: a new file needed, found one: a plan is laid down once")
    begun = begin_population(facts, plan, source.path)
    _write(begun, output)
    if source.path.is_dir():
        filled = with_scans_of(begun, facts, source.path, params, jobs, tick)
    else:
        filled = with_pairs_of(begun, facts, source.path, source.columns_as)
    result, _ = run_plan(filled.table, plan)
    population = msgspec.structs.replace(filled, result=result)
    _write(population, output)
    return population


def _write(population: Population, output: Path) -> None:
    with whole_file(output) as aside:
        write_population(population, aside)


@dataclass(frozen=True)
class PopulationCheck:
    """One thing that a claim rests on: what is needed, what there is, whether it suffices."""

    name: str
    needed: str
    found: str
    fulfilled: bool


def check_population(population: Population) -> tuple[PopulationCheck, ...]:
    """Whether a population supports a weight at all, and how strong a one at most."""
    table, plan, result = population.table, population.plan, population.result
    chosen = result.chosen if result else None
    costs = {one.method: one.cllr for one in result.methods} if result else {}
    cost = costs.get(chosen) if chosen else None
    checks = [
        PopulationCheck(
            "firearms with known matches and known non-matches",
            f"{plan.least_firearms}",
            f"{table.sources}",
            table.sources >= plan.least_firearms,
        ),
        PopulationCheck("method", "one that fits", chosen or "none", chosen is not None),
        PopulationCheck(
            "Cllr in cross-validation",
            "below 1",
            "-" if cost is None else f"{cost:.3f}",
            cost is not None and cost < 1.0,
        ),
        PopulationCheck(
            "parameters", "stated", population.params_id or "none", bool(population.params_id)
        ),
    ]
    for name in ("instrument", "calibre", "ammunition"):
        values = ", ".join(coverage(population, name))
        checks.append(PopulationCheck(name, "stated", values or "none", bool(values)))
    if chosen:
        bounds = fit_bounded(table, chosen).bounds
        said = f"{bounds.lower:.2f} to {bounds.upper:.2f}"
        checks.append(PopulationCheck("log10 LR", "at most", said, bounds.lower < 0 < bounds.upper))
    return tuple(checks)
