"""Enrolment: what is new, what is there already, what contradicts the vault, what is written."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ribin.cases.exhibits import Exhibit
from ribin.errors import StoreError
from ribin.people import ENROLLING
from ribin.vault.audit import append_row, now_utc
from ribin.vault.catalogue import Catalogue
from ribin.vault.custody import mark_fields
from ribin.vault.entry import Entry
from ribin.vault.exhibits import MARKS_IN_USE, fields_of, find_event, find_exhibit
from ribin.vault.incoming import admit_file, clear_leftovers, discard_arrival, forget_arrival
from ribin.vault.people import check_role_in_use
from ribin.vault.written import insert_record


class EnrolOutcome(StrEnum):
    """What an enrolment did to the vault."""

    NEW = "new"
    ALREADY_THERE = "already there"


@dataclass(frozen=True)
class Enrolment:
    """The answer to one enrolment; `marks` is the number of marks the vault holds of the scan."""

    outcome: EnrolOutcome
    exhibit: str
    sha256: str
    marks: int


def admit_entry(folder: Path, catalogue: Catalogue, entry: Entry, content: bytes) -> Enrolment:
    """Store a packed scan: the file first, then its records; the commit makes both count.

    A crash before the commit leaves a file that the catalogue does not know and the next writer
    removes. Another process may have enrolled the scan meanwhile; then nothing is written.

    Raises
    ------
    StoreError
        As `find_enrolled`, or the disk refuses.
    AccessError
        Whoever enrols has no role for it.
    """
    arriving = False
    try:
        with catalogue.writing() as db:
            check_role_in_use(db, entry.who, ENROLLING)
            clear_leftovers(folder, lambda sha256: is_enrolled(db, sha256))
            known = find_enrolled(db, entry.sha256, entry.scan.provenance.source, entry.exhibit)
            if known:
                return known
            arriving = True
            try:
                admit_file(folder, entry.sha256, content)
                enrolment = insert_entry(db, entry, hashlib.sha256(content).hexdigest())
            except OSError as error:
                discard_arrival(folder, entry.sha256)
                raise StoreError(f"{folder}: the scan cannot be written: {error}") from error
    except StoreError:  # the disk refused the file, or its records: a full one needs the room
        if arriving:
            _take_back(folder, catalogue)
        raise
    forget_arrival(folder, entry.sha256)
    return enrolment


def _take_back(folder: Path, catalogue: Catalogue) -> None:
    """Remove what did not come in; where that fails too, the next writer does it."""
    with contextlib.suppress(StoreError, OSError), catalogue.writing() as db:
        clear_leftovers(folder, lambda sha256: is_enrolled(db, sha256))


def is_enrolled(db: sqlite3.Connection, sha256: str) -> bool:
    """Whether the catalogue has a scan of this SHA-256."""
    return db.execute("SELECT 1 FROM scans WHERE sha256 = ?", (sha256,)).fetchone() is not None


def find_enrolled(
    db: sqlite3.Connection, sha256: str, source: str, wanted: Exhibit
) -> Enrolment | None:
    """The scan as it is in the vault already, or None where it is new.

    An empty field of the exhibit says nothing and contradicts nothing.

    Raises
    ------
    StoreError
        The scan belongs to another exhibit, the exhibit or its event is recorded otherwise, or the
        name is that of a purged exhibit which a lead names for good.
    """
    row = db.execute("SELECT exhibit FROM scans WHERE sha256 = ?", (sha256,)).fetchone()
    if row and row["exhibit"] != wanted.exhibit:
        raise StoreError(
            f"{source}: this scan is enrolled as exhibit {row['exhibit']}, "
            f"found exhibit {wanted.exhibit}"
        )
    stored = find_exhibit(db, wanted.exhibit)
    if stored:
        _refuse_conflict(f"exhibit {wanted.exhibit}", fields_of(stored), fields_of(wanted))
    elif lead := _lead_on_purged(db, wanted.exhibit):
        raise StoreError(
            f"exhibit {wanted.exhibit}: another name needed, found that of a purged exhibit which "
            f"lead {lead} names"
        )
    event = find_event(db, wanted.event.event)
    if event:
        _refuse_conflict(f"event {event.event}", asdict(event), asdict(wanted.event))
    if not row:
        return None
    count = db.execute(f"SELECT count(*) FROM {MARKS_IN_USE} WHERE sha256 = ?", (sha256,))
    return Enrolment(EnrolOutcome.ALREADY_THERE, wanted.exhibit, sha256, count.fetchone()[0])


def insert_entry(db: sqlite3.Connection, entry: Entry, file_sha256: str) -> Enrolment:
    """Add the records that are missing and the row of the audit log that vouches for them."""
    records: dict[str, str] = {}
    event = entry.exhibit.event
    if not find_event(db, event.event):
        records.update([insert_record(db, "events", asdict(event))])
    if not find_exhibit(db, entry.exhibit.exhibit):
        records.update([insert_record(db, "exhibits", dict(fields_of(entry.exhibit)))])
    records.update([insert_record(db, "scans", _scan_fields(entry, file_sha256))])
    for position, template in enumerate(entry.templates):
        fields = mark_fields(entry.scan, template, position, entry.who)
        records.update([insert_record(db, "marks", fields)])
    details = {"exhibit": entry.exhibit.exhibit, "records": records}
    append_row(db, "enrol", entry.sha256, entry.who, entry.reason, details)
    return Enrolment(EnrolOutcome.NEW, entry.exhibit.exhibit, entry.sha256, len(entry.templates))


def _lead_on_purged(db: sqlite3.Connection, exhibit: str) -> str:
    query = (
        "SELECT lead FROM tombstones t JOIN leads ON reference IN (t.exhibit, t.opaque)"
        " OR comparison IN (t.exhibit, t.opaque) WHERE t.exhibit = ?"
    )
    row = db.execute(query, (exhibit,)).fetchone()
    return str(row[0]) if row else ""


def _refuse_conflict(where: str, stored: dict[str, str], found: dict[str, str]) -> None:
    for name, value in found.items():
        if value and value != stored[name]:
            raise StoreError(f"{where}: {name} is {stored[name]!r} in the vault, found {value!r}")


def _scan_fields(entry: Entry, file_sha256: str) -> dict[str, object]:
    provenance = entry.scan.provenance
    return {
        "sha256": provenance.sha256,
        "exhibit": entry.exhibit.exhibit,
        "source": provenance.source,
        "kind": str(entry.scan.kind),
        "lighting": provenance.lighting,
        "size_bytes": provenance.size_bytes,
        "file_sha256": file_sha256,
        "enrolled_at": now_utc(),
    }
