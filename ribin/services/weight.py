"""The weight of a compared pair by a population; and how a population is made, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ribin.cases.csv_files import TableForm, read_csv
from ribin.cases.exhibits import ClassFields
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import ParameterError, RibinError
from ribin.evaluate.pairs import Tick, label_notes
from ribin.evaluate.population import (
    Population,
    PopulationScan,
    read_population,
    with_pairs_of,
    with_scans_of,
    write_population,
)
from ribin.evaluate.validation import fit_bounded, run_plan
from ribin.evaluate.weight import COVERED, CaseFacts, CaseItem, Weight, weight_of
from ribin.model import Verdict
from ribin.params.defaults import Params
from ribin.pipeline import judge_marks
from ribin.services.files import whole_file
from ribin.services.marks import Asker, scan_of
from ribin.services.pair import ComparedPair


def weigh(
    pair: ComparedPair, asker: Asker, path: Path, stated: tuple[CaseItem, CaseItem]
) -> Weight:
    """The weight of a pair by the population in a file; raises FormatError as `read_population`.

    `stated`: what a person states of either item; the rest is of its scan and its exhibit.
    """
    population = read_population(path)
    one, two = (_item(*side, asker) for side in zip(pair.sides, stated, strict=True))
    return weight_of(population, CaseFacts(pair.result, pair.reference.mark.kind, (one, two)))


def _item(side: Side, stated: CaseItem, asker: Asker) -> CaseItem:
    origin, exhibit = side.mark.provenance, side.exhibit
    fields = exhibit.class_fields if exhibit else ClassFields()
    return replace(
        stated,
        name=side.name,
        sha256=origin.sha256,
        instrument=stated.instrument or origin.instrument,
        calibre=stated.calibre or fields.calibre,
        ammunition=stated.ammunition or fields.ammunition,
        firearm=stated.firearm or (exhibit.firearm if exhibit else ""),
        verdict=_verdict(side, asker),
    )


def _verdict(side: Side, asker: Asker) -> Verdict | None:
    """On the mark that was compared; None where its scan is not to be had."""
    scan, mark = side.scan, side.mark
    try:
        if scan is None and side.exhibit and side.whole:
            ref = ExhibitRef(side.member, side.exhibit.exhibit)
            scan = scan_of(ref, asker, mark_type=mark.mark_type)
        if scan is None or scan.provenance.sha256 != mark.provenance.sha256:
            return None
        judged = judge_marks(scan, asker.params)
    except RibinError:  # no scan, no verdict; the weight then says that there is none
        return None
    return next((o.quality.verdict for o in judged if o.mark.mark_type is mark.mark_type), None)


# How a population is made, and what may be claimed by one.


@dataclass(frozen=True)
class PopulationSource:
    """A folder with labels.csv, or a table of pairs whose columns are called otherwise."""

    path: Path
    form: TableForm
    stated: PopulationScan  # what its rows do not say


def source_notes(source: PopulationSource) -> list[str]:
    """How the labels or the table of pairs are read, and firearms whose names look alike."""
    if source.path.is_dir():
        return label_notes(source.path, source.form)
    note = read_csv(source.path, "a CSV file of pairs", (), form=source.form).note
    return [note] if note else []


def make_population(
    source: PopulationSource, begun: Population, output: Path, params: Params, jobs: int, tick: Tick
) -> Population:
    """Write the plan to `output`, then compare, do what the plan says, and write the whole.

    Raises RibinError: as `with_scans_of` and `with_pairs_of`; the plan alone stays in the file.
    """
    if output.exists():
        raise ParameterError(f"{output}: a new file needed, found one: a plan is laid down once")
    _write(begun, output)
    if source.path.is_dir():
        filled = with_scans_of(begun, source.stated, source.path, params, jobs, tick, source.form)
    else:
        filled = with_pairs_of(begun, source.stated, source.path, source.form)
    made = msgspec.structs.replace(filled, result=run_plan(filled.table, begun.plan)[0])
    _write(made, output)
    return made


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


def check_population(population: Population) -> Iterator[PopulationCheck]:
    """Whether a population supports a weight at all, and how strong a one at most."""
    table, least, result = population.table, population.plan.least_firearms, population.result
    chosen = result.chosen if result else None
    cost = next((o.cllr for o in result.methods if o.method == chosen), None) if result else None
    found = "-" if cost is None else f"{cost:.3f}"
    firearms = "firearms with known matches and known non-matches"
    yield PopulationCheck(firearms, f"{least}", f"{table.sources}", table.sources >= least)
    yield PopulationCheck("method", "one that fits", chosen or "none", chosen is not None)
    low = cost is not None and cost < 1.0
    yield PopulationCheck("Cllr in cross-validation", "below 1", found, low)
    stated = {name: ", ".join(population.coverage(name)) for name in COVERED}
    for name, said in {"parameters": population.params_id, **stated}.items():
        yield PopulationCheck(name, "stated", said or "none", bool(said))
    if chosen:
        lower, upper = fit_bounded(table, chosen).limits
        said = f"{lower:.2f} to {upper:.2f}"
        yield PopulationCheck("log10 LR", "at most", said, lower < 0 < upper)
