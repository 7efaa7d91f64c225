"""`ribin enrol`: scans into a vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ribin.commands.options import A_PATH, EXHIBIT_KINDS, SCOPES, Call, common_options
from ribin.commands.terminal import Progress, exit_after, list_failed, say, say_note
from ribin.report.json import as_json, plain_value
from ribin.report.table import table
from ribin.report.text import lists_text, lists_value

if TYPE_CHECKING:
    from ribin.cases.exhibits import Row
    from ribin.pipeline import MarkVerdict
    from ribin.services.enrol import DryRun, EnrolReport


@click.command(short_help="Put scans into a vault.")
@click.argument("files", metavar="FILE...", nargs=-1, type=A_PATH)
@click.option("--manifest", type=A_PATH, help="exhibits.csv: a row for every scan.")
@click.option("--event", default="", help="Event that the scans belong to.")
@click.option("--exhibit", default="", help="Exhibit that the scans show.")
@click.option("--case-number", default="", help="Case number of the event.")
@click.option("--date", default="", help="Day of the event, YYYY-MM-DD.")
@click.option("--place", default="", help="Place of the event.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS), show_default="evidence")
@click.option("--calibre", default="", help="Such as 9x19.")
@click.option("--firing-pin-shape", default="", help="Such as round or rectangular.")
@click.option("--breech-face-type", default="", help="Such as parallel, arched or granular.")
@click.option("--ammunition", default="", help="Maker of the cartridge.")
@click.option("--make", default="", help="Maker of the firearm, where it is known.")
@click.option("--model", default="", help="Model of the firearm, where it is known.")
@click.option("--firearm", default="", help="Weapon of a test fire.")
@click.option(
    "--sharing",
    type=click.Choice(SCOPES),
    show_default="country",
    help="Widest scope in which it may be seen.",
)
@click.option(
    "--accept-unusable",
    default="",
    metavar="REASON",
    help="Enrol marks of unusable quality all the same; the reason is kept with the scan.",
)
@click.option("--search", "at_once", type=click.Choice(SCOPES), help="Search with what is new.")
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--dry-run", is_flag=True, help="List every problem of every row, and write nothing.")
@common_options(
    *("map", "dates", "mask", "circle", "replica", "keep all", "vault", "network", "pitch"),
    *("lighting", "params", "jobs", "who", "reason", "json"),
)
def enrol(
    files: tuple[Path, ...],
    manifest: Path | None,
    call: Call,
    accept_unusable: str,
    dry_run: bool,
    at_once: str | None,
    top: int,
    **fields: str | None,
) -> None:
    """Enrol scans of one exhibit, or all rows of a manifest.

    A row that fails is listed with its reason and does not stop the others. A scan that is in the
    vault already is said to be there and changes nothing. --search looks at once for candidates
    like each scan that is new, in a scope; beyond the country it needs --reason.

    \b
    Examples:
      ribin enrol a.x3p --vault JAM --event 2026-17 --exhibit 2026-17-3 --calibre 9x19
      ribin enrol --manifest exhibits.csv --network network.toml
      ribin enrol a.x3p --vault JAM --event 2026-17 --exhibit 2026-17-3 --network network.toml \\
          --search cluster --reason "shooting of 3 May"

    --dry-run reads every scan and lists all that would be refused, row by row. Columns of another
    program's list are named by --map "Case No=case_number" --map "Remarks=".

    The manifest has the columns file, event, exhibit and optionally member, case_number, date,
    place, kind, calibre, firing_pin_shape, breech_face_type, ammunition, make, model, firearm,
    sharing and lighting, by commas, semicolons or tabs. An empty or absent cell has the value of
    the option. --dates day-first reads days such as 14/03/2026.
    """
    from ribin.cases.exhibits import Scope
    from ribin.services.enrol import EnrolOptions, EnrolSearch, dry_run_rows, enrol_rows

    rows = chosen_rows(files, manifest, call, fields)
    search = EnrolSearch(Scope(at_once), top) if at_once else None
    options = EnrolOptions(
        params=call.params,
        who=call.who,
        reason=call.reason,
        vault=call.vault,
        network_file=call.network_file,
        reading=call.reading(),
        accept_unusable=accept_unusable,
        search=search,
        jobs=call.jobs,
    )
    if dry_run:
        _say_dry_run(dry_run_rows(rows, options, Progress()), call)
    else:
        _say_report(enrol_rows(rows, options, Progress()), bool(search), call)


# What `ribin enrol` did, for a person and for programs, and how the command ends by it.


def _say_report(report: EnrolReport, searched: bool, call: Call) -> None:
    if call.json_output:
        value = plain_value({"enrolled": report.enrolled, "failed": report.failed})
        if searched:
            value["searches"] = [lists_value(one) for one in report.searches]
        say(as_json(value))
    else:
        say("\n\n".join([_enrolment_table(report), *map(lists_text, report.searches)]))
    for enrolled in report.enrolled:
        for text in enrolled.remarks:
            say_note(f"{enrolled.file}: {text}")
    problems = *report.failed, *report.not_searched
    list_failed((one.file, one.reason) for one in problems)
    unavailable = sum(len(one.unavailable) for one in report.searches)
    exit_after(len(report.enrolled), len(problems) + unavailable)


def _enrolment_table(report: EnrolReport) -> str:
    """The enrolled rows and the totals."""
    header = ("file", "member", "exhibit", "outcome", "marks")
    rows = [
        (e.file, e.member, e.exhibit, e.outcome, ", ".join(map(_words, e.found)) or "-")
        for e in report.enrolled
    ]
    new = sum(e.outcome == "new" for e in report.enrolled)
    there = len(report.enrolled) - new
    totals = f"{new} new, {there} already there, {len(report.failed)} failed"
    return f"{table(header, rows)}\n{totals}" if rows else totals


def _words(one: MarkVerdict) -> str:
    return f"{one.mark.words} {one.origin} {one.verdict}"


def _say_dry_run(report: DryRun, call: Call) -> None:
    would = f"{report.new} would be new, {report.already_there} already there"
    bad = report.rows - report.new - report.already_there
    said = f"dry run of {report.rows} rows: {would}, {bad} not possible; nothing was written"
    say(as_json(report) if call.json_output else said)
    for place, text in report.remarks:
        say_note(f"{place}: {text}")
    list_failed((one.file, one.reason) for one in report.problems)
    exit_after(report.new + report.already_there, len(report.problems))


# Which rows `ribin enrol` was asked for.


def chosen_rows(
    files: Sequence[Path], manifest: Path | None, call: Call, fields: Mapping[str, str | None]
) -> Sequence[Row]:
    """The rows of a manifest, or one for each file with the fields given as options.

    With a manifest the options are what its empty cells mean.

    Raises click.UsageError: both or neither of files and manifest are given, files without their
    event and exhibit, or more than one file with an outline, which belongs to one.
    """
    from ribin.cases.exhibits import Row, read_manifest

    if bool(files) == bool(manifest):
        raise click.UsageError("either FILE... or --manifest needed")
    if (call.masks or call.circles) and len(files) != 1:
        raise click.UsageError("--mask and --circle outline one FILE")
    given = {n: value for n, value in {**fields, "lighting": call.lighting}.items() if value}
    form = call.table_form()
    if manifest:
        read = read_manifest(manifest, given, form)
        say_note(read.note)
        return read.rows
    if call.columns:
        raise click.UsageError("--map names columns of a --manifest")
    if not (fields["event"] and fields["exhibit"]):
        raise click.UsageError("--event and --exhibit needed with FILE...")
    return [replace(Row.of(Path(), given, days=form.days), path=path) for path in files]
