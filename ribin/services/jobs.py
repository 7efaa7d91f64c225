"""One job from where it was left to its end: who works, who writes, what is left to do."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ribin._version import __version__
from ribin.cases.exhibits import COLUMNS, Filters, Row, Scope
from ribin.errors import FormatError, RibinError, ScanError, StoreError
from ribin.model import Template
from ribin.params.defaults import Params
from ribin.pipeline import compare_marks
from ribin.report.json import plain_value
from ribin.report.text import lists_value
from ribin.services.enrol import (
    EnrolOptions,
    Prepared,
    enrolled_row,
    known_row,
    prepare_row,
    store_prepared,
)
from ribin.services.files import whole_file
from ribin.services.journal import Journal
from ribin.services.marks import Asker, cell_source, side_of
from ribin.services.reading import ReadOptions
from ribin.services.search import SearchOptions, search_for
from ribin.services.session import Session, Vaults
from ribin.services.workers import Executor, Outcome, Partial, Work, WorkItem
from ribin.vault.enrol import EnrolOutcome

Admit = Callable[[WorkItem, Outcome, Journal], Any]
Tick = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Tally:
    """What became of a job: items in all, done by this run, done before it, failed in all."""

    items: int
    done_now: int
    done_before: int
    failed: int


def run_job(
    job: Job,
    work: Work,
    executor: Executor,
    journal: Journal,
    tick: Tick = lambda stage, done, total: None,
    admit: Admit = lambda item, outcome, journal: outcome.value,
) -> Tally:
    """Do what the journal does not have yet. This process alone writes, in the order of the items.

    Parameters
    ----------
    admit : callable
        What this process does with the outcome of an item, in order; gives what the journal
        keeps. A RibinError or OSError that it raises is why the item failed.
    """
    items = {item.number: item for item in job.items}
    waiting = [item for item in job.items if item.number not in journal.done]
    before = len(items) - len(waiting)
    early: dict[int, Outcome] = {}
    following = iter(waiting)
    awaited = next(following, None)
    tick(job.kind, before, len(items))
    for outcome in executor.submit(work, waiting):
        early[outcome.number] = outcome
        while awaited and awaited.number in early:
            _keep(items[awaited.number], early.pop(awaited.number), journal, admit)
            tick(job.kind, len(journal.done), len(items))
            awaited = next(following, None)
    if awaited:
        raise StoreError(f"{job.kind}: an outcome of line {awaited.line} needed, found none")
    return Tally(len(items), len(waiting), before, len(journal.failed))


def _keep(item: WorkItem, outcome: Outcome, journal: Journal, admit: Admit) -> None:
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


class Admission:
    """Puts prepared scans into their vaults: the one writer of an enrolment.

    A run may end after the vault has a scan and before the journal says so. The journal therefore
    notes first that a scan, not there yet, is about to be enrolled: found there later, it is new.
    """

    def __init__(self, work: Preparing, vaults: Vaults) -> None:
        self._work = work
        self._vaults = vaults

    def __call__(self, item: WorkItem, outcome: Outcome, journal: Journal) -> dict[str, Any]:
        row = self._work.row(item)
        vault = self._vaults.of(row.member)
        exhibit, done = known_row(row, vault)
        if done is None:
            journal.begin(item.number)
            prepared = outcome.value or prepare_row(row, self._work.intake)
            done = store_prepared(row, vault, exhibit, prepared, self._work.intake)
        said = plain_value(enrolled_row(row, vault, done))
        return (
            {**said, "outcome": str(EnrolOutcome.NEW)} if journal.has_begun(item.number) else said
        )


# JOB.csv: what a batch is asked for, and the name by which a journal knows it again.

# Columns of each kind of job: those that are needed, and those that may be there.
_COLUMNS = {
    "compare": (("reference", "comparison"), ("mark",)),
    "search": (("query",), ("mark", "scope", "calibre", "from", "to", "reason")),
    "enrol": (("file", "event", "exhibit"), COLUMNS),
}


@dataclass(frozen=True)
class Job:
    """A kind of work and its items; files are found from `folder`.

    `identity` is what the journal holds: equal jobs, options and versions have it alike.
    """

    kind: str
    folder: Path
    items: tuple[WorkItem, ...]
    identity: Mapping[str, Any]


def read_job(path: Path, kind: str, usual: Mapping[str, str], options: Mapping[str, Any]) -> Job:
    """Read a job.

    Parameters
    ----------
    kind : str
        `compare`, `search` or `enrol`.
    usual : mapping
        What an empty or absent cell of a column means.
    options : mapping
        Whatever else changes the results, in words and numbers.

    Raises
    ------
    FormatError
        The file cannot be read or has no row, a column that is needed is missing, a column means
        nothing, a row has cells beyond its columns, or a needed cell is empty.
    """
    needed, others = _COLUMNS[kind]
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, restkey="", restval="")
            columns = list(reader.fieldnames or ())
            rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise FormatError(f"{path}: a CSV file of a job needed, {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: a CSV file of a job needed, {error}") from error
    _check_columns(path, columns, needed, others)
    if not rows:
        raise FormatError(f"{path}: at least one row needed, found none")
    items = tuple(
        WorkItem(number, line, _cells(path, line, row, usual))
        for number, (line, row) in enumerate(rows, start=1)
    )
    fields = [dict(item.fields) for item in items]
    asked = json.dumps([fields, dict(options), __version__], sort_keys=True)
    digest = hashlib.sha256(asked.encode()).hexdigest()
    return Job(
        kind, path.resolve().parent, items, {"job": kind, "items": len(items), "sha256": digest}
    )


def _check_columns(
    path: Path, columns: Sequence[str], needed: Sequence[str], others: Sequence[str]
) -> None:
    known = dict.fromkeys([*needed, *others])
    missing = [name for name in needed if name not in columns]
    unknown = [name for name in columns if name not in known]
    if missing or unknown:
        wrong = f"no column {missing[0]}" if missing else f"column {unknown[0]!r} means nothing"
        raise FormatError(f"{path}: {wrong}; known: {', '.join(known)}")


def _cells(path: Path, line: int, row: Mapping[str, Any], usual: Mapping[str, str]) -> dict:
    if row.get(""):
        raise FormatError(
            f"{path}: line {line}: one cell for each column needed, found {row['']} beyond them"
        )
    written = {name: text for name, cell in row.items() if (text := str(cell).strip())}
    return {**dict.fromkeys((n for n in row if n), ""), **usual, **written}


# What a job gave: a line of JSON for each item, and a CSV; whole or not at all, in its order.

_FIGURES = ("score", "cmc", "cmc_fraction", "ccf", "cells", "rotation_deg")
_PLACE = ("member", "exhibit", "event")
_RESULT_COLUMNS = {
    "compare": ("reference", "comparison", "mark", *_FIGURES, "reason"),
    "search": ("query", "mark", "rank", *_PLACE, *_FIGURES, "group", "others", "reciprocal_ranks"),
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
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for entry in _entries(job, journal):
            writer.writerows(_rows(job.kind, entry))
    return path, table


def failures(job: Job, journal: Journal) -> list[tuple[str, str]]:
    """Each item that failed, by its line, and why."""
    return [
        (f"line {item.line}", journal.entry(item.number)["failed"])
        for item in job.items
        if item.number in journal.failed
    ]


def _entries(job: Job, journal: Journal) -> Iterator[dict[str, Any]]:
    for item in job.items:
        found = journal.entry(item.number)
        yield {
            "item": item.number,
            "line": item.line,
            "asked": dict(item.fields),
            "failed": found.get("failed"),
            "result": found.get("done"),
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

_KEPT = 64  # templates of breech faces in memory, 0.2 MB each
# What differs from run to run, and so has no place in results that are equal.
_OF_THE_RUN = ("elapsed_s", "asked_at")


@dataclass(frozen=True)
class Comparing:
    """Compare the two files of an item; no pair is looked at mirrored as well."""

    folder: Path
    params: Params
    reading: ReadOptions
    cells: bool = False  # whether each cell is in the value

    def do(self, item: WorkItem) -> dict[str, Any]:
        mark = item.fields.get("mark") or None
        one = self._template(item, "reference", mark)
        two = self._template(item, "comparison", str(one.mark_type))
        value = plain_value(compare_marks(one, two, self.params))
        left_out = _OF_THE_RUN if self.cells else (*_OF_THE_RUN, "cell_fits")
        return {name: content for name, content in value.items() if name not in left_out}

    def _template(self, item: WorkItem, side: str, mark: str | None) -> Template:
        path = self.folder / _needed(item, side)
        try:
            state = path.stat()
        except OSError as error:
            raise ScanError(f"{path}: a scan needed, {error.strerror}") from error
        return _described(path, state.st_mtime_ns, state.st_size, mark, self.reading, self.params)


@lru_cache(_KEPT)
def _described(
    path: Path, changed_ns: int, size: int, mark: str | None, reading: ReadOptions, params: Params
) -> Template:
    """The template of a file; one that changed is another."""
    return side_of(path, Asker(params), reading, mark).template


@dataclass(frozen=True)
class Searching:
    """Search with the file of an item, or its `exhibit:NAME`, from the session of one member.

    The cells of the item come before `options`.
    """

    folder: Path
    vault: Path
    network_file: Path | None
    params: Params
    options: SearchOptions

    def do(self, item: WorkItem) -> dict[str, Any] | Partial:
        query = _needed(item, "query")
        options = self._options({name: text for name, text in item.fields.items() if text})
        with Session.open(self.vault, self.network_file, self.params, threads=1) as session:
            found = search_for(session, cell_source(query, self.folder, session), options).lists
        value = lists_value(found)
        for one in (value, *value["lists"]):
            for name in _OF_THE_RUN:
                one.pop(name, None)
        missing = "; ".join(f"{code} could not answer: {why}" for code, why in found.unavailable)
        return Partial(value, missing) if missing else value

    def _options(self, cells: Mapping[str, str]) -> SearchOptions:
        usual = self.options
        if cells.get("scope", Scope.COUNTRY) not in tuple(Scope):
            raise FormatError(f"scope needs one of {', '.join(Scope)}, found {cells['scope']!r}")
        return replace(
            usual,
            mark_type=cells.get("mark", usual.mark_type),
            scope=Scope(cells["scope"]) if "scope" in cells else usual.scope,
            reason=cells.get("reason", usual.reason),
            filters=Filters(
                cells.get("calibre", usual.filters.calibre),
                cells.get("from", usual.filters.date_from),
                cells.get("to", usual.filters.date_to),
            ),
        )


@dataclass(frozen=True)
class Preparing:
    """Read and describe the scan of an item, unless it is in its vault already; nothing is written.

    Gives None where it is there, and what to enrol where it is not.
    """

    folder: Path
    vault: Path | None
    network_file: Path | None
    intake: EnrolOptions

    def row(self, item: WorkItem) -> Row:
        fields = item.fields
        return Row(self.folder / fields["file"], fields.get("member", ""), fields, item.line)

    def do(self, item: WorkItem) -> Prepared | None:
        row = self.row(item)
        with Vaults(self.vault, self.network_file) as vaults:
            _, known = known_row(row, vaults.of(row.member))
        return None if known else prepare_row(row, self.intake)


def _needed(item: WorkItem, column: str) -> str:
    if not item.fields[column]:
        raise FormatError(f"line {item.line}: a {column} needed, found an empty cell")
    return item.fields[column]
