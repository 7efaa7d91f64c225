"""What the commands of `ribin batch` have in common: where a job stands, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ribin.commands.progress import Progress
from ribin.commands.terminal import exit_after, list_failed
from ribin.commands.workers import executor_with
from ribin.errors import ParameterError
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

_USUAL = ".results.jsonl"


@dataclass(frozen=True)
class Told:
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


def asked_job(told: Told, kind: str, cells: Mapping[str, Any], options: Mapping[str, Any]) -> Job:
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


def run_batch(told: Told, job: Job, work: Work) -> None:
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
