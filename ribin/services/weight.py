"""The weight of a compared pair by a population; and how a population is made, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from ribin._version import __version__
from ribin.cases.csv_files import TableForm
from ribin.cases.exhibits import ClassFields
from ribin.cases.leads import ExhibitRef
from ribin.cases.side import Side
from ribin.errors import ParameterError, RibinError
from ribin.evaluate.pairs import label_notes
from ribin.evaluate.population import (
    SCAN_FACTS,
    Plan,
    Population,
    PopulationScan,
    pair_notes,
    read_population,
    with_pairs_of,
    with_scans_of,
    write_population,
)
from ribin.evaluate.run import Evaluation
from ribin.evaluate.validation import (
    TestedPairs,
    WeightValidation,
    fit_bounded,
    run_plan,
    validate_table,
)
from ribin.evaluate.validation_report import ValidationScope, validation_document
from ribin.evaluate.weight import (
    CaseFacts,
    CaseItem,
    Weight,
    counts_of,
    facts_of,
    propositions_of,
    weight_of,
)
from ribin.model import MarkType, Verdict, known_lighting
from ribin.params.defaults import Params
from ribin.pipeline import judge_marks
from ribin.report.document import Document, ReportHead
from ribin.services.files import whole_file
from ribin.services.marks import Asker, Source, scan_of
from ribin.services.pair import ComparedPair, PairOptions, prepare_pair
from ribin.workers import OnProgress


@dataclass(frozen=True)
class PairToWeigh:
    """A compared pair, where its sides came from, and what a person states of either item."""

    pair: ComparedPair
    sources: tuple[Source, Source]
    options: PairOptions
    stated: tuple[CaseItem, CaseItem]


def weigh(asked: PairToWeigh, asker: Asker, path: Path) -> Weight:
    """The weight of a pair by the population in a file.

    A population of several mark types has the pair compared by each of them.

    Raises RibinError: as `read_population`, or as `prepare_pair` of a further mark type.
    """
    population = read_population(path)
    pairs = [asked.pair]
    if asked.pair.result.mark in population.marks:
        pairs = [_by_mark(asked, mark, asker) for mark in population.marks]
    one, two = (_item([pair.sides[n] for pair in pairs], asked.stated[n], asker) for n in range(2))
    results = tuple(pair.result for pair in pairs)
    return weight_of(population, CaseFacts(results, pairs[0].reference.mark.kind, (one, two)))


def _by_mark(asked: PairToWeigh, mark: MarkType, asker: Asker) -> ComparedPair:
    if mark is asked.pair.result.mark:
        return asked.pair
    return prepare_pair(*asked.sources, asker, replace(asked.options, mark_type=mark))


def _item(sides: Sequence[Side], stated: CaseItem, asker: Asker) -> CaseItem:
    side = sides[0]
    origin, exhibit = side.mark.provenance, side.exhibit
    fields = exhibit.class_fields if exhibit else ClassFields()
    light = known_lighting(origin.lighting)
    verdicts = [_verdict(one, asker) for one in sides]
    return replace(
        stated,
        name=side.name,
        sha256=origin.sha256,
        instrument=stated.instrument or origin.instrument,
        calibre=stated.calibre or fields.calibre,
        ammunition=stated.ammunition or fields.ammunition,
        firearm=stated.firearm or (exhibit.firearm if exhibit else ""),
        lamp=light.lamp if light else "",
        verdict=None if None in verdicts else max(verdicts, key=tuple(Verdict).index),
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
    """How the labels or the table of pairs are read, firearms whose names look alike, and rows of
    pairs that repeat one."""
    if source.path.is_dir():
        return label_notes(source.path, source.form)
    return pair_notes(source.path, source.form)


def make_population(
    source: PopulationSource,
    begun: Population,
    output: Path,
    params: Params,
    jobs: int,
    tick: OnProgress,
) -> Population:
    """Write the plan to `output`, then compare, do what the plan says, and write the whole.

    Raises RibinError: as `with_scans_of` and `with_pairs_of`; the plan alone stays in the file.
    """
    if output.exists():
        raise ParameterError(
            f"{output}: a new file needed, found one: a plan is laid down once",
            hint="a plan that was not carried out holds no pairs: remove it, or name another file",
        )
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
    stated = {name: ", ".join(population.coverage(name)) for name in facts_of(population.kind)}
    for name, said in {"method parameters": population.params_id, **stated}.items():
        yield PopulationCheck(name, "stated", said or "none", bool(said))
    if chosen:
        lower, upper = fit_bounded(table, chosen).limits
        said = f"{lower:.2f} to {upper:.2f}"
        yield PopulationCheck("log10 LR", "at most", said, lower < 0 < upper)


# The validation report.


def population_report(population: Population, who: str) -> Document:
    """What the likelihood ratios of a population are worth."""
    counts = counts_of(population)
    marks = " and ".join(mark.words for mark in population.marks)
    plan = population.plan
    known = {
        "Laboratory": counts.laboratory,
        "Population made": f"{counts.made} (UTC), {population.program}",
        "SHA-256": counts.sha256,
        "Firearms": str(len(population.table.firearms)),
        "Scans": str(counts.scans),
        "Known matches": str(counts.known_match),
        "Known non-matches": str(counts.known_non_match),
        "Not compared": str(sum(population.not_compared.values())),
        **{n: ", ".join(population.coverage(n)) or "not stated" for n in SCAN_FACTS},
    }
    scope = ValidationScope(
        f"{marks}, {plan.figure}, population of {counts.laboratory}",
        propositions_of(population),
        _method(marks, population.kind, plan, population.params_id),
        tuple(known.items()),
    )
    validation, tested = validate_table(population.table, plan)
    return validation_document(_head(who), scope, plan, validation, tested)


def study_report(
    folder: Path,
    result: Evaluation,
    plan: Plan,
    validation: WeightValidation,
    tested: TestedPairs | None,
    who: str,
) -> Document:
    """What likelihood ratios of labelled scans would be worth."""
    name = folder.resolve().name
    known = {
        "Scans": str(result.scans),
        "Firearms": str(len(result.firearms)),
        "Known matches": str(result.known_match),
        "Known non-matches": str(result.known_non_match),
        "Not compared": str(result.not_compared),
    }
    scope = ValidationScope(
        f"{plan.figure}, scans of {name}",
        (
            "The two items were fired in the same firearm.",
            "The two items were fired in two firearms of the kind of these scans.",
        ),
        _method("as labelled", "as labelled", plan, result.params_id),
        tuple(known.items()),
        laid_down=False,
    )
    return validation_document(_head(who), scope, plan, validation, tested)


def _head(who: str) -> ReportHead:
    return ReportHead(who, datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"))


def _method(marks: str, kind: str, plan: Plan, params_id: str) -> tuple[tuple[str, str], ...]:
    return (
        ("Mark types", marks),
        ("Kind of scan", kind),
        ("Figure", plan.figure),
        ("Method parameters", params_id or "not stated"),
        ("Program", f"ribin {__version__}"),
        ("Least number of firearms", str(plan.least_firearms)),
    )
