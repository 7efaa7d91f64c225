"""Rows of the catalogue as what they mean: exhibits, scans, marks."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from ribin.cases.exhibits import CLASS_FIELDS, ClassFields, Event, Exhibit
from ribin.errors import StoreError
from ribin.model import MarkType, ScanKind
from ribin.vault.rows import from_row

# Of each scan the marks of the description that counts; where none does, those of its own file.
MARKS_IN_USE = (
    "(SELECT every.* FROM marks AS every JOIN scans AS whose USING (sha256)"
    " WHERE every.description IS whose.description)"
)
# The same as far as parameters are concerned that are named: of each scan the marks that were made
# with them, as it is read now; where there are none, those in use.
MARKS_OF_SET = (
    "(SELECT every.* FROM marks AS every JOIN scans AS whose USING (sha256)"
    " WHERE coalesce(every.description, 0) = coalesce("
    "(SELECT max(coalesce(m.description, 0)) FROM marks AS m WHERE m.sha256 = whose.sha256"
    " AND m.params_id = ? AND m.reading = coalesce((SELECT reading FROM descriptions AS d"
    " WHERE d.description = whose.description), 0)), whose.description, 0))"
)
_FIELDS = ("exhibit", "kind", "sharing", "firearm", "event", *CLASS_FIELDS)
_FIELDS += tuple(name for name in Event.__dataclass_fields__ if name != "event")
_EXHIBITS = "SELECT * FROM exhibits JOIN events USING (event)"
_AT_ONCE = 500  # placeholders in a statement


@dataclass(frozen=True)
class StoredScan:
    """One enrolled acquisition of an exhibit."""

    sha256: str  # of the original bytes
    exhibit: Exhibit
    source: str  # file name as it was received
    kind: ScanKind
    file_sha256: str  # of the finished HDF5 file
    lighting: str = ""  # of an image, where known


@dataclass(frozen=True)
class StoredMark:
    """One mark of an enrolled scan; its template lies in the scan's file at `position`."""

    mark_id: int  # counts up in the order of enrolment
    scan: StoredScan
    position: int
    mark_type: MarkType
    kind: ScanKind
    params_id: str
    template_sha256: str
    verdict: str = ""  # on its quality
    outline: str = ""  # how a person drew it
    outlined_by: str = ""
    described: bool = False  # later: it lies in a file of its own
    reading: int = 0  # of the scan that it was cut from


@dataclass(frozen=True)
class ListedMark:
    """A mark that counts: the verdict on its quality, and the outline where a person drew one."""

    mark: str
    verdict: str  # empty where nobody judged it
    outline: str
    outlined_by: str


@dataclass(frozen=True)
class ListedScan:
    """A scan of an exhibit, with the marks of it that count."""

    sha256: str
    source: str
    kind: str
    lighting: str
    marks: tuple[ListedMark, ...]


@dataclass(frozen=True)
class Holdings:
    """All scans and marks of a vault at one moment, oldest first.

    `snapshot` is a SHA-256 over the exhibits, the files and the templates: equal snapshots, equal
    content, whenever and by whomever it was enrolled.
    """

    scans: tuple[StoredScan, ...]
    marks: tuple[StoredMark, ...]
    snapshot: str


def fields_of(exhibit: Exhibit) -> dict[str, str]:
    """The columns of an exhibit, without those of its event."""
    own = {name: str(getattr(exhibit, name)) for name in ("exhibit", "kind", "sharing", "firearm")}
    return {**own, "event": exhibit.event.event, **vars(exhibit.class_fields)}


def read_exhibits(db: sqlite3.Connection) -> dict[str, Exhibit]:
    """Every exhibit by its id."""
    return {row["exhibit"]: _exhibit(row) for row in db.execute(f"{_EXHIBITS} ORDER BY exhibit")}


def read_fields(
    db: sqlite3.Connection, names: Sequence[str] | None = None
) -> dict[str, dict[str, str]]:
    """The columns of every exhibit, or of these, with those of its event, by its id and in that
    order: plain rows, since a list of thousands is asked for with each page of it."""
    these = "" if names is None else "WHERE exhibit IN (SELECT value FROM json_each(?))"
    query = f"SELECT {', '.join(_FIELDS)} FROM exhibits JOIN events USING (event) {these}"
    rows = db.execute(f"{query} ORDER BY exhibit", () if names is None else (json.dumps(names),))
    return {row[0]: dict(zip(_FIELDS, row, strict=True)) for row in rows}


