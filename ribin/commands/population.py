"""`ribin population`: reference data with which a score can be weighed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ribin.commands.options import A_PATH, MARKS, Call, common_options, stacked
from ribin.commands.terminal import Progress, exit_after, say_note

if TYPE_CHECKING:
    from ribin.evaluate.population import Population
    from ribin.evaluate.weight import PopulationCounts

# Written out, because importing them would load numpy for `--help`.
KINDS = ("topography", "image")
METHODS = ("logistic", "density", "isotonic", "counts")


@click.group(short_help="Reference data to weigh a score with.")
def population() -> None:
    """Make and check the reference data with which `compare` and `report` weigh a score."""


@population.command(short_help="Reference data from labelled scans or pairs.")
@click.argument("study", metavar="DIR|PAIRS.csv", type=A_PATH)
@click.option("-o", "--output", metavar="P.json", type=A_PATH, required=True, help="A new file.")
@click.option("--laboratory", required=True, help="Whose reference data these are.")
@click.option(
    "--method",
    "methods",
    type=click.Choice(METHODS),
    multiple=True,
    help="Candidate method; may be given again.  [default: all that suit the figure]",
)
@click.option(
    "--least-firearms",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="Below so many firearms there is no weight.",
)
@stacked(
    *(
        click.option(f"--{name}", default="", help="Where labels.csv does not say.")
        for name in ("make", "model", "calibre", "ammunition")
    )
)
@click.option("--instrument", default="", help="As --calibre; in place of what the scan says.")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], help="Of a table of pairs.")
@click.option("--params-id", default="", help="Of a table of pairs: what made its figures.")
@click.option(
    "--fuse",
    "fused",
    type=click.Choice(MARKS),
    multiple=True,
    help="A further mark type, whose figures are fused with those of --mark.",
)
@common_options("map", "figure", "requirements", "mark", "params", "rotation", "jobs", "json")
def make(study: Path, output: Path, fused: tuple[str, ...], call: Call, **asked: Any) -> None:
    """Compare the labelled scans of DIR, or take the pairs of a table, as reference data.

    DIR holds scans and labels.csv: file,firearm and optionally ammunition, mark, make, model,
    calibre, instrument. PAIRS.csv has firearm1,firearm2, the figure (cmc with cells) and
    optionally known_match.

    The plan (figure, methods, criterion, least number of firearms, what --require accepts at most)
    is written to P.json before anything is compared; a file that is there is not overwritten.

    --fuse joins mark types of the same cartridge case: of one file, or of files that the column
    item of labels.csv names alike; of a table, columns as ccf_breech_face and ccf_firing_pin.

    \b
    Examples:
      ribin population make study -o study-9mm.json --laboratory "Forensic laboratory" \\
          --calibre "9x19" --figure score
      ribin population make pairs.csv -o table.json --laboratory "Forensic laboratory" \\
          --figure ccf --map weapon1=firearm1 --map weapon2=firearm2 --params-id 0123456789ab
    """
    from ribin.evaluate.population import SCAN_FACTS, PopulationScan, begin_population, plan_for
    from ribin.evaluate.weight import counts_of
    from ribin.model import MarkType, ScanKind
    from ribin.services.weight import PopulationSource, make_population, source_notes

    if fused and not call.mark:
        raise click.UsageError("--fuse needs --mark: the mark type that comes first")
    plan = plan_for(
        asked["figure"],
        asked["methods"],
        bool(fused),
        least_firearms=asked["least_firearms"],
        required=asked["required"],
    )
    begun = begin_population(
        asked["laboratory"],
        plan,
        tuple(MarkType(mark) for mark in (call.mark, *fused) if mark),
        ScanKind(asked["kind"]),
        asked["params_id"],
        study,
        call.table_form(),
    )
    stated = PopulationScan("", **{name: asked[name] for name in SCAN_FACTS})
    source = PopulationSource(study, call.table_form(), stated)
    for note in source_notes(source):
        say_note(note)
    made = make_population(source, begun, output, call.params, call.jobs, Progress())
    call.show(counts_of(made), lambda counts: _shown(made, counts))
    exit_after(done=len(made.pairs), failed=sum(made.not_compared.values()))


@population.command(short_help="What a population holds.")
@click.argument("file", metavar="P.json", type=A_PATH)
@common_options("json")
def show(file: Path, call: Call) -> None:
    """Show whose reference data these are, the plan, the counts and what the plan came to.

    \b
    Example:
      ribin population show study-9mm.json
    """
    from ribin.evaluate.population import read_population
    from ribin.evaluate.weight import counts_of

    read = read_population(file)
    call.show(counts_of(read), lambda counts: _shown(read, counts))


@population.command(short_help="Whether a population supports a weight.")
@click.argument("file", metavar="P.json", type=A_PATH)
@common_options("json")
def check(file: Path, call: Call) -> None:
    """Check what a weight rests on: counts of firearms (not of pairs), method, facts, bounds.

    Ends with 1 where something lacks: comparisons then get no likelihood ratio.

    \b
    Example:
      ribin population check study-9mm.json
    """
    from ribin.evaluate.population import read_population
    from ribin.report.table import table
    from ribin.services.weight import check_population

    checks = tuple(check_population(read_population(file)))
    rows = [(one.name, one.needed, one.found, "" if one.fulfilled else "lacks") for one in checks]
    call.show(checks, lambda _: table(("", "needed", "found", ""), rows))
    exit_after(done=1, failed=sum(not one.fulfilled for one in checks))


@population.command(short_help="A validation report.")
@click.argument("file", metavar="P.json", type=A_PATH)
@common_options("reports", "who")
def report(file: Path, outputs: tuple[Path, ...], call: Call) -> None:
    """Write what the likelihood ratios of a population are worth, as a validation report.

    It has the order of the guideline of Meuwly, Ramos and Haraksim (2017): characteristics, metrics
    and graphs, criteria, data, experiment, results, decisions. Criteria are those that --require of
    `population make` laid down.

    \b
    Example:
      ribin population report study-9mm.json -o validation.html -o validation.pdf
    """
    from ribin.evaluate.population import read_population
    from ribin.services.pair import check_reports, write_reports
    from ribin.services.weight import population_report

    check_reports(outputs)
    write_reports(population_report(read_population(file), call.who), outputs)


def _shown(read: Population, counts: PopulationCounts) -> str:
    from ribin.evaluate.report import methods_table
    from ribin.report.table import facts

    plan, result = read.plan, read.result
    names = " and ".join(mark.words for mark in read.marks)
    marks = f"{names}, {read.kind}, method parameters {read.params_id or 'not stated'}"
    covered = ("makes", "models", "calibre", "ammunition", "instrument")
    lines: list[tuple[str, object]] = [
        ("laboratory", counts.laboratory),
        ("made", f"{counts.made} (UTC), {read.program}"),
        ("SHA-256", counts.sha256),
        ("marks", marks),
        ("firearms", counts.firearms),
        ("scans", counts.scans),
        ("known matches", counts.known_match),
        ("known non-matches", counts.known_non_match),
        ("not compared", sum(read.not_compared.values())),
        *((name, ", ".join(getattr(counts, name)) or "not stated") for name in covered),
        ("plan", f"{plan.figure}; {plan.criterion}, {plan.folds} folds"),
        ("firearms needed", plan.least_firearms),
    ]
    if result is None:
        return facts([*lines, ("method", "none yet: the plan was not carried out")])
    table = methods_table(result.methods)
    return f"{facts([*lines, ('method', result.chosen or 'none')])}\n\n{table}"
