"""Many scans into vaults, one after the other: what is read, what is refused, what is enrolled.

The commands call these, so a job of the library gives the same bits.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ribin.cases.exhibits import Event, Exhibit, Request, Row, Scope, exhibit_of
from ribin.cases.results import SearchLists
from ribin.errors import FormatError, ParameterError, RibinError, ScanError, StoreError
from ribin.extract.outlines import noted
from ribin.model import Scan
from ribin.params.defaults import Params
from ribin.pipeline import UsableMarks, judge_marks, usable_marks
from ribin.search.rules import check_request
from ribin.services.reading import ReadOptions, read_again
from ribin.services.search import search_scan
from ribin.services.session import Session
from ribin.vault.enrol import Enrolment, EnrolOutcome, exhibit_problems, scan_path
from ribin.vault.exhibits import fields_of
from ribin.vault.redescribe import admit_description, scans_in_use_with
from ribin.vault.scanfile import read_contents_of_scan
from ribin.vault.sharing import default_sharing
from ribin.vault.vault import Vault


@dataclass(frozen=True)
class Enrolled:
    """A row that is in its vault now, and whether it was there before."""

    file: str
    member: str
    exhibit: str
    outcome: str
    sha256: str
    marks: int


@dataclass(frozen=True)
class Refused:
    """A row that is not, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class EnrolReport:
    """What became of every row."""

    enrolled: tuple[Enrolled, ...]
    failed: tuple[Refused, ...]