def read_listed_scans(db: sqlite3.Connection, names: Sequence[str]) -> dict[str, list[ListedScan]]:
    """The scans of each of these exhibits, oldest first, with the marks that count."""
    these = "WHERE exhibit IN (SELECT value FROM json_each(?))", (json.dumps(names),)
    marks: dict[str, list[ListedMark]] = {}
    query = "SELECT m.sha256, mark_type, verdict, outline, outlined_by"
    query += f" FROM {MARKS_IN_USE} AS m JOIN scans USING (sha256) {these[0]} ORDER BY mark_id"
    for sha256, *mark in db.execute(query, these[1]):
        marks.setdefault(sha256, []).append(ListedMark(*mark))
    found: dict[str, list[ListedScan]] = {}
    query = f"SELECT exhibit, sha256, source, kind, lighting FROM scans {these[0]} ORDER BY rowid"
    for exhibit, sha256, source, kind, lighting in db.execute(query, these[1]):
        listed = ListedScan(sha256, source, kind, lighting, tuple(marks.get(sha256, ())))
        found.setdefault(exhibit, []).append(listed)
    return found


def verdicts_of(db: sqlite3.Connection, scans: Collection[str], mark: str) -> dict[str, str]:
    """The verdict on the mark of a type that counts, of each of these scans."""
    rows = _rows(db, f"SELECT sha256, mark_type, verdict FROM {MARKS_IN_USE} WHERE sha256", scans)
    return {row["sha256"]: row["verdict"] for row in rows if row["mark_type"] == mark}


def exhibits_judged(db: sqlite3.Connection, verdict: str) -> set[str]:
    """The exhibits with a mark of which the quality was judged so."""
    query = f"SELECT exhibit FROM {MARKS_IN_USE} JOIN scans USING (sha256) WHERE verdict = ?"
    return {exhibit for (exhibit,) in db.execute(query, (verdict,))}


def find_exhibit(db: sqlite3.Connection, name: str) -> Exhibit | None:
    """The exhibit that has this name, or had it; None where there is none."""
    row = db.execute(f"{_EXHIBITS} WHERE exhibit = ?", (current_name(db, name),)).fetchone()
    return _exhibit(row) if row else None


def current_name(db: sqlite3.Connection, name: str) -> str:
    """What an exhibit is called that has this name or had it; the name where none had."""
    query = "SELECT exhibit FROM aliases JOIN exhibits USING (first_name) WHERE alias = ?"
    row = db.execute(query, (name,)).fetchone()
    return str(row["exhibit"]) if row else name


def first_name(db: sqlite3.Connection, exhibit: str) -> str:
    """The name that an exhibit was enrolled under: it stands in leads, and its pseudonym and its
    records are named by it."""
    row = db.execute("SELECT first_name FROM exhibits WHERE exhibit = ?", (exhibit,)).fetchone()
    return str(row["first_name"]) if row else exhibit


def read_renamed(db: sqlite3.Connection) -> dict[str, str]:
    """Of each exhibit that has another name now: the name that it was enrolled under."""
    query = "SELECT exhibit, first_name FROM exhibits WHERE exhibit <> first_name"
    return {str(exhibit): str(first) for exhibit, first in db.execute(query)}


def read_aliases(db: sqlite3.Connection) -> dict[str, list[str]]:
    """The names that exhibits had, the first one first, by the names that they have."""
    found: dict[str, list[str]] = {}
    query = "SELECT exhibit, alias FROM aliases a JOIN exhibits USING (first_name) ORDER BY a.rowid"
    for exhibit, alias in db.execute(query):
        found.setdefault(str(exhibit), []).append(str(alias))
    return found


def aliases_of(db: sqlite3.Connection, exhibit: str) -> list[str]:
    """The names that an exhibit had, the first one first."""
    query = "SELECT alias FROM aliases WHERE first_name = ? ORDER BY rowid"
    return [str(row["alias"]) for row in db.execute(query, (first_name(db, exhibit),))]


def needed_exhibit(db: sqlite3.Connection, vault: Path, name: str) -> Exhibit:
    """As `find_exhibit`; StoreError where there is none, naming the vault."""
    found = find_exhibit(db, name)
    if found is None:
        raise StoreError(
            f"{vault}: exhibit {name} needed, found none of this id",
            hint="`ribin exhibit list` lists the exhibits of a vault",
        )
    return found


