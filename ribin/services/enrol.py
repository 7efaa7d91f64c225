"""Scans into vaults: how they are read, what is refused, what is enrolled and searched with.

The command, the batch and a caller of the library use this one enrolment and get the same bits. A
scan is known by its SHA-256: one that is in its vault already changes nothing and is not read
again, so a job that was stopped goes on when it is given again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ribin.cases.exhibits import Event, Exhibit, Request, Row, Scope, exhibit_of
from ribin.cases.results import SearchLists
from ribin.errors import FormatError, ParameterError, RibinError, ScanError, StoreError
from ribin.extract.outlines import add_notes
from ribin.model import Scan, ScanKind, stated_lighting
from ribin.params.defaults import Params
from ribin.pipeline import MarkVerdict, UsableMarks, judge_marks, usable_marks
from ribin.search.rules import check_request
from ribin.services.enrol_remarks import NewWords, mark_remarks, not_taken_over
from ribin.services.reading import AS_STATED, ReadOptions, reading_differences
from ribin.services.search import search_scan
from ribin.services.session import Session, Vaults
from ribin.vault.enrol import Enrolment, EnrolOutcome, bytes_of, exhibit_problems
from ribin.vault.exhibits import fields_of
from ribin.vault.parameter_sets import keep_parameters
from ribin.vault.redescribe import contents_as_read
from ribin.vault.sharing import default_sharing
from ribin.vault.vault import Vault
from ribin.workers import (
    WORTH_A_PROCESS,
    OnProgress,
    Outcome,
    WorkItem,
    in_order,
    local_executor,
    silent,
)


@dataclass(frozen=True)
class EnrolOptions:
    """How scans are read and enrolled where, who answers for it, and what follows."""

    params: Params
    who: str
    reason: str = ""
    vault: Path | None = None
    network_file: Path | None = None  # names the vaults of members that rows name
    reading: ReadOptions = AS_STATED
    accept_unusable: str = ""  # why a mark that is not usable is enrolled all the same
    search: EnrolSearch | None = None  # what is done with each scan that is new
    jobs: int = 1  # processes that read scans, and threads of a search; this one reads a few


@dataclass(frozen=True)
class EnrolSearch:
    """A search with each scan that is new, in which the owner of the exhibit is the asker."""

    scope: Scope
    top: int = 20


@dataclass(frozen=True)
class EnrolledRow:
    """A row that is in its vault now, and whether it was there before."""

    file: str
    member: str
    exhibit: str
    outcome: str
    sha256: str
    marks: int
    found: tuple[MarkVerdict, ...] = ()  # of a new scan, also what is left out
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefusedRow:
    """A row that is not, or a search that could not be made, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class EnrolReport:
    """What became of every row, and the lists of what is new where a search was asked for."""

    enrolled: tuple[EnrolledRow, ...]
    failed: tuple[RefusedRow, ...]
    searches: tuple[SearchLists, ...] = ()
    not_searched: tuple[RefusedRow, ...] = ()


def enrol_rows(
    rows: Sequence[Row], options: EnrolOptions, progress: OnProgress = silent
) -> EnrolReport:
    """Enrol each row; one that is refused is reported and does not stop the others.

    Raises AccessError: a search beyond the country does not say who asks and why; ParameterError:
    there is neither vault nor network, or no network to search in.
    """
    if options.search:
        # Refuse before anything is enrolled what no search could be made with.
        check_request(_request_of("", options.search, options), Scope.COUNTRY)
        if options.search.scope is not Scope.COUNTRY and options.network_file is None:
            needed = "--network or RIBIN_NETWORK needed"
            raise ParameterError(f"search {options.search.scope}: {needed}")
    work = PrepareScans(Path(), options)
    enrolled: list[EnrolledRow] = []
    failed: list[RefusedRow] = []
    with Vaults(options.vault, options.network_file) as vaults:
        admission = Admission(work, vaults)
        for item, outcome in _worked(work, rows):
            try:
                enrolled.append(admission.admit(item, outcome))
            except (RibinError, OSError) as error:
                failed.append(RefusedRow(rows[item.number - 1].name, str(error)))
            progress("enrolling", item.number, len(rows))
        report = EnrolReport(tuple(enrolled), tuple(failed))
        if options.search is None:
            return report
        lists, not_searched = _search_enrolled(enrolled, vaults, options, options.search, progress)
    return replace(report, searches=tuple(lists), not_searched=tuple(not_searched))


