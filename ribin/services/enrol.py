"""Many scans into vaults, one after the other: what is read, what is refused, what is enrolled.

The commands call these, so a job of the library gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ribin.cases.exhibits import Event, Exhibit, Row, exhibit_of
from ribin.errors import FormatError, RibinError, StoreError
from ribin.model import Mark, Scan, Template
from ribin.services.usable import Intake, describe_found, usable_marks
from ribin.vault.enrol import Enrolment
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
    intake: Intake,
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
    marks: list[Mark]
    templates: list[Template]


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


def prepare_row(row: Row, intake: Intake) -> Prepared:
    """Read, extract and describe the scan of a row; nothing is written.

    Raises
    ------
    RibinError
        The scan cannot be read, or a mark that may not be left out cannot be used.
    """
    reading = replace(intake.reading, lighting=row.fields.get("lighting", ""))
    scan, found = usable_marks(reading.scan(row.path, intake.params), intake)
    return Prepared(scan, *describe_found(found, intake.params))


def store_prepared(
    row: Row, vault: Vault, exhibit: Exhibit, prepared: Prepared, intake: Intake
) -> Enrolment:
    """Enrol what was prepared; errors as `Vault.enrol`."""
    marks, templates = prepared.marks, prepared.templates
    return vault.enrol(
        row.path, prepared.scan, marks, templates, exhibit, who=intake.who, reason=intake.reason
    )


def enrolled_row(row: Row, vault: Vault, done: Enrolment) -> Enrolled:
    """What is said of a row that is in its vault."""
    return Enrolled(
        row.path.name, vault.member, done.exhibit, str(done.outcome), done.sha256, done.marks
    )


def _enrol_row(row: Row, vault: Vault, intake: Intake) -> Enrolled:
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
