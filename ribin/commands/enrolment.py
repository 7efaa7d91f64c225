"""Rows of files and exhibits into vaults, each row on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ribin.casework import Exhibit
from ribin.commands.manifest import Row, exhibit_of
from ribin.commands.vaults import Vaults
from ribin.errors import RibinError, StoreError
from ribin.params import Params
from ribin.pipeline import describe_mark, extract_marks
from ribin.read import read_scan
from ribin.report.tables import table
from ribin.store.enrol import Enrolment
from ribin.store.vault import Vault


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


@dataclass(frozen=True)
class Intake:
    """How scans are read and who answers for it."""

    params: Params
    who: str
    reason: str = ""
    pixel_pitch_um: float | None = None


def enrol_rows(
    rows: Sequence[Row],
    vaults: Vaults,
    intake: Intake,
    tick: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> EnrolReport:
    """Enrol each row; one that is refused is reported and does not stop the others."""
    enrolled, failed = [], []
    for number, row in enumerate(rows, start=1):
        try:
            enrolled.append(_enrol_row(row, vaults, intake))
        except RibinError as error:
            failed.append(Refused(row.path.name, str(error)))
        tick("enrolling", number, len(rows))
    return EnrolReport(tuple(enrolled), tuple(failed))


def _enrol_row(row: Row, vaults: Vaults, intake: Intake) -> Enrolled:
    vault = vaults.of(row.member)
    exhibit = exhibit_of(row.fields, _stored(vault, row.fields["exhibit"]))
    params = intake.params
    scan = read_scan(row.path, pixel_pitch_um=intake.pixel_pitch_um, params=params.read)
    marks = extract_marks(scan, params)
    templates = [describe_mark(mark, params) for mark in marks]
    done: Enrolment = vault.enrol(
        row.path, scan, marks, templates, exhibit, who=intake.who, reason=intake.reason
    )
    return Enrolled(
        row.path.name, vault.member, done.exhibit, str(done.outcome), done.sha256, done.marks
    )


def _stored(vault: Vault, exhibit: str) -> Exhibit | None:
    try:
        return vault.exhibit(exhibit)
    except StoreError:
        return None


def enrolment_table(report: EnrolReport) -> str:
    """The enrolled rows and the totals."""
    header = ("file", "member", "exhibit", "outcome")
    rows = [(e.file, e.member, e.exhibit, e.outcome) for e in report.enrolled]
    new = sum(e.outcome == "new" for e in report.enrolled)
    there = len(report.enrolled) - new
    totals = f"{new} new, {there} already there, {len(report.failed)} failed"
    return f"{table(header, rows)}\n{totals}" if rows else totals
