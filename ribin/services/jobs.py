"""A batch: many comparisons, searches or enrolments of a CSV file, resumed where it was stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ribin._version import __version__
from ribin.cases.csv_files import BEYOND, read_csv, write_csv
from ribin.cases.exhibits import COLUMNS, Scope
from ribin.cases.leads import ExhibitRef
from ribin.cases.results import SearchLists
from ribin.errors import FormatError, ParameterError, RibinError, ScanError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.json import plain_value
from ribin.report.text import lists_value
from ribin.services.enrol import Admission, PrepareScans, Progress, no_progress
from ribin.services.files import whole_file
from ribin.services.reading import ReadOptions, read_side
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session, Vaults
from ribin.vault.enrol import EnrolOutcome
from ribin.vault.journal import Journal, open_journal
from ribin.workers import Executor, Outcome, Partial, WorkItem, in_order, local_executor

# Columns of each kind of job: those that are needed, and those that may be there.
_COLUMNS = {
    "compare": (("reference", "comparison"), ("mark",)),
    "search": (("query",), ("mark", "scope", "calibre", "from", "to", "reason")),
    "enrol": (("file", "event", "exhibit"), COLUMNS),
}
_RESULTS = ".results.jsonl"
_EXHIBIT = "exhibit:"  # begins a cell that names an exhibit of the own vault instead of a file


@dataclass(frozen=True)
class BatchOptions:
    """Which job is run, by whom, and where its results go."""

    job_file: Path
    out: Path | None = None
    jobs: int = 1
    scheduler: str | None = None
    retry_failed: bool = False

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
class Tally:
    """What became of a job: items in all, done by this run, done before it, failed in all."""

    items: int
    done_now: int
    done_before: int
    failed: int


@dataclass(frozen=True)
class BatchReport:
    """The tally of a job, its failures by line with their reasons, and the files it wrote."""

    tally: Tally
    failures: tuple[tuple[str, str], ...]
    results: tuple[Path, Path]


class BatchWork(Protocol):
    """What a batch does with each item; see `ribin.workers.Work`."""

    kind: ClassVar[str]

    def do(self, item: WorkItem) -> Any: ...

    def settings(self) -> Mapping[str, object]:
        """Whatever changes the results beside the rows; a journal begun with others is refused."""
        ...


def run_batch(
    options: BatchOptions,
    work: BatchWork,
    usual: Mapping[str, str] | None = None,
    progress: Progress = no_progress,
) -> BatchReport:
    """Run a job from where it was left, and write its results.

    Parameters
    ----------
    usual : mapping, optional
        What an empty or absent cell of a column means.

    Raises
    ------
    ParameterError
        The results would not end in .jsonl, have no folder, or would replace the job or a file
        that no run of it wrote; or their journal is of another job.
    FormatError
        As `read_job`.
    """
    _check_results(options)
    job = read_job(options.job_file, work.kind, usual or {}, work.settings())
    otherwise = f"--out names another file, or remove {options.journal}"
    with ExitStack() as stack:
        journal = stack.enter_context(open_journal(options.journal, dict(job.identity), otherwise))
        if options.retry_failed:
            journal.forget_failed()
        executor = stack.enter_context(_executor(options))
        admit: Admit = _take_value
        if isinstance(work, EnrolScans):
            vaults = stack.enter_context(Vaults(work.vault, work.network_file))
            admit = _admission(Admission(work, vaults))
        tally = run_job(job, work, executor, journal, progress, admit)
        files = write_results(job, journal, options.results)
        return BatchReport(tally, tuple(_failures(job, journal)), files)


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
    progress: Progress = no_progress,
    admit: Admit = _take_value,
) -> Tally:
    """Do what the journal does not have yet. This process alone writes, in the order of the items.

    Parameters
    ----------
    admit : callable, optional
        What this process does with the outcome of an item, in order; gives what the journal
        holds, by default the value. A RibinError or OSError that it raises is why the item failed.
    """
    waiting = [item for item in job.items if item.number not in journal.done]
    before = len(job.items) - len(waiting)
    progress(job.kind, before, len(job.items))
    for item, outcome in in_order(executor, work, waiting):
        _log_outcome(item, outcome, journal, admit)
        progress(job.kind, len(journal.done), len(job.items))
    return Tally(len(job.items), len(waiting), before, len(journal.failed))


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


def _admission(admission: Admission) -> Admit:
    """Enrols what was prepared.

    A run may end after the vault has a scan and before the journal says so. The journal therefore
    notes first that a scan, not there yet, is about to be enrolled: found there later, it is new.
    """

    def admit(item: WorkItem, outcome: Outcome, journal: Journal) -> dict[str, Any]:
        enrolled = admission.admit(item, outcome, lambda: journal.begin(item.number))
        if journal.has_begun(item.number):
            enrolled = replace(enrolled, outcome=str(EnrolOutcome.NEW))
        return asdict(enrolled)

    return admit


def _failures(job: Job, journal: Journal) -> list[tuple[str, str]]:
    """Each item that failed, by its line, and why."""
    return [
        (f"line {item.line}", journal.entry(item.number)["failed"])
        for item in job.items
        if item.number in journal.failed
    ]


# JOB.csv: what a batch is asked for, and the name by which a journal knows it again.


@dataclass(frozen=True)
class Job:
    """A kind of work and its items.

    `identity` is what the journal holds: equal jobs, settings and versions have it alike.
    """

    kind: str
    items: tuple[WorkItem, ...]
    identity: Mapping[str, Any]


def read_job(
    path: Path, kind: str, usual: Mapping[str, str], settings: Mapping[str, object]
) -> Job:
    """Read a job.

    Parameters
    ----------
    kind : str
        `compare`, `search` or `enrol`.
    usual : mapping
        What an empty or absent cell of a column means.
    settings : mapping
        Whatever else changes the results.

    Raises
    ------
    FormatError
        As `read_csv`; or the file has no row, or a row has cells beyond its columns.
    """
    needed, others = _COLUMNS[kind]
    known = tuple(dict.fromkeys([*needed, *others]))
    rows = read_csv(path, "a CSV file of a job", needed, known, usual)
    if not rows:
        raise FormatError(f"{path}: at least one row needed, found none")
    for line, cells in rows:
        if beyond := cells.get(BEYOND):
            raise FormatError(
                f"{path}: line {line}: one cell for each column needed, found {beyond} beyond them"
            )
    items = tuple(WorkItem(n, line, cells) for n, (line, cells) in enumerate(rows, start=1))
    fields = [item.fields for item in items]
    asked = json.dumps([fields, dict(settings), __version__], sort_keys=True, default=str)
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return Job(kind, items, {"job": kind, "items": len(items), "sha256": digest})


def _needed(item: WorkItem, column: str) -> str:
    if not item.fields[column]:
        raise FormatError(f"line {item.line}: a {column} needed, found an empty cell")
    return item.fields[column]


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

    Raises
    ------
    ParameterError
        A file cannot be written.
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


# What is done with an item: two scans compared, a search made, a scan read for enrolment.

_IN_MEMORY = 64  # templates of breech faces, 0.2 MB each
# What differs from run to run, and so has no place in results that are equal.
_OF_THE_RUN = ("elapsed_s", "asked_at")


@dataclass(frozen=True)
class CompareScans:
    """Compare the two scans of an item; no pair is looked at mirrored as well.

    `vault` is where exhibits are found, and `cells` says whether each cell is in the value.
    """

    kind: ClassVar[str] = "compare"
    folder: Path
    params: Params
    reading: ReadOptions
    vault: Path | None = None
    cells: bool = False

    def settings(self) -> Mapping[str, object]:
        return {
            "params": self.params.params_id,
            "cells": self.cells,
            "reading": self.reading,
            "vault": self.vault,
        }

    def do(self, item: WorkItem) -> dict[str, Any]:
        mark = item.fields.get("mark") or None
        reference = self._template(item, "reference", mark)
        comparison = self._template(item, "comparison", str(reference.mark_type))
        value = plain_value(compare_marks(reference, comparison, self.params))
        left_out = _OF_THE_RUN if self.cells else (*_OF_THE_RUN, "cell_fits")
        return {name: content for name, content in value.items() if name not in left_out}

    def _template(self, item: WorkItem, column: str, mark: str | None) -> Template:
        cell = _needed(item, column)
        if cell.startswith(_EXHIBIT):
            name = cell.removeprefix(_EXHIBIT)
            with Session.open(self.vault, None, self.params, threads=1) as session:
                return session.vault.template(session.marks_of(name, mark)[0])
        path = _file(self.folder, cell)
        state = path.stat()
        return _described(path, state.st_mtime_ns, state.st_size, mark, self.reading, self.params)


@lru_cache(_IN_MEMORY)
def _described(
    path: Path, changed_ns: int, size: int, mark: str | None, reading: ReadOptions, params: Params
) -> Template:
    """The template of a file; one that changed is another."""
    return read_side(path, reading, params, mark).template


def _file(folder: Path, cell: str) -> Path:
    """The file that a cell names.

    Raises
    ------
    ScanError
        There is none; an exhibit is named otherwise.
    """
    path = folder / cell
    try:
        path.stat()
    except OSError as error:
        needed = f"{path}: a scan needed, {error.strerror}; {_EXHIBIT}NAME is an exhibit"
        raise ScanError(needed) from error
    return path


@dataclass(frozen=True)
class SearchQueries:
    """Search with the file or the exhibit of an item, from the session of one member.

    The cells of an item come before what the options say.
    """

    kind: ClassVar[str] = "search"
    folder: Path
    vault: Path
    network_file: Path | None
    params: Params
    options: SearchOptions

    def settings(self) -> Mapping[str, object]:
        return {
            "params": self.params.params_id,
            "search": self.params.search,
            "options": self.options,
            "place": (self.vault, self.network_file),
        }

    def do(self, item: WorkItem) -> dict[str, Any] | Partial:
        cell, options = _needed(item, "query"), self._options(item)
        with Session.open(self.vault, self.network_file, self.params, threads=1) as session:
            lists = self._lists(session, cell, options)
        value = lists_value(lists)
        for one in (value, *value["lists"]):
            for name in _OF_THE_RUN:
                one.pop(name, None)
        missing = "; ".join(f"{code} could not answer: {why}" for code, why in lists.unavailable)
        return Partial(value, missing) if missing else value

    def _lists(self, session: Session, cell: str, options: SearchOptions) -> SearchLists:
        query: str | ExhibitRef
        if cell.startswith(_EXHIBIT):
            query = ExhibitRef(session.member, cell.removeprefix(_EXHIBIT))
        else:
            query = str(_file(self.folder, cell))
        request, mark = options.request(session.member), options.mark_type
        left_out = options.leave_out_reviewed
        return search_for(session, query, options.reading, request, mark, (), left_out)[1]

    def _options(self, item: WorkItem) -> SearchOptions:
        cells = {name: text for name, text in item.fields.items() if text}
        usual = self.options
        scope = cells.get("scope", usual.scope)
        if scope and scope not in tuple(Scope):
            needed = f"line {item.line}: scope needs one of {', '.join(Scope)}"
            raise FormatError(f"{needed}, found {scope!r}")
        filters = replace(
            usual.filters,
            calibre=cells.get("calibre", usual.filters.calibre),
            date_from=cells.get("from", usual.filters.date_from),
            date_to=cells.get("to", usual.filters.date_to),
        )
        return replace(
            usual,
            scope=Scope(scope) if scope else None,
            filters=filters,
            reason=cells.get("reason", usual.reason),
            mark_type=cells.get("mark", usual.mark_type),
        )


@dataclass(frozen=True)
class EnrolScans(PrepareScans):
    """Read and describe the scan of an item, as `ribin enrol` does; the one writer enrols it."""

    kind: ClassVar[str] = "enrol"

    def settings(self) -> Mapping[str, object]:
        options = self.options
        return {
            "params": options.params.template_id,
            "reading": (options.pixel_pitch_um, options.accept_unusable),
            "place": (self.vault, self.network_file),
        }
