"""`ribin batch`: many comparisons, searches or enrolments, resumed where they were stopped."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ribin.commands.options import (
    A_PATH,
    COMMON,
    EXHIBIT_KINDS,
    SCOPES,
    Call,
    common_options,
    ranking_options,
    stacked,
)
from ribin.commands.terminal import Progress, exit_after, list_failed, say, say_note
from ribin.report.json import as_json

if TYPE_CHECKING:
    from ribin.services.batch_items import BatchWork
    from ribin.services.jobs import BatchOptions, BatchReport

_EVERY_BATCH = stacked(
    click.argument("job_file", metavar="JOB.csv", type=A_PATH),
    click.option("--out", type=A_PATH, help="Results to write, FILE.jsonl (JOB.results.jsonl)."),
    click.option("--retry-failed", is_flag=True, help="Do again what failed before."),
    *(COMMON[name] for name in ("jobs", "scheduler", "map", "dates", "json")),
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
        columns: tuple[str, ...],
        dates: str,
        **options: Any,
    ) -> None:
        from ribin.services.jobs import BatchOptions

        form = Call(columns=columns, dates=dates).table_form()
        command(BatchOptions(job_file, out, jobs, scheduler, retry_failed, form), **options)

    return cast("Callable[..., None]", _EVERY_BATCH(with_batch))


def _resolved(path: Path | None) -> Path | None:
    return path and path.resolve()


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
@common_options("mark", "vault", "pitch", "lighting", "params", "rotation", "who")
def compare_batch(options: BatchOptions, cells: bool, call: Call) -> None:
    """Compare the two scans of each row: columns reference and comparison, optionally mark.

    No pair is compared again mirrored.

    \b
    Example:
      ribin batch compare pairs.csv --jobs 2
    """
    from ribin.services.batch_items import CompareScans

    vault = _resolved(call.vault)
    work = CompareScans(
        options.folder, call.params, call.reading(), vault, cells, call.who if vault else ""
    )
    _run(options, work, {"mark": call.mark}, call.json_output)


@batch.command("search")
@every_batch
@click.option("--scope", type=click.Choice(SCOPES), default="country", show_default=True)
@ranking_options
@common_options(
    "mark", "vault", "network", "pitch", "lighting", "params", "rotation", "who", "reason"
)
def search_batch(options: BatchOptions, call: Call, **rows: Any) -> None:
    """Search with the file or exhibit of each row: column query, optionally others.

    A query is a file, found from the folder of JOB.csv; `exhibit:NAME` is an exhibit of your vault,
    or with MEMBER:EXHIBIT as its name another member's.
    The columns mark, scope, from, to, reason and those of class fields (calibre, firing_pin_shape,
    breech_face_type, ammunition, make, model) stand before the options of the same name.

    \b
    Example:
      ribin batch search queries.csv --vault JAM --network network.toml --scope cluster --reason x
    """
    from ribin.services.batch_items import SearchQueries
    from ribin.services.session import needed_vault

    own, network = needed_vault(call.vault).resolve(), _resolved(call.network_file)
    work = SearchQueries(options.folder, own, network, call.params, call.search(**rows))
    _run(options, work, {}, call.json_output)


@batch.command("enrol")
@every_batch
@click.option("--event", default="", help="Event of rows that name none.")
@click.option("--kind", type=click.Choice(EXHIBIT_KINDS), show_default="evidence")
@click.option("--calibre", default="", help="Such as 9x19.")
@click.option("--sharing", type=click.Choice(SCOPES), show_default="country")
@click.option("--accept-unusable", default="", metavar="REASON", help="As in `ribin enrol`.")
@common_options("vault", "network", "pitch", "lighting", "params", "who", "reason")
def enrol_batch(
    options: BatchOptions, accept_unusable: str, call: Call, **cells: str | None
) -> None:
    """Enrol the scan of each row; the columns are those of a manifest of `ribin enrol`.

    Scans are read by --jobs workers and enrolled by one writer in the order of the rows.

    \b
    Example:
      ribin batch enrol exhibits.csv --network network.toml
    """
    from ribin.services.batch_items import EnrolScans
    from ribin.services.enrol import EnrolOptions

    how = EnrolOptions(
        params=call.params,
        who=call.who,
        reason=call.reason,
        vault=_resolved(call.vault),
        network_file=_resolved(call.network_file),
        reading=call.reading(),
        accept_unusable=accept_unusable,
    )
    work = EnrolScans(options.folder, how)
    _run(options, work, {**cells, "lighting": call.lighting}, call.json_output)


def _run(
    options: BatchOptions, work: BatchWork, cells: dict[str, str | None], json_output: bool
) -> None:
    """Run a job, say what became of it, list what failed and end the command by it."""
    from ribin.services.jobs import run_batch

    usual = {column: text for column, text in cells.items() if text}
    report = run_batch(options, work, usual, Progress(every_s=30.0))
    for remark in report.remarks:
        say_note(remark)
    say(_summary(report, json_output))
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
