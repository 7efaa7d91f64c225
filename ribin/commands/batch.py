"""`ribin batch`: many comparisons, searches or enrolments, resumed where they were stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ribin.commands.options import (
    A_PATH,
    EXHIBIT_KINDS,
    GROUPINGS,
    SCOPES,
    jobs_option,
    json_option,
    lighting_option,
    mark_option,
    network_option,
    params_option,
    pitch_option,
    reason_option,
    rotation_option,
    scheduler_option,
    vault_option,
    who_option,
)
from ribin.commands.terminal import Progress, exit_after, list_failed
from ribin.params.defaults import Params
from ribin.report.json import as_json

if TYPE_CHECKING:
    from ribin.services.batch_items import BatchWork
    from ribin.services.jobs import BatchOptions, BatchReport

_EVERY_BATCH = (
    click.argument("job_file", metavar="JOB.csv", type=A_PATH),
    click.option("--out", type=A_PATH, help="Results to write, FILE.jsonl (JOB.results.jsonl)."),
    click.option("--retry-failed", is_flag=True, help="Do again what failed before."),
    jobs_option,
    scheduler_option,
    json_option,
)


def every_batch(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the argument and the options of all jobs; it gets them as `BatchOptions`."""

    @wraps(command)
    def with_batch(
        job_file: Path,
        out: Path | None,
        retry_failed: bool,
        jobs: int,
        scheduler: str | None,
        **options: Any,
    ) -> None:
        from ribin.services.jobs import BatchOptions

        command(BatchOptions(job_file, out, jobs, scheduler, retry_failed), **options)

    for option in reversed(_EVERY_BATCH):
        with_batch = option(with_batch)
    return with_batch


@click.group(short_help="Many comparisons, searches or enrolments.")
def batch() -> None:
    """Run a job of many items from a CSV file with a row for each.

    What is done is logged at once, so a job that was stopped, by whatever, goes on where it was
    when the same command is given again. An item that fails is recorded with its reason and does
    not stop the others. The results are the same for any number of --jobs: FILE.jsonl with a line
    for each row, and FILE.csv. A job that is done gives the same results again: to search again
    among exhibits that are new, name other results with --out.

    A cell means a file, found from the folder of JOB.csv, unless it says exhibit:NAME, which means
    an exhibit of your vault.
    """


@batch.command("compare")
@every_batch
@click.option("--cells", is_flag=True, help="Write each cell into the results, 25 kB a pair.")
@mark_option
@vault_option
@pitch_option
@lighting_option
@params_option
@rotation_option
def compare_batch(
    options: BatchOptions,
    cells: bool,
    mark: str | None,
    vault: Path | None,
    pixel_pitch_um: float | None,
    lighting: str,
    params: Params,
    json_output: bool,
) -> None:
    """Compare the two scans of each row: columns reference and comparison, optionally mark.

    No pair is looked at mirrored as well.

    \b
    Example:
      ribin batch compare pairs.csv --jobs 2
    """
    from ribin.services.batch_items import CompareScans
    from ribin.services.reading import ReadOptions

    reading = ReadOptions(pixel_pitch_um, lighting=lighting)
    work = CompareScans(options.folder, params, reading, vault and vault.resolve(), cells)
    _run(options, work, {"mark": mark}, json_output)