def _worked(work: PrepareScans, rows: Sequence[Row]) -> Iterator[tuple[WorkItem, Outcome]]:
    """The outcome of each row, in their order, by as many processes as are worth their start."""
    items = [
        WorkItem(number, row.line, {**row.fields, "file": str(row.path) if _has_file(row) else ""})
        for number, row in enumerate(rows, start=1)
    ]
    executor = local_executor(min(work.options.jobs, len(rows) // WORTH_A_PROCESS))
    return in_order(executor, work, items)


def _has_file(row: Row) -> bool:
    """Whether a row names a file; one that was not read from a manifest has its path alone."""
    return bool(row.fields.get("file", "given"))


@dataclass(frozen=True, eq=False)
class PreparedScan:
    """A scan read, with its marks and their templates: all that takes time before enrolment."""

    scan: Scan
    found: UsableMarks


@dataclass(frozen=True)
class PrepareScans:
    """The work on a row: its scan read and described, unless it is in its vault already.

    Gives None where it is there, and what to enrol where it is not. Nothing is written.
    """

    folder: Path  # that files of the rows are found from
    options: EnrolOptions

    def row(self, item: WorkItem) -> Row:
        return Row.of(self.folder, item.fields, item.line)

    def do(self, item: WorkItem) -> PreparedScan | None:
        row = self.row(item)
        with Vaults(self.options.vault, self.options.network_file) as vaults:
            _, there = _known_row(row, vaults.of(row.member), self.options)
        return None if there else _prepare_row(row, self.options)


class Admission:
    """Puts prepared scans into their vaults, in the order of the rows: the one writer."""

    def __init__(self, work: PrepareScans, vaults: Vaults) -> None:
        self._work = work
        self._vaults = vaults
        self._words = NewWords()

    def admit(
        self, item: WorkItem, outcome: Outcome, begin: Callable[[], None] = lambda: None
    ) -> EnrolledRow:
        """Enrol what was prepared of a row; `begin` is called before a vault is changed.

        Raises RibinError: the scan could not be prepared, or as `Vault.enrol`.
        """
        if outcome.failed:
            raise ScanError(outcome.failed)
        row, options = self._work.row(item), self._work.options
        vault = self._vaults.of(row.member)
        exhibit, done = _known_row(row, vault, options)
        found: tuple[MarkVerdict, ...] = ()
        if done:
            remarks = list(not_taken_over(vault, exhibit))
        else:
            begin()
            one = outcome.value or _prepare_row(row, options)
            found = one.found.found
            judged = mark_remarks(found, row.path.name, options.params.quality)
            remarks = [*judged, *self._words.remarks(vault, exhibit)]
            done = vault.enrol(
                row.path,
                one.scan,
                one.found.marks,
                one.found.templates,
                exhibit,
                who=options.who,
                reason=options.reason,
                verdicts=one.found.verdicts,
            )
            keep_parameters(vault.path, options.params)
        outcome_word = str(done.outcome)
        facts = (row.path.name, vault.member, done.exhibit, outcome_word, done.sha256, done.marks)
        return EnrolledRow(*facts, found, tuple(remarks))


def _known_row(row: Row, vault: Vault, options: EnrolOptions) -> tuple[Exhibit, Enrolment | None]:
    """The exhibit of a row, and its scan as it is in the vault already, or None.

    Raises FormatError: the row names no file; StoreError: it is there and was read otherwise than
    is asked for; StoreError, ParameterError: as `Vault.find_enrolled` and `exhibit_of`.
    """
    if not _has_file(row):
        raise FormatError(f"{row.name}: a file needed, found an empty cell")
    exhibit = exhibit_of(row.fields, _usual(vault, row.fields))
    known = vault.find_enrolled(row.path, exhibit)
    if known:
        reading = _reading_of(row, options)
        found = contents_as_read(vault, known.sha256) if reading.states_more else None
        if found and (differences := reading_differences(row.path, reading, found, options.params)):
            raise StoreError(
                f"{row.path.name}: enrolled already as exhibit {known.exhibit}, and read otherwise "
                f"than asked for: {'; '.join(differences)}; `ribin mark redo {known.exhibit}` with "
                "the same options reads it so"
            )
    return exhibit, known


def _reading_of(row: Row, options: EnrolOptions) -> ReadOptions:
    """How a row says that its scan is read; ParameterError where it states no light that is one."""
    lighting = row.fields.get("lighting", "")
    if lighting:
        stated_lighting(lighting)  # also where no light is kept
    return replace(options.reading, who=options.who, why=options.reason, lighting=lighting)


def _usual(vault: Vault, fields: Mapping[str, str]) -> Exhibit:
    """The exhibit as it is stored; a new one is shared as the vault's setting says."""
    try:
        return vault.exhibit(fields["exhibit"])
    except StoreError:
        event = Event(fields.get("event", ""))
        return Exhibit(fields["exhibit"], event, sharing=default_sharing(vault))


def _prepare_row(row: Row, options: EnrolOptions) -> PreparedScan:
    """Read, extract and describe the scan of a row.

    Raises RibinError: the scan cannot be read, or a mark that may not be left out cannot be used.
    """
    scan = _reading_of(row, options).scan(row.path, options.params)
    _check_light(scan)
    return PreparedScan(*accepted_marks(scan, options))


def _check_light(scan: Scan) -> None:
    """Refuse a photograph of whose light nobody said anything, not even that it is unknown.

    Raises ParameterError.
    """
    if scan.kind is ScanKind.IMAGE and not scan.provenance.lighting:
        raise ParameterError(
            f"{scan.provenance.source}: the light of a photograph needed, found none stated: "
            "--lighting or the column lighting says ring or side:DEG; with unknown it is "
            "enrolled, and no search compares it"
        )


# New exhibits searched with as soon as they are enrolled, each from the session of its member.


def _request_of(member: str, search: EnrolSearch, options: EnrolOptions) -> Request:
    return Request(member, search.scope, who=options.who, reason=options.reason, top=search.top)


def _search_enrolled(
    enrolled: Sequence[EnrolledRow],
    vaults: Vaults,
    options: EnrolOptions,
    search: EnrolSearch,
    progress: OnProgress,
) -> tuple[list[SearchLists], list[RefusedRow]]:
    """Search with every scan that is new, or that no search was made with yet.

    So a job that was stopped between an enrolment and its search goes on. Gives the lists, and
    where no search could be made, why.
    """
    searched: dict[str, Counter[str]] = {}
    due = [one for one in enrolled if _is_due(one, vaults, searched)]
    lists: list[SearchLists] = []
    failed: list[RefusedRow] = []
    for number, one in enumerate(due, start=1):
        try:
            own = vaults.of(one.member).path, options.network_file
            with Session.open(*own, options.params, options.jobs) as session:
                request = _request_of(session.member, search, options)
                lists.append(search_scan(session, one.exhibit, one.sha256, request))
        except (RibinError, OSError) as error:
            failed.append(RefusedRow(f"search with {one.exhibit}", str(error)))
        progress("searching", number, len(due))
    return lists, failed


def _is_due(one: EnrolledRow, vaults: Vaults, searched: dict[str, Counter[str]]) -> bool:
    """Whether a scan is new, or its audit log has no answered search for each of its marks."""
    if one.outcome == EnrolOutcome.NEW:
        return True
    if one.member not in searched:
        searched[one.member] = _answered(vaults.of(one.member))
    return searched[one.member][one.sha256] < one.marks


def _answered(vault: Vault) -> Counter[str]:
    """Of each scan, by its SHA-256, the types of mark that this member searched with."""
    made = {
        (row.subject, row.details.get("mark"))
        for row in vault.audit_log()
        if row.action == "search answered"
        or (row.action == "search" and row.details.get("scope") == Scope.COUNTRY)
    }
    return Counter(sha256 for sha256, _ in made)


# A dry run of an enrolment: every problem of every row at once, and nothing is written.


@dataclass(frozen=True)
class DryRun:
    """What an enrolment of the rows would come to."""

    rows: int
    new: int
    already_there: int
    problems: tuple[RefusedRow, ...]  # a row may have several
    remarks: tuple[tuple[str, str], ...] = ()  # the row, and what a person should know of it


class CheckScans(PrepareScans):
    """The work on a row of a dry run: its scan is read and described; gives its marks in words."""

    def do(self, item: WorkItem) -> Any:
        row = self.row(item)
        there = None
        with (
            contextlib.suppress(RibinError, OSError),  # what the vault says against it comes later
            Vaults(self.options.vault, self.options.network_file) as vaults,
        ):
            _, there = _known_row(row, vaults.of(row.member), self.options)
        return () if there else _prepare_row(row, self.options).found.found


@dataclass
class _EarlierRows:
    """What earlier rows state of exhibits, events and files, against which a later one is held."""

    stated: dict[tuple[str, str, str], tuple[Mapping[str, str], str]] = field(default_factory=dict)

    def contradictions(
        self, kind: str, member: str, name: str, fields: Mapping[str, str], row: str
    ) -> Iterator[str]:
        """A sentence for each field that an earlier row gave otherwise; empty ones say nothing."""
        earlier, first = self.stated.setdefault((kind, member, name), (dict(fields), row))
        for column, value in fields.items():
            if value and earlier.get(column) and value != earlier[column]:
                before = f"{column} is {earlier[column]!r} in {first}"
                yield f"{kind} {name}: {before}, found {value!r}"


def dry_run_rows(
    rows: Sequence[Row], options: EnrolOptions, progress: OnProgress = silent
) -> DryRun:
    """Read and describe every scan, and hold every row against its vault and the rows before.

    The vaults are only read.
    """
    work, earlier, words = CheckScans(Path(), options), _EarlierRows(), NewWords()
    problems: list[RefusedRow] = []
    remarks: list[tuple[str, str]] = []
    new = there = 0
    with Vaults(options.vault, options.network_file) as vaults:
        for item, outcome in _worked(work, rows):
            row = rows[item.number - 1]
            place = f"line {row.line}" if row.line else row.name
            texts, known = _row_problems(row, place, vaults, earlier, options)
            if outcome.failed:
                texts.append(outcome.failed)
            said = [*mark_remarks(outcome.value or (), row.path.name, options.params.quality)]
            if not texts:
                said += _row_remarks(row, vaults, options, words)
            remarks += [(f"{place}: {row.name}", text) for text in said]
            problems += [RefusedRow(f"{place}: {row.name}", text) for text in dict.fromkeys(texts)]
            there += known and not texts
            new += not known and not texts
            progress("dry run", item.number, len(rows))
    return DryRun(len(rows), new, there, tuple(problems), tuple(remarks))


def _row_remarks(row: Row, vaults: Vaults, options: EnrolOptions, words: NewWords) -> list[str]:
    """What a person should know of a row that could be enrolled."""
    vault = vaults.of(row.member)
    exhibit, known = _known_row(row, vault, options)
    if known:
        return list(not_taken_over(vault, exhibit))
    return words.remarks(vault, exhibit)


def _row_problems(
    row: Row, place: str, vaults: Vaults, earlier: _EarlierRows, options: EnrolOptions
) -> tuple[list[str], bool]:
    """What speaks against a row beside its scan, and whether that is in the vault already."""
    problems: list[str] = []
    known = False
    try:
        vault = vaults.of(row.member)
        exhibit, done = _known_row(row, vault, options)
        known = done is not None
        problems += _exhibit_problems(row, place, vault.member, exhibit, earlier)
    except (RibinError, OSError) as error:
        problems.append(str(error))
    return problems, known


def _exhibit_problems(
    row: Row, place: str, member: str, exhibit: Exhibit, earlier: _EarlierRows
) -> list[str]:
    """What cannot be of an exhibit, and what earlier rows state otherwise."""
    fields, event = fields_of(exhibit), asdict(exhibit.event)
    given = {name: value for name, value in fields.items() if row.fields.get(name)}
    problems = exhibit_problems(exhibit, row.name)
    problems += earlier.contradictions("exhibit", member, exhibit.exhibit, given, place)
    problems += earlier.contradictions("event", member, event["event"], event, place)
    try:
        sha256 = hashlib.sha256(bytes_of(row.path)).hexdigest()
    except StoreError:
        return problems  # the reader of the scan says so
    shown = {"exhibit": exhibit.exhibit}
    return [*problems, *earlier.contradictions("scan", member, sha256[:12], shown, place)]


# Which marks of a scan are enrolled.


def accepted_marks(scan: Scan, options: EnrolOptions) -> tuple[Scan, UsableMarks]:
    """The marks that are enrolled; where an unusable one is accepted, the scan says why.

    Raises ScanError: a mark that may not be left out is unusable and not accepted, or has too
    little relief.
    """
    judged = judge_marks(scan, options.params)
    bad = [one for one in judged if one.unusable]
    if bad and options.accept_unusable:
        words = [f"{one.mark.mark_type.words} unusable ({one.reasons}), accepted" for one in bad]
        scan = add_notes(scan, words, options.who, options.accept_unusable)
        return scan, usable_marks(judged, options.params, keep_unusable=True)
    for one in bad:
        if one.required:
            raise ScanError(
                f"{scan.provenance.source}: {one.mark.mark_type.words} is unusable, {one.reasons}; "
                "--accept-unusable REASON accepts it"
            )
    return scan, usable_marks(judged, options.params)
