"""`ribin batch`: many comparisons, searches or enrolments, resumed where they were stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ribin.commands.options import (
    A_PATH,
    EXHIBIT_KINDS,
    GROUPINGS,
    SCOPES,
    executor_with,
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
from ribin.errors import ParameterError
from ribin.params.defaults import Params
from ribin.report.json import as_json
from ribin.services.jobs import (
    Admission,
    Job,
    Preparing,
    Tally,
    failures,
    read_job,
    run_job,
    write_results,
)
from ribin.services.journal import open_journal
from ribin.services.session import Vaults
from ribin.services.workers import Work

_EVERY_BATCH = (
    click.argument("job_file", metavar="JOB.csv", type=A_PATH),
    click.option("--out", type=A_PATH, help="Results to write, FILE.jsonl (JOB.results.jsonl)."),
    click.option("--retry-failed", is_flag=True, help="Do again what failed before."),
    jobs_option,
    scheduler_option,
    json_option,
)


def every_batch(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument and the options that all jobs have."""
    for option in reversed(_EVERY_BATCH):
        command = option(command)
    return command


@click.group(short_help="Many comparisons, searches or enrolments.")
def batch() -> None:
    """Run a job of many items from a CSV file with a row for each.

    What is done is written down at once, so a job that was stopped, by whatever, goes on where it
    was when the same command is given again. An item that fails is recorded with its reason and
    does not stop the others. The results are the same for any number of --jobs: FILE.jsonl with
    a line for each row, and FILE.csv. A job that is done gives what it found then: to search
    again among exhibits that are new, name other results with --out.
    """


@batch.command("compare")
@every_batch
@click.option("--cells", is_flag=True, help="Write each cell into the results, 25 kB a pair.")
@mark_option
@pitch_option
@lighting_option
@params_option
@rotation_option
def compare_batch(
    cells: bool,
    mark: str | None,
    pixel_pitch_um: float | None,
    lighting: str,
    params: Params,
    **every: Any,
) -> None:
    """Compare the two files of each row: columns reference and comparison, optionally mark.

    Files are found from the folder of JOB.csv. No pair is looked at mirrored as well.

    \b
    Example:
      ribin batch compare pairs.csv --jobs 2
    """
    from ribin.services.jobs import Comparing
    from ribin.services.reading import ReadOptions

    told, reading = BatchTalk(**every), ReadOptions(pixel_pitch_um, lighting=lighting)
    options = {"params": params.params_id, "cells": cells, "reading": reading}
    job = asked_job(told, "compare", {"mark": mark}, options)
    run_batch(told, job, Comparing(job.folder, params, reading, cells))


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
    vault: Path | None,
    network_file: Path | None,
    pixel_pitch_um: float | None,
    lighting: str,
    params: Params,
    **asked: Any,
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
    from ribin.services.jobs import Searching
    from ribin.services.reading import ReadOptions
    from ribin.services.search import SearchOptions
    from ribin.services.session import needed_vault

    told = BatchTalk(**{name: asked.pop(name) for name in BatchTalk.__dataclass_fields__})
    reading = ReadOptions(pixel_pitch_um, who=asked["who"], why=asked["reason"], lighting=lighting)
    place = needed_vault(vault).resolve(), network_file and network_file.resolve()
    options = {"params": params.params_id, "search": params.search, "reading": reading, **asked}
    job = asked_job(told, "search", {}, {**options, "place": place})
    wanted = SearchOptions(
        who=asked["who"],
        reason=asked["reason"],
        scope=Scope(asked["scope"]),
        filters=Filters(asked["calibre"], asked["date_from"], asked["date_to"]),
        full=asked["full"],
        top=asked["top"],
        group=Grouping(asked["group"] or Grouping.NONE),
        mark_type=asked["mark"],
        leave_out_reviewed=asked["leave_out_reviewed"],
        reading=reading,
    )
    run_batch(told, job, Searching(job.folder, *place, params, wanted))


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
    vault: Path | None,
    network_file: Path | None,
    pixel_pitch_um: float | None,
    accept_unusable: str,
    params: Params,
    **asked: Any,
) -> None:
    """Enrol the scan of each row; the columns are those of a manifest of `ribin enrol`.

    Scans are read by --jobs workers and enrolled by one writer in the order of the rows.

    \b
    Example:
      ribin batch enrol exhibits.csv --network network.toml
    """
    from ribin.services.enrol import EnrolOptions
    from ribin.services.jobs import Preparing

    told = BatchTalk(**{name: asked.pop(name) for name in BatchTalk.__dataclass_fields__})
    who, reason = asked.pop("who"), asked.pop("reason")
    intake = EnrolOptions(params, who, reason, pixel_pitch_um, accept_unusable=accept_unusable)
    place = vault and vault.resolve(), network_file and network_file.resolve()
    options = {"params": params.template_id, "intake": [pixel_pitch_um, accept_unusable]}
    job = asked_job(told, "enrol", asked, {**options, "place": place})
    run_batch(told, job, Preparing(job.folder, *place, intake))