def enrol_rows(
    rows: Sequence[Row],
    vault_of: Callable[[str], Vault],
    intake: EnrolOptions,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> EnrolReport:
    """Enrol each row; one that is refused is reported and does not stop the others.

    A scan that is in its vault already is not read again, so a job that was interrupted is
    resumed by running it again.

    Parameters
    ----------
    vault_of : callable
        Gives the open vault of a member; of the code "" where a row names none.
    """
    enrolled, failed = [], []
    for number, row in enumerate(rows, start=1):
        try:
            enrolled.append(_enrol_row(row, vault_of(row.member), intake))
        except (RibinError, OSError) as error:
            failed.append(Refused(row.name, str(error)))
        tick("enrolling", number, len(rows))
    return EnrolReport(tuple(enrolled), tuple(failed))


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scan read, with its marks and their templates: all that takes time before enrolment."""

    scan: Scan
    found: UsableMarks


def known_row(row: Row, vault: Vault) -> tuple[Exhibit, Enrolment | None]:
    """The exhibit of a row, and its scan as it is in the vault already, or None.

    Raises
    ------
    FormatError
        The row names no file.
    StoreError, ParameterError
        As `Vault.find_enrolled` and `exhibit_of`.
    """
    if not row.fields.get("file", "given"):
        raise FormatError(f"{row.name}: a file needed, found an empty cell")
    exhibit = exhibit_of(row.fields, _usual(vault, row.fields))
    return exhibit, vault.find_enrolled(row.path, exhibit)


def prepare_row(row: Row, intake: EnrolOptions) -> Prepared:
    """Read, extract and describe the scan of a row; nothing is written.

    Raises
    ------
    RibinError
        The scan cannot be read, or a mark that may not be left out cannot be used.
    """
    reading = replace(intake.reading, lighting=row.fields.get("lighting", ""))
    return Prepared(*accepted_marks(reading.scan(row.path, intake.params), intake))


def store_prepared(
    row: Row, vault: Vault, exhibit: Exhibit, prepared: Prepared, intake: EnrolOptions
) -> Enrolment:
    """Enrol what was prepared; errors as `Vault.enrol`."""
    marks, templates = prepared.found.marks, prepared.found.templates
    return vault.enrol(
        row.path, prepared.scan, marks, templates, exhibit, who=intake.who, reason=intake.reason
    )


def enrolled_row(row: Row, vault: Vault, done: Enrolment) -> Enrolled:
    """What is said of a row that is in its vault."""
    return Enrolled(
        row.path.name, vault.member, done.exhibit, str(done.outcome), done.sha256, done.marks
    )


def _enrol_row(row: Row, vault: Vault, intake: EnrolOptions) -> Enrolled:
    exhibit, done = known_row(row, vault)
    if done is None:
        done = store_prepared(row, vault, exhibit, prepare_row(row, intake), intake)
    return enrolled_row(row, vault, done)


def _usual(vault: Vault, fields: Mapping[str, str]) -> Exhibit:
    """The exhibit as it is stored; a new one is shared as the vault's setting says."""
    try:
        return vault.exhibit(fields["exhibit"])
    except StoreError:
        event = Event(fields.get("event", ""))
        return Exhibit(fields["exhibit"], event, sharing=default_sharing(vault))


# New exhibits searched with as soon as they are enrolled, each from the session of its member.


@dataclass(frozen=True)
class EnrolSearch:
    """What to search for after an enrolment; the asking member is the owner of each exhibit."""

    scope: Scope
    network_file: Path | None
    params: Params
    threads: int
    who: str
    reason: str
    top: int

    @property
    def request(self) -> Request:
        return Request("", self.scope, who=self.who, reason=self.reason, top=self.top)

    def check(self) -> None:
        """Refuse before anything is enrolled what no search could be made with.

        Raises
        ------
        AccessError
            A search beyond the country does not say who asks and why.
        ParameterError
            There is no network to ask.
        """
        check_request(self.request, Scope.COUNTRY)
        if self.scope is not Scope.COUNTRY and self.network_file is None:
            raise ParameterError(f"search {self.scope}: --network or RIBIN_NETWORK needed")


def search_enrolled(
    enrolled: Sequence[Enrolled],
    vault_of: Callable[[str], Path],
    wanted: EnrolSearch,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> tuple[list[SearchLists], list[Refused]]:
    """Search with every scan that is new, or that no search was made with yet.

    So a job that was stopped between an enrolment and its search goes on. Gives the lists, and
    where no search could be made, why.

    Parameters
    ----------
    vault_of : callable
        Gives the folder of a member's vault.
    """
    searched: dict[str, Counter[str]] = {}
    new = [one for one in enrolled if _is_due(one, vault_of, searched)]
    found: list[SearchLists] = []
    failed: list[Refused] = []
    for number, one in enumerate(new, start=1):
        try:
            folder = vault_of(one.member)
            with Session.open(
                folder, wanted.network_file, wanted.params, wanted.threads
            ) as session:
                request = replace(wanted.request, asking_member=session.member)
                found.append(search_scan(session, one.exhibit, one.sha256, request))
        except (RibinError, OSError) as error:
            failed.append(Refused(f"search with {one.exhibit}", str(error)))
        tick("searching", number, len(new))
    return found, failed


def _is_due(
    one: Enrolled, vault_of: Callable[[str], Path], searched: dict[str, Counter[str]]
) -> bool:
    """Whether a scan is new, or its audit log has no answered search for each of its marks."""
    if one.outcome == EnrolOutcome.NEW:
        return True
    if one.member not in searched:
        with Vault.open(vault_of(one.member), read_only=True) as vault:
            searched[one.member] = _answered(vault)
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


# A vault's scans described anew, after parameters changed: read again from their originals.

_ACCEPTED = "accepted at enrolment"


@dataclass(frozen=True)
class DescribeReport:
    """How many scans were described now, had been before, and could not be."""

    described: int
    used_again: int
    up_to_date: int
    failed: tuple[tuple[str, str], ...]  # file name, why


def describe_vault(
    vault: Vault,
    params: Params,
    *,
    who: str,
    reason: str,
    tick: Callable[[int, int], None] = lambda done, total: None,
) -> DescribeReport:
    """Describe each scan whose marks in use were made with other parameters.

    Scan files and earlier records stay as they are. A scan that fails keeps its marks. A run that
    was stopped goes on where it was.

    Raises
    ------
    StoreError
        The vault is read-only or locked.
    AccessError
        `who` is no administrator.
    """
    with vault.catalogue.reading() as db:
        done = scans_in_use_with(db, vault.path, params.template_id)
    scans = vault.holdings().scans
    todo = [scan for scan in scans if scan.sha256 not in done]
    counted = {True: 0, False: 0}
    failed = []
    for number, stored in enumerate(todo, start=1):
        try:
            kept = read_contents_of_scan(scan_path(vault.path, stored.sha256))
            accepted = _ACCEPTED if "accepted" in " ".join(kept.provenance.notes) else ""
            scan = read_again(kept, params)
            intake = EnrolOptions(params, who, accept_unusable=accepted)
            _, found = accepted_marks(scan, intake)
            new = admit_description(
                vault.path,
                vault.catalogue,
                scan,
                found.marks,
                found.templates,
                who=who,
                reason=reason,
            )
            counted[new] += 1
        except ScanError as error:
            failed.append((stored.source, str(error)))
        tick(number, len(todo))
    return DescribeReport(counted[True], counted[False], len(scans) - len(todo), tuple(failed))


# A dry run of an enrolment: every problem of every row at once, and nothing is written.


@dataclass(frozen=True)
class DryRun:
    """What an enrolment of the rows would come to."""

    rows: int
    new: int
    already_there: int
    problems: tuple[Refused, ...]  # a row may have several


class _Told:
    """What earlier rows said of exhibits, events and files, against which a later one is held."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str, str], tuple[Mapping[str, str], str]] = {}

    def contradictions(
        self, kind: str, member: str, name: str, fields: Mapping[str, str], row: str
    ) -> Iterator[str]:
        """A sentence for each field that an earlier row gave otherwise; empty ones say nothing."""
        earlier, first = self._said.setdefault((kind, member, name), (dict(fields), row))
        for field, value in fields.items():
            if value and earlier.get(field) and value != earlier[field]:
                yield f"{kind} {name}: {field} is {earlier[field]!r} in {first}, found {value!r}"


def dry_run_rows(
    rows: Sequence[Row],
    vault_of: Callable[[str], Vault],
    intake: EnrolOptions,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> DryRun:
    """Read and describe every scan, and hold every row against its vault and the rows before.

    Parameters
    ----------
    vault_of : callable
        As in `enrol_rows`; the vaults are only read.
    """
    told, problems = _Told(), []
    new = there = 0
    for number, row in enumerate(rows, start=1):
        place = f"line {row.line}" if row.line else row.name
        found, known = _row_problems(row, place, vault_of, intake, told)
        problems += [Refused(f"{place}: {row.name}", text) for text in dict.fromkeys(found)]
        there += known and not found
        new += not known and not found
        tick("dry run", number, len(rows))
    return DryRun(len(rows), new, there, tuple(problems))


def _row_problems(
    row: Row, place: str, vault_of: Callable[[str], Vault], intake: EnrolOptions, told: _Told
) -> tuple[list[str], bool]:
    """The problems of a row, and whether its scan is in the vault already."""
    problems: list[str] = []
    vault, known = None, False
    try:
        vault = vault_of(row.member)
        exhibit, done = known_row(row, vault)
        known = done is not None
        problems += _said(row, place, vault.member, exhibit, told)
    except (RibinError, OSError) as error:
        problems.append(str(error))
    if not known:
        try:
            prepare_row(row, intake)
        except (RibinError, OSError) as error:
            problems.append(str(error))
    return problems, known


def _said(row: Row, place: str, member: str, exhibit: Exhibit, told: _Told) -> list[str]:
    """What cannot be of an exhibit, and what earlier rows said otherwise."""
    fields, event = fields_of(exhibit), asdict(exhibit.event)
    given = {name: value for name, value in fields.items() if row.fields.get(name)}
    problems = exhibit_problems(exhibit, row.name)
    problems += told.contradictions("exhibit", member, exhibit.exhibit, given, place)
    problems += told.contradictions("event", member, event["event"], event, place)
    try:
        sha256 = hashlib.sha256(row.path.read_bytes()).hexdigest()
    except OSError as error:
        raise StoreError(f"{row.path}: cannot be read: {error.strerror}") from error
    shown = {"exhibit": exhibit.exhibit}
    return [*problems, *told.contradictions("scan", member, sha256[:12], shown, place)]


# Which marks of a scan are enrolled, and how scans are read for that.


@dataclass(frozen=True)
class EnrolOptions:
    """How scans are read and who answers for it."""

    params: Params
    who: str
    reason: str = ""
    pixel_pitch_um: float | None = None
    mask: Path | None = None
    circles: tuple[str, ...] = ()
    replica: bool = False
    accept_unusable: str = ""  # why a mark that is not usable is enrolled all the same

    @property
    def reading(self) -> ReadOptions:
        return ReadOptions(
            self.pixel_pitch_um, self.mask, self.circles, self.replica, self.who, self.reason
        )


def accepted_marks(scan: Scan, intake: EnrolOptions) -> tuple[Scan, UsableMarks]:
    """The marks that are enrolled; where an unusable one is accepted, the scan says why.

    Raises
    ------
    ScanError
        A mark that may not be left out is unusable and not accepted, or has too little relief.
    """
    judged = judge_marks(scan, intake.params)
    bad = [one for one in judged if one.unusable]
    if bad and intake.accept_unusable:
        words = [f"{one.mark.mark_type} unusable ({one.reasons}), accepted" for one in bad]
        scan = noted(scan, words, intake.who, intake.accept_unusable)
        return scan, usable_marks(judged, intake.params, keep_unusable=True)
    for one in bad:
        if one.required:
            raise ScanError(
                f"{scan.provenance.source}: {one.mark.mark_type} is unusable, {one.reasons}; "
                "--accept-unusable REASON enrols it"
            )
    return scan, usable_marks(judged, intake.params)
