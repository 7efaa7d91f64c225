"""A batch: many comparisons, searches or enrolments of a CSV file, resumed where it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ribin._version import __version__
from ribin.cases.csv_files import OWN_FORM, TableForm, read_csv, write_csv
from ribin.cases.exhibits import CLASS_FIELDS, COLUMNS
from ribin.cases.plausible import iso_day
from ribin.errors import FormatError, ParameterError, RibinError
from ribin.services.batch_items import BatchWork, EnrolScans
from ribin.services.enrol import Admission
from ribin.services.files import whole_file
from ribin.services.session import Vaults
from ribin.vault.enrol import EnrolOutcome
from ribin.vault.journal import Journal, open_journal
from ribin.workers import Executor, OnProgress, Outcome, WorkItem, in_order, local_executor, silent

# Columns of each kind of job: those that are needed, and those that may be there.
_COLUMNS = {
    "compare": (("reference", "comparison"), ("mark",)),
    "search": (("query",), ("mark", "scope", *CLASS_FIELDS, "from", "to", "reason")),
    "enrol": (("file", "event", "exhibit"), COLUMNS),
}
_DAYS = frozenset({"date", "from", "to"})
_RESULTS = ".results.jsonl"


@dataclass(frozen=True)
class BatchOptions:
    """Which job is run, by whom, and where its results go."""

    job_file: Path
    out: Path | None = None
    jobs: int = 1
    scheduler: str | None = None
    retry_failed: bool = False
    form: TableForm = OWN_FORM

    @property
    def folder(self) -> Path:
        """What files of the job are found from."""
        return self.job_file.resolve().parent

    @property
    def results(self) -> Path:
        return self.out or self.job_file.with_suffix(_RESULTS)

    @property
    def journal(self) -> Path:
        return self.results.with_suffix(".journal")


@dataclass(frozen=True)
class JobCounts:
    """What became of a job: items in all, done by this run, done before it, failed in all."""

    items: int
    done_now: int
    done_before: int
    failed: int


@dataclass(frozen=True)
class BatchReport:
    """The tally of a job, its failures by line with their reasons, and the files it wrote."""

    tally: JobCounts
    failures: tuple[tuple[str, str], ...]
    results: tuple[Path, Path]
    remarks: tuple[str, ...] = ()  # how the table was read, and what is odd in its rows


def run_batch(
    options: BatchOptions, work: BatchWork, usual: Mapping[str, str] | None, progress: OnProgress
) -> BatchReport:
    """Run a job from where it was left, and write its results.

    `usual`: what an empty or absent cell of a column means. Raises ParameterError: the results
    would not end in .jsonl, have no folder, or would replace the job or a file that no run of it
    wrote; or their journal is of another job; FormatError: as `read_job`.
    """
    _check_results(options)
    job = read_job(options.job_file, work.kind, usual or {}, work.settings(), options.form)
    otherwise = f"--out names another file, or remove {options.journal}"
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(options.journal, dict(job.identity), otherwise))
        if options.retry_failed:
            journal.forget_failed()
        executor = stack.enter_context(_executor(options))
        admit: Admit = _take_value
        remarks = [job.note] if job.note else []
        if isinstance(work, EnrolScans):
            vaults = stack.enter_context(Vaults(work.options.vault, work.options.network_file))
            admit = _admission(Admission(work, vaults), remarks)
        tally = run_job(job, work, executor, journal, progress, admit)
        failures = [
            (f"line {item.line}", journal.entry(item.number)["failed"])
            for item in job.items
            if item.number in journal.failed
        ]
        results = write_results(job, journal, options.results)
        return BatchReport(tally, tuple(failures), results, tuple(remarks))


def _check_results(options: BatchOptions) -> None:
    results = options.results
    if results.suffix != ".jsonl" or not results.parent.is_dir():
        raise ParameterError(
            f"{results}: a name that ends in .jsonl, in a folder that is there, needed"
        )
    table = results.with_suffix(".csv")
    if table.resolve() == options.job_file.resolve():
        raise ParameterError(f"{results}: another name needed, its .csv would replace the job")
    if options.journal.exists():  # what has these names is then the job's own
        return
    for path in (results, table):
        if path.exists():
            raise ParameterError(
                f"{path}: would be replaced, and {options.journal.name} is not beside it: "
                "another name (--out) needed, or take it away first"
            )


@contextmanager
def _executor(options: BatchOptions) -> Iterator[Executor]:
    """Who does the items: processes of this machine, or the workers of a scheduler."""
    if not options.scheduler:
        yield local_executor(options.jobs)
        return
    from ribin.services.cluster import ClusterExecutor, connected

    with connected(options.scheduler) as client:
        yield ClusterExecutor(client)


# From the first item that the journal does not have to the last. One process writes.

Admit = Callable[[WorkItem, Outcome, Journal], Any]


def _take_value(item: WorkItem, outcome: Outcome, journal: Journal) -> Any:
    return outcome.value


def run_job(
    job: Job,
    work: BatchWork,
    executor: Executor,
    journal: Journal,
    progress: OnProgress = silent,
    admit: Admit = _take_value,
) -> JobCounts:
    """Do what the journal does not have yet. This process alone writes, in the order of the items.

    `admit`: what this process does with the outcome of an item, in order; gives what the journal
    holds, by default the value. A RibinError or OSError that it raises is why the item failed.
    """
    waiting = [item for item in job.items if item.number not in journal.done]
    before = len(job.items) - len(waiting)
    progress(job.kind, before, len(job.items))
    for item, outcome in in_order(executor, work, waiting):
        _log_outcome(item, outcome, journal, admit)
        progress(job.kind, len(journal.done), len(job.items))
    return JobCounts(len(job.items), len(waiting), before, len(journal.failed))


def _log_outcome(item: WorkItem, outcome: Outcome, journal: Journal, admit: Admit) -> None:
    reason, value = outcome.failed, outcome.value
    if not reason:
        try:
            value = admit(item, outcome, journal)
        except (RibinError, OSError) as error:
            reason, value = str(error), None
    if reason:
        journal.fail(item.number, reason, value)
    else:
        journal.finish(item.number, value)


def _admission(admission: Admission, remarks: list[str]) -> Admit:
    """Enrols what was prepared; what a person should know of it goes into `remarks`, and not into
    results, which are the same after any kill.

    A run may end after the vault has a scan and before the journal says so. The journal therefore
    notes first that a scan, not there yet, is about to be enrolled: found there later, it is new.
    """

    def admit(item: WorkItem, outcome: Outcome, journal: Journal) -> dict[str, Any]:
        enrolled = admission.admit(item, outcome, lambda: journal.begin(item.number))
        if journal.has_begun(item.number):
            enrolled = replace(enrolled, outcome=str(EnrolOutcome.NEW))
        remarks.extend(f"{enrolled.file}: {text}" for text in enrolled.remarks)
        value = asdict(enrolled)
        return {name: value[name] for name in _RESULT_COLUMNS["enrol"]}

    return admit


# JOB.csv: what a batch is asked for, and the name by which a journal knows it again.


@dataclass(frozen=True)
class Job:
    """A kind of work and its items.

    `identity` is what the journal holds: equal jobs, settings and versions have it alike.
    """

    kind: str
    items: tuple[WorkItem, ...]
    identity: Mapping[str, Any]
    note: str = ""  # how its table was read, where that is not as usual


def read_job(
    path: Path,
    kind: str,
    usual: Mapping[str, str],
    settings: Mapping[str, object],
    form: TableForm = OWN_FORM,
) -> Job:
    """Read a job; `settings` is whatever else changes its results.

    Raises FormatError: as `read_csv`; or the file has no row.
    """
    needed, others = _COLUMNS[kind]
    known = tuple(dict.fromkeys([*needed, *others]))
    table = read_csv(path, "a CSV file of a job", needed, known, usual, form)
    if not table.rows:
        raise FormatError(f"{path}: at least one row needed, found none")
    for _, cells in table.rows:
        for name in _DAYS & cells.keys():
            cells[name] = iso_day(cells[name], form.days)
    items = tuple(WorkItem(n, line, cells) for n, (line, cells) in enumerate(table.rows, start=1))
    fields = [item.fields for item in items]
    identity = json.dumps([fields, dict(settings), __version__], sort_keys=True, default=str)
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return Job(kind, items, {"job": kind, "items": len(items), "sha256": digest}, table.note)


# What a job gave: a line of JSON for each item, and a CSV; whole or not at all, in its order.

_FIGURES = ("score", "cmc", "cmc_fraction", "ccf", "cells", "rotation_deg")
_CANDIDATE = ("member", "exhibit", "event")
_RESULT_COLUMNS = {
    "compare": ("reference", "comparison", "mark", *_FIGURES, "reason"),
    "search": (
        *("query", "mark", "rank", *_CANDIDATE, *_FIGURES),
        *("group", "others", "reciprocal_ranks"),
    ),
    "enrol": ("file", "member", "exhibit", "outcome", "sha256", "marks"),
}


def write_results(job: Job, journal: Journal, path: Path) -> tuple[Path, Path]:
    """Write FILE.jsonl and FILE.csv of a finished job.

    A line of JSON has `item`, `line`, the cells of the row as `asked`, `failed` (null where all
    went well) and `result`. The CSV has a row for each item; of a search, one for each candidate
    of each list, those of the fused list with `all` as their mark.

    Raises ParameterError: a file cannot be written.
    """
    table = path.with_suffix(".csv")
    with whole_file(path) as aside, aside.open("w", encoding="utf-8", newline="\n") as stream:
        for entry in _entries(job, journal):
            stream.write(json.dumps(entry, ensure_ascii=False) + "\n")
    columns = ("item", "line", *_RESULT_COLUMNS[job.kind], "failed")
    with whole_file(table) as aside, aside.open("w", encoding="utf-8", newline="") as stream:
        rows = (row for entry in _entries(job, journal) for row in _rows(job.kind, entry))
        write_csv(stream, columns, rows, line_end="\n")
    return path, table


def _entries(job: Job, journal: Journal) -> Iterator[dict[str, Any]]:
    for item in job.items:
        logged = journal.entry(item.number)
        yield {
            "item": item.number,
            "line": item.line,
            "asked": dict(item.fields),
            "failed": logged.get("failed"),
            "result": logged.get("done"),
        }


def _rows(kind: str, entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    start = {"item": entry["item"], "line": entry["line"], "failed": entry["failed"]}
    result = entry["result"]
    if result is None:
        return [{**entry["asked"], **start}]
    if kind != "search":
        return [{**result, **start}]
    start["query"] = result["query"]
    rows = [{**row, **start} for one in result["lists"] for row in one["candidates"]]
    fused = result["fused"]["candidates"] if result["fused"] else []
    rows += [{**row, **start, "mark": "all"} for row in fused]
    return rows or [start]