@batch.command("search")
@every_batch
@click.option("--scope", type=click.Choice(SCOPES), default="country", show_default=True)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--full", is_flag=True, help="Compare everything, without a coarse cut.")
@click.option("--calibre", default="", help="Only this calibre, and where it is not known.")
@click.option("--from", "date_from", default="", help="First day of the event, YYYY-MM-DD.")
@click.option("--to", "date_to", default="", help="Last day of the event, YYYY-MM-DD.")
@click.option("--group", type=click.Choice(GROUPINGS), help="One row for each gun or each event.")
@click.option("--leave-out-reviewed", is_flag=True, help="Leave out pairs with both verdicts.")
@mark_option
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@rotation_option
@who_option
@reason_option
def search_batch(
    options: BatchOptions,
    scope: str,
    top: int,
    full: bool,
    calibre: str,
    date_from: str,
    date_to: str,
    group: str | None,
    leave_out_reviewed: bool,
    mark: str | None,
    vault: Path | None,
    network_file: Path | None,
    pixel_pitch_um: float | None,
    lighting: str,
    params: Params,
    who: str,
    reason: str,
    json_output: bool,
) -> None:
    """Search with the file or exhibit of each row: column query, optionally others.

    A query is a file, found from the folder of JOB.csv; `exhibit:NAME` is an exhibit of your vault,
    or with MEMBER:EXHIBIT as its name another member's.
    The columns mark, scope, calibre, from, to and reason stand before the options of the same name.

    \b
    Example:
      ribin batch search queries.csv --vault JAM --network network.toml --scope cluster --reason x
    """
    from ribin.cases.exhibits import Filters, Grouping, Scope
    from ribin.services.batch_items import SearchQueries
    from ribin.services.reading import ReadOptions
    from ribin.services.search import SearchOptions
    from ribin.services.session import needed_vault

    asked = SearchOptions(
        who,
        reason,
        scope=Scope(scope),
        filters=Filters(calibre, date_from, date_to),
        full=full,
        top=top,
        group=Grouping(group or Grouping.NONE),
        mark_type=mark,
        leave_out_reviewed=leave_out_reviewed,
        reading=ReadOptions(pixel_pitch_um, who=who, why=reason, lighting=lighting),
    )
    network = network_file and network_file.resolve()
    own = needed_vault(vault).resolve()
    _run(options, SearchQueries(options.folder, own, network, params, asked), {}, json_output)


@batch.command("enrol")
@every_batch
@click.option("--event", default="", help="Event of rows that name none.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS), show_default="evidence")
@click.option("--calibre", default="", help="Such as 9x19.")
@click.option("--sharing", type=click.Choice(SCOPES), show_default="country")
@click.option("--accept-unusable", default="", metavar="REASON", help="As in `ribin enrol`.")
@vault_option
@network_option
@pitch_option
@lighting_option
@params_option
@who_option
@reason_option
def enrol_batch(
    options: BatchOptions,
    accept_unusable: str,
    vault: Path | None,
    network_file: Path | None,
    pixel_pitch_um: float | None,
    params: Params,
    who: str,
    reason: str,
    json_output: bool,
    **cells: str | None,
) -> None:
    """Enrol the scan of each row; the columns are those of a manifest of `ribin enrol`.

    Scans are read by --jobs workers and enrolled by one writer in the order of the rows.

    \b
    Example:
      ribin batch enrol exhibits.csv --network network.toml
    """
    from ribin.services.batch_items import EnrolScans
    from ribin.services.enrol import EnrolOptions

    how = EnrolOptions(params, who, reason, pixel_pitch_um, accept_unusable=accept_unusable)
    own, network = vault and vault.resolve(), network_file and network_file.resolve()
    _run(options, EnrolScans(options.folder, own, network, how), cells, json_output)


def _run(
    options: BatchOptions, work: BatchWork, cells: dict[str, str | None], json_output: bool
) -> None:
    """Run a job, say what became of it, list what failed and end the command by it."""
    from ribin.services.jobs import run_batch

    usual = {column: text for column, text in cells.items() if text}
    report = run_batch(options, work, usual, Progress(every_s=30.0))
    click.echo(_summary(report, json_output))
    list_failed(report.failures)
    tally = report.tally
    exit_after(done=tally.items - tally.failed, failed=tally.failed)


def _summary(report: BatchReport, json_output: bool) -> str:
    tally, files = report.tally, report.results
    if json_output:
        results = [str(file) for file in files]
        return as_json({**vars(tally), "failures": report.failures, "results": results})
    before = f", {tally.done_before} of them before this run" if tally.done_before else ""
    counted = f"{tally.items} items: {tally.items - tally.failed} done, {tally.failed} failed"
    return f"{counted}{before}\n{files[0]}\n{files[1]}"