# What the commands of `ribin batch` have in common: where a job stands, and how it ends.

_USUAL = ".results.jsonl"


@dataclass(frozen=True)
class BatchTalk:
    """What the options of every batch say."""

    job_file: Path
    out: Path | None
    jobs: int
    scheduler: str | None
    retry_failed: bool
    json_output: bool

    @property
    def results(self) -> Path:
        return self.out or self.job_file.with_suffix(_USUAL)


def asked_job(
    told: BatchTalk, kind: str, cells: Mapping[str, Any], options: Mapping[str, Any]
) -> Job:
    """The job; what an option says of a cell stands for empty ones.

    Raises
    ------
    ParameterError
        The results would not end in .jsonl, have no folder, or would replace the job or a file
        that no run of it wrote.
    FormatError
        As `read_job`.
    """
    if told.results.suffix != ".jsonl" or not told.results.parent.is_dir():
        raise ParameterError(
            f"{told.results}: a name that ends in .jsonl, in a folder that is there, needed"
        )
    if told.results.with_suffix(".csv").resolve() == told.job_file.resolve():
        raise ParameterError(f"{told.results}: another name needed, its .csv would replace the job")
    _refuse_strangers(told.results)
    usual = {name: str(text) for name, text in cells.items() if text}
    words = {
        name: value if isinstance(value, int) else str(value) for name, value in options.items()
    }
    return read_job(told.job_file, kind, usual, words)


def _refuse_strangers(results: Path) -> None:
    """Files of these names are a job's own where its journal lies beside them."""
    if results.with_suffix(".journal").exists():
        return
    for path in (results, results.with_suffix(".csv")):
        if path.exists():
            raise ParameterError(
                f"{path}: would be replaced, and {results.with_suffix('.journal').name} is not "
                "beside it: another name (--out) needed, or take it away first"
            )


def run_batch(told: BatchTalk, job: Job, work: Work) -> None:
    """Run a job from where it was left, write its results, list what failed, end the command."""
    results = told.results
    otherwise = f"--out names another file, or remove {results.with_suffix('.journal')}"
    with ExitStack() as stack:
        path = results.with_suffix(".journal")
        journal = stack.enter_context(open_journal(path, dict(job.identity), otherwise))
        if told.retry_failed:
            journal.forget_failed()
        executor = stack.enter_context(executor_with(told.scheduler, told.jobs))
        tick = Progress(every_s=30.0)
        if isinstance(work, Preparing):
            vaults = stack.enter_context(Vaults(work.vault, work.network_file))
            tally = run_job(job, work, executor, journal, tick, Admission(work, vaults))
        else:
            tally = run_job(job, work, executor, journal, tick)
        files = write_results(job, journal, results)
        failed = failures(job, journal)
    click.echo(_summary(tally, failed, files, told.json_output))
    list_failed(failed)
    exit_after(done=tally.items - tally.failed, failed=tally.failed)


def _summary(
    tally: Tally, failed: list[tuple[str, str]], files: tuple[Path, Path], json_output: bool
) -> str:
    if json_output:
        return as_json({**vars(tally), "failures": failed, "results": [str(f) for f in files]})
    before = f", {tally.done_before} of them before this run" if tally.done_before else ""
    counted = f"{tally.items} items: {tally.items - tally.failed} done, {tally.failed} failed"
    return f"{counted}{before}\n{files[0]}\n{files[1]}"