def find_scan_owner(db: sqlite3.Connection, sha256: str) -> str | None:
    """The exhibit that a scan belongs to; None where the scan is not enrolled."""
    row = db.execute("SELECT exhibit FROM scans WHERE sha256 = ?", (sha256,)).fetchone()
    return str(row["exhibit"]) if row else None


def scans_of_exhibit(db: sqlite3.Connection, exhibit: str) -> list[str]:
    """SHA-256 of each scan of an exhibit."""
    query = "SELECT sha256 FROM scans WHERE exhibit = ?"
    return [str(row[0]) for row in db.execute(query, (exhibit,))]


def find_event(db: sqlite3.Connection, event: str) -> Event | None:
    row = db.execute("SELECT * FROM events WHERE event = ?", (event,)).fetchone()
    return Event(**dict(row)) if row else None


def read_holdings(db: sqlite3.Connection) -> Holdings:
    """Everything enrolled. The caller's read transaction makes it one moment."""
    exhibits = read_exhibits(db)
    found = db.execute("SELECT * FROM scans ORDER BY rowid")
    scans = {row["sha256"]: _scan(row, exhibits[row["exhibit"]]) for row in found}
    rows = db.execute(f"SELECT * FROM {MARKS_IN_USE} ORDER BY mark_id")
    marks = tuple(_mark(row, scans[row["sha256"]]) for row in rows)
    digest = hashlib.sha256(repr(exhibits).encode())
    for scan in scans.values():
        digest.update(repr((scan.sha256, scan.exhibit.exhibit, scan.file_sha256)).encode())
    for mark in marks:
        digest.update(repr((mark.mark_id, mark.scan.sha256, mark.template_sha256)).encode())
    return Holdings(tuple(scans.values()), marks, digest.hexdigest())


def read_marks(db: sqlite3.Connection, ids: Sequence[int]) -> list[StoredMark]:
    """The marks with these ids, in this order, as far as they are there."""
    wanted = [int(mark_id) for mark_id in ids]
    marks = _rows(db, "SELECT * FROM marks WHERE mark_id", wanted)
    scans = _rows(db, "SELECT * FROM scans WHERE sha256", {row["sha256"] for row in marks})
    named = _rows(db, f"{_EXHIBITS} WHERE exhibit", {row["exhibit"] for row in scans})
    exhibits = {row["exhibit"]: _exhibit(row) for row in named}
    known = {row["sha256"]: _scan(row, exhibits[row["exhibit"]]) for row in scans}
    found = {row["mark_id"]: _mark(row, known[row["sha256"]]) for row in marks}
    return [found[mark_id] for mark_id in wanted if mark_id in found]


def _rows(db: sqlite3.Connection, select: str, keys: Collection[object]) -> list[sqlite3.Row]:
    """All rows whose key, the last name of the statement, is among these."""
    listed, rows = list(keys), []
    for first in range(0, len(listed), _AT_ONCE):
        some = listed[first : first + _AT_ONCE]
        rows += db.execute(f"{select} IN ({', '.join('?' * len(some))})", some).fetchall()
    return rows


def read_marks_of(db: sqlite3.Connection, exhibit: Exhibit, params_id: str) -> list[StoredMark]:
    """The marks of one exhibit, oldest first; of each scan those made with these parameters, where
    there are any, else those in use."""
    scans = db.execute("SELECT * FROM scans WHERE exhibit = ?", (exhibit.exhibit,))
    known = {row["sha256"]: _scan(row, exhibit) for row in scans}
    places = ", ".join("?" * len(known))
    query = f"SELECT * FROM {MARKS_OF_SET} WHERE sha256 IN ({places}) ORDER BY mark_id"
    return [_mark(row, known[row["sha256"]]) for row in db.execute(query, (params_id, *known))]


def _exhibit(row: sqlite3.Row) -> Exhibit:
    parts = {"event": from_row(Event, row), "class_fields": from_row(ClassFields, row)}
    return from_row(Exhibit, row, **parts)


def _scan(row: sqlite3.Row, exhibit: Exhibit) -> StoredScan:
    return from_row(StoredScan, row, exhibit=exhibit)


def _mark(row: sqlite3.Row, scan: StoredScan) -> StoredMark:
    described = row["description"] is not None
    return from_row(StoredMark, row, scan=scan, described=described, reading=row["reading"])
